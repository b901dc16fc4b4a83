"""The world behaves as an API server and a metrics server do, so that what is found with it counts."""

import gzip
import http.client
import json
import ssl
import threading
import time
import urllib.parse
import urllib.request

import pytest

import history
from metrics import Prometheus, blocks, get
from running import World


@pytest.fixture
def world(recording, tmp_path):
    with World(recording, tmp_path) as running:
        yield running


class Watch:
    """An open watch that gathers what comes."""

    def __init__(self, world, path):
        address = urllib.parse.urlsplit(world.kubernetes)
        self.connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
        self.connection.request("GET", path)
        self.answer = self.connection.getresponse()
        self.events, self.error = [], None
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        """Reads until the end."""
        try:
            for line in self.answer:
                self.events.append(json.loads(line))
        except (OSError, http.client.HTTPException) as error:
            self.error = error


def listed(world, path):
    """A list, and its number."""
    status, text = get(f"{world.kubernetes}{path}")
    assert status == 200, text
    value = json.loads(text)
    return value["items"], value["metadata"]


def test_a_list_comes_in_pages_of_one_state(world):
    first, metadata = listed(world, "/api/v1/pods?limit=20")
    world.step("2026-11-24T06:30:00Z")
    number, items = metadata["resourceVersion"], first
    while "continue" in metadata:
        more, metadata = listed(world, f"/api/v1/pods?limit=20&continue={metadata['continue']}")
        assert metadata["resourceVersion"] == number
        items = items + more
    assert len({item["metadata"]["uid"] for item in items}) == 50
    assert all("containers" in item["spec"] for item in items)


def test_a_watch_tells_every_change_up_to_the_clock_and_resumes(world, recording):
    _, metadata = listed(world, "/api/v1/pods")
    watch = Watch(world, f"/api/v1/pods?watch=1&resourceVersion={metadata['resourceVersion']}")
    until = "2026-11-24T06:20:00Z"
    world.step(until)
    with gzip.open(recording / "pods.jsonl.gz", "rt") as file:
        lines = [json.loads(line) for line in file]
    lines = [line for line in lines if line["type"] != "LIST" and line["t"] <= history.seconds(until)]
    time.sleep(0.2)
    told = [(event["type"] == "DELETED", event["object"]["metadata"]["uid"]) for event in watch.events]
    assert told == [(line["type"] == "DELETED", line["uid"]) for line in lines]
    middle = watch.events[100]["object"]["metadata"]["resourceVersion"]
    again = Watch(world, f"/api/v1/pods?watch=1&resourceVersion={middle}")
    world.step("2026-11-24T06:21:00Z")
    time.sleep(0.2)
    assert again.events == watch.events[101:]


def test_what_is_forgotten_is_gone(world):
    _, metadata = listed(world, "/api/v1/pods?limit=10")
    number = metadata["resourceVersion"]
    watch = Watch(world, f"/api/v1/pods?watch=1&resourceVersion={number}")
    time.sleep(0.2)
    world.tell("forget", {})
    watch.thread.join(5)
    assert watch.events[-1]["type"] == "ERROR" and watch.events[-1]["object"]["code"] == 410
    assert get(f"{world.kubernetes}/api/v1/pods?watch=1&resourceVersion={number}")[0] == 410
    assert get(f"{world.kubernetes}/api/v1/pods?limit=10&continue={metadata['continue']}")[0] == 410


def test_faults_hold_for_their_replayed_time(world):
    pods = f"{world.kubernetes}/api/v1/pods"
    world.fault("kubernetes", "down", lasts=60)
    assert get(pods)[0] == 0
    world.step("2026-11-24T06:09:00Z")
    assert get(pods)[0] == 200
    world.fault("kubernetes", "status", code=429, retry_after=2, resource="pods", verb="list")
    assert get(pods)[0] == 429 and get(f"{world.kubernetes}/api/v1/nodes")[0] == 200
    world.mend()
    world.fault("kubernetes", "half", resource="pods")
    assert get(pods)[0] == 0
    world.mend()
    world.fault("kubernetes", "html")
    assert get(pods)[1].startswith("<!DOCTYPE")
    world.mend()
    world.tell("forbid", ["watch pods"])
    assert get(f"{pods}?watch=1")[0] == 403 and get(pods)[0] == 200


def test_the_kubelet_tells_what_it_measured_up_to_now(world):
    world.step("2026-11-24T06:15:00Z")
    unchecked = ssl._create_unverified_context()
    def page(path):
        with urllib.request.urlopen(f"{world.kubelet}{path}", context=unchecked) as answer:
            return answer.read().decode()
    lines = [line for line in page("/metrics/cadvisor").splitlines() if line.startswith("container_memory_rss{")]
    now = history.seconds("2026-11-24T06:15:00Z") * 1000
    assert len(lines) > 30 and all(now - 10_000 < int(line.split()[-1]) <= now for line in lines)
    assert len(json.loads(page("/stats/summary"))["pods"]) > 20


def test_the_metrics_server_holds_the_recording(recording, work, tmp_path):
    made = blocks(recording, work)
    with Prometheus(made, tmp_path) as server, World(recording, tmp_path, server.url) as world:
        query = "/api/v1/query?query=count(container_memory_working_set_bytes)&time=2026-11-24T06:30:00Z"
        _, text = get(f"{world.prometheus}{query}")
        assert float(json.loads(text)["data"]["result"][0]["value"][1]) > 40
        world.fault("prometheus", "half")
        assert get(f"{world.prometheus}{query}")[0] == 0
        world.mend()
        world.fault("prometheus", "content_type", type="text/html")
        assert get(f"{world.prometheus}{query}")[1] == text
        world.fault("prometheus", "down", lasts=30)
        assert get(f"{world.prometheus}{query}")[0] == 0
