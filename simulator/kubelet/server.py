"""A pod's HTTP server: one listening socket for each container port, on the pod's own address."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Iterable

from simulator.kubelet.behaviour import Behaviour
from simulator.kubelet.protocol import PodProtocol

BACKLOG = 256


class BindError(Exception):
    """A port could not be bound; `address`, `port` and the message say which and why."""

    def __init__(self, address: str, port: int, error: OSError) -> None:
        self.address = address
        self.port = port
        hint = " (ports below 1024 need privileges)" if error.errno == errno.EACCES else ""
        super().__init__(f"cannot listen on {address}:{port}: {os.strerror(error.errno or 0)}{hint}")


class PodServer:
    """Serves as `pod` until closed. `served` counts requests; `connections` are the open ones, oldest first."""

    def __init__(self, pod: str, behaviour: Behaviour) -> None:
        self.pod = pod
        self.behaviour = behaviour
        self.loop = asyncio.get_running_loop()
        self.connections: dict[PodProtocol, None] = {}
        self.served = 0
        self._servers: list[asyncio.Server] = []
        self._empty = asyncio.Event()

    def __repr__(self) -> str:
        return f"<PodServer {self.pod} connections={len(self.connections)} served={self.served}>"

    async def start(self, address: str, ports: Iterable[int]) -> None:
        """Listen on every port, or on none: BindError names the first that cannot be had."""
        sockets: list[socket.socket] = []
        try:
            sockets.extend(_bound(address, port) for port in ports)
        except BindError:
            for bound in sockets:
                bound.close()
            raise
        for bound in sockets:
            server = await self.loop.create_server(lambda: PodProtocol(self), sock=bound, backlog=BACKLOG)
            self._servers.append(server)

    def lost(self, connection: PodProtocol) -> None:
        """A connection has ended."""
        self.connections.pop(connection, None)
        if not self.connections:
            self._empty.set()

    async def close(self, patience: float) -> None:
        """Stop listening, let requests in flight finish for at most `patience` seconds, then cut what is left."""
        for server in self._servers:
            server.close()
        for connection in list(self.connections):
            connection.drain()
        self._empty.clear()
        if self.connections and patience > 0:
            try:
                async with asyncio.timeout(patience):
                    await self._empty.wait()
            except TimeoutError:
                pass
        self.abort()

    def abort(self) -> None:
        """Stop listening and cut every connection, as a crash does."""
        for server in self._servers:
            server.close()
        self._servers.clear()
        for connection in list(self.connections):
            connection.abort()


def _bound(address: str, port: int) -> socket.socket:
    # With its protocol named, asyncio sees TCP in what it accepts and turns Nagle's algorithm off.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((address, port))
        bound.listen(BACKLOG)
    except OSError as error:
        bound.close()
        raise BindError(address, port, error) from None
    bound.setblocking(False)
    return bound
