"""What the parts of the workflow promise beyond the calls of the page."""

import json
import signal
import threading
import time

import foresail
import numpy as np
import pandas as pd
import pytest
from foresail import KubernetesDataSimulator, KubernetesPredictionModel
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def test_other_learners_take_the_frames(trained):
    _, (X_train, X_test, y_train, y_test) = trained
    learners = [
        RandomForestClassifier(n_estimators=10, random_state=0),
        GradientBoostingClassifier(n_estimators=3, random_state=0),
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
    ]
    for learner in learners:
        learner.fit(X_train, y_train)
        assert learner.score(X_test, y_test) > 0.3
    assert not X_train.isna().any().any()
    assert (X_train.dtypes == np.float64).all()


def test_the_scores_are_those_of_scikit_learn(trained):
    workflow, (_, X_test, _, y_test) = trained
    found = workflow.evaluate_model(X_test, y_test)
    said, p = workflow.predict(X_test), workflow.predict_proba(X_test)
    assert found["accuracy"] == pytest.approx(accuracy_score(y_test, said))
    assert found["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(y_test, said))
    assert found["macro_f1"] == pytest.approx(f1_score(y_test, said, average="macro"))
    assert found["log_loss"] == pytest.approx(log_loss(y_test, p, labels=workflow.model.classes_))
    assert set(workflow.model.classes_) < set(found["classification_report"])
    assert sum(found["feature_importance"].values()) == pytest.approx(1.0)


def test_nothing_of_the_test_rows_reaches_the_training_frames(csv):
    workflow = KubernetesPredictionModel(data_path=csv)
    data = workflow.load_data()
    X_train, X_test, y_train, _ = workflow.preprocess_data()
    column = "num_etcd_latency_ms"
    changed = data.copy()
    changed.loc[X_test.index, column] = 1e6
    changed.loc[X_test.index, "cat_new"] = "only in the test"
    again = KubernetesPredictionModel().preprocess_data("issue_type", data=changed)
    pd.testing.assert_frame_equal(again[0], X_train)
    pd.testing.assert_series_equal(again[2], y_train)


def test_missing_values_and_new_texts_survive_the_encoding():
    n = 200
    frame = pd.DataFrame({
        "num_a": [float(i % 7) if i % 5 else np.nan for i in range(n)],
        "cat_zone": [["a", "b", None][i % 3] for i in range(n)],
        "cat_level": [i % 2 + 1 for i in range(n)],
        "flag": [i % 4 == 0 for i in range(n)],
        "issue_type": [["x", "y"][(i % 7) // 4] for i in range(n)],
    })
    workflow = KubernetesPredictionModel()
    X_train, X_test, y_train, _ = workflow.preprocess_data(data=frame)
    assert set(X_train["cat_zone"]) == {-1.0, 0.0, 1.0}
    assert set(X_train["cat_level"]) == {1.0, 2.0}
    model = workflow.train_model(X_train, y_train, n_estimators=20)
    raw = frame.drop(columns="issue_type")
    np.testing.assert_array_equal(
        model.predict_proba(X_test), model.predict_proba(raw.loc[X_test.index])
    )
    untouched = KubernetesPredictionModel().train_model(
        raw.loc[X_train.index], y_train, n_estimators=20
    )
    np.testing.assert_array_equal(model.predict_proba(raw), untouched.predict_proba(raw))
    strange = raw.assign(cat_zone="never seen")
    nothing = raw.assign(cat_zone=None)
    np.testing.assert_array_equal(model.predict_proba(strange), model.predict_proba(nothing))


def test_the_same_seed_gives_the_same_file(csv, tmp_path):
    for kind in ("random_forest", "gradient_boosting"):
        files = []
        for name in ("a.model", "b.model"):
            workflow = KubernetesPredictionModel(data_path=csv, model_path=tmp_path / name)
            X_train, _, y_train, _ = workflow.preprocess_data(random_state=3)
            workflow.train_model(X_train, y_train, kind, n_estimators=5)
            workflow.save_model()
            workflow.load_model()
            files.append(workflow.predict_proba(X_train))
        np.testing.assert_array_equal(*files)


def test_pictures_stand_in_the_folder(trained, tmp_path):
    workflow, (_, X_test, _, y_test) = trained
    found = workflow.evaluate_model(X_test, y_test, output_dir=tmp_path / "out")
    pictures = {path.rsplit("/", 1)[-1] for path in found["files"] if path.endswith(".png")}
    assert {"confusion-matrix.png", "feature-importance.png"} <= pictures
    assert (tmp_path / "out" / "confusion_matrix.png").is_file()
    assert (tmp_path / "out" / "feature_importance.png").is_file()
    assert not list(tmp_path.rglob("*.part"))
    for path in found["files"]:
        with open(path, "rb") as file:
            assert file.read(8)


def test_a_column_that_gives_the_class_away_is_said(rows):
    leaky = rows.assign(num_answer=rows["issue_type"].astype("category").cat.codes * 10.0)
    workflow = KubernetesPredictionModel()
    X_train, X_test, y_train, y_test = workflow.preprocess_data(data=leaky)
    with pytest.warns(foresail.ScoreWarning, match="too good to be true.*num_answer"):
        workflow.train_model(X_train, y_train, n_estimators=5)
    found = workflow.evaluate_model(X_test, y_test)
    assert found["findings"][0]["severity"] == "invalid"
    # Rows of unknown origin are audited as well.
    with pytest.warns(foresail.ScoreWarning, match="num_answer"):
        workflow.train_model(leaky[["num_answer", "num_etcd_latency_ms"]], leaky["issue_type"], n_estimators=5)
    assert workflow.model.test_scores is None


def test_the_file_keeps_split_scores_and_findings(trained, tmp_path):
    workflow, (_, X_test, _, y_test) = trained
    found = workflow.evaluate_model(X_test, y_test)
    loaded = KubernetesPredictionModel()
    loaded.load_model(workflow.save_model())
    assert loaded.model.test_scores["accuracy"] == found["accuracy"]
    assert loaded.model.test_scores["macro_f1"] == found["macro_f1"]
    assert loaded.model.findings == workflow.model.findings
    with open(workflow.model_path, "rb") as file:
        card = json.loads(file.readline())["card"]
    assert card["recordings"][0]["name"] == "rows.csv"
    assert (card["table"]["training_rows"], card["table"]["test_rows"]) == (480, 120)
    with pytest.warns(foresail.ScoreWarning):
        loaded.evaluate_model(X_test, y_test)


def test_changed_rows_are_not_taken_for_the_training_part(trained):
    workflow, (X_train, _, y_train, _) = trained
    fewer = workflow.train_model(X_train.drop(columns="num_pod_restart_count"), y_train, n_estimators=5)
    assert fewer.test_scores is not None
    other = X_train.assign(num_etcd_latency_ms=X_train["num_etcd_latency_ms"] * 2)
    assert workflow.train_model(other, y_train, n_estimators=5).test_scores is None
    shuffled = y_train.sample(frac=1, random_state=0)
    assert workflow.train_model(X_train, shuffled, n_estimators=5).test_scores is None


def test_a_loaded_model_knows_what_the_frames_stand_for(trained):
    workflow, (_, X_test, _, _) = trained
    said = workflow.predict_proba(X_test)
    loaded = KubernetesPredictionModel()
    loaded.load_model(workflow.save_model())
    np.testing.assert_array_equal(loaded.predict_proba(X_test), said)


def test_training_can_be_interrupted(rows):
    target = rows["issue_type"]
    features = rows.drop(columns=["issue_type", "object", "timestamp"])
    many = pd.concat([features] * 5, ignore_index=True), pd.concat([target] * 5, ignore_index=True)
    timer = threading.Timer(0.5, signal.raise_signal, [signal.SIGINT])
    workflow = KubernetesPredictionModel()
    start = time.monotonic()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        workflow.train_model(*many, "gradient_boosting", n_estimators=10_000)
    assert time.monotonic() - start < 10
    assert workflow.model is None


def test_polars_frames_go_in_and_come_out(csv):
    pl = pytest.importorskip("polars")
    workflow = KubernetesPredictionModel(data_path=csv, frames="polars")
    data = workflow.load_data()
    assert isinstance(data, pl.DataFrame)
    X_train, X_test, y_train, y_test = workflow.preprocess_data()
    assert isinstance(X_train, pl.DataFrame) and isinstance(y_train, pl.Series)
    workflow.train_model(X_train, y_train, n_estimators=10)
    of_polars = workflow.predict_proba(data)
    of_pandas = workflow.predict_proba(pd.read_csv(csv))
    np.testing.assert_array_equal(of_polars, of_pandas)
    assert workflow.evaluate_model(X_test, y_test)["accuracy"] > 0.3
    # A frame of polars gives frames of polars, whatever the default.
    parts = KubernetesPredictionModel().preprocess_data(data=data)
    assert isinstance(parts[0], pl.DataFrame)


def test_the_text_none_in_the_target_is_a_class(tmp_path):
    path = tmp_path / "none.csv"
    lines = [f"{i},{i % 3},{['None', 'crash'][i % 2]}" for i in range(60)]
    path.write_text("num_a,num_b,issue_type\n" + "\n".join(lines) + "\n")
    workflow = KubernetesPredictionModel(data_path=path)
    assert set(workflow.load_data()["issue_type"]) == {"None", "crash"}
    X_train, _, y_train, _ = workflow.preprocess_data()
    assert list(workflow.train_model(X_train, y_train).classes_) == ["None", "crash"]
    other = path.with_name("other.csv")
    other.write_text(path.read_text().replace("issue_type", "kind"))
    workflow = KubernetesPredictionModel(data_path=other)
    workflow.load_data()
    assert set(workflow.preprocess_data("kind")[2]) == {"None", "crash"}


def test_numbers_as_classes_stay_numbers():
    frame = pd.DataFrame({"num_a": [i % 3 * 2.5 for i in range(60)], "num_b": [i % 5 for i in range(60)]})
    target = pd.Series([i % 3 for i in range(60)], name="class")
    workflow = KubernetesPredictionModel(target_column="class")
    model = workflow.train_model(frame, target, n_estimators=5)
    assert model.classes_.tolist() == [0, 1, 2]
    assert accuracy_score(target, model.predict(frame)) > 0.5
    X_train, _, y_train, _ = workflow.preprocess_data(data=frame.assign(**{"class": target}))
    assert y_train.dtype == np.int64 and len(X_train) == len(y_train)


def test_other_threads_go_on_while_a_model_is_trained():
    frame = KubernetesDataSimulator(num_samples=2000).generate_dataset()
    workflow = KubernetesPredictionModel()
    X_train, _, y_train, _ = workflow.preprocess_data(data=frame)
    turns, done = 0, threading.Event()

    def train():
        workflow.train_model(X_train, y_train)
        done.set()

    thread = threading.Thread(target=train)
    thread.start()
    while not done.is_set():
        turns += 1
        time.sleep(0.001)
    thread.join()
    assert turns > 20


def test_the_simulator_keeps_its_promises():
    first = KubernetesDataSimulator(num_samples=300, seed=1)
    data = first.generate_dataset()
    pd.testing.assert_frame_equal(
        data, KubernetesDataSimulator(num_samples=300, seed=1).generate_dataset()
    )
    assert not data.equals(KubernetesDataSimulator(num_samples=300, seed=2).generate_dataset())
    assert len(foresail.ISSUE_TYPES) >= 17
    assert len(first.truth()) == 300 and "severity" in first.truth().columns
    assert "severity" not in data.columns


def test_rows_of_one_object_stay_together_when_asked(rows):
    workflow = KubernetesPredictionModel()
    X_train, X_test, _, _ = workflow.preprocess_data(data=rows, group_column="object")
    assert "object" not in X_train.columns
    objects = rows["object"]
    assert not set(objects[X_train.index]) & set(objects[X_test.index])
    _, X_test, _, _ = workflow.preprocess_data(data=rows, time_column="timestamp")
    assert rows["timestamp"][X_test.index].min() > sorted(rows["timestamp"])[len(rows) // 2]


def test_recordings_become_frames(recording):
    data = foresail.dataset([recording])
    assert {"label", "recording", "minutes_to_failure"} <= set(data.columns)
    alarms = foresail.backtest(recording)
    assert {"raised_at", "kind", "workload", "probability"} <= set(alarms.columns)


def test_every_public_name_is_typed_and_documented():
    for name in foresail.__all__:
        thing = getattr(foresail, name)
        if isinstance(thing, type) or callable(thing):
            assert thing.__doc__, name
    for thing in (KubernetesPredictionModel, KubernetesDataSimulator, foresail.TrainedModel):
        for name, method in vars(thing).items():
            if callable(method) and not name.startswith("_"):
                assert method.__doc__, name
