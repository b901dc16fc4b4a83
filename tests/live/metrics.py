"""A real Prometheus that holds the samples of a recording, and a real node-exporter.

The samples go through OpenMetrics text and `promtool tsdb create-blocks-from openmetrics` into
blocks, once for each recording: they are kept under the work folder and linked into each run.
"""

import hashlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pyarrow.parquet

import history

LABELS = ("job", "namespace", "pod", "container")


class Process:
    """A child process whose output goes to a file; it ends with the `with` block."""

    def __init__(self, command, log, **more):
        self.log = Path(log)
        self._file = self.log.open("ab")
        self.child = subprocess.Popen(
            [str(part) for part in command], stdout=self._file, stderr=subprocess.STDOUT, **more)

    @property
    def pid(self):
        """Its process id."""
        return self.child.pid

    def alive(self):
        """Whether it runs."""
        return self.child.poll() is None

    def kill(self):
        """Ends it at once, as SIGKILL does."""
        self.child.kill()
        self.child.wait()

    def stop(self, within=10.0):
        """Asks it to end and says how it did."""
        if self.alive():
            self.child.terminate()
        try:
            return self.child.wait(within)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def text(self):
        """What it wrote."""
        return self.log.read_text(errors="replace")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        self._file.close()


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def get(url, timeout=5.0):
    """Status and text of a page; 0 and why, if there is no answer."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            return answer.status, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except (OSError, ValueError, http.client.HTTPException) as error:
        return 0, str(error)


def post(url, body, method="POST", timeout=90.0):
    """Sends JSON and returns the JSON that comes back."""
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return json.loads(answer.read())


def wait_for(what, condition, within=30.0, pause=0.05):
    """Waits until a condition gives something, and returns it."""
    end = time.monotonic() + within
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"after {within:.0f} s still no {what}")
        time.sleep(pause)


def series(folder, copies, since, until, interval):
    """The series of a recording: labels and their samples `(ms, value)`, one an interval."""
    found = {}
    for path in sorted((folder / "samples").glob("*.parquet")):
        table = pyarrow.parquet.read_table(path)
        columns = {name: table[name].cast("string").to_pylist() for name in ("metric", *LABELS, "labels")}
        times = table["ts"].cast("int64").to_pylist()
        values = table["value"].to_pylist()
        keys = zip(columns["metric"], *(columns[name] for name in LABELS), columns["labels"])
        for key, at, value in zip(keys, times, values):
            if since <= at <= until:
                found.setdefault(key, {})[at] = value
    for key, points in found.items():
        labels = {name: value for name, value in zip(LABELS, key[1:5]) if value}
        labels.update(json.loads(key[5] or "{}"))
        rows = sorted(points.items())
        if interval:
            # The first sample of each interval.
            rows = list({at // int(interval * 1000): (at, value) for at, value in reversed(rows)}.values())[::-1]
        for number in range(copies):
            yield key[0], copied(labels, number), rows


def copied(labels, number):
    """The labels in another copy of the cluster, as `history` names it."""
    if number == 0:
        return labels
    other = dict(labels)
    for name in ("namespace", "node", "instance"):
        if other.get(name):
            other[name] = f"{other[name]}-{number}"
    return other


def blocks(folder, work, copies=1, since=None, until=None, interval=None):
    """The folder with the blocks of a recording, made if they are not there."""
    manifest = (folder / "recording.json").read_text()
    name = hashlib.sha256(f"2 {manifest} {copies} {since} {until} {interval}".encode()).hexdigest()[:16]
    done = Path(work) / f"blocks-{name}"
    if done.exists():
        return done
    first = history.seconds(since) * 1000 if since else float("-inf")
    last = history.seconds(until) * 1000 if until else float("inf")
    text, making = Path(work) / f"{name}.om", Path(work) / f"making-{name}-{os.getpid()}"
    with text.open("w") as out:
        for metric, labels, rows in series(folder, copies, first, last, interval):
            pairs = ",".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in labels.items())
            head = f"{metric}{{{pairs}}}"
            out.writelines(f"{head} {value!r} {at / 1000:.3f}\n" for at, value in rows)
        out.write("# EOF\n")
    subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", text, making],
                   check=True, stdout=subprocess.DEVNULL)
    text.unlink()
    making.rename(done)
    return done


class Prometheus:
    """A running Prometheus on blocks."""

    def __init__(self, made, room, port=None):
        self.room = Path(room) / "prometheus"
        self.room.mkdir()
        shutil.copytree(made, self.room / "tsdb", copy_function=os.link)
        (self.room / "prometheus.yml").write_text("")
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None

    def start(self):
        """Starts it and waits until it answers."""
        self.process = Process([
            "prometheus", f"--config.file={self.room}/prometheus.yml",
            f"--storage.tsdb.path={self.room}/tsdb", "--storage.tsdb.retention.time=100y",
            "--storage.tsdb.min-block-duration=2h", "--storage.tsdb.max-block-duration=2h",
            f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn",
        ], self.room / "log")
        wait_for("Prometheus", lambda: get(f"{self.url}/-/ready")[0] == 200)
        return self

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.process.stop()


def node_exporter(room):
    """A real node-exporter on loopback: the process and its port."""
    port = free_port()
    process = Process([
        "prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{port}",
    ], Path(room) / "node-exporter.log")
    wait_for("node-exporter", lambda: get(f"http://127.0.0.1:{port}/metrics")[0] == 200)
    return process, port
