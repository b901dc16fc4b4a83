"""What two judgements of the same recording have in common."""

import json
import shutil
import subprocess
from pathlib import Path

import history

# What the world cannot give to the service: kubelets, and logs unless they are followed.
UNREADABLE = {"volumes.parquet", "logs.parquet"}


def readable(recording, room, without=frozenset(UNREADABLE), until=None):
    """A copy of a recording that holds what the service can read, up to a time."""
    folder = Path(room) / "recording"
    shutil.copytree(recording, folder, ignore=shutil.ignore_patterns(*without))
    manifest = json.loads((folder / "recording.json").read_text())
    manifest["sha256"] = {path: sha for path, sha in manifest["sha256"].items() if Path(path).name not in without}
    if until is not None:
        manifest["ended_at"] = until
    (folder / "recording.json").write_text(json.dumps(manifest))
    return folder


def backtest(program, folder, room, *options):
    """The alarms of `foresail backtest`: `(namespace, workload, kind, seconds)`."""
    out = Path(room) / "backtest.jsonl"
    subprocess.run([program, "backtest", "--recording", folder, "--alarms", out, *options],
                   check=True, stdout=subprocess.DEVNULL)
    found = []
    for line in out.read_text().splitlines():
        alarm = json.loads(line)
        name = alarm["workload"] or alarm["volume"] or alarm["component"] or alarm["node"] or ""
        found.append((alarm["namespace"] or "", name, alarm["kind"], history.seconds(alarm["raised_at"])))
    return sorted(found, key=lambda alarm: (alarm[3], alarm))


def matched(ours, theirs, within):
    """Pairs of equal unit and kind whose times differ by at most `within`, the closest first."""
    near = sorted(
        (abs(a[3] - b[3]), i, j)
        for i, a in enumerate(ours) for j, b in enumerate(theirs)
        if a[:3] == b[:3] and abs(a[3] - b[3]) <= within
    )
    left, right, pairs = set(), set(), []
    for _, i, j in near:
        if i not in left and j not in right:
            left.add(i)
            right.add(j)
            pairs.append((ours[i], theirs[j]))
    return pairs


def differences(ours, theirs, within):
    """What only one has, as text."""
    pairs = matched(ours, theirs, within)
    mine, yours = {a for a, _ in pairs}, {b for _, b in pairs}
    def shown(alarm):
        return f"{history.rfc3339(alarm[3])} {alarm[0]}/{alarm[1]} {alarm[2]}"
    only = [f"  only the service: {shown(a)}" for a in theirs if a not in yours]
    missing = [f"  only the backtest: {shown(a)}" for a in ours if a not in mine]
    return "\n".join(missing + only)
