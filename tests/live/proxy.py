"""A proxy in front of a metrics server, which can be gone, slow, broken or somebody else."""

import asyncio

import aiohttp
from aiohttp import web

import faults

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date"}


class Proxy:
    """Passes requests on to `upstream`, and what comes back, unless a fault says otherwise."""

    def __init__(self, upstream, found_faults):
        self.upstream, self.faults = upstream, found_faults
        self.requests = 0
        self._session = None

    async def answer(self, request):
        """Answers any request."""
        self.requests += 1
        found = self.faults.find("prometheus", faults.KINDS - {"down", "skew"}, resource=request.path_qs)
        kind = found["kind"] if found else None
        if kind == "hang":
            await asyncio.sleep(3600)
        if kind in ("html", "status"):
            return faults.refusal(found, {"status": "error", "errorType": "internal", "error": "made to fail"})
        if kind == "slow":
            await asyncio.sleep(found["delay"])
        status, headers, body = await self.ask(request)
        if kind == "content_type":
            headers["Content-Type"] = found["type"]
        if kind == "half":
            response = web.StreamResponse(status=status, headers=headers)
            response.content_length = len(body)
            await response.prepare(request)
            await response.write(body[: len(body) // 2])
            if request.transport:
                request.transport.close()
            return response
        return web.Response(status=status, headers=headers, body=body)

    async def ask(self, request):
        """What the server behind says."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                auto_decompress=False, skip_auto_headers=("Accept-Encoding", "User-Agent"))
        body = await request.read()
        headers = {name: value for name, value in request.headers.items()
                   if name.lower() in ("content-type", "authorization", "accept-encoding")}
        async with self._session.request(
            request.method, f"{self.upstream}{request.path_qs}", data=body, headers=headers
        ) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in HOP_BY_HOP}
            return answer.status, kept, await answer.read()

    async def close(self):
        """Ends the connections to the server behind."""
        if self._session is not None:
            await self._session.close()
