"""Which of several upstreams a request goes to, and how it is sent there: what a proxy action says beyond one upstream.

A route is made once and shared by all requests; the choice is each request's own. It is drawn by weight, or follows
from a key: the same key chooses the same upstream in every worker of every gateway server, because it is a hash without
a seed. Keys are laid out on one line, which the upstreams share in their order by their weights: of two, raising the
second one's weight moves only keys of the first one to it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from hashlib import blake2b
from itertools import accumulate
from typing import TypeAlias

import msgspec

from edge.model.actions import Proxy, Retries
from edge.rules import templates
from edge.rules.request import Request

Draw: TypeAlias = Callable[[int], int]
"""A random number of as many bits as it is given."""


class Route(msgspec.Struct, frozen=True):
    """`upstreams` are ids, `bounds` where each one's part ends, as parts of 2^32. `backup` is an id or empty."""

    upstreams: tuple[str, ...]
    bounds: tuple[int, ...]
    key: Callable[[Request], str] | None
    backup: str
    retries: Retries | None
    timeout: float | None

    def choose(self, request: Request, draw: Draw) -> str:
        """The upstream of a request; one whose key is empty is drawn."""
        if len(self.upstreams) == 1:
            return self.upstreams[0]
        key = self.key(request) if self.key is not None else ""
        place = (
            int.from_bytes(blake2b(key.encode("utf-8", "surrogateescape"), digest_size=4).digest()) if key else draw(32)
        )
        return self.upstreams[bisect_right(self.bounds, place)]


def compile_route(action: Proxy) -> Route | None:
    """The route of an action; None when it says no more than one upstream. Raises ValueError."""
    shares = [(each.upstream, each.weight) for each in action.upstreams if each.weight > 0]
    if not shares:
        if not action.upstream:
            raise ValueError("a proxy action needs an upstream")
        if not action.backup and action.retries is None and action.timeout is None:
            return None
        shares = [(action.upstream, 1)]
    total = sum(weight for _, weight in shares)
    bounds = tuple((sum_ << 32) // total for sum_ in accumulate(weight for _, weight in shares))
    return Route(tuple(id for id, _ in shares), bounds, _key(action.key), action.backup, action.retries, action.timeout)


def _key(template: str) -> Callable[[Request], str] | None:
    filled = templates.compile_template(template, lambda value: value)
    return None if isinstance(filled, str) else filled
