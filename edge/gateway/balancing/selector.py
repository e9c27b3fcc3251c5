"""Which endpoint is asked next: a selector is built from a frozen set of targets and swapped, never changed.

Words: a *target* is an address and port that may be asked (`target` says which are); *tried* are the addresses that
this request asked already.

Round robin goes on across swaps: the next selector asks first what the one before did not know, so that a new pod has
its first request at once, then goes on in turn where the one before stopped. Weighted selection is earliest
deadline first: each target is due every 1/weight, which spreads a heavy one's turns between those of the others as
nginx's smooth round robin does, in O(log n) instead of O(n). The counters inside are the only thing that changes.

Selectors of other kinds are other classes with `targets` and `choose`: `least_request`, `consistent`.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from heapq import heapreplace
from typing import TYPE_CHECKING, Protocol

from edge.gateway.balancing.target import Address, Target

if TYPE_CHECKING:
    from edge.gateway.balancing.pool import Pool
    from edge.gateway.http.head import RequestHead


class Asker(Protocol):
    """The request that needs an endpoint, as far as selectors want to know it."""

    @property
    def pool(self) -> Pool:
        """The connections to endpoints."""

    @property
    def head(self) -> RequestHead | None:
        """The client's request as it came; None when the gateway asks by itself."""

    def client_address(self) -> str:
        """The client's, as trusted proxies have it; empty when the gateway asks by itself."""

    def is_secure(self) -> bool:
        """Whether the client speaks TLS, to this gateway or to a trusted proxy."""

    def random_bits(self, count: int) -> int:
        """A random number of so many bits."""


class Selector(Protocol):
    """Chooses among `targets`, which are in the order of their first turns."""

    __slots__ = ()

    targets: tuple[Target, ...]

    def choose(self, asker: Asker, tried: Container[Address] = ()) -> Target | None:
        """The next target whose address was not tried; None when there is none."""


class RoundRobin(Selector):
    """Every target in turn."""

    __slots__ = ("_next", "targets")

    def __init__(self, targets: Sequence[Target]) -> None:
        self.targets = tuple(targets)
        self._next = 0

    def __repr__(self) -> str:
        return f"<RoundRobin {len(self.targets)} next={self._next}>"

    def choose(self, asker: Asker, tried: Container[Address] = ()) -> Target | None:
        targets = self.targets
        count = len(targets)
        turn = self._next
        if not tried:
            if turn < count:
                self._next = turn + 1 if turn + 1 < count else 0
                return targets[turn]
            return None
        for offset in range(count):
            place = (turn + offset) % count
            if targets[place].address not in tried:
                self._next = (place + 1) % count
                return targets[place]
        return None

    def upcoming(self) -> tuple[Target, ...]:
        """The targets in the order of their next turns."""
        return self.targets[self._next :] + self.targets[: self._next]


class WeightedRoundRobin(Selector):
    """Every target as often as its weight says, spread evenly. The k-th turn of a target is due at (k - ½) / weight,
    computed anew from k so that no rounding adds up."""

    __slots__ = ("_due", "targets")

    def __init__(self, targets: Sequence[Target]) -> None:
        self.targets = tuple(targets)
        self._due = sorted(self._turn(place, 1) for place in range(len(self.targets)))

    def __repr__(self) -> str:
        return f"<WeightedRoundRobin {len(self.targets)}>"

    def choose(self, asker: Asker, tried: Container[Address] = ()) -> Target | None:
        due = self._due
        if not due:
            return None
        _, place, number = due[0]
        if tried and self.targets[place].address in tried:
            return self._choose_untried(tried)
        heapreplace(due, self._turn(place, number + 1))
        return self.targets[place]

    def _turn(self, place: int, number: int) -> tuple[float, int, int]:
        return (number - 0.5) / self.targets[place].weight, place, number

    def _choose_untried(self, tried: Container[Address]) -> Target | None:
        """The others lose the turns that were due meanwhile, so that nobody has a debt to be paid back later."""
        due = sorted(self._due)
        chosen = next((turn for turn in due if self.targets[turn[1]].address not in tried), None)
        if chosen is None:
            return None
        now, place, number = chosen
        due.remove(chosen)
        late = [self._turn(other, int(now * self.targets[other].weight) + 1) for when, other, _ in due if when < now]
        self._due = sorted([self._turn(place, number + 1), *late, *(turn for turn in due if turn[0] >= now)])
        return self.targets[place]


def in_turn(targets: Sequence[Target], previous: Selector | None = None) -> Selector:
    """Round robin, weighted where weights differ, going on where `previous` stopped."""
    if len({target.weight for target in targets}) > 1:
        return WeightedRoundRobin(targets)
    if isinstance(previous, RoundRobin):
        wanted = dict.fromkeys(targets)
        known = dict.fromkeys(previous.targets)
        fresh = [target for target in targets if target not in known]
        return RoundRobin([*fresh, *(target for target in previous.upcoming() if target in wanted)])
    return RoundRobin(targets)
