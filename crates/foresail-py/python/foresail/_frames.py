"""Data frames and labels to native rows and back.

pandas and polars are imported only where a frame of theirs is made.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Any, Literal, Optional, Union

from foresail._foresail import ForesailError, InputError, NotReadyError, Rows

FrameKind = Literal["pandas", "polars"]
Label = Union[str, float, bool]


def frame_kind(wished: Optional[str]) -> FrameKind:
    """The library whose frames are made: the wished one, else pandas where it is installed."""
    if wished == "pandas":
        return "pandas"
    if wished == "polars":
        return "polars"
    if wished is not None:
        raise InputError(f"frames is `{wished}`, must be `pandas` or `polars`")
    if importlib.util.find_spec("pandas") is None and importlib.util.find_spec("polars") is not None:
        return "polars"
    return "pandas"


def kind_of(frame: Any, default: FrameKind) -> FrameKind:
    """The library that a frame or series is of."""
    module = type(frame).__module__.split(".", 1)[0]
    if module == "polars":
        return "polars"
    return "pandas" if module == "pandas" else default


def to_rows(frame: Any) -> Rows:
    """The rows of a frame; what it cannot hand over is an ``InputError``."""
    if isinstance(frame, Rows):
        return frame
    if kind_of(frame, "pandas") == "pandas" and hasattr(frame, "reset_index"):
        # An index is no column.
        frame = frame.reset_index(drop=True)
        names = [name for name in frame.columns if not isinstance(name, str)]
        if names:
            raise InputError(f"column names must be texts, found `{names[0]!r}`")
    try:
        return Rows(frame)
    except ForesailError:
        raise
    except Exception as error:  # Arrow's own, for values that no column type holds
        raise InputError(f"the frame cannot be read: {error}") from error


def to_frame(rows: Rows, kind: FrameKind, index: Optional[Sequence[int]] = None) -> Any:
    """A frame of these rows; pandas labels them by ``index``."""
    if kind == "polars":
        return _need("polars").DataFrame(rows)
    pyarrow = _need("pyarrow")
    frame = pyarrow.table(rows).to_pandas()
    if index is not None:
        frame.index = index
    return frame


def to_series(values: Any, name: str, kind: FrameKind, index: Optional[Sequence[int]] = None) -> Any:
    """A named series of labels."""
    if kind == "polars":
        return _need("polars").Series(name, values)
    return _need("pandas").Series(values, index=index, name=name)


def labels_of(labels: Any) -> list[Optional[Label]]:
    """Labels of a series, array or list; ``None`` where missing."""
    if isinstance(labels, (str, bytes)) or not hasattr(labels, "__iter__"):
        raise InputError(f"`{type(labels).__name__}` is no series of labels")
    columns = getattr(labels, "columns", None)
    if columns is not None:  # a frame of one column
        if len(columns) != 1:
            raise InputError(f"labels have {len(columns)} columns, must have one")
        return labels_of(labels[columns[0]])
    values = labels.to_list() if hasattr(labels, "to_list") else _plain_list(labels)
    return [_label(row, value) for row, value in enumerate(values, 1)]


def _plain_list(labels: Any) -> list[Any]:
    values = labels.tolist() if hasattr(labels, "tolist") else list(labels)
    return [value[0] if isinstance(value, list) and len(value) == 1 else value for value in values]


def _label(row: int, value: Any) -> Optional[Label]:
    if value is None or value != value or type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, (str, bool)):
        return value
    if hasattr(value, "item"):  # a number of numpy's
        value = value.item()
    if isinstance(value, (str, bool, int, float)):
        return value
    raise InputError(f"label in row {row} is a `{type(value).__name__}`, must be a text or a number")


def as_values(labels: Sequence[str]) -> Any:
    """Labels as an array: of numbers where all of them are numbers, else of texts."""
    import numpy

    try:
        numbers = [float(label) for label in labels]
    except ValueError:
        return numpy.array(labels, dtype=object)
    if all(number.is_integer() and abs(number) < 2**53 for number in numbers):
        return numpy.array([int(number) for number in numbers], dtype=numpy.int64)
    return numpy.array(numbers)


def _need(library: str) -> Any:
    try:
        return importlib.import_module(library)
    except ImportError as error:
        raise NotReadyError(f"{library} is not installed: pip install {library}") from error
