"""An upstream made ready to be asked: who can be chosen, and how they are spoken to.

A backend is part of an application and, like it, never changed: new endpoints make a new one, which takes over from
the last what must go on (whose turn it is). A request keeps the one it began with.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from edge.gateway.balancing.consistent import Consistent
from edge.gateway.balancing.keys import key_of
from edge.gateway.balancing.least_request import LeastRequest as LeastRequestSelector
from edge.gateway.balancing.selector import Address, Asker, Selector, Target, eligible, in_turn, in_use
from edge.gateway.balancing.sticky import Stickiness
from edge.model.endpoint import Endpoint
from edge.model.upstream import Balance, Hash, LeastRequest, Sticky, Upstream

if TYPE_CHECKING:
    from edge.gateway.balancing.pool import Pool


class Backend:
    """`upstream` is the document that it was made of, `tls` how its endpoints are spoken to, None: plainly; `sticky`
    brings clients back, None: where nothing is said of that. `unhealthy` are the addresses that the agent's checks found
    so; it is all that changes while a backend is in use, and is replaced as a whole."""

    __slots__ = ("_selector", "sticky", "tls", "unhealthy", "upstream")

    def __init__(self, upstream: Upstream, selector: Selector, sticky: Stickiness | None = None) -> None:
        self.upstream = upstream
        self.sticky = sticky
        self.tls = upstream.tls
        self.unhealthy: Collection[Address] = ()
        self._selector = selector

    def __repr__(self) -> str:
        return f"<Backend {self.upstream.name} {self._selector!r}>"

    @property
    def targets(self) -> tuple[Target, ...]:
        """All that may be chosen."""
        return self._selector.targets

    def choose(self, asker: Asker, pool: Pool, tried: Sequence[Address] = ()) -> Address | None:
        """The next endpoint that was not tried, those passed over only when no other is left; None when there is none."""
        if self.sticky is not None:
            known = self.sticky.find(asker)
            if known is not None and known not in tried and not self.is_passed_over(known, pool):
                return known
        target = self._selector.choose(asker, tried)
        if target is None:
            return None
        if pool.ejected or self.unhealthy:
            return self._prefer(target.address, asker, pool, tried)
        return target.address

    def _prefer(self, first: Address, asker: Asker, pool: Pool, tried: Sequence[Address]) -> Address:
        """`first`, which was chosen, unless it is passed over and another that was not tried is not."""
        if not self.is_passed_over(first, pool):
            return first
        passed = [*tried, first]
        while (target := self._selector.choose(asker, passed)) is not None:
            if not self.is_passed_over(target.address, pool):
                return target.address
            passed.append(target.address)
        return first

    def is_passed_over(self, address: Address, pool: Pool) -> bool:
        """Whether others are asked before this one: the agent's checks failed, or connecting did lately."""
        return address in self.unhealthy or (bool(pool.ejected) and pool.is_ejected(address))

    def with_endpoints(self, endpoints: Iterable[Endpoint]) -> Backend:
        """The same upstream once its sources have these endpoints."""
        return make(self.upstream, endpoints, self)


def make(upstream: Upstream, endpoints: Iterable[Endpoint], last: Backend | None = None) -> Backend:
    """The backend of an upstream: of its servers, else of its sources' `endpoints`; it goes on where `last` stopped."""
    if upstream.servers:
        targets = in_use(upstream.servers)
        serving = [target.address for target in targets]
    else:
        endpoints = list(endpoints)
        targets = eligible(endpoints)
        serving = [(endpoint.address, endpoint.port) for endpoint in endpoints if endpoint.serving]
    balance = upstream.balance
    selector = _selector(balance, targets, None if last is None else last._selector)
    sticky = Stickiness(balance, upstream.id, serving) if isinstance(balance, Sticky) else None
    backend = Backend(upstream, selector, sticky)
    if last is not None and upstream.check == last.upstream.check:
        backend.unhealthy = last.unhealthy
    return backend


def _selector(balance: Balance | None, targets: Sequence[Target], last: Selector | None) -> Selector:
    if isinstance(balance, LeastRequest):
        return LeastRequestSelector(targets)
    if isinstance(balance, Hash):
        others = in_turn(targets, last.others if isinstance(last, Consistent) else None)
        return Consistent(targets, partial(key_of, by=balance), others)
    return in_turn(targets, last)
