"""What may be wrong with a server, and from when to when of replayed time.

A fault is one JSON object: `target` (`kubernetes`, `prometheus`, or `kubelet` for `down`), `kind`, and by kind more:

| kind | what happens |
|---|---|
| `down` | connections are refused, open ones are reset |
| `hang` | the answer never comes |
| `slow` | the answer waits `delay` seconds |
| `half` | the answer ends in the middle |
| `html` | a proxy's page with status 200 |
| `content_type` | the right answer under `type` |
| `status` | `code`, with `retry_after` where given |
| `skew` | the `Date` header is off by `skew` seconds |

`resource` limits it to one resource (a substring of the path for `prometheus`), `verb` to `list`,
`watch`, … . `from` and `to` (RFC 3339) or `lasts` (replayed seconds from now) say when; without an
end it lasts until it is taken away.
"""

import json

from aiohttp import web

import history

KINDS = {"down", "hang", "slow", "half", "html", "content_type", "status", "skew"}

PAGE = "<!DOCTYPE html><html><body><h1>Sign in to continue</h1></body></html>"


class Faults:
    """The faults of both servers."""

    def __init__(self, clock):
        self._clock = clock
        self._all = []

    def add(self, fault):
        """Takes a fault, checked."""
        if fault.get("kind") not in KINDS or fault.get("target") not in ("kubernetes", "prometheus", "kubelet"):
            raise ValueError(f"not a fault: {json.dumps(fault)}")
        now = self._clock()
        begins = history.seconds(fault["from"]) if "from" in fault else now
        ends = history.seconds(fault["to"]) if "to" in fault else float("inf")
        if "lasts" in fault:
            ends = begins + fault["lasts"]
        self._all.append((begins, ends, fault))

    def clear(self):
        """Takes all faults away."""
        self._all.clear()

    def find(self, target, kinds, **request):
        """The first fault of these kinds that holds now for this request."""
        now = self._clock()
        for begins, ends, fault in self._all:
            if fault["target"] != target or fault["kind"] not in kinds or not begins <= now < ends:
                continue
            verb, resource = fault.get("verb"), fault.get("resource")
            if verb and verb != request.get("verb"):
                continue
            if resource and resource not in (request.get("resource") or ""):
                continue
            return fault
        return None


def refusal(fault, body):
    """The answer of a `html` or `status` fault; `body` is what the server says with its status."""
    if fault["kind"] == "html":
        return web.Response(text=PAGE, content_type="text/html")
    headers = {}
    if "retry_after" in fault:
        headers["Retry-After"] = str(fault["retry_after"])
    return web.json_response(body, status=fault["code"], headers=headers)
