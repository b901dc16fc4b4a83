"""The workflow from a CSV file to predictions.

    load_data ──> preprocess_data ──> train_model ──> evaluate_model ──> save_model
                  (split first, then                                        │
                   fitted on X_train)          predict <── load_model <─────┘
"""

from __future__ import annotations

import datetime
import json
import logging
import os
import shutil
import warnings
from typing import Any, Literal, Optional, Union

from foresail._foresail import Encoding, InputError, Model, NotReadyError, Parted, Rows
from foresail._frames import (
    FrameKind,
    as_values,
    frame_kind,
    kind_of,
    labels_of,
    to_frame,
    to_rows,
    to_series,
)

Path = Union[str, "os.PathLike[str]"]
ModelType = Literal["random_forest", "gradient_boosting"]
MissingTarget = Literal["refuse", "drop", "class"]

DEFAULT_TARGET = "issue_type"
DEFAULT_SEED = 42

# Pictures by the names that the original workflow gives them.
PICTURES = {
    "confusion-matrix.png": "confusion_matrix.png",
    "feature-importance.png": "feature_importance.png",
}

# What the command's options are here.
OPTIONS = {"--split grouped": "group_column", "--split time": "time_column"}

logger = logging.getLogger("foresail")


class ScoreWarning(UserWarning):
    """A score is too good to be true; the text says why, and what to do."""


class TrainedModel:
    """A fitted classifier with the face of scikit-learn's.

    It takes frames as ``preprocess_data`` gives them and rows as they are in a file alike; further
    columns are left out.

    Attributes:
        classes_: The classes, in the order of the columns of ``predict_proba``.
        feature_names_in_: The columns it was trained on.
        n_features_in_: Their number.
        feature_importances_: How much each of them is used; they add up to 1.
        findings: What makes a score on rows like those of the training too good, the most harmful
            first: dicts with ``kind``, ``severity`` (``"invalid"``: the score says nothing,
            ``"inflated"``: it is too high, ``"question"``), ``fact``, ``effect``, ``advice`` and
            more.
        test_scores: The scores on the test part that ``preprocess_data`` or ``foresail train`` set
            aside, as the model file keeps them; None where the model was trained on other rows.
    """

    def __init__(self, model: Model, features: list[str], encoding: Optional[Encoding]) -> None:
        import numpy

        self._model = model
        self._encoding = encoding
        shares = dict(model.importances)
        self.classes_ = as_values(model.classes)
        self.feature_names_in_ = numpy.array(features, dtype=object)
        self.n_features_in_ = len(features)
        self.feature_importances_ = numpy.array([shares.get(name, 0.0) for name in features])
        self.findings: list[dict[str, Any]] = json.loads(model.findings)
        scores = model.test_scores
        self.test_scores: Optional[dict[str, Any]] = None if scores is None else json.loads(scores)
        self._has_warned = False

    def predict(self, X: Any) -> Any:
        """The most probable class of each row, an array in the order of the rows.

        Raises:
            InputError: Columns are missing or of another kind; the text names them.
        """
        return self.classes_[self._said(X)[0]]

    def predict_proba(self, X: Any) -> Any:
        """The probability of each class: an array ``[n_rows, n_classes]``.

        Raises:
            InputError: Columns are missing or of another kind; the text names them.
        """
        return self._said(X)[1]

    def score(self, X: Any, y: Any) -> float:
        """The share of rows whose class is predicted."""
        return float(self._scores(X, y)["accuracy"])

    def __repr__(self) -> str:
        return repr(self._model)

    def _warn(self) -> None:
        """Says the worst finding, once, at the line that called the workflow."""
        if self._has_warned or not self.findings:
            return
        self._has_warned = True
        worst = self.findings[0]
        lead = {"invalid": "too good to be true", "inflated": "perhaps too good to be true"}
        more = len(self.findings) - 1
        text = (
            f"{lead.get(worst['severity'], 'a question to this score')}: {worst['fact']}. "
            f"The score: {worst['effect']}. What to do: {worst['advice']}"
            + (f" ({more} more in `model.findings`)" if more else "")
        )
        for option, parameter in OPTIONS.items():
            text = text.replace(option, parameter)
        if worst["severity"] in lead:
            warnings.warn(text, ScoreWarning, stacklevel=3)
        else:
            logger.info("%s", text)

    def _said(self, X: Any) -> tuple[Any, Any]:
        import numpy

        codes, probabilities, unknown = self._model.predict(self._rows(X))
        for column, n_rows, example in unknown:
            logger.warning(
                "column `%s`: %d rows hold a text that no training row had, such as `%s`; "
                "it counts as missing", column, n_rows, example,
            )
        said = numpy.frombuffer(probabilities).reshape(-1, len(self.classes_)).copy()
        return numpy.frombuffer(codes, dtype=numpy.uint32), said

    def _scores(self, X: Any, y: Any) -> dict[str, Any]:
        scores: dict[str, Any] = json.loads(self._model.score(self._labelled(X, y)))
        return scores

    def _labelled(self, X: Any, y: Any) -> Rows:
        return _labelled(self._rows(X), self._model.target, y)

    def _rows(self, X: Any) -> Rows:
        rows = to_rows(X)
        return self._encoding.decode(rows) if self._encoding else rows


