"""Slow start: a new endpoint's share grows linearly, so that caches fill and code is compiled before the crowd comes.

A *fresh* endpoint is one that the selector before did not know; at a gateway's own start nobody is, else a restart
would shift the load of old endpoints about. Its time begins with its first turn. From then on it takes only a part of
its turns: FLOOR at first, all once the time is over. The part is kept by credit: each turn adds it, a whole is one
request. No lot is drawn, so that a share is never off by more than a request. Credits begin spread out, the first of
them nearly whole: a single new pod has one request at once, and thousands do not refuse in step.

Turns not taken go to whoever the selector inside chooses next; where all are fresh, to the one with the most credit.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from edge.gateway.balancing.selector import Asker, Selector
from edge.gateway.balancing.target import Address, Target

FLOOR = 0.1
"""The part of its turns that an endpoint takes at first."""
_SPREAD = 0.6180339887
_UNBORN = -1.0


class Warming:
    """The fresh endpoints of an upstream and when their first turn was; all that share it agree. `seconds` is how long
    it takes."""

    __slots__ = ("_births", "seconds")

    def __init__(self, seconds: float, fresh: Iterable[Address], before: Mapping[Address, float] = {}) -> None:
        self.seconds = seconds
        self._births = {**before, **dict.fromkeys(fresh, _UNBORN)}

    def __repr__(self) -> str:
        return f"<Warming {len(self._births)} within {self.seconds} s>"

    def __bool__(self) -> bool:
        return bool(self._births)

    @property
    def fresh(self) -> tuple[Address, ...]:
        """Those whose time is not over."""
        return tuple(self._births)

    def followed_by(self, known: Container[Address], targets: Iterable[Address]) -> Warming:
        """What goes on when endpoints change: those that were not `known` are fresh, too."""
        here = list(targets)
        before = {address: self._births[address] for address in here if address in self._births}
        return Warming(self.seconds, (address for address in here if address not in known), before)

    def share(self, address: Address, now: float) -> float:
        """The part of its turns that it takes, from FLOOR to 1."""
        born = self._births.get(address)
        if born is None:
            return 1.0
        if born == _UNBORN:
            born = self._births[address] = now
        if now - born >= self.seconds:
            del self._births[address]
            return 1.0
        return max(FLOOR, (now - born) / self.seconds)


class SlowStart(Selector):
    """`inner` chooses, fresh endpoints take their part."""

    __slots__ = ("_credits", "inner", "targets", "warming")

    def __init__(self, inner: Selector, warming: Warming) -> None:
        self.inner = inner
        self.targets = inner.targets
        self.warming = warming
        self._credits = {address: (1 - FLOOR + number * _SPREAD) % 1 for number, address in enumerate(warming.fresh)}

    def __repr__(self) -> str:
        return f"<SlowStart {self.inner!r} {self.warming!r}>"

    def choose(self, asker: Asker, tried: Container[Address] = ()) -> Target | None:
        target = self.inner.choose(asker, tried)
        if target is None or not self.warming:
            return target
        now = asker.pool.now()
        refused: dict[Address, Target] = {}
        while target is not None:
            address = target.address
            share = self.warming.share(address, now)
            if share >= 1:
                return target
            credit = self._credits.get(address, 0.0) + share
            if credit >= 1 - 1e-9:
                self._credits[address] = credit - 1
                return target
            self._credits[address] = credit
            refused[address] = target
            target = self.inner.choose(asker, _Either(tried, refused))
        address = max(refused, key=lambda one: self._credits[one])
        self._credits[address] -= 1
        return refused[address]


class _Either:
    """What is in one of two containers."""

    __slots__ = ("_one", "_other")

    def __init__(self, one: Container[Address], other: Container[Address]) -> None:
        self._one = one
        self._other = other

    def __contains__(self, address: object) -> bool:
        return address in self._one or address in self._other
