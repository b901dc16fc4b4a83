"""A Kubernetes API over HTTP that lives through a recording.

Lists come in pages of a consistent state, watches resume from any number that is kept and stream in
chunks with bookmarks, and objects can be made, changed and deleted, as far as a reader of a cluster
can tell the difference. What it does not know answers with the API's own errors.
"""

import asyncio
import collections
import json
from urllib.parse import unquote

from aiohttp import web

import faults
import history
import sockets
from storage import CLUSTER_SCOPED, KINDS, UNSTORED, Expired, Selection, Storage, metadata_only, status

VERBS = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


class Stream:
    """An open watch or log: how far it has written, so that the clock can wait for it."""

    def __init__(self, resource, pending, request):
        self.resource, self.pending = resource, pending
        self.written = True
        transport = request.transport
        self.ends = (transport.get_extra_info("peername"), transport.get_extra_info("sockname"))


class Cluster:
    """The API; `token` is what a client must show, if anything."""

    def __init__(self, recorded, found_faults):
        self.recorded, self.faults = recorded, found_faults
        self.storage = Storage()
        self.now = recorded.started_at
        self.position = 0
        self.token = None
        self.streams = set()
        self.reader = sockets.Reader()
        self.requests = collections.Counter()
        self.forbidden = set()
        for change in recorded.initial:
            self.storage.apply(change)

    # Time.

    async def walk(self, until):
        """Makes every change that is visible by then."""
        end = self.recorded.until(until)
        for change in self.recorded.changes[self.position:end]:
            self.storage.apply(change)
        self.position = max(self.position, end)
        await self.storage.wake()

    async def flushed(self, within=10.0):
        """Waits until what there is was written to the watches and read by the clients."""
        loop = asyncio.get_running_loop()
        end = loop.time() + within
        while any(stream.pending() for stream in self.streams) and loop.time() < end:
            await asyncio.sleep(0.0005)
        written = [stream for stream in self.streams if stream.written]
        await sockets.read(self.reader, [stream.ends for stream in written], end - loop.time())
        for stream in written:
            stream.written = False
        # What was read still has to be understood.
        await asyncio.sleep(0.001)

    def watched(self):
        """How many watches are open on each resource."""
        return collections.Counter(stream.resource for stream in self.streams)

    # Requests.

    async def answer(self, request):
        """Answers any request."""
        parts = [unquote(part) for part in request.path.strip("/").split("/") if part]
        target = Target.of(parts)
        verb = VERBS.get(request.method, request.method)
        if verb == "get" and target.resource and not target.name:
            verb = "watch" if request.query.get("watch") in ("1", "true") else "list"
        self.requests[f"{verb} {target.resource or request.path}"] += 1
        found = self.faults.find(
            "kubernetes", {"hang", "slow", "status", "html"}, verb=verb, resource=target.resource)
        if found:
            if found["kind"] == "hang":
                await asyncio.sleep(3600)
            if found["kind"] == "slow":
                await asyncio.sleep(found["delay"])
            elif found["kind"] == "status":
                return faults.refusal(found, refused(found["code"], verb, target.resource))
            else:
                return faults.refusal(found, None)
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.json_response(refused(401, verb, target.resource), status=401)
        try:
            return await self.route(request, parts, target, verb)
        except ConnectionResetError:
            # The client went away; there is nobody to answer.
            return web.Response(status=499)
        except Expired as expired:
            return web.json_response(status(410, "Expired", str(expired)), status=410)
        except ValueError as error:
            return web.json_response(status(400, "BadRequest", str(error)), status=400)

    async def route(self, request, parts, target, verb):
        """Answers a request that is let in."""
        if not target.resource:
            return discovery(parts)
        if (target.group, target.version, target.resource) in UNSTORED:
            return await self.review(request, target)
        collection = self.storage.collections.get((target.group, target.version, target.resource))
        if collection is None:
            return missing("the server could not find the requested resource")
        if not self.allowed(verb, target.resource):
            return web.json_response(refused(403, verb, target.resource), status=403)
        if verb == "watch":
            return await self.watch(request, collection, target)
        if verb == "list":
            return self.list(request, collection, target)
        if target.sub == "log":
            return await self.log(request, target)
        if verb == "get":
            text = collection.objects.get((target.namespace or "", target.name))
            return self.whole(request, text) if text else missing(f'{target.resource} "{target.name}" not found')
        return await self.write(request, collection, target, verb)

    def allowed(self, verb, resource):
        """Whether the client has the right."""
        return resource not in self.forbidden and f"{verb} {resource}" not in self.forbidden

    async def review(self, request, target):
        """What the client may do."""
        body = await request.json()
        spec = body.get("spec", {})
        attributes = spec.get("resourceAttributes") or {}
        allowed = self.allowed(attributes.get("verb"), attributes.get("resource"))
        made = {"apiVersion": f"{target.group}/{target.version}", "kind": body.get("kind"),
                "metadata": {}, "spec": spec, "status": {"allowed": allowed}}
        if not allowed:
            made["status"]["reason"] = "not granted in this test"
        return web.json_response(made, status=201)

    def list(self, request, collection, target):
        """A page of a list."""
        query = request.query
        limit = int(query.get("limit") or 0)
        texts, number, following, left = collection.page(
            self.storage.number, selection(query, target), limit, query.get("continue"))
        kind, api_version = f"{collection.kind}List", collection.api_version
        if partial(request):
            texts = [metadata_only(text) for text in texts]
            kind, api_version = "PartialObjectMetadataList", "meta.k8s.io/v1"
        metadata = {"resourceVersion": str(number)}
        if following:
            metadata.update({"continue": following, "remainingItemCount": left})
        head = json.dumps({"apiVersion": api_version, "kind": kind, "metadata": metadata})
        body = f'{head[:-1]},"items":[{",".join(texts)}]}}'
        return self.text(request, body, target.resource)

    def whole(self, request, text):
        """One object."""
        return self.text(request, metadata_only(text) if partial(request) else text, None)

    def text(self, request, body, resource):
        """A JSON body, or what a fault makes of it."""
        found = self.faults.find("kubernetes", {"half", "content_type"}, verb="list", resource=resource)
        if found and found["kind"] == "half":
            return HalfResponse(body)
        kind = found["type"] if found else "application/json"
        return web.Response(body=body.encode(), content_type=kind)

    async def watch(self, request, collection, target):
        """Streams changes from a number on."""
        query, chosen = request.query, selection(request.query, target)
        asked = query.get("resourceVersion") or "0"
        position = collection.position(int(asked)) if asked != "0" else len(collection.history)
        shape = metadata_only if partial(request) else str
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        stream = Stream(collection.resource, lambda: position < len(collection.history), request)
        loop = asyncio.get_running_loop()
        end = loop.time() + float(query.get("timeoutSeconds") or 3600)
        bookmarks = query.get("allowWatchBookmarks") in ("1", "true")
        if asked == "0":
            begin = [text for key, text in sorted(collection.objects.items()) if chosen.takes(key, text)]
            await response.write("".join(frame("ADDED", shape(text)) for text in begin).encode())
            if query.get("sendInitialEvents") == "true":
                await response.write(self.bookmark(collection, initial=True))
        self.streams.add(stream)
        oldest, told = collection.oldest, loop.time()
        try:
            while loop.time() < end:
                if collection.oldest != oldest:
                    gone = status(410, "Expired", "too old resource version")
                    await response.write(frame("ERROR", json.dumps(gone)).encode())
                    break
                entries = collection.history[position:]
                position += len(entries)
                out = [frame(kind, shape(text)) for _, kind, key, text in entries if chosen.takes(key, text)]
                if out:
                    stream.written = True
                    await response.write("".join(out).encode())
                elif bookmarks and loop.time() - told > 5.0:
                    told = loop.time()
                    await response.write(self.bookmark(collection))
                async with self.storage.changed:
                    if position == len(collection.history) and collection.oldest == oldest:
                        await self.wait(min(1.0, max(0.0, end - loop.time())))
        finally:
            self.streams.discard(stream)
        await response.write_eof()
        return response

    async def wait(self, at_most):
        """Waits for a change, with the lock held."""
        try:
            await asyncio.wait_for(self.storage.changed.wait(), at_most)
        except TimeoutError:
            pass

    def bookmark(self, collection, initial=False):
        """How far the watch is, without an object."""
        metadata = {"resourceVersion": str(self.storage.number)}
        if initial:
            metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
        value = {"apiVersion": collection.api_version, "kind": collection.kind, "metadata": metadata}
        return frame("BOOKMARK", json.dumps(value)).encode()

    async def log(self, request, target):
        """Lines of a container, those that are visible and, if it is followed, the later ones."""
        query = request.query
        container = query.get("container")
        timestamps = query.get("timestamps") in ("1", "true")
        lines = next((found for (ns, pod, name), found in self.recorded.logs.items()
                      if (ns, pod) == (target.namespace, target.name) and container in (None, "", name)), [])
        since = history.seconds(query["sinceTime"]) if query.get("sinceTime") else float("-inf")
        if query.get("sinceSeconds"):
            since = self.now - float(query["sinceSeconds"])
        written = 0

        def visible():
            return [(at, text) for at, text in lines if at + history.SCRAPE_DELAY_SECONDS <= self.now]

        def frames(rows):
            head = [f"{history.rfc3339(at)} " if timestamps else "" for at, _ in rows]
            return "".join(f"{h}{text}\n" for h, (at, text) in zip(head, rows) if at >= since).encode()

        rows = visible()
        if query.get("tailLines"):
            written = max(0, len(rows) - int(query["tailLines"]))
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        stream = Stream("logs", lambda: written < len(visible()), request)
        self.streams.add(stream)
        try:
            while True:
                rows = visible()
                body, written = frames(rows[written:]), len(rows)
                if body:
                    stream.written = True
                    await response.write(body)
                if query.get("follow") not in ("1", "true"):
                    break
                async with self.storage.changed:
                    await self.wait(1.0)
        finally:
            self.streams.discard(stream)
        await response.write_eof()
        return response

    async def write(self, request, collection, target, verb):
        """Makes, changes (by merge patch) or deletes an object."""
        key = (target.namespace or "", target.name)
        known = collection.objects.get(key) if target.name else None
        if verb != "create" and known is None:
            return missing(f'{target.resource} "{target.name}" not found')
        if verb == "delete":
            text = self.storage.put(collection, key, known, deleted=True)
        else:
            value = await request.json()
            if verb == "patch":
                value = merged(json.loads(known), value)
            metadata = value["metadata"]
            key = (target.namespace or "", target.name or metadata["name"])
            if verb == "create" and key in collection.objects:
                return web.json_response(status(409, "AlreadyExists", f"{key[1]} already exists"), status=409)
            value["metadata"] = {**metadata, "resourceVersion": history.VERSION}
            text = self.storage.put(collection, key, json.dumps(value))
        await self.storage.wake()
        return web.Response(body=text.encode(), content_type="application/json",
                            status=201 if verb == "create" else 200)


