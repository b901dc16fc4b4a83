"""Recordings of a cluster: data sets and back-tests."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, Literal, Optional, Union

from foresail import _foresail
from foresail._foresail import InputError
from foresail._frames import FrameKind, frame_kind, to_frame

Path = Union[str, "os.PathLike[str]"]


def dataset(dirs: Union[Path, Iterable[Path]], *, frames: Optional[FrameKind] = None) -> Any:
    """One row a pod and production minute of recordings, with ``label`` and what it rests on.

    Node and deployment values stand beside those of the pod. A row whose next hour was not observed
    has no label. What the columns mean is in ``docs/dataset.md``.

    Raises:
        InputError: A recording cannot be read, has no pods, or is given twice.
    """
    rows = _foresail.recording_rows(_paths(dirs))
    return to_frame(rows, frame_kind(frames))


def backtest(
    dir: Path,
    *,
    train: Union[Path, Iterable[Path]] = (),
    model: Optional[Path] = None,
    budget: float = 0.5,
    result: Literal["alarms", "comparison"] = "alarms",
    frames: Optional[FrameKind] = None,
) -> Any:
    """Replays a recording as it would have been seen live.

    Args:
        dir: The recording to judge.
        train: Recordings on which the thresholds of the baselines are chosen.
        model: A model file of ``foresail train --recording``; without one, what needs no training.
        budget: False alarms a pod-day: 0.1, 0.5 or 1.
        result: ``"alarms"``, a row an alarm, or ``"comparison"``, a row a method and budget, with
            the stock alert rules among them.
        frames: ``"pandas"`` or ``"polars"``; pandas where it is installed.

    Raises:
        InputError: The recording cannot be read, or an argument is out of range.
        ModelFileError: The model file cannot be read.
    """
    if result not in ("alarms", "comparison"):
        raise InputError(f"result is `{result}`, must be `alarms` or `comparison`")
    kind = frame_kind(frames)
    alarms, comparison = _foresail.backtest_rows({
        "recording": os.fspath(dir),
        "training": _paths(train),
        "model": None if model is None else os.fspath(model),
        "budget": float(budget),
    })
    return to_frame(alarms if result == "alarms" else comparison, kind)


def _paths(dirs: Union[Path, Iterable[Path]]) -> list[str]:
    if isinstance(dirs, (str, os.PathLike)):
        return [os.fspath(dirs)]
    return [os.fspath(path) for path in dirs]
