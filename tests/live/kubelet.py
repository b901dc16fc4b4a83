"""A kubelet's own port over TLS: what it measured, as the recording has it, up to now.

`/metrics/cadvisor`, `/metrics/resource`, `/metrics/probes` and `/metrics` give the newest value of
each series with its time; `/stats/summary` gives the storage that pods use.
"""

import bisect
import json
import ssl
import subprocess
from pathlib import Path

import pyarrow.parquet
from aiohttp import web

import history

FILES = {
    "/metrics/cadvisor": "container",
    "/metrics/resource": "resource",
    "/metrics/probes": "probes",
    "/metrics": "kubelet",
}
# A series that was not written for so many scrapes has ended.
SCRAPES = 2


class Kubelet:
    """The kubelet of every node; a recording has one."""

    def __init__(self, folder, cluster):
        self._folder, self._cluster = Path(folder), cluster
        self._tables = {}
        self.requests = 0

    async def answer(self, request):
        """Answers any request."""
        self.requests += 1
        token = self._cluster.token
        if token and request.headers.get("Authorization") != f"Bearer {token}":
            return web.Response(status=401, text="Unauthorized")
        if request.path == "/stats/summary":
            return web.json_response(self.summary())
        if request.path in FILES:
            return web.Response(text=self.exposition(FILES[request.path]),
                                headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})
        return web.Response(status=404, text="404 page not found")

    def recent(self, path, column):
        """Rows of the last scrapes, oldest first, and their times in seconds."""
        if path not in self._tables:
            table = pyarrow.parquet.read_table(path).sort_by(column)
            times = table[column].to_pylist()
            if times and not isinstance(times[0], float):
                times = [time.timestamp() for time in times]
            self._tables[path] = (table, times)
        table, times = self._tables[path]
        now = self._cluster.now
        end = bisect.bisect_right(times, now)
        begin = bisect.bisect_right(times, now - SCRAPES * self._cluster.recorded.interval)
        return table.slice(begin, end - begin).to_pylist(), times[begin:end]

    def exposition(self, name):
        """The newest value of each series as text."""
        path = self._folder / "samples" / f"{name}.parquet"
        newest = {}
        for row, at in zip(*self.recent(path, "ts")):
            labels = {key: row[key] for key in ("namespace", "pod", "container") if row[key]}
            labels.update(json.loads(row["labels"] or "{}"))
            # The scrape adds the node; a kubelet does not name itself.
            labels.pop("node", None)
            pairs = ",".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in labels.items())
            newest[(row["metric"], pairs)] = (row["value"], at)
        lines, last = [], None
        for (metric, pairs), (value, at) in sorted(newest.items()):
            if metric != last:
                lines.append(f"# TYPE {metric} untyped")
            last = metric
            lines.append(f"{metric}{{{pairs}}} {value!r} {round(at * 1000)}")
        return "\n".join([*lines, ""])

    def summary(self):
        """Storage of pods, the newest of each."""
        node = self._cluster.recorded.nodes[0]
        pods = {}
        path = self._folder / "volumes.parquet"
        rows, times = self.recent(path, "t") if path.exists() else ([], [])
        for row, at in zip(rows, times):
            time = history.rfc3339(at)
            pods[(row["ns"], row["pod"])] = {
                "podRef": {"namespace": row["ns"], "name": row["pod"], "uid": row.get("uid") or ""},
                "startTime": time,
                "ephemeral-storage": {"time": time, "usedBytes": int(row["ephemeral"])},
                "volume": [{"time": time, "name": "data", "usedBytes": int(row["data_bytes"])}],
            }
        return {"node": {"nodeName": node}, "pods": [pods[key] for key in sorted(pods)]}


def certificate(room):
    """A certificate that the kubelet signed itself, as most do."""
    key, found = Path(room) / "kubelet.key", Path(room) / "kubelet.pem"
    subprocess.run([
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        "-keyout", key, "-out", found, "-days", "3650", "-subj", "/CN=lab-node-1",
        "-addext", "subjectAltName=IP:127.0.0.1",
    ], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(found, key)
    return context