class HalfResponse(web.StreamResponse):
    """Announces a whole body, sends half of it and breaks the connection."""

    def __init__(self, body):
        super().__init__(headers={"Content-Type": "application/json"})
        self.body_bytes = body.encode()

    async def prepare(self, request):
        """Sends what there is."""
        self.content_length = len(self.body_bytes)
        writer = await super().prepare(request)
        await self.write(self.body_bytes[: len(self.body_bytes) // 2])
        if request.transport:
            request.transport.close()
        return writer


class Target:
    """What a path names."""

    def __init__(self, group="", version="", namespace=None, resource=None, name=None, sub=None):
        self.group, self.version, self.namespace = group, version, namespace
        self.resource, self.name, self.sub = resource, name, sub

    @classmethod
    def of(cls, parts):
        """`api/v1/…` or `apis/group/version/…`; anything else names no resource."""
        if parts[:1] == ["api"] and len(parts) > 2:
            group, version, rest = "", parts[1], parts[2:]
        elif parts[:1] == ["apis"] and len(parts) > 3:
            group, version, rest = parts[1], parts[2], parts[3:]
        else:
            return cls()
        namespace = None
        if rest[0] == "namespaces" and len(rest) > 2:
            namespace, rest = rest[1], rest[2:]
        rest = [*rest, None, None]
        return cls(group, version, namespace, *rest[:3])


def selection(query, target):
    """What a list or watch asks for."""
    return Selection(target.namespace, None, query.get("fieldSelector"), query.get("labelSelector"))


def partial(request):
    """Whether only metadata is asked for."""
    return "as=PartialObjectMetadata" in request.headers.get("Accept", "")


def frame(kind, text):
    """A line of a watch."""
    return f'{{"type":"{kind}","object":{text}}}\n'


def refused(code, verb, resource):
    """What the API says with a status."""
    reason = {401: "Unauthorized", 403: "Forbidden", 410: "Expired", 429: "TooManyRequests"}
    text = {401: "Unauthorized", 403: f'{resource} is forbidden: User "foresail" cannot {verb} resource "{resource}"'}
    return status(code, reason.get(code, "InternalError"), text.get(code, f"made to fail with {code}"))


def missing(message):
    """404."""
    return web.json_response(status(404, "NotFound", message), status=404)


def merged(known, patch):
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    result = dict(known) if isinstance(known, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def discovery(parts):
    """What there is: versions, groups and resources."""
    groups = {}
    for group, version, _ in [*KINDS, *UNSTORED]:
        if group:
            groups[group] = version
    described = [
        {"name": group, "versions": [{"groupVersion": f"{group}/{version}", "version": version}],
         "preferredVersion": {"groupVersion": f"{group}/{version}", "version": version}}
        for group, version in sorted(groups.items())
    ]
    if parts == ["version"]:
        return web.json_response({"major": "1", "minor": "34", "gitVersion": "v1.34.2", "platform": "linux/amd64",
                                  "gitCommit": "", "gitTreeState": "clean", "buildDate": "2026-01-01T00:00:00Z",
                                  "goVersion": "go1.24", "compiler": "gc"})
    if parts in (["healthz"], ["readyz"], ["livez"]):
        return web.Response(text="ok")
    if parts == ["api"]:
        return web.json_response({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})
    if parts == ["apis"]:
        return web.json_response({"kind": "APIGroupList", "apiVersion": "v1", "groups": described})
    if parts[:1] == ["apis"] and len(parts) == 2 and parts[1] in groups:
        found = next(group for group in described if group["name"] == parts[1])
        return web.json_response({"kind": "APIGroup", "apiVersion": "v1", **found})
    version = tuple(parts[1:]) if parts[:1] == ["apis"] else ("", *parts[1:])
    found = [(name, kind) for (group, number, name), kind in {**KINDS, **UNSTORED}.items()
             if (group, number) == version]
    if not found or parts[:1] not in (["api"], ["apis"]):
        return missing("the server could not find the requested resource")
    resources = [
        {"name": name, "singularName": kind.lower(), "kind": kind, "namespaced": name not in CLUSTER_SCOPED,
         "verbs": ["create", "delete", "get", "list", "patch", "update", "watch"]}
        for name, kind in sorted(found)
    ]
    return web.json_response({"kind": "APIResourceList", "apiVersion": "v1",
                              "groupVersion": "/".join(filter(None, version)), "resources": resources})
