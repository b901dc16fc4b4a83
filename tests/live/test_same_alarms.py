"""`foresail run` on a cluster finds what `foresail backtest` finds on its recording."""

import pytest

from comparing import backtest, differences, matched, readable
from metrics import Prometheus, blocks
from running import Service, World

SHARE = 0.98


def compare(recording, program, work, tmp_path, model, options=(), until=None):
    """Runs both and returns the shares of each other's alarms that they have in common."""
    folder = readable(recording, tmp_path, until=until)
    ours = backtest(program, folder, tmp_path, *options)
    made = blocks(recording, work)
    with Prometheus(made, tmp_path) as server, World(recording, tmp_path, server.url, until=until) as world:
        with Service(program, world, tmp_path, models={"in_service": model}) as service:
            assert service.finish() == 0, service.tail()
            theirs = service.alarms()
        interval = world.status()["interval"]
    same = len(matched(ours, theirs, interval))
    at_once = len(matched(ours, theirs, 0.0))
    print(f"\n{recording.name}, {model}: {len(ours)} alarms of the backtest, {len(theirs)} of the service, "
          f"{same} the same within a tick, {at_once} at the same tick")
    text = differences(ours, theirs, interval)
    print(text)
    assert len(ours) >= 20
    assert same >= SHARE * len(ours) and same >= SHARE * len(theirs), text


def test_the_service_raises_the_alarms_of_the_backtest(recording, program, work, tmp_path):
    compare(recording, program, work, tmp_path, "first-passage", until="2026-11-24T06:34:00.000Z")


@pytest.mark.long
def test_the_service_raises_the_alarms_of_the_backtest_of_a_whole_recording(
        recording, program, work, tmp_path):
    compare(recording, program, work, tmp_path, "first-passage")


@pytest.mark.long
def test_the_service_raises_the_alarms_of_the_backtest_with_the_built_in_model(
        recording, program, root, work, tmp_path):
    model = root / "crates" / "foresail" / "model" / "default.model"
    compare(recording, program, work, tmp_path, "built-in", ("--model", model))


@pytest.mark.long
def test_the_service_raises_the_alarms_of_the_backtest_on_a_recording_kept_for_checking(
        root, program, work, tmp_path):
    compare(root / "data" / "lab-4", program, work, tmp_path, "first-passage")
