"""What the service depends on goes away: it lives, says so, and goes on where it was.

Each test disturbs the same stretch of a recording and holds what came out against a run of that
stretch without disturbance.
"""

import json

import pytest

import history
from databases import Postgres, SmallDisk, can_mount, programs
from metrics import get
from scenes import BREAKS, MINUTES, check, disturbed, lives, recovers, says, scene


def test_an_api_server_that_is_gone_for_minutes(recording, program, work, tmp_path, undisturbed):
    with scene(recording, program, work, tmp_path) as (world, service):
        unseen = disturbed(world, service, "kubernetes", "down")
        # What happened and was over in that time was seen by nobody.
        check(service, undisturbed, unseen)


@pytest.mark.long
def test_a_prometheus_that_is_gone_for_minutes(recording, program, work, tmp_path, undisturbed):
    with scene(recording, program, work, tmp_path) as (world, service):
        disturbed(world, service, "prometheus", "down")
        check(service, undisturbed)


@pytest.mark.long
@pytest.mark.parametrize("kind, more", [
    ("slow", {"delay": 40.0}),
    ("half", {}),
    ("html", {}),
    ("status", {"code": 429, "retry_after": 1}),
    ("status", {"code": 503}),
    ("hang", {}),
], ids=lambda value: value if isinstance(value, str) else "")
def test_a_prometheus_that_answers_badly(recording, program, work, tmp_path, undisturbed, kind, more):
    with scene(recording, program, work, tmp_path, prometheus={"timeout": "2s"}) as (world, service):
        disturbed(world, service, "prometheus", kind, **more)
        check(service, undisturbed)


@pytest.mark.long
def test_a_prometheus_that_calls_its_answers_something_else(recording, program, work, tmp_path, undisturbed):
    with scene(recording, program, work, tmp_path) as (world, service):
        world.reach(history.seconds(BREAKS), 120.0, service.alive)
        world.fault("prometheus", "content_type", lasts=3 * MINUTES, type="text/html")
        check(service, undisturbed)


@pytest.mark.long
@pytest.mark.parametrize("kind, more", [
    ("hang", {}),
    ("half", {}),
    ("html", {}),
    ("status", {"code": 401}),
    ("status", {"code": 403}),
    ("status", {"code": 429, "retry_after": 1}),
    ("status", {"code": 500}),
], ids=lambda value: value if isinstance(value, str) else "")
def test_an_api_server_that_answers_badly(recording, program, work, tmp_path, undisturbed, kind, more):
    with scene(recording, program, work, tmp_path) as (world, service):
        world.reach(history.seconds(BREAKS), 120.0, service.alive)
        recovers(service)
        world.fault("kubernetes", kind, **more)
        # Watches that are open stay; these must be made anew.
        world.tell("forget", {})
        begin = world.now()
        status = world.reach(begin + 2 * MINUTES, 180.0, service.alive)
        lives(service)
        world.mend()
        recovers(service)
        check(service, undisturbed, (begin - 30, history.seconds(status["now"]) + 120))


@pytest.mark.long
def test_watches_that_are_gone(recording, program, work, tmp_path, undisturbed):
    with scene(recording, program, work, tmp_path) as (world, service):
        for minute in range(9, 20, 2):
            world.reach(history.seconds(f"2026-11-24T06:{minute:02}:00Z"), 120.0, service.alive)
            world.tell("forget", {})
        recovers(service)
        check(service, undisturbed)


@pytest.mark.long
def test_clocks_that_disagree(recording, program, work, tmp_path, undisturbed):
    with scene(recording, program, work, tmp_path) as (world, service):
        world.fault("kubernetes", "skew", skew=-600.0)
        world.fault("prometheus", "skew", skew=900.0)
        check(service, undisturbed)
        assert service.alarms() == undisturbed[0]


@pytest.mark.long
def test_a_token_that_expires(recording, program, work, tmp_path, undisturbed):
    with scene(recording, program, work, tmp_path, token="first") as (world, service):
        world.tell("token", {"token": "first"})
        world.reach(history.seconds(BREAKS), 120.0, service.alive)
        world.tell("token", {"token": "second"})
        (tmp_path / "token").write_text("second")
        world.tell("forget", {})
        recovers(service)
        begin = world.now()
        check(service, undisturbed, (begin - 30, begin + 120))


@pytest.mark.long
def test_a_right_that_is_missing(recording, program, work, tmp_path):
    with scene(recording, program, work, tmp_path, until="2026-11-24T06:12:00Z") as (world, service):
        recovers(service)
        world.tell("forbid", ["events", "nodes", "jobs"])
        # Watches that are open stay; these must be made anew.
        world.tell("forget", {})
        says(service, "kubernetes", "forbidden")
        assert service.finish() == 0, service.tail()
        assert service.outcomes()


@pytest.mark.long
@pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed")
def test_a_database_that_is_gone_for_minutes(recording, program, work, tmp_path, undisturbed):
    with Postgres(tmp_path) as database:
        with scene(recording, program, work, tmp_path, store={"url": database.url}) as (world, service):
            service.rows = database.rows
            world.reach(history.seconds(BREAKS), 180.0, service.alive)
            database.stop()
            begin = world.now()
            says(service, "store")
            world.reach(begin + 3 * MINUTES, 120.0, service.alive)
            lives(service)
            database.start()
            recovers(service)
            check(service, undisturbed)


@pytest.mark.long
@pytest.mark.skipif(not can_mount(), reason="mounting a disk takes root")
def test_a_disk_that_is_full(recording, program, work, tmp_path, undisturbed):
    with SmallDisk(tmp_path, 64) as disk:
        store = disk.path / "foresail.db"
        with scene(recording, program, work, tmp_path, store={"url": str(store)}) as (world, service):
            service.store = store
            world.reach(history.seconds(BREAKS), 180.0, service.alive)
            disk.fill()
            begin = world.now()
            says(service, "store", "full")
            world.reach(begin + 2 * MINUTES, 60.0, service.alive)
            lives(service)
            disk.free()
            recovers(service)
            check(service, undisturbed)


def test_the_api_tells_what_is_read_and_how_it_is(recording, program, work, tmp_path):
    with scene(recording, program, work, tmp_path, until="2026-11-24T06:10:00Z") as (world, service):
        recovers(service)
        status = json.loads(get(f"{service.url}/api/v1/status")[1])
        assert status["sources"] and status["ready"]
        assert any(name.startswith("foresail_") for name in service.metrics())
