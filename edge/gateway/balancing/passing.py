"""Who is passed over: what was tried, what is full, and what is ejected or unhealthy, as long as that helps.

Words. An endpoint is *passed over* while it is ejected (connecting to it failed lately) or unhealthy (the agent's
checks failed). It is *full* when it has as many open requests as it may have. A *group* are targets that are chosen
among together: all of an upstream, or those of the gateway's zone.

Rules. *Panic*: when more than `panic_threshold` percent of a group are passed over, nobody is: the few that are left
would break under what was meant for all, and it is likelier that the fault is elsewhere. 100 never panics, 0 always.
*Last resort*: where no other is left, those passed over are asked after all. Neither rule fills a full endpoint.

Cost: nothing while nobody is passed over. Else the group is counted anew when something changed, and at most every
EVERY seconds because an ejection may have run out.
"""

from __future__ import annotations

from collections.abc import Collection, Container
from typing import TYPE_CHECKING, Any

from edge.gateway.balancing.selector import Selector
from edge.gateway.balancing.target import Address, Target

if TYPE_CHECKING:
    from edge.gateway.balancing.pool import Pool

EVERY = 0.05
"""Seconds for which a count holds."""


def is_panic(passed: int, count: int, threshold: int) -> bool:
    """Whether so many of a group are passed over that it must be wrong; `threshold` in percent."""
    return passed * 100 > threshold * count


def is_passed_over(address: Address, pool: Pool, unhealthy: Collection[Address]) -> bool:
    """Whether others are asked before this one: the agent's checks failed, or connecting did lately."""
    return address in unhealthy or (bool(pool.ejected) and pool.is_ejected(address))


class Avoided:
    """The addresses that are not to be chosen, as a container; `limit` is how many requests fill one, 0: nothing does;
    `passing` whether those passed over are among them."""

    __slots__ = ("_limit", "_passing", "_pool", "_tried", "_unhealthy")

    def __init__(
        self, tried: Container[Address], pool: Pool, limit: int, unhealthy: Collection[Address], passing: bool
    ) -> None:
        self._tried = tried
        self._pool = pool
        self._limit = limit
        self._unhealthy = unhealthy
        self._passing = passing

    def __repr__(self) -> str:
        return f"<Avoided tried={self._tried!r} limit={self._limit} passing={self._passing}>"

    def __contains__(self, address: Any) -> bool:
        if address in self._tried or (self._limit and self._pool.open_requests(address) >= self._limit):
            return True
        return self._passing and is_passed_over(address, self._pool, self._unhealthy)


class Group:
    """`selector` chooses among its targets."""

    __slots__ = ("_again", "_passed", "_seen", "selector")

    def __init__(self, selector: Selector) -> None:
        self.selector = selector
        self._passed = 0
        self._seen: tuple[int, int, Collection[Address]] = (-1, 0, ())
        self._again = 0.0

    def __repr__(self) -> str:
        return f"<Group {self.selector!r}>"

    @property
    def targets(self) -> tuple[Target, ...]:
        """All that may be chosen."""
        return self.selector.targets

    def count_passed_over(self, pool: Pool, unhealthy: Collection[Address]) -> int:
        """How many are passed over now."""
        if not pool.ejected and not unhealthy:
            return 0
        now = pool.now()
        ejections, ejected, known = self._seen
        if now >= self._again or known is not unhealthy or ejections != pool.ejections or ejected != len(pool.ejected):
            self._passed = sum(is_passed_over(target.address, pool, unhealthy) for target in self.targets)
            self._seen = (pool.ejections, len(pool.ejected), unhealthy)
            self._again = now + EVERY
        return self._passed
