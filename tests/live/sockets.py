"""Whether what a server wrote was read at the other end: Linux tells by socket (`sock_diag(7)`)."""

import asyncio
import socket
import struct

NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
REQUEST = 1
ESTABLISHED = 1 << 1
NO_COOKIE = 0xFFFFFFFF

HEADER = struct.Struct("=IHHII")
# Family, protocol, extensions, padding, states; ports, addresses, interface, cookie.
QUESTION = struct.Struct("=BBBxI2s2s16s16sIII")
# State and timers, the same socket again, then: expires, bytes to read, bytes to write.
ANSWER = struct.Struct("=4x48xIII")


class Reader:
    """Asks the kernel about connections of this machine."""

    def __init__(self):
        self._netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, NETLINK_SOCK_DIAG)
        self._netlink.settimeout(1.0)

    def unread(self, client, server):
        """Bytes that arrived at `client` from `server`, both `(address, port)`, and were not read."""
        question = QUESTION.pack(
            socket.AF_INET, socket.IPPROTO_TCP, 0, ESTABLISHED,
            struct.pack("!H", client[1]), struct.pack("!H", server[1]),
            socket.inet_aton(client[0]).ljust(16, b"\0"), socket.inet_aton(server[0]).ljust(16, b"\0"),
            0, NO_COOKIE, NO_COOKIE)
        header = HEADER.pack(HEADER.size + len(question), SOCK_DIAG_BY_FAMILY, REQUEST, 0, 0)
        self._netlink.send(header + question)
        answer = self._netlink.recv(4096)
        if HEADER.unpack_from(answer)[1] != SOCK_DIAG_BY_FAMILY:
            return 0
        return ANSWER.unpack_from(answer, HEADER.size)[1]


async def read(reader, pairs, within):
    """Waits until these clients have read everything; gives up after `within` seconds."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within
    while loop.time() < end and any(reader.unread(*pair) for pair in pairs):
        await asyncio.sleep(0.0005)
