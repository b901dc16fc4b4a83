"""The native half of ``foresail``; use the package."""

from typing import Any, Optional, TypedDict, Union, final

__all__ = [
    "Encoding",
    "ForesailError",
    "InputError",
    "InternalError",
    "Model",
    "ModelFileError",
    "NotReadyError",
    "Parted",
    "Rows",
    "backtest_rows",
    "issue_types",
    "recording_rows",
    "simulate",
]

class ForesailError(ValueError):
    """Anything that foresail refuses; the base of its other exceptions."""

class InputError(ForesailError):
    """Rows, labels, recordings or settings that cannot be used; the text names the place."""

class ModelFileError(ForesailError):
    """A model file that cannot be read or written: missing, cut short, changed, of another kind."""

class NotReadyError(ForesailError):
    """A method was called before the one that it needs."""

class InternalError(ForesailError):
    """A defect of foresail itself; please report it with the text."""

class _Wish(TypedDict):
    target: str
    model_type: str
    class_weight: Optional[str]
    n_estimators: Optional[int]
    seed: int

class _Parting(TypedDict):
    target: str
    group_column: Optional[str]
    time_column: Optional[str]
    missing_target: str
    test_share: float
    seed: int

class _Simulation(TypedDict):
    samples: int
    hours: int
    issue_types: list[str]
    seed: int

class _BacktestWish(TypedDict):
    recording: str
    training: list[str]
    model: Optional[str]
    budget: float

@final
class Rows:
    """Rows of named columns of numbers and texts. Any data frame can be made of them, and they of any."""

    def __new__(cls, frame: Any) -> Rows: ...
    @staticmethod
    def read(path: str, text: list[str]) -> Rows: ...
    @property
    def n_rows(self) -> int: ...
    @property
    def columns(self) -> list[str]: ...
    def take(self, rows: list[int]) -> Rows: ...
    def without(self, names: list[str]) -> Rows: ...
    def by_name(self) -> Rows: ...
    def with_labels(self, name: str, labels: list[Optional[Union[str, float, bool]]]) -> Rows: ...
    def __arrow_c_stream__(self, requested_schema: Optional[Any] = None) -> Any: ...

@final
class Parted:
    """Rows of which some are for training and the others for the test."""

    @staticmethod
    def of(rows: Rows, wish: _Parting) -> Parted: ...
    @property
    def training(self) -> tuple[list[int], list[str]]: ...
    @property
    def test(self) -> tuple[list[int], list[str]]: ...
    @property
    def left_out(self) -> list[tuple[str, str]]: ...

@final
class Encoding:
    """How each feature becomes numbers, and back."""

    @staticmethod
    def fit(parted: Parted) -> Encoding: ...
    def encode(self, rows: Rows) -> Rows: ...
    def decode(self, rows: Rows) -> Rows: ...

@final
class Model:
    """A fitted model with what its file says of it."""

    @staticmethod
    def fit(rows: Rows, wish: _Wish, parted: Optional[Parted] = None) -> Model: ...
    @staticmethod
    def load(path: str) -> Model: ...
    def save(self, path: str, trained_at: str) -> None: ...
    @property
    def kind(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def classes(self) -> list[str]: ...
    @property
    def features(self) -> list[str]: ...
    @property
    def importances(self) -> list[tuple[str, float]]: ...
    @property
    def findings(self) -> str: ...
    @property
    def test_scores(self) -> Optional[str]: ...
    def predict(self, rows: Rows) -> tuple[bytes, bytes, list[tuple[str, int, str]]]: ...
    def score(self, rows: Rows) -> str: ...
    def report(self, rows: Rows, folder: str) -> str: ...

def simulate(wish: _Simulation) -> tuple[Rows, Rows]: ...
def issue_types() -> list[str]: ...
def recording_rows(recordings: list[str]) -> Rows: ...
def backtest_rows(wish: _BacktestWish) -> tuple[Rows, Rows]: ...
