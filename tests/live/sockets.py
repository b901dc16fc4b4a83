"""Whether what a server wrote was read at the other end: Linux's table of TCP sockets tells."""

import asyncio
from pathlib import Path

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))


def unread(port):
    """Bytes between this server and its clients: sent and not acknowledged, or arrived and not read."""
    total = 0
    for table in TABLES:
        if not table.exists():
            continue
        for line in table.read_text().splitlines()[1:]:
            fields = line.split()
            local, remote = (int(fields[at].rsplit(":", 1)[1], 16) for at in (1, 2))
            waiting_to_send, waiting_to_read = (int(part, 16) for part in fields[4].split(":"))
            established = fields[3] == "01"
            if established and local == port:
                total += waiting_to_send
            elif established and remote == port:
                total += waiting_to_read
    return total


async def all_read(port, within):
    """Waits until the clients have read everything; gives up after `within` seconds."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within
    while unread(port) and loop.time() < end:
        await asyncio.sleep(0.001)
