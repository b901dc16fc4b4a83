"""The three uses of the original workflow, call by call as its page shows them."""

import numpy as np
import pandas as pd
import pytest

SIX_NAMES = [
    "num_scheduler_latency_ms",
    "num_api_server_latency_ms",
    "num_pod_ready_percent",
    "num_etcd_latency_ms",
    "num_pod_restart_count",
    "num_container_runtime_errors",
]


@pytest.fixture()
def in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def simulate():
    from kubernetes_data_simulator import KubernetesDataSimulator

    simulator = KubernetesDataSimulator(
        num_samples=1000,
        time_periods=48,
        issue_types=["pod_crash", "memory_leak", "network_latency", "normal"],
    )
    data = simulator.generate_dataset()
    data.to_csv("kubernetes_metrics_dataset.csv", index=False)
    return data


def train():
    from kubernetes_prediction_model import KubernetesPredictionModel

    k8s_model = KubernetesPredictionModel(
        data_path="kubernetes_metrics_dataset.csv",
        model_path="kubernetes_prediction_model.joblib",
    )
    data = k8s_model.load_data()
    X_train, X_test, y_train, y_test = k8s_model.preprocess_data(target_column="issue_type")
    model = k8s_model.train_model(X_train, y_train, model_type="random_forest")
    evaluation = k8s_model.evaluate_model(X_test, y_test)
    k8s_model.save_model()
    return data, (X_train, X_test, y_train, y_test), model, evaluation


def test_simulated_rows_have_the_columns_and_classes_of_the_page(in_folder):
    data = simulate()
    assert isinstance(data, pd.DataFrame)
    assert len(data) == 1000
    assert set(SIX_NAMES) <= set(data.columns)
    assert set(data["issue_type"]) == {"pod_crash", "memory_leak", "network_latency", "normal"}


def test_training_goes_from_file_to_model_file(in_folder):
    simulate()
    data, (X_train, X_test, y_train, y_test), model, evaluation = train()
    assert len(data) == 1000
    assert (len(X_train), len(X_test)) == (800, 200)
    assert list(X_train.columns) == list(X_test.columns)
    assert "issue_type" not in X_train.columns
    assert list(model.classes_) == ["memory_leak", "network_latency", "normal", "pod_crash"]
    assert model.feature_importances_.shape == (X_train.shape[1],)
    assert model.feature_importances_.sum() == pytest.approx(1.0)
    assert 0.5 < evaluation["accuracy"] < 1.0
    assert evaluation["confusion_matrix"].sum() == 200
    assert (in_folder / "kubernetes_prediction_model.joblib").is_file()


def test_a_loaded_model_predicts_a_new_file_in_the_order_of_its_rows(in_folder):
    simulate().drop(columns="issue_type").to_csv("new_metrics.csv", index=False)
    _, (_, X_test, _, _), model, _ = train()

    from kubernetes_prediction_model import KubernetesPredictionModel

    k8s_model = KubernetesPredictionModel(model_path="kubernetes_prediction_model.joblib")
    k8s_model.load_model()
    new_data = pd.read_csv("new_metrics.csv")
    predictions = k8s_model.predict(new_data)

    assert len(predictions) == 1000
    # Raw rows and their encoded form are the same rows to the model.
    np.testing.assert_array_equal(predictions[X_test.index], model.predict(X_test))
    np.testing.assert_array_equal(
        k8s_model.predict_proba(new_data)[X_test.index], model.predict_proba(X_test)
    )
    backwards = k8s_model.predict(new_data.iloc[::-1])
    np.testing.assert_array_equal(backwards[::-1], predictions)
