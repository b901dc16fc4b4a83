"""SIGKILL at random moments: the store stays whole, nothing is lost, nothing is said twice."""

import os
import random
import sqlite3
import time

import pytest

from metrics import wait_for
from scenes import check, scene

SEED = 20261124


def killed(service, world, generator, longest):
    """Kills it at a random moment and looks at what it leaves; returns by how much that is behind."""
    begun = world.now()
    wait_for("tick of this life", lambda: service.alive() and newest(service) >= begun, 60.0)
    time.sleep(generator.uniform(0.0, longest))
    service.process.kill()
    with sqlite3.connect(service.store) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    return world.now() - newest(service)


def newest(service):
    """The last tick that is kept, in seconds."""
    rows = service.rows("SELECT max(at_ms) FROM ticks")
    return (rows[0][0] or 0) / 1000 if rows else 0.0


@pytest.mark.parametrize("kills, pace", [
    pytest.param(3, 0.2, marks=pytest.mark.long),
    pytest.param(50, 0.3, marks=pytest.mark.long),
])
def test_a_service_that_is_killed_at_random_moments(
        recording, program, work, tmp_path, undisturbed, kills, pace):
    seed = int(os.environ.get("FORESAIL_SEED", SEED))
    generator, behind = random.Random(seed), []
    with scene(recording, program, work, tmp_path, pace=pace) as (world, service):
        for _ in range(kills):
            if world.status()["ended"]:
                break
            behind.append(killed(service, world, generator, 1.5))
            service.start()
        times = len(behind)
        world.tell("pace", {"seconds": 0.0})
        check(service, undisturbed)
        interval = world.status()["interval"]
    print(f"\n{times} kills (seed {seed}): at most {max(behind):.0f} s of replayed time were not kept, "
          f"{len(service.outcomes())} outcomes, {len(service.alarms())} alarms")
    assert times == kills
    assert max(behind) <= 2 * interval
