"""Least request: of two targets drawn by lot, the one with fewer open requests for its weight.

Drawing two and taking the better one spreads the load nearly as well as looking at all of them, at a cost that does not
grow with their number, and no crowd runs to the one that happens to be empty (Mitzenmacher, "The Power of Two Choices",
1996). Targets are drawn as often as their weight says and compared by open requests / weight, so that shares are the
weights both when little is open and when much is. Each worker counts its own requests: with several workers, and
several gateway servers, the sum is even as well. A draw costs a microsecond, O(log n) when weights differ.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Container, Sequence
from itertools import accumulate, chain

from edge.gateway.balancing.selector import Asker, Selector
from edge.gateway.balancing.target import Address, Target

DRAWS = 4
"""How often is drawn before the targets are looked through, when some are passed over."""


class LeastRequest(Selector):
    """Two draws, the less busy one."""

    __slots__ = ("_ends", "_sum", "targets")

    def __init__(self, targets: Sequence[Target]) -> None:
        self.targets = tuple(targets)
        self._ends = list(accumulate(target.weight for target in targets))
        self._sum = self._ends[-1] if self._ends else 0

    def __repr__(self) -> str:
        return f"<LeastRequest {len(self.targets)}>"

    def choose(self, asker: Asker, tried: Container[Address] = ()) -> Target | None:
        first = self._draw(asker, tried, -1)
        if first < 0:
            return None
        second = self._draw(asker, tried, first)
        if second < 0:
            return self.targets[first]
        one, other = self.targets[first], self.targets[second]
        requests = asker.pool.open_requests
        return other if requests(other.address) * one.weight < requests(one.address) * other.weight else one

    def _draw(self, asker: Asker, tried: Container[Address], drawn: int) -> int:
        """The place of a target that was neither tried nor drawn before, by weight; -1 when there is none."""
        targets, count = self.targets, len(self.targets)
        if count <= (drawn >= 0):
            return -1
        equal = self._sum == count
        for _ in range(DRAWS):
            ticket = asker.random_bits(32) * self._sum >> 32
            place = ticket if equal else bisect_right(self._ends, ticket)
            if place != drawn and (not tried or targets[place].address not in tried):
                return place
        start = asker.random_bits(32) * count >> 32
        for place in chain(range(start, count), range(start)):
            if place != drawn and targets[place].address not in tried:
                return place
        return -1
