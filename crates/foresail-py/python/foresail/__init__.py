"""Predicts issues of Kubernetes clusters.

``KubernetesPredictionModel`` trains, judges, saves and uses a classifier of rows of metrics;
``KubernetesDataSimulator`` makes such rows; ``dataset`` and ``backtest`` work on recordings of a
cluster. All of it runs the same native code as the command ``foresail``, and a model file of one is
a model file of the other. Every failure is a ``ForesailError``.
"""

from importlib.metadata import version as _version

from foresail._foresail import (
    ForesailError,
    InputError,
    InternalError,
    ModelFileError,
    NotReadyError,
)
from foresail._model import KubernetesPredictionModel, ScoreWarning, TrainedModel
from foresail._recordings import backtest, dataset
from foresail._simulator import ISSUE_TYPES, KubernetesDataSimulator

__version__ = _version("foresail")

__all__ = [
    "ISSUE_TYPES",
    "ForesailError",
    "InputError",
    "InternalError",
    "KubernetesDataSimulator",
    "KubernetesPredictionModel",
    "ModelFileError",
    "NotReadyError",
    "ScoreWarning",
    "TrainedModel",
    "__version__",
    "backtest",
    "dataset",
]
