"""The world that the service sees, as a process: a Kubernetes API and a metrics server that live
through a recording, and a door for the test.

```text
 service ──► Kubernetes API (cluster.py) and kubelet (kubelet.py) ◄── history of a recording
    │  └───► proxy (proxy.py) ──► a real Prometheus with the recording's samples
    └──────► door: /replay/clock ◄── test: /replay/faults, /replay/forbid, …
```

The service drives the time: `POST /replay/clock {"until": …}` answers with the time of the next
change, or with the time asked for, once everything before was read by the service's watches. `python world.py --recording DIR` prints the
three addresses as one line of JSON and serves until it is ended.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from datetime import datetime, timezone
from email.utils import format_datetime

from aiohttp import web

import history
from cluster import Cluster
from faults import Faults
from kubelet import Kubelet, certificate
from metrics import free_port
from proxy import Proxy

# A reader may take this long to come back after an outage while replayed time stands still.
RETURN_SECONDS = 45.0

# Changes that are so close are seen together: the reader takes a moment to stamp each.
TOGETHER_SECONDS = 0.05


class Site:
    """One listener that can go down and come back on its port."""

    def __init__(self, answer, port, world, tls=None):
        app = web.Application(client_max_size=64 << 20)
        app.router.add_route("*", "/{path:.*}", answer)
        app.on_response_prepare.append(world.stamp)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        self._site, self._tls = None, tls
        self.scheme = "https" if tls else "http"
        self.port = port

    async def up(self):
        """Listens."""
        if self._site is None:
            if self._runner.server is None:
                await self._runner.setup()
            self._site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True, ssl_context=self._tls)
            await self._site.start()
            self.port = self._site._server.sockets[0].getsockname()[1]

    async def down(self):
        """Refuses connections and resets those that are open."""
        if self._site is not None:
            server, self._site = self._site._server, None
            server.close()
            for connection in list(self._runner.server.connections):
                if connection.transport:
                    connection.transport.abort()
            self._runner._sites.clear()


class World:
    """Both servers, the faults and the clock."""

    def __init__(self, options):
        kubelet_port = free_port()
        recorded = history.History(options.recording, options.copies, kubelet_port, options.until)
        recorded.interval = options.interval or recorded.interval
        self.recorded, self.pace = recorded, options.pace
        self.faults = Faults(lambda: self.cluster.now)
        self.cluster = Cluster(recorded, self.faults)
        self.cluster.token = options.token
        self.proxy = Proxy(options.prometheus, self.faults)
        self.sites = {
            "kubernetes": Site(self.cluster.answer, options.api_port, self),
            "prometheus": Site(self.proxy.answer, options.prometheus_port, self),
        }
        self.kubelet = Kubelet(options.recording, self.cluster)
        with tempfile.TemporaryDirectory() as room:
            self.sites["kubelet"] = Site(self.kubelet.answer, kubelet_port, self, certificate(room))
        self.door = Site(self.knock, 0, self)
        self.watched = None
        self.settling = asyncio.Lock()
        self.steps = 0
        self.visible = self.cluster.now

    async def stamp(self, request, response):
        """The servers live in replayed time, and may be wrong about it."""
        port = request.transport.get_extra_info("sockname")[1] if request.transport else None
        now = self.cluster.now
        for target, site in self.sites.items():
            if site.port == port:
                skew = self.faults.find(target, {"skew"})
                now += skew["skew"] if skew else 0.0
        response.headers["Date"] = format_datetime(datetime.fromtimestamp(now, timezone.utc), usegmt=True)

    async def settle(self):
        """Takes servers down or up as the faults say; waits for readers that come back."""
        async with self.settling:
            for target, site in self.sites.items():
                if self.faults.find(target, {"down"}):
                    if target == "kubernetes" and self.watched is None:
                        self.watched = self.cluster.watched()
                    await site.down()
                else:
                    await site.up()
            if self.watched is not None and not self.faults.find("kubernetes", {"down"}):
                before, self.watched = self.watched, None
                await self.watched_again(before)

    async def watched_again(self, before):
        """Waits for the watches that there were."""
        loop = asyncio.get_running_loop()
        end = loop.time() + RETURN_SECONDS
        while before - self.cluster.watched() and loop.time() < end:
            await asyncio.sleep(0.02)
        missing = before - self.cluster.watched()
        if missing:
            print(f"watches that did not come back: {dict(missing)}", file=sys.stderr)

    async def step(self, until):
        """Goes on towards a time, at most to the next change, which is seen at its own time.

        The service asks again until the time is reached. What happens at the time that was last told
        is written now, so that the service stamps it with that time.
        """
        started = asyncio.get_running_loop().time()
        await self.cluster.walk(self.visible)
        await self.settle()
        await self.cluster.flushed()
        following = self.recorded.group(self.cluster.position, until, TOGETHER_SECONDS)
        if following is not None:
            self.visible = following
            self.cluster.now = max(self.cluster.now, min(following, until - 0.001))
            return
        self.visible = self.cluster.now = max(self.cluster.now, until)
        self.steps += 1
        left = self.pace - (asyncio.get_running_loop().time() - started)
        if left > 0:
            await asyncio.sleep(left)

    async def knock(self, request):
        """The door of the test and of the service's clock."""
        path, body = request.path, {}
        if request.can_read_body:
            body = await request.json()
        if path == "/replay/clock":
            if request.method == "POST":
                until = history.seconds(body["until"])
                if until > self.recorded.ended_at:
                    await asyncio.sleep(3600)
                await self.step(until)
                while body.get("jump") and self.cluster.now < until:
                    await self.step(until)
            return web.json_response({"now": history.rfc3339(self.cluster.now)})
        if path == "/replay/faults":
            if request.method == "DELETE":
                self.faults.clear()
            else:
                try:
                    self.faults.add(body)
                except ValueError as error:
                    return web.json_response({"error": str(error)}, status=400)
            await self.settle()
        elif path == "/replay/forget":
            self.cluster.storage.forget()
            await self.cluster.storage.wake()
        elif path == "/replay/forbid":
            self.cluster.forbidden = set(body)
        elif path == "/replay/token":
            self.cluster.token = body["token"]
        elif path == "/replay/change":
            change = self.recorded._change(self.cluster.now, body["resource"], body["object"], body.get("deleted"))
            self.cluster.storage.apply(change)
            await self.cluster.storage.wake()
        elif path == "/replay/pace":
            self.pace = float(body["seconds"])
        elif path != "/replay/status":
            return web.json_response({"error": f"no `{path}` here"}, status=404)
        return web.json_response(self.state())

    def state(self):
        """Where the world is."""
        return {
            "now": history.rfc3339(self.cluster.now),
            "started_at": history.rfc3339(self.recorded.started_at),
            "ended_at": history.rfc3339(self.recorded.ended_at),
            "interval": self.recorded.interval,
            "ended": self.cluster.now + self.recorded.interval > self.recorded.ended_at,
            "steps": self.steps,
            "watches": dict(self.cluster.watched()),
            "requests": dict(self.cluster.requests),
            "queries": self.proxy.requests,
            "kubelet": self.kubelet.requests,
            "pods": len(self.cluster.storage.by_name["pods"].objects),
        }


async def serve(options):
    """Serves until the process is ended."""
    world = World(options)
    for site in (*world.sites.values(), world.door):
        await site.up()
    addresses = {name: f"{site.scheme}://127.0.0.1:{site.port}" for name, site in world.sites.items()}
    print(json.dumps({**addresses, "door": f"http://127.0.0.1:{world.door.port}"}), flush=True)
    await asyncio.Event().wait()


def main():
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recording", required=True, help="folder of the recording")
    parser.add_argument("--until", help="end of time, RFC 3339 [default: the recording's]")
    parser.add_argument("--interval", type=float, help="seconds between two ticks [default: the recording's]")
    parser.add_argument("--copies", type=int, default=1, help="copies of the cluster")
    parser.add_argument("--prometheus", default="http://127.0.0.1:9", help="the metrics server behind the proxy")
    parser.add_argument("--token", help="bearer token that clients must show")
    parser.add_argument("--pace", type=float, default=0.0, help="least real seconds a step takes")
    parser.add_argument("--api-port", type=int, default=0)
    parser.add_argument("--prometheus-port", type=int, default=0)
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
