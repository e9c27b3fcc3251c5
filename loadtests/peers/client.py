"""A client on bare sockets: `python -m loadtests.peers.client MODE -` reads what to do from standard input.

`closed`: every connection asks again once answered. `steady`: requests are due at a constant rate, whatever happens to
those before; a latency counts from when its request was *due*, also when it had to wait for a free connection, so a
proxy that stands still is charged with everything that it held up (no coordinated omission). A timer of the kernel
(timerfd) wakes for what is due, because timers of event loops are as coarse as a millisecond.
"""

from __future__ import annotations

import ctypes
import math
import os
import re
import select
import socket
import sys
import time
from collections import deque

import msgspec

from loadtests.peers.load import Ask, Outcome, percentile

TICKS = 10_000
"""A second, at most: at a higher rate several requests are due at once, which is 0.1 ms of their latency."""
SMALL, LARGE = 1 << 14, 1 << 18
"""Bytes of a read."""

_content_length = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]+)", re.IGNORECASE).search


class Told(msgspec.Struct):
    """What to do; `rate` in requests/s is for `steady`."""

    port: int
    ask: Ask
    connections: int
    seconds: float
    rate: float


class Connection:
    """One connection; `due` is when its request was due, or began."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.due = 0.0
        self.sock = self.open()

    def open(self) -> socket.socket:
        """Connect (anew)."""
        self.sock = socket.create_connection(("127.0.0.1", self._port), timeout=5)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.got = b""
        self.size = 0
        return self.sock

    def ask(self, request: bytes, due: float) -> None:
        """Send a whole request."""
        self.due = due
        self.got = b""
        self.size = 0
        self.sock.sendall(request)

    def answered(self) -> bool | None:
        """Read: None while the answer is not whole, else whether it was a good one. Raises OSError."""
        data = self.sock.recv(SMALL if self.size < SMALL else LARGE)  # a large buffer costs more than a small answer
        if not data:
            raise ConnectionResetError("closed without an answer")
        self.size += len(data)
        if self.got or len(data) == SMALL:
            if len(self.got) < SMALL:
                self.got += data
            data = self.got
        end = data.find(b"\r\n\r\n") + 4
        if end < 4 or self.size < end + _length(data, end):
            self.got = bytes(data)
            return None
        return data.startswith(b"HTTP/1.1 200")


def _length(data: bytes, end: int) -> int:
    """The Content-Length of the head that ends at `end`; answers of a backend have one."""
    found = _content_length(data, 0, end)
    return 0 if found is None else int(found[1])


def timer(rate: float) -> int:
    """A descriptor that becomes readable `rate` times a second (timerfd_create(2)); reading it gives how many times."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor: int = libc.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK)
    nanoseconds = round(1e9 / rate)
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    specification = (ctypes.c_long * 4)(seconds, rest, seconds, rest)
    if descriptor < 0 or libc.timerfd_settime(descriptor, 0, specification, None) != 0:
        raise OSError(ctypes.get_errno(), "no timer of the kernel")
    return descriptor


class Load:
    """Connections and what became of their requests."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._requests = [head.encode() + b"x" * told.ask.upload for head in told.ask.heads()]
        self._turn = 0
        self._poll = select.epoll()
        self._free: deque[Connection] = deque()
        self._by_descriptor: dict[int, Connection] = {}
        self._latencies: list[float] = []
        self._failed = 0
        self._late: list[float] = []
        for _ in range(told.connections):
            self._watch(Connection(told.port))

    def _watch(self, connection: Connection) -> None:
        self._poll.register(connection.sock, select.EPOLLIN)
        self._by_descriptor[connection.sock.fileno()] = connection
        self._free.append(connection)

    def _ask(self, due: float) -> None:
        self._turn = (self._turn + 1) % len(self._requests)
        self._free.popleft().ask(self._requests[self._turn], due)

    def _read(self, descriptor: int) -> None:
        connection = self._by_descriptor[descriptor]
        try:
            good = connection.answered()
        except OSError:
            good = False
        if good is None:
            return
        if good:
            self._latencies.append(time.perf_counter() - connection.due)
        else:
            self._failed += 1
        if good and not self._told.ask.close:
            self._free.append(connection)
            return
        del self._by_descriptor[descriptor]
        self._poll.unregister(descriptor)
        connection.sock.close()
        connection.open()
        self._watch(connection)

    def closed(self) -> Outcome:
        """Everybody asks all the time."""
        began = time.perf_counter()
        limit = began + self._told.seconds
        while (now := time.perf_counter()) < limit:
            while self._free:
                self._ask(now)
            for descriptor, _ in self._poll.poll(0.1):
                self._read(descriptor)
        return self._outcome(time.perf_counter() - began)

    def steady(self) -> Outcome:
        """At the constant rate; those due by the end that are not answered a second later are late."""
        interval = 1 / self._told.rate
        each = math.ceil(self._told.rate / TICKS)  # requests due at a tick
        ticks = timer(self._told.rate / each)
        self._poll.register(ticks, select.EPOLLIN)
        began = time.perf_counter()
        limit = began + self._told.seconds
        due: deque[float] = deque()
        count = 0
        while (now := time.perf_counter()) < limit:
            for descriptor, _ in self._poll.poll(0.1):
                if descriptor == ticks:
                    for _ in range(each * int.from_bytes(os.read(ticks, 8), sys.byteorder)):
                        count += 1
                        due.append(began + count * interval)
                else:
                    self._read(descriptor)
                while due and self._free:
                    self._ask(due.popleft())
        self._poll.unregister(ticks)
        os.close(ticks)
        while (due or len(self._free) < self._told.connections) and time.perf_counter() < now + 1:
            while due and self._free:
                self._ask(due.popleft())
            for descriptor, _ in self._poll.poll(0.1):
                self._read(descriptor)
        waiting = [connection.due for connection in self._by_descriptor.values() if connection not in self._free]
        ended = time.perf_counter()
        self._late = [ended - moment for moment in (*due, *waiting)]
        return self._outcome(now - began)

    def _outcome(self, seconds: float) -> Outcome:
        for connection in self._by_descriptor.values():
            connection.sock.close()
        self._poll.close()
        ordered = sorted((*self._latencies, *self._late))  # the late ones took longer than that
        p50, p99 = (percentile(ordered, share) * 1000 for share in (0.5, 0.99))
        known = not math.isnan(p50)
        answered, late = len(self._latencies), len(self._late)
        return Outcome(seconds, answered, self._failed, p50 if known else 0.0, p99 if known else 0.0, late)


def main() -> None:
    told = msgspec.json.decode(sys.stdin.buffer.read(), type=Told)
    load = Load(told)
    sys.stdout.buffer.write(msgspec.json.encode(load.steady() if sys.argv[1] == "steady" else load.closed()))


if __name__ == "__main__":
    main()
