"""Memory and CPU of `foresail run` by number of pods, and the time to its first prediction.

In: `--pods 100 1000 10000`. Out: a Markdown table. The pods are copies of a recording's cluster in
more namespaces and on more nodes; a tick is one scrape of all of them. The time of a replayed tick
is what the service needs, so `busiest` is the share of a core that it would take at `--interval`.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import history
import running
from metrics import Prometheus, blocks, get, wait_for
from running import Service, World

ROOT = Path(__file__).resolve().parents[2]
TICK = os.sysconf("SC_CLK_TCK")


def used(pid):
    """CPU seconds and peak resident MiB of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    status = Path(f"/proc/{pid}/status").read_text()
    peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    now = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return (int(fields[11]) + int(fields[12])) / TICK, int(peak) / 1024, int(now) / 1024


def measure(options, pods, work):
    """One row of the table."""
    recording = ROOT / "data" / options.recording
    manifest = json.loads((recording / "recording.json").read_text())
    began = history.seconds(manifest["started_at"])
    since, until = history.rfc3339(began - 60), history.rfc3339(began + options.seconds)
    copies = -(-pods // 50)
    made = blocks(recording, work, copies, since, until, options.interval)
    with tempfile.TemporaryDirectory(prefix="foresail-bench-") as room, Prometheus(made, room) as server:
        with World(recording, room, server.url, copies=copies, until=until, interval=options.interval) as world:
            there = world.status()["pods"]
            service = Service(running.program(ROOT), world, room, prometheus={"timeout": "120s"})
            start = time.monotonic()
            with service:
                wait_for("first prediction", lambda: first(service), 600.0, 0.1)
                answer = time.monotonic() - start
                cpu, _, _ = used(service.process.pid)
                steps, began = world.status()["steps"], time.monotonic()
                world.reach(float("inf"), options.limit, service.alive)
                steps, wall = world.status()["steps"] - steps, time.monotonic() - began
                total, peak, resident = used(service.process.pid)
                late = sum(value for name, value in service.metrics().items() if "late" in name)
                service.process.stop(60.0)
    per_tick = (total - cpu) / max(steps, 1)
    return (f"| {there:,} | {answer:.1f} | {peak:,.0f} | {resident:,.0f} | {per_tick:.2f} | {wall / max(steps, 1):.2f} | "
            f"{100 * per_tick / options.interval:.1f} % | {steps} | {late:.0f} |")


def first(service):
    """Whether it predicts."""
    assert service.alive(), service.tail()
    status, text = get(f"{service.url}/api/v1/predictions?limit=1")
    return status == 200 and json.loads(text).get("predictions")


def main():
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pods", type=int, nargs="+", default=[100, 1000, 10000])
    parser.add_argument("--recording", default="lab-3")
    parser.add_argument("--seconds", type=float, default=600.0, help="of the recording")
    parser.add_argument("--interval", type=float, default=30.0, help="seconds between two scrapes")
    parser.add_argument("--limit", type=float, default=1800.0, help="most real seconds of a row")
    options = parser.parse_args()
    work = Path(os.environ.get("FORESAIL_LIVE_WORK", ROOT / "target" / "live" / "work"))
    work.mkdir(parents=True, exist_ok=True)
    print("| pods | first prediction after, s | peak memory, MiB | memory, MiB | CPU a tick, s | wall a tick, s | "
          f"of a core at {options.interval:g} s | ticks | late |")
    print("|---|---|---|---|---|---|---|---|---|")
    for pods in options.pods:
        print(measure(options, pods, work), flush=True)


if __name__ == "__main__":
    main()
