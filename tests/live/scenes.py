"""A stretch of a recording with a service in it, and what must hold whatever happens there."""

import collections
import json
from contextlib import contextmanager

import history
from metrics import Prometheus, blocks, get, wait_for
from running import Service, World

UNTIL = "2026-11-24T06:24:00Z"
BREAKS = "2026-11-24T06:12:00Z"
MINUTES = 60.0


@contextmanager
def scene(recording, program, work, room, pace=0.02, until=UNTIL, **changes):
    """A world with a service in it."""
    made = blocks(recording, work)
    with Prometheus(made, room) as server, World(recording, room, server.url, until=until, pace=pace) as world:
        with Service(program, world, room, **changes) as service:
            service.server = server
            yield world, service


def lives(service):
    """It runs and answers."""
    assert service.alive(), service.tail()
    assert get(f"{service.url}/healthz")[0] == 200


def troubles(service):
    """What the service says is wrong: name and reason of sources and of the store."""
    status, text = get(f"{service.url}/api/v1/status")
    if status != 200:
        return {"api": text}
    status = json.loads(text)
    found = {source["name"]: f"{source['state']}: {source['reason']}" for source in status["sources"]
             if source["state"] in ("down", "degraded", "starting")}
    if status["store"]["state"] in ("full", "failing"):
        found["store"] = f"{status['store']['state']}: {status['store']['reason']}"
    return found


def says(service, name, words=""):
    """Waits until it says that something is wrong there, and returns why."""
    def told():
        assert service.alive(), service.tail()
        return next((why for source, why in troubles(service).items()
                     if source.startswith(name) and words in why), None)
    return wait_for(f"word of trouble with {name} from the service", told, 60.0)


def recovers(service):
    """Waits until it is ready and nothing is wrong."""
    def well():
        assert service.alive(), service.tail()
        return service.ready()[0] == 200 and not troubles(service)
    try:
        wait_for("a service that is ready", well, 90.0)
    except AssertionError as error:
        raise AssertionError(f"{error}: {service.ready()}, {troubles(service)}") from error


def not_twice(service):
    """No alarm was raised again while it was open, and none is there twice."""
    rows = service.rows(
        "SELECT object_kind, namespace, workload_kind, object, failure_kind, raised_at_ms, cleared_at_ms, alarm_id"
        " FROM alarms ORDER BY raised_at_ms, alarm_id")
    open_until = {}
    for *unit, raised, cleared, number in rows:
        unit = tuple(unit)
        end = open_until.get(unit, float("-inf"))
        assert end is not None and float(raised) >= float(end), f"alarm {number} on {unit} was open already"
        open_until[unit] = cleared if cleared not in (None, "") else None
    raised = service.rows("SELECT alarm_id, count(*) FROM alarm_changes WHERE change = 'raised'"
                          " GROUP BY alarm_id HAVING count(*) > 1")
    assert raised == [], f"raised twice: {raised}"


def no_outcome_lost(service, undisturbed, unseen=None):
    """Every outcome of the undisturbed run is there; `unseen` is a time in which none could be seen."""
    begin, end = unseen or (float("inf"), float("-inf"))
    expected = collections.Counter(
        outcome[:4] for outcome in undisturbed[1] if not begin <= outcome[4] <= end)
    lost = expected - collections.Counter(outcome[:4] for outcome in service.outcomes())
    assert not lost, f"outcomes that were lost: {dict(lost)}"


def disturbed(world, service, target, kind, **more):
    """Breaks something for three replayed minutes, while the service goes on; returns when it was."""
    world.reach(history.seconds(BREAKS), 120.0, service.alive)
    recovers(service)
    begin = world.now()
    world.fault(target, kind, **more)
    why = says(service, target)
    status = world.reach(begin + 3 * MINUTES, 120.0, service.alive)
    lives(service)
    world.mend()
    recovers(service)
    print(f"\n{target} {kind}: {why}")
    return begin, history.seconds(status["now"])


def check(service, undisturbed, unseen=None):
    """Ends the run and holds it against the undisturbed one."""
    assert service.finish() == 0, service.tail()
    not_twice(service)
    no_outcome_lost(service, undisturbed, unseen)
