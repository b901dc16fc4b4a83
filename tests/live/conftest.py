"""Fixtures: the recording, the program, a work folder that is kept between runs."""

import os
from pathlib import Path

import pytest

import running
import scenes

ROOT = Path(__file__).resolve().parents[2]


def pytest_addoption(parser):
    """`--all` adds the long tests."""
    parser.addoption("--all", action="store_true", help="the long tests too")


def pytest_configure(config):
    """The mark of long tests."""
    config.addinivalue_line("markers", "long: minutes; only with --all")


def pytest_collection_modifyitems(config, items):
    """Long tests are left out unless asked for."""
    if config.getoption("--all"):
        return
    short = [item for item in items if "long" not in item.keywords]
    config.hook.pytest_deselected(items=[item for item in items if "long" in item.keywords])
    items[:] = short


@pytest.fixture(scope="session")
def work():
    """A folder that outlives the run: blocks of recordings."""
    folder = Path(os.environ.get("FORESAIL_LIVE_WORK", ROOT / "target" / "live" / "work"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def root():
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def recording():
    """The recording that is replayed."""
    return ROOT / "data" / "lab-3"


@pytest.fixture(scope="session")
def program():
    """The program under test."""
    return running.program(ROOT)


@pytest.fixture(scope="session")
def undisturbed(recording, program, work, tmp_path_factory):
    """Alarms and outcomes of the stretch when nothing goes wrong."""
    with scenes.scene(recording, program, work, tmp_path_factory.mktemp("undisturbed"), pace=0.0) as (_, service):
        assert service.finish() == 0, service.tail()
        return service.alarms(), service.outcomes()
