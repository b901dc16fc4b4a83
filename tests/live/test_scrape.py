"""Without a metrics server: a real node-exporter because a pod asks for it, and the kubelets."""

import pytest

import objects
from comparing import backtest, differences, matched, readable
from metrics import node_exporter, wait_for
from running import Service, World
from scenes import recovers

NODE = "lab-node-1"


def exporter_pod(port):
    """The pod of a node-exporter as its chart makes it, on this machine's loopback."""
    made = objects.pod(
        {
            "ns": "monitoring", "pod": "node-exporter-x2b7q", "app": "node-exporter", "node": NODE,
            "uid": objects.stable_uid("Pod", "monitoring", "node-exporter-x2b7q"), "ip": "127.0.0.1",
            "owner": "DaemonSet/node-exporter", "phase": "Running", "created": "2026-11-24T06:00:00Z",
            "conditions": {"Ready": "True", "PodScheduled": "True"},
            "containers": [{"name": "node-exporter", "ready": True, "restarts": 0, "started": True,
                            "state": {"running": {"startedAt": "2026-11-24T06:00:00Z"}}}],
        },
        {"containers": [{"name": "node-exporter", "image": "node-exporter", "ports": [port]}]},
    )
    made["metadata"]["annotations"] = {"prometheus.io/scrape": "true", "prometheus.io/port": str(port)}
    return made


def test_a_pod_that_asks_for_it_is_scraped(recording, program, tmp_path):
    process, port = node_exporter(tmp_path)
    with process, World(recording, tmp_path, pace=0.1) as world:
        world.tell("change", {"resource": "pods", "object": exporter_pod(port)})
        scrape = {"annotated_pods": "always"}
        with Service(program, world, tmp_path, prometheus={"url": None}, scrape=scrape) as service:
            recovers(service)
            query = ("SELECT node_memory_total_bytes, node_memory_available_bytes FROM nodes"
                     f" WHERE node = '{NODE}' AND node_memory_total_bytes IS NOT NULL")
            rows = wait_for("values of the node", lambda: service.alive() and service.rows(query), 60.0)
            total, available = rows[-1]
            with open("/proc/meminfo") as file:
                real = int(file.readline().split()[1]) * 1024
            assert abs(total - real) < 0.01 * real and 0 < available < total


@pytest.mark.long
def test_kubelets_alone_give_most_of_the_alarms(recording, program, tmp_path):
    # What a kubelet does not have.
    without = {"app.parquet", "kube.parquet", "node.parquet", "logs.parquet"}
    ours = backtest(program, readable(recording, tmp_path, without), tmp_path)
    with World(recording, tmp_path) as world:
        scrape = {"kubelets": "always"}
        with Service(program, world, tmp_path, prometheus={"url": None}, scrape=scrape) as service:
            assert service.finish() == 0, service.tail()
            theirs = service.alarms()
    # A scrape is seen at once, not one interval later: the same alarm may come two ticks earlier.
    same = len(matched(ours, theirs, 15.0))
    text = differences(ours, theirs, 15.0)
    print(f"\n{len(ours)} alarms of the backtest, {len(theirs)} by scraping kubelets, {same} the same\n{text}")
    assert same >= 0.9 * len(ours) and same >= 0.9 * len(theirs), text