class KubernetesPredictionModel:
    """Predicts the issue of a row of metrics.

    Args:
        data_path: A CSV or Parquet file for ``load_data``.
        model_path: Where ``save_model`` and ``load_model`` find the model by default.
        target_column: The column of the classes; in it only the empty field is missing, so that the
            text ``None`` is a class.
        frames: ``"pandas"`` or ``"polars"``; pandas where it is installed.

    Attributes:
        model: The model that was trained or loaded last, or None.
        left_out: Columns that ``preprocess_data`` left out, each with the reason.
    """

    def __init__(
        self,
        data_path: Optional[Path] = None,
        model_path: Optional[Path] = None,
        *,
        target_column: str = DEFAULT_TARGET,
        frames: Optional[FrameKind] = None,
    ) -> None:
        self.data_path = data_path
        self.model_path = model_path
        self.target_column = target_column
        self.model: Optional[TrainedModel] = None
        self.left_out: dict[str, str] = {}
        self._frames = frame_kind(frames)
        self._rows: Optional[Rows] = None
        self._parted: Optional[Parted] = None
        self._encoding: Optional[Encoding] = None
        self._seed = DEFAULT_SEED

    def load_data(self) -> Any:
        """Reads the data file into a frame.

        Raises:
            NotReadyError: There is no ``data_path``.
            InputError: The file cannot be read; the text names file, line and column.
        """
        self._rows = self._read(self.target_column)
        logger.info("loaded %d rows of %d columns", self._rows.n_rows, len(self._rows.columns))
        return to_frame(self._rows, self._frames)

    def preprocess_data(
        self,
        target_column: Optional[str] = None,
        test_size: float = 0.2,
        random_state: int = DEFAULT_SEED,
        missing_target: MissingTarget = "refuse",
        *,
        data: Any = None,
        group_column: Optional[str] = None,
        time_column: Optional[str] = None,
    ) -> tuple[Any, Any, Any, Any]:
        """Splits the rows, then encodes the features by what the training rows alone say.

        Every class has its share in both parts. The frames hold numbers without a gap, which any
        learner takes, and pandas labels their rows by the number of the row in the data. A missing
        number is the median of the training rows (moved by less than a millionth, so that it is known
        from a measured one); a text is its place among those of the training rows, from 0,
        or its number where all of them are numbers; below these stand a missing text and one that
        no training row has. ``train_model`` and all that follows see through this: they get
        the same information as from the file itself.

        Args:
            target_column: The column of the classes; by default that of the constructor.
            test_size: Share of the rows for the test, or their number.
            random_state: Seed of the split, and of ``train_model``.
            missing_target: What becomes of rows without a class: ``"refuse"``, ``"drop"`` or
                ``"class"`` (they are a class named ``missing``).
            data: A frame to use in place of what ``load_data`` reads.
            group_column: No value of it has rows in both parts, and it is no feature: rows of one
                object know each other, and a split between them flatters the score.
            time_column: The last rows by it are the test, and it is no feature.

        Returns:
            X_train, X_test, y_train, y_test.

        Raises:
            InputError: There is no such column, classes are missing or cannot be split; the text
                says how many.
        """
        target = self.target_column if target_column is None else target_column
        kind = self._frames if data is None else kind_of(data, self._frames)
        rows = self._data(target) if data is None else to_rows(data).by_name()
        seed = _seed(random_state)
        parted = Parted.of(
            rows,
            {
                "target": target,
                "group_column": group_column,
                "time_column": time_column,
                "missing_target": missing_target,
                "test_share": _share(test_size, rows.n_rows),
                "seed": seed,
            },
        )
        training, test = parted.training, parted.test
        self._parted, self._encoding = parted, Encoding.fit(parted)
        self.target_column, self._seed = target, seed
        self.left_out = dict(parted.left_out)
        for column, reason in self.left_out.items():
            logger.info("column `%s` is left out: %s", column, reason)
        frames = []
        labels = []
        for numbers, texts in (training, test):
            encoded = self._encoding.encode(rows.take(numbers))
            frames.append(to_frame(encoded, kind, numbers))
            labels.append(to_series(as_values(texts), target, kind, numbers))
        logger.info("%d rows for training, %d for the test", len(training[0]), len(test[0]))
        return frames[0], frames[1], labels[0], labels[1]

    def train_model(
        self,
        X: Any,
        y: Any,
        model_type: ModelType = "random_forest",
        *,
        random_state: Optional[int] = None,
        class_weight: Optional[Literal["balanced"]] = None,
        n_estimators: Optional[int] = None,
    ) -> TrainedModel:
        """Trains a classifier on all of these rows, and audits them.

        Where they are the training part that ``preprocess_data`` gave, the model is also judged on
        the test part, for its file; whatever the rows, a ``ScoreWarning`` says the worst of what makes
        a score too good to be true.

        Args:
            X: Features: what ``preprocess_data`` gave, or a frame of rows as they are.
            y: Their classes.
            model_type: ``"random_forest"`` or ``"gradient_boosting"``.
            random_state: Seed; by default that of ``preprocess_data``.
            class_weight: ``"balanced"`` makes every class count the same.
            n_estimators: Trees of the forest (200), or the most rounds of boosting (1000), which
                stops itself on a part of the training rows.

        Raises:
            InputError: Rows, classes or settings that cannot be trained on.
        """
        trees = None if n_estimators is None else _count("n_estimators", n_estimators)
        rows = to_rows(X)
        features = rows.columns
        if self._encoding is not None:
            rows = self._encoding.decode(rows)
        rows = _labelled(rows.by_name(), self.target_column, y)
        model = Model.fit(
            rows,
            {
                "target": self.target_column,
                "model_type": model_type,
                "class_weight": class_weight,
                "n_estimators": trees,
                "seed": self._seed if random_state is None else _seed(random_state),
            },
            self._parted,
        )
        self.model = TrainedModel(model, features, self._encoding)
        logger.info("trained a %s on %d rows", model.kind, rows.n_rows)
        self.model._warn()
        return self.model

    def evaluate_model(self, X: Any, y: Any, output_dir: Optional[Path] = None) -> dict[str, Any]:
        """Judges the model on rows that it has not seen.

        Args:
            X: Features, as for ``train_model``.
            y: Their true classes.
            output_dir: Where to write ``confusion_matrix.png``, ``feature_importance.png`` and a report
                with these and more pictures.

        Returns:
            ``accuracy``, ``balanced_accuracy``, ``macro_f1``, ``log_loss``; ``confusion_matrix``,
            an array of rows by true and predicted class in the order of ``classes``;
            ``classification_report``, per class ``precision``, ``recall``, ``f1-score`` (None
            where undefined) and ``support``; ``feature_importance``, column to share, greatest
            first; ``baselines`` and ``intervals``, what needs no features and how far chance reaches;
            ``findings``, what makes the scores too good, as in ``TrainedModel``; with ``output_dir`` ``files``, the paths of what was written.

        Raises:
            NotReadyError: There is no model yet.
            InputError: Columns or classes are not those of the model; ``output_dir`` cannot be written.
        """
        import numpy

        model = self._need_model()
        rows = model._labelled(X, y)
        if output_dir is None:
            scores = json.loads(model._model.score(rows))
        else:
            scores = json.loads(model._model.report(rows, os.fspath(output_dir)))
            scores["files"] += _pictures(scores["files"], os.fspath(output_dir))
        report: dict[str, Any] = {
            of["class"]: {
                "precision": of["precision"],
                "recall": of["recall"],
                "f1-score": of["f1"],
                "support": of["support"],
            }
            for of in scores["classes"]
        }
        report["accuracy"] = scores["accuracy"]
        report["macro avg"] = {
            "precision": scores["macro_precision"],
            "recall": scores["macro_recall"],
            "f1-score": scores["macro_f1"],
            "support": scores["rows"],
        }
        for name in ("accuracy", "balanced_accuracy", "macro_f1", "log_loss"):
            logger.info("%s %.4f", name, scores[name])
        result = {
            "accuracy": scores["accuracy"],
            "balanced_accuracy": scores["balanced_accuracy"],
            "macro_f1": scores["macro_f1"],
            "log_loss": scores["log_loss"],
            "classes": model.classes_,
            "confusion_matrix": numpy.array(scores["confusion"], dtype=numpy.int64),
            "classification_report": report,
            "feature_importance": dict(model._model.importances),
            "baselines": scores["baselines"],
            "intervals": scores["intervals"],
            "findings": model.findings,
        }
        if output_dir is not None:
            result["files"] = scores["files"]
        model._warn()
        return result

    def save_model(self, path: Optional[Path] = None) -> str:
        """Writes the model, preprocessing included, to one file, and says where.

        ``foresail predict --model`` takes it too. The place never holds half a file.

        Raises:
            NotReadyError: There is no model, or no path.
            ModelFileError: The file cannot be written.
        """
        model = self._need_model()
        place = self._model_place(path)
        now = datetime.datetime.now(datetime.timezone.utc)
        model._model.save(place, now.strftime("%Y-%m-%dT%H:%M:%SZ"))
        logger.info("saved the model to %s", place)
        return place

    def load_model(self, path: Optional[Path] = None) -> TrainedModel:
        """Reads a model, of ``save_model`` or of ``foresail train --data``.

        Raises:
            NotReadyError: There is no path.
            ModelFileError: The file is missing, cut short, changed, or no such model.
        """
        model = Model.load(self._model_place(path))
        self.target_column = model.target
        self.model = TrainedModel(model, model.features, self._encoding)
        return self.model

    def predict(self, data: Any) -> Any:
        """The issue of each row as it is in a file, an array in the order of the rows.

        Target and further columns are left out.

        Raises:
            NotReadyError: There is no model yet.
            InputError: Columns are missing or of another kind; the text names them.
        """
        return self._need_model().predict(data)

    def predict_proba(self, data: Any) -> Any:
        """The probability of each class of ``model.classes_``: an array ``[n_rows, n_classes]``.

        Raises:
            NotReadyError: There is no model yet.
            InputError: Columns are missing or of another kind; the text names them.
        """
        return self._need_model().predict_proba(data)

    def _read(self, target: str) -> Rows:
        if self.data_path is None:
            raise NotReadyError("there is no data: give KubernetesPredictionModel a data_path")
        return Rows.read(os.fspath(self.data_path), [target])

    def _data(self, target: str) -> Rows:
        """The loaded rows, the target read as it stands."""
        if self._rows is None or target != self.target_column:
            self._rows = self._read(target)
        return self._rows

    def _need_model(self) -> TrainedModel:
        if self.model is None:
            raise NotReadyError("there is no model yet: call train_model or load_model first")
        return self.model

    def _model_place(self, path: Optional[Path]) -> str:
        place = self.model_path if path is None else path
        if place is None:
            raise NotReadyError("there is no place for the model: give a path or a model_path")
        return os.fspath(place)


