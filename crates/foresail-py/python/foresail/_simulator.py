"""Rows of metrics with the issue that is under way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional

from foresail import _foresail
from foresail._foresail import InputError, NotReadyError, Rows
from foresail._frames import FrameKind, frame_kind, to_frame

ISSUE_TYPES: tuple[str, ...] = tuple(_foresail.issue_types())
"""Everything that can be simulated, ``normal`` among it."""


class KubernetesDataSimulator:
    """Simulates metrics of clusters in which issues begin, grow and end.

    Args:
        num_samples: Rows, exactly.
        time_periods: Hours of data.
        issue_types: Issues that occur; all are in ``ISSUE_TYPES``.
        seed: The same seed gives the same rows.
        frames: ``"pandas"`` or ``"polars"``; pandas where it is installed.
    """

    def __init__(
        self,
        num_samples: int = 1000,
        time_periods: int = 48,
        issue_types: Sequence[str] = ("pod_crash", "memory_leak", "network_latency", "normal"),
        *,
        seed: int = 42,
        frames: Optional[FrameKind] = None,
    ) -> None:
        self.num_samples = num_samples
        self.time_periods = time_periods
        self.issue_types = list(issue_types)
        self.seed = seed
        self._frames = frame_kind(frames)
        self._truth: Optional[Rows] = None

    def generate_dataset(self) -> Any:
        """Simulates: the columns ``timestamp``, ``object``, ``num_…``, ``cat_…``, ``issue_type``.

        Raises:
            InputError: An unknown issue, or fewer rows than the issues need.
        """
        numbers = (("num_samples", 2**63), ("time_periods", 2**32), ("seed", 2**64))
        for name, most in numbers:
            value = getattr(self, name)
            if isinstance(value, bool) or not hasattr(value, "__index__") or not 0 <= value < most:
                raise InputError(f"{name} is `{value!r}`, must be a whole number of at least 0")
        if not all(isinstance(issue, str) for issue in self.issue_types):
            raise InputError(f"issue_types is `{self.issue_types!r}`, must be texts")
        rows, self._truth = _foresail.simulate({
            "samples": self.num_samples,
            "hours": self.time_periods,
            "issue_types": self.issue_types,
            "seed": self.seed,
        })
        return to_frame(rows, self._frames)

    def truth(self) -> Any:
        """What nobody can measure of the same rows: severity, minutes since onset, look-alikes.

        Never an input of a model.
        """
        if self._truth is None:
            raise NotReadyError("nothing is simulated yet: call generate_dataset first")
        return to_frame(self._truth, self._frames)
