"""A recording as one line of time: which object changed when.

In: the folder of a recording, and how many copies of its cluster to make. Out: what was there when
it began (`initial`) and each later change (`changes`, in order of time), every one an API object as
JSON text in which the server puts the `resourceVersion`.

Copies beyond the first live in namespaces and on nodes with a suffix and have their own uids, so
that 50 recorded pods become as many as a test wants.
"""

import bisect
import gzip
import json
import re
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import pyarrow.parquet

import objects

# Stands in the text for the number that the server gives to each change.
VERSION = "@resourceVersion@"

# A scrape is visible one interval and this after its time, as in a replay of the files.
SCRAPE_DELAY_SECONDS = 2.0

RESOURCES = {
    "Deployment": "deployments",
    "ReplicaSet": "replicasets",
    "StatefulSet": "statefulsets",
    "DaemonSet": "daemonsets",
    "Job": "jobs",
    "CronJob": "cronjobs",
}

UID = re.compile(r'"uid":"([0-9a-f]{8})-')


@dataclass(frozen=True)
class Change:
    """One object as it was from `at` on."""

    at: float
    deleted: bool
    resource: str
    namespace: str
    name: str
    text: str

    def copy(self, number, nodes):
        """The same change in another copy of the cluster."""
        if number == 0:
            return self
        text = UID.sub(lambda found: f'"uid":"{number:04x}{found[1][4:]}-', self.text)
        name, namespace = self.name, self.namespace
        if namespace:
            text = text.replace(f'"namespace":"{namespace}"', f'"namespace":"{namespace}-{number}"')
            namespace = f"{namespace}-{number}"
        for node in nodes:
            text = text.replace(f'"{node}"', f'"{node}-{number}"')
        if self.resource in ("nodes", "namespaces"):
            text = text.replace(f'"name":"{name}"', f'"name":"{name}-{number}"')
            name = f"{name}-{number}"
        return Change(self.at, self.deleted, self.resource, namespace, name, text)