def _labelled(rows: Rows, target: str, y: Any) -> Rows:
    labels = labels_of(y)
    if len(labels) != rows.n_rows:
        raise InputError(f"X has {rows.n_rows} rows but y has {len(labels)}")
    return rows.without([target]).with_labels(target, labels)


def _pictures(files: list[str], folder: str) -> list[str]:
    """Puts the pictures that have a name of the original workflow into the folder itself."""
    places = []
    for file in files:
        name = PICTURES.get(os.path.basename(file))
        if name is not None:
            place = os.path.join(folder, name)
            try:
                shutil.copyfile(file, place + ".part")
                os.replace(place + ".part", place)
            except OSError as error:
                raise InputError(f"cannot write `{place}`: {error}") from error
            places.append(place)
    return places


def _seed(seed: Any) -> int:
    return _count("random_state", seed, 0, 2**64 - 1)


def _count(name: str, value: Any, least: int = 1, most: int = 10_000) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or not least <= value <= most:
        raise InputError(f"{name} is `{value!r}`, must be a whole number from {least} to {most}")
    return int(value)


def _share(test_size: Any, n_rows: int) -> float:
    """The share of the test; a whole number counts rows, as in scikit-learn."""
    if isinstance(test_size, bool) or not isinstance(test_size, (int, float)):
        raise InputError(f"test_size is `{test_size!r}`, must be a share or a number of rows")
    if isinstance(test_size, int) and n_rows > 0:
        return test_size / n_rows
    return float(test_size)
