"""An upstream made ready to be asked: who can be chosen, and how they are spoken to.

A backend is part of an application and, like it, never changed: new endpoints make a new one, which takes over from
the last what must go on (whose turn it is, who is fresh, who is unhealthy). A request keeps the one it began with.

In order: the endpoint that the client's cookie names; one of the gateway's zone, while enough of them are healthy; one
of all; one that is passed over, when no other is left. Tried and full ones are never chosen (`passing` has the words).
Where an upstream wants nothing of this and nobody is passed over, the selector alone is asked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from edge.gateway.balancing.consistent import Consistent
from edge.gateway.balancing.keys import key_of
from edge.gateway.balancing.least_request import LeastRequest as LeastRequestSelector
from edge.gateway.balancing.passing import Avoided, Group, is_panic, is_passed_over
from edge.gateway.balancing.selector import Asker, Selector, in_turn
from edge.gateway.balancing.slow_start import SlowStart, Warming
from edge.gateway.balancing.sticky import Stickiness
from edge.gateway.balancing.target import Address, Target, eligible, in_use
from edge.gateway.settings import Settings
from edge.model.endpoint import Endpoint
from edge.model.upstream import Balance, Hash, LeastRequest, Sticky, Upstream

if TYPE_CHECKING:
    from edge.gateway.balancing.pool import Pool

DEFAULTS = Settings()


class Backend:
    """`upstream` is the document that it was made of, `tls` how its endpoints are spoken to, None: plainly; `sticky`
    brings clients back, None: where nothing is said of that; `near` are the targets of the gateway's zone, where those
    come first. `unhealthy` are the addresses that the agent's checks found so; it is all that changes while a backend
    is in use, and is replaced as a whole."""

    __slots__ = (
        "_all",
        "_limit",
        "_near",
        "_plain",
        "_selector",
        "_settings",
        "sticky",
        "tls",
        "unhealthy",
        "upstream",
    )

    def __init__(
        self,
        upstream: Upstream,
        selector: Selector,
        sticky: Stickiness | None = None,
        near: Selector | None = None,
        settings: Settings = DEFAULTS,
    ) -> None:
        self.upstream = upstream
        self.sticky = sticky
        self.tls = upstream.tls
        self.unhealthy: Collection[Address] = ()
        self._settings = settings
        self._selector = selector
        self._all = Group(selector)
        self._near = None if near is None else Group(near)
        self._limit = -(-(upstream.max_connections or 0) // settings.workers)
        self._plain = sticky is None and near is None and not self._limit

    def __repr__(self) -> str:
        return f"<Backend {self.upstream.name} {self._selector!r}>"

    @property
    def targets(self) -> tuple[Target, ...]:
        """All that may be chosen."""
        return self._selector.targets

    def choose(self, asker: Asker, pool: Pool, tried: Sequence[Address] = ()) -> Address | None:
        """The next endpoint that was not tried, those passed over only when no other is left; None: there is none."""
        if self._plain and not pool.ejected and not self.unhealthy:
            target = self._selector.choose(asker, tried)
            return None if target is None else target.address
        return self._choose_with_care(asker, pool, tried)

    def _choose_with_care(self, asker: Asker, pool: Pool, tried: Sequence[Address]) -> Address | None:
        upstream, unhealthy, everybody = self.upstream, self.unhealthy, self._all
        passed = everybody.count_passed_over(pool, unhealthy)
        passing = passed > 0 and not is_panic(passed, len(everybody.targets), upstream.panic_threshold)
        avoided = Avoided(tried, pool, self._limit, unhealthy, passing)
        if self.sticky is not None:
            known = self.sticky.find(asker)
            if known is not None and known not in avoided:
                return known
        target = self._choose_near(asker, pool, tried)
        if target is None:
            target = everybody.selector.choose(asker, avoided)
        if target is None and passing:
            target = everybody.selector.choose(asker, Avoided(tried, pool, self._limit, unhealthy, False))
        return None if target is None else target.address

    def _choose_near(self, asker: Asker, pool: Pool, tried: Sequence[Address]) -> Target | None:
        """A healthy one of the gateway's zone, while there are enough."""
        near = self._near
        if near is None:
            return None
        healthy = len(near.targets) - near.count_passed_over(pool, self.unhealthy)
        if healthy < self.upstream.zone_minimum:
            return None
        return near.selector.choose(asker, Avoided(tried, pool, self._limit, self.unhealthy, True))

    def is_passed_over(self, address: Address, pool: Pool) -> bool:
        """Whether others are asked before this one: the agent's checks failed, or connecting did lately."""
        return is_passed_over(address, pool, self.unhealthy)

    def why_none(self, pool: Pool) -> str:
        """Why a request that was not tried anywhere has no endpoint; empty: there is none."""
        if self._limit and any(pool.open_requests(target.address) >= self._limit for target in self.targets):
            return "every endpoint of the upstream has as many requests in hand as it may have"
        return ""

    def with_endpoints(self, endpoints: Iterable[Endpoint]) -> Backend:
        """The same upstream once its sources have these endpoints."""
        return make(self.upstream, endpoints, self)


def make(
    upstream: Upstream, endpoints: Iterable[Endpoint], last: Backend | None = None, settings: Settings | None = None
) -> Backend:
    """The backend of an upstream: of its servers, else of its sources' `endpoints`; it goes on where `last` stopped,
    with its settings if no others are given."""
    if settings is None:
        settings = DEFAULTS if last is None else last._settings
    if upstream.servers:
        targets = in_use(upstream.servers)
        serving = [target.address for target in targets]
    else:
        endpoints = list(endpoints)
        targets = eligible(endpoints)
        serving = [(endpoint.address, endpoint.port) for endpoint in endpoints if endpoint.serving]
    balance = upstream.balance
    warming = _warming(upstream, targets, last)
    selector = _selector(balance, targets, None if last is None else last._selector, warming)
    near = None
    if upstream.prefer_zone and settings.zone:
        here = [target for target in targets if target.zone == settings.zone]
        before = None if last is None or last._near is None else last._near.selector
        near = _selector(balance, here, before, warming)
    sticky = Stickiness(balance, upstream.id, serving) if isinstance(balance, Sticky) else None
    backend = Backend(upstream, selector, sticky, near, settings)
    if last is not None and upstream.check == last.upstream.check:
        backend.unhealthy = last.unhealthy
    return backend


def _warming(upstream: Upstream, targets: Sequence[Target], last: Backend | None) -> Warming | None:
    """Who is fresh: nobody where the upstream itself is new, or the gateway."""
    if upstream.slow_start is None:
        return None
    warming = Warming(upstream.slow_start, ())
    if last is None:
        return warming
    if isinstance(last._selector, SlowStart) and last._selector.warming.seconds == upstream.slow_start:
        warming = last._selector.warming
    known = dict.fromkeys(target.address for target in last.targets)
    return warming.followed_by(known, (target.address for target in targets))


def _selector(
    balance: Balance | None, targets: Sequence[Target], last: Selector | None, warming: Warming | None
) -> Selector:
    if isinstance(last, SlowStart):
        last = last.inner
    if warming is not None:
        return SlowStart(_selector(balance, targets, last, None), warming)
    if isinstance(balance, LeastRequest):
        return LeastRequestSelector(targets)
    if isinstance(balance, Hash):
        others = in_turn(targets, last.others if isinstance(last, Consistent) else None)
        return Consistent(targets, partial(key_of, by=balance), others)
    return in_turn(targets, last)