class History:
    """The changes of a recording."""

    def __init__(self, folder, copies=1, kubelet_port=10250, until=None):
        folder, self._kubelet_port = Path(folder), kubelet_port
        manifest = json.loads((folder / "recording.json").read_text())
        self.started_at = seconds(manifest["started_at"])
        self.ended_at = seconds(manifest["ended_at"])
        if until is not None:
            self.ended_at = min(self.ended_at, seconds(until))
        self.interval = manifest["scrape_interval_seconds"]
        self.time_scale = manifest["time_scale"]
        changes, initial = [], []
        for listed, change in self._observed(folder):
            (initial if listed else changes).append(change)
        inventory = list(self._inventory(folder))
        initial += [change for change in inventory if change.at <= self.started_at]
        changes += [change for change in inventory if change.at > self.started_at]
        self.nodes = sorted({change.name for change in initial + changes if change.resource == "nodes"})
        namespaces = sorted({change.namespace for change in initial + changes if change.namespace})
        initial += [
            self._change(self.started_at, "namespaces", objects.simple(
                "Namespace", None, name, spec={}, status={"phase": "Active"}))
            for name in namespaces
        ]
        changes.sort(key=lambda change: change.at)
        self.initial = [c.copy(n, self.nodes) for c in initial for n in range(copies)]
        self.changes = [c.copy(n, self.nodes) for c in changes if c.at <= self.ended_at
                        for n in range(copies)]
        self._times = [change.at for change in self.changes]
        self.logs = read_logs(folder)

    def until(self, at):
        """How many changes are visible at this time."""
        return bisect.bisect_right(self._times, at)

    def group(self, position, until, together):
        """The time of the next changes up to a time, those that are close taken together."""
        if position >= len(self.changes) or self._times[position] > until:
            return None
        return self._times[self.until(min(self._times[position] + together, until)) - 1]

    def _observed(self, folder):
        """Changes that the recorder saw, and whether they were listed when it began."""
        specs, seen = {}, {}
        for line in lines(folder / "pods.jsonl.gz"):
            if line.get("spec"):
                specs[line["uid"]] = line["spec"]
            # A server tells since when a condition is so. Recordings do not of those that are well,
            # and who reads the files takes the time at which it was first seen.
            known = seen.setdefault(line["uid"], {})
            for kind, status in (line.get("conditions") or {}).items():
                if known.get(kind, (None,))[0] != status:
                    known[kind] = (status, rfc3339(line["t"]))
            line["since"] = {kind: at for kind, (_, at) in known.items()}
            yield self._entry(line, "pods", objects.pod(line, specs.get(line["uid"])))
        for line in lines(folder / "workloads.jsonl.gz"):
            yield self._entry(line, RESOURCES[line["kind"]], objects.workload(line))
        for line in lines(folder / "nodes.jsonl.gz"):
            yield self._entry(line, "nodes", objects.node(line, self._kubelet_port))
        for line in lines(folder / "events.jsonl.gz"):
            yield self._entry(line, "events", objects.event(line))

    def _entry(self, line, resource, value):
        listed = line["type"] == "LIST"
        return listed, self._change(line["t"], resource, value, line["type"] == "DELETED")

    def _change(self, at, resource, value, deleted=False):
        metadata = {"resourceVersion": VERSION, **value["metadata"]}
        text = json.dumps({**value, "metadata": metadata}, separators=(",", ":"))
        namespace = metadata.get("namespace", "")
        return Change(at, deleted, resource, namespace, metadata["name"], text)

    def _inventory(self, folder):
        """Services, their endpoints and ConfigMaps, which recordings have only as series."""
        path = folder / "samples" / "kube.parquet"
        if not path.exists():
            return
        rows = pyarrow.parquet.read_table(path, columns=["metric", "namespace", "labels", "ts"])
        names = pyarrow.compute.is_in(rows["metric"].cast("string"), pyarrow.array(
            ["kube_configmap_info", "kube_service_info", "kube_endpoint_address"]))
        scrapes = {}
        for row in rows.filter(names).to_pylist():
            scrape = scrapes.setdefault(row["ts"].timestamp(), {})
            labels, namespace = json.loads(row["labels"]), row["namespace"]
            if row["metric"] == "kube_configmap_info":
                scrape[("configmaps", namespace, labels["configmap"])] = ()
            elif row["metric"] == "kube_service_info":
                scrape[("services", namespace, labels["service"])] = ()
                scrape.setdefault(("endpointslices", namespace, labels["service"]), set())
            else:
                key = ("endpointslices", namespace, labels["endpoint"])
                address = (labels["ip"], labels["ready"] == "true")
                scrape.setdefault(key, set()).add(address)
        known = {}
        for at in sorted(scrapes):
            seen, visible = scrapes[at], at + self.interval + SCRAPE_DELAY_SECONDS
            for key in sorted(seen):
                if known.get(key) != seen[key]:
                    yield self._inventory_change(visible, key, seen[key])
            for key in sorted(known.keys() - seen.keys()):
                yield self._inventory_change(visible, key, (), deleted=True)
            known = seen

    def _inventory_change(self, at, key, value, deleted=False):
        resource, namespace, name = key
        if resource == "configmaps":
            made = objects.simple("ConfigMap", namespace, name, data={})
        elif resource == "services":
            made = objects.simple("Service", namespace, name, spec={
                "type": "ClusterIP", "selector": {"app": name}, "ports": [{"port": 8080}]})
        else:
            made = objects.endpoint_slice(namespace, name, sorted(value))
        return self._change(at, resource, made, deleted)


def read_logs(folder):
    """Lines of each container, in order of time: `(time, text)`."""
    path, found = folder / "logs.parquet", {}
    if path.exists():
        for row in pyarrow.parquet.read_table(path).to_pylist():
            key = (row["ns"], row["pod"], row.get("container") or "")
            found.setdefault(key, []).append((row["time"], row["line"]))
    timed = {}
    for key, rows in found.items():
        timed[key] = sorted((seconds(time), text) for time, text in rows if time)
    return timed


def lines(path):
    """The objects of a gzipped file of JSON lines."""
    if path.exists():
        with gzip.open(path, "rt") as file:
            for line in file:
                yield json.loads(line)


FRACTION = re.compile(r"\.(\d+)")


def seconds(text):
    """Seconds since the epoch of an RFC 3339 time."""
    cut = FRACTION.sub(lambda found: f".{found[1][:6]:0<6}", text).replace("Z", "+00:00")
    return datetime.fromisoformat(cut).timestamp()


def rfc3339(at):
    """A time as RFC 3339 in UTC, to the millisecond."""
    time = datetime.fromtimestamp(round(at, 3), timezone.utc)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
