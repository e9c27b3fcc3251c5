"""Requests as selectors see them."""

from __future__ import annotations

import random

from edge.gateway.balancing.pool import Origin, Pool
from edge.gateway.balancing.target import Address
from edge.gateway.http.head import RequestHead, read_request
from edge.gateway.settings import Settings


def pool(now=lambda: 0.0, **settings) -> Pool:
    return Pool(Settings(**settings), now, lambda connection: None)


def busy(pool: Pool, address: Address, requests: int) -> None:
    """From now on so many requests are open there."""
    origin = pool._origins.setdefault(address, Origin(address))
    origin.busy = requests


def head_of(*lines: str, target: str = "/") -> RequestHead:
    written = "".join(f"{line}\r\n" for line in lines)
    return read_request(f"GET {target} HTTP/1.1\r\nhost: a.example\r\n{written}\r\n".encode())


class Request:
    """A client's request with these header lines; `head` None: one of the gateway's own."""

    def __init__(self, *lines: str, target: str = "/", pool: Pool = pool(), client="192.0.2.1", secure=False) -> None:  # noqa: B008
        self.head = head_of(*lines, target=target)
        self.pool = pool
        self._client = client
        self._secure = secure
        self.random_bits = random.Random(7).getrandbits

    def client_address(self):
        return self._client

    def is_secure(self):
        return self._secure


class OwnRequest(Request):
    """A request of the gateway's own."""

    def __init__(self) -> None:
        super().__init__(client="")
        self.head = None
