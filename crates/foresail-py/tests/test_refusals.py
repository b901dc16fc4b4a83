"""Bad input is a named exception that says where; nothing half-written is left."""

import json

import foresail
import numpy as np
import pandas as pd
import pytest
from foresail import (
    ForesailError,
    InputError,
    KubernetesDataSimulator,
    KubernetesPredictionModel,
    ModelFileError,
    NotReadyError,
)

HEADER = "num_a,num_b,issue_type\n"


def load(tmp_path, content, **options):
    path = tmp_path / "bad.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    workflow = KubernetesPredictionModel(data_path=path, **options)
    workflow.load_data()
    return workflow


def test_all_exceptions_are_of_one_family():
    for error in (InputError, ModelFileError, NotReadyError, foresail.InternalError):
        assert issubclass(error, ForesailError) and issubclass(error, ValueError)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="nowhere.csv"):
        KubernetesPredictionModel(data_path=tmp_path / "nowhere.csv").load_data()


@pytest.mark.parametrize(
    "content",
    [
        "",
        HEADER + "1,2\n",
        HEADER + "1,many,x\n",
        HEADER.encode() + b"1,2,\xff\xfe\n",
        HEADER + "1,inf,x\n",
        HEADER + '1,2,"never closed\n',
    ],
    ids=["empty", "ragged", "text for a number", "encoding", "infinite", "quote"],
)
def test_a_file_that_is_no_table_is_refused(tmp_path, content):
    with pytest.raises(InputError, match="bad.csv"):
        load(tmp_path, content)


def test_a_missing_target_column_is_named(trained):
    with pytest.raises(InputError, match="`nothing`"):
        trained[0].preprocess_data("nothing")


def test_one_class_is_refused(tmp_path):
    with pytest.raises(InputError, match="`x`"):
        workflow = load(tmp_path, HEADER + "".join(f"{i},{i * i % 7},x\n" for i in range(30)))
        X_train, _, y_train, _ = workflow.preprocess_data()
        workflow.train_model(X_train, y_train)


def test_rows_without_a_class_are_refused_with_their_count_unless_told_otherwise(rows):
    holes = rows.copy()
    holes.loc[:9, "issue_type"] = None
    workflow = KubernetesPredictionModel()
    with pytest.raises(InputError, match="missing in 10 of 600 rows"):
        workflow.preprocess_data(data=holes)
    parts = workflow.preprocess_data(missing_target="drop", data=holes)
    assert len(parts[0]) + len(parts[1]) == 590
    parts = workflow.preprocess_data(missing_target="class", data=holes)
    assert len(parts[0]) + len(parts[1]) == 600 and "missing" in set(parts[2])
    with pytest.raises(InputError, match="missing_target is `guess`"):
        workflow.preprocess_data(missing_target="guess", data=holes)
    labels = parts[2].astype(object)
    labels.iloc[0] = np.nan
    with pytest.raises(InputError, match="missing in 1 of"):
        workflow.train_model(parts[0], labels)


@pytest.mark.parametrize("test_size", [0, 1.0, -0.5, 1.5, float("nan"), "half", True, 10**9])
def test_a_share_out_of_range_is_refused(trained, test_size):
    with pytest.raises(InputError):
        trained[0].preprocess_data(test_size=test_size)


def test_settings_out_of_range_are_refused(trained):
    workflow, (X_train, _, y_train, _) = trained
    for wish in ({"model_type": "oracle"}, {"random_state": -1}, {"n_estimators": 0}):
        with pytest.raises(InputError):
            workflow.train_model(X_train, y_train, **wish)
    with pytest.raises(InputError, match="class_weight"):
        workflow.train_model(X_train, y_train, class_weight="heavy")
    with pytest.raises(InputError, match="480 rows but y has 479"):
        workflow.train_model(X_train, y_train[:-1])
    with pytest.raises(InputError, match="frames is `spark`"):
        KubernetesPredictionModel(frames="spark")


def test_missing_columns_are_named_all_at_once_and_further_ones_are_left_out(trained, rows):
    workflow, _ = trained
    with pytest.raises(InputError, match="`num_pod_restart_count`, `num_etcd_latency_ms`"):
        workflow.predict(rows.drop(columns=["num_etcd_latency_ms", "num_pod_restart_count"]))
    shuffled = rows[sorted(rows.columns)].assign(further=1)
    np.testing.assert_array_equal(workflow.predict(shuffled), workflow.predict(rows))


