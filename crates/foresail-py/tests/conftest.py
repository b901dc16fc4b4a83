"""A small CSV file, a model trained on it, and where the shipped recordings are."""

from __future__ import annotations

from pathlib import Path

import pytest
from foresail import KubernetesDataSimulator, KubernetesPredictionModel

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def rows():
    """Simulated rows."""
    return KubernetesDataSimulator(num_samples=600, seed=7).generate_dataset()


@pytest.fixture()
def csv(tmp_path, rows):
    """They as a file."""
    path = tmp_path / "rows.csv"
    rows.to_csv(path, index=False)
    return path


@pytest.fixture()
def trained(csv):
    """A workflow after training, with its parts."""
    workflow = KubernetesPredictionModel(data_path=csv, model_path=csv.with_name("m.model"))
    parts = workflow.preprocess_data()
    workflow.train_model(parts[0], parts[2], n_estimators=20)
    return workflow, parts


@pytest.fixture(scope="session")
def recording():
    """The smallest shipped recording."""
    return ROOT / "data" / "lab-2"
