"""The parts of a test as processes: the world, and the service that watches it."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import history
from metrics import Process, free_port, get, post, wait_for

HERE = Path(__file__).resolve().parent


def program(root):
    """The program under test: what `FORESAIL` names, else the build of the tests."""
    named = os.environ.get("FORESAIL")
    if named:
        return Path(named)
    target = Path(os.environ.get("CARGO_TARGET_DIR", root / "target"))
    return target / "debug" / "foresail"


class World:
    """A running `world.py`."""

    def __init__(self, recording, room, prometheus="http://127.0.0.1:9", **options):
        room = Path(room)
        out = room / "world.json"
        command = [sys.executable, HERE / "world.py", "--recording", recording, "--prometheus", prometheus]
        for name, value in options.items():
            if value is not None:
                command += [f"--{name.replace('_', '-')}", str(value)]
        self.log = room / "world.log"
        with out.open("w") as answer, self.log.open("w") as log:
            self.child = subprocess.Popen([str(part) for part in command], stdout=answer, stderr=log)
        wait_for("world", lambda: out.read_text().endswith("\n") or self.child.poll() is not None, 60.0)
        assert self.child.poll() is None, self.log.read_text()
        addresses = json.loads(out.read_text())
        self.kubernetes, self.prometheus, self.kubelet, self.door = (
            addresses[name] for name in ("kubernetes", "prometheus", "kubelet", "door"))

    def tell(self, what, body, method="POST"):
        """Knocks at the door."""
        return post(f"{self.door}/replay/{what}", body, method)

    def step(self, until):
        """Goes on to a time, for tests without a service."""
        return self.tell("clock", {"until": until, "jump": True})["now"]

    def fault(self, target, kind, **more):
        """Something breaks."""
        return self.tell("faults", {"target": target, "kind": kind, **more})

    def mend(self):
        """Everything works again."""
        return self.tell("faults", {}, "DELETE")

    def status(self):
        """Where the world is."""
        return json.loads(get(f"{self.door}/replay/status")[1])

    def now(self):
        """Replayed time in seconds."""
        return history.seconds(self.status()["now"])

    def reach(self, at, within=120.0, alive=lambda: True, stall=90.0):
        """Waits until replayed time is there; gives up when it stands still for `stall` seconds."""
        moved, last = time.monotonic(), None

        def there():
            nonlocal moved, last
            assert alive(), "the service ended"
            status = self.status()
            if status["now"] != last:
                moved, last = time.monotonic(), status["now"]
            assert time.monotonic() - moved < stall, f"replayed time stands still: {status}"
            return status if history.seconds(status["now"]) >= at or status["ended"] else None
        wanted = "the end" if at == float("inf") else history.rfc3339(at)
        return wait_for(f"{wanted} of replayed time", there, within)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.terminate()
        self.child.wait()


def kubeconfig(room, world, token=None):
    """A kubeconfig for the world; a token lies in a file, as a ServiceAccount's does."""
    user = {}
    if token is not None:
        (Path(room) / "token").write_text(token)
        user = {"tokenFile": str(Path(room) / "token")}
    path = Path(room) / "kubeconfig"
    path.write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "replay",
        "clusters": [{"name": "replay", "cluster": {"server": world.kubernetes}}],
        "users": [{"name": "foresail", "user": user}],
        "contexts": [{"name": "replay", "context": {"cluster": "replay", "user": "foresail"}}],
    }))
    return path


class Service:
    """`foresail run` on a world; it can be killed and started again on the same store."""

    def __init__(self, program, world, room, **changes):
        self.program, self.world, self.room = program, world, Path(room)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.store = self.room / "foresail.db"
        token = changes.pop("token", None)
        status = world.status()
        self.config = {
            "cluster": "replayed",
            "time_scale": changes.pop("time_scale", 10.0),
            "scrape_interval": f"{status['interval']:g}s",
            "kubernetes": {"kubeconfig": str(kubeconfig(room, world, token))},
            "prometheus": {"url": world.prometheus},
            "scrape": {"kubelets": "never", "kube_state_metrics": "never", "annotated_pods": "never"},
            "store": {"url": str(self.store)},
            "models": {"in_service": "first-passage"},
            "api": {"listen": f"127.0.0.1:{self.port}"},
        }
        for section, values in changes.items():
            self.config[section] = {**self.config.get(section, {}), **values}
        self.process = None
        self.starts = 0

    def start(self):
        """Starts it; the caller waits for what it needs."""
        path = self.room / "foresail.yaml"
        path.write_text(json.dumps(self.config, indent=1))
        self.starts += 1
        self.process = Process(
            [self.program, "run", "--config", path, "--clock", f"{self.world.door}/replay/clock"],
            self.room / "service.log", cwd=self.room)
        return self

    def alive(self):
        """Whether it runs."""
        return self.process is not None and self.process.alive()

    def ready(self):
        """Status and text of `/readyz`."""
        return get(f"{self.url}/readyz")

    def metrics(self):
        """`/metrics` as `{series: value}`."""
        status, text = get(f"{self.url}/metrics")
        found = {}
        if status == 200:
            for line in text.splitlines():
                if line and not line.startswith("#"):
                    name, _, value = line.rpartition(" ")
                    found[name] = float(value)
        return found

    def finish(self, within=600.0):
        """Waits until the recording is over and the last tick is kept, then ends the service."""
        self.world.reach(float("inf"), within, self.alive)
        last = None
        end = time.monotonic() + 30.0
        while time.monotonic() < end:
            newest = self.rows("SELECT max(at_ms) FROM ticks")
            if newest == last and newest and newest[0][0]:
                break
            last = newest
            time.sleep(1.0)
        return self.process.stop(30.0)

    def rows(self, query, *values):
        """Rows of the store; none while there is no such table."""
        if not self.store.exists():
            return []
        with sqlite3.connect(f"file:{self.store}?mode=ro", uri=True, timeout=10.0) as connection:
            try:
                return connection.execute(query, values).fetchall()
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):
                    return []
                raise

    def alarms(self):
        """What was raised: `(namespace, workload, kind, seconds)`, in order of time."""
        found = self.rows(
            "SELECT namespace, object, failure_kind, raised_at_ms FROM alarms ORDER BY raised_at_ms, alarm_id")
        return [(namespace, name, kind, at / 1000) for namespace, name, kind, at in found]

    def outcomes(self):
        """What failed: `(namespace, workload, pod, kind, seconds)`."""
        found = self.rows("SELECT namespace, object, pod, failure_kind, occurred_at_ms FROM outcomes"
                          " ORDER BY occurred_at_ms, pod")
        return [(*row[:4], row[4] / 1000) for row in found]

    def tail(self, count=40):
        """The end of its log."""
        return "\n".join(self.process.text().splitlines()[-count:]) if self.process else ""

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process is not None:
            self.process.stop()