def test_frames_that_hold_no_rows_of_metrics_are_refused(trained, rows):
    workflow, _ = trained
    for frame in (None, 3, "rows", [[1, 2]], object()):
        with pytest.raises(InputError):
            workflow.predict(frame)
    with pytest.raises(InputError):
        workflow.predict(rows.assign(num_etcd_latency_ms=[[1]] * len(rows)))
    with pytest.raises(InputError):
        workflow.predict(rows.assign(mixed=[1, "a"] * (len(rows) // 2)))
    with pytest.raises(InputError, match="num_etcd_latency_ms"):
        workflow.predict(rows.assign(num_etcd_latency_ms="fast"))
    with pytest.raises(InputError, match="infinite"):
        workflow.predict(rows.assign(num_etcd_latency_ms=np.inf))
    assert len(workflow.predict(rows.iloc[:0])) == 0


def test_an_edited_code_is_refused_by_its_place(trained):
    workflow, (_, X_test, _, _) = trained
    column = next(name for name in X_test.columns if name.startswith("cat_"))
    with pytest.raises(InputError, match=column):
        workflow.predict(X_test.assign(**{column: 0.37}))


def test_classes_that_the_model_does_not_know_are_named(trained):
    workflow, (_, X_test, _, y_test) = trained
    with pytest.raises(InputError, match="asteroid"):
        workflow.evaluate_model(X_test, y_test.replace("normal", "asteroid"))


def test_methods_say_what_they_need_first(tmp_path):
    workflow = KubernetesPredictionModel()
    for call in (
        workflow.load_data,
        workflow.preprocess_data,
        workflow.save_model,
        workflow.load_model,
        lambda: workflow.predict(pd.DataFrame({"a": [1]})),
        lambda: workflow.evaluate_model(pd.DataFrame({"a": [1]}), ["x"]),
        KubernetesDataSimulator().truth,
    ):
        with pytest.raises(NotReadyError):
            call()


def test_damaged_model_files_are_refused(trained, tmp_path):
    workflow, _ = trained
    whole = open(workflow.save_model(), "rb").read()
    damaged = {
        "short.model": whole[: len(whole) // 2],
        "changed.model": whole[:-1] + bytes([whole[-1] ^ 1]),
        "empty.model": b"",
        "text.model": b"not a model",
        "other.model": json.dumps({"format": 1}).encode(),
    }
    for name, content in damaged.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(ModelFileError, match=name):
            KubernetesPredictionModel().load_model(path)
    with pytest.raises(ModelFileError, match="nowhere.model"):
        KubernetesPredictionModel().load_model(tmp_path / "nowhere.model")


def test_a_model_that_cannot_be_written_leaves_nothing(trained, tmp_path):
    workflow, (_, X_test, _, y_test) = trained
    with pytest.raises(ModelFileError):
        workflow.save_model(tmp_path / "no" / "folder" / "m.model")
    assert not (tmp_path / "no").exists()
    file = tmp_path / "a file"
    file.write_text("here")
    with pytest.raises(InputError):
        workflow.evaluate_model(X_test, y_test, output_dir=file)
    assert file.read_text() == "here"


def test_simulations_that_cannot_be_are_refused():
    for wish in (
        {"num_samples": 3},
        {"num_samples": -1},
        {"num_samples": 10.5},
        {"time_periods": 0},
        {"time_periods": 10**12},
        {"issue_types": ["asteroid"]},
        {"issue_types": []},
        {"issue_types": [3]},
        {"seed": -1},
    ):
        with pytest.raises(InputError):
            KubernetesDataSimulator(**wish).generate_dataset()


def test_recordings_that_are_none_are_refused(tmp_path, recording):
    with pytest.raises(InputError):
        foresail.dataset([])
    with pytest.raises(InputError, match=tmp_path.name):
        foresail.dataset(tmp_path)
    with pytest.raises(InputError, match=tmp_path.name):
        foresail.backtest(tmp_path)
    with pytest.raises(InputError, match="budget"):
        foresail.backtest(recording, budget=2)
    with pytest.raises(InputError, match="result"):
        foresail.backtest(recording, result="everything")
    with pytest.raises(ModelFileError, match="nowhere"):
        foresail.backtest(recording, model="nowhere")
