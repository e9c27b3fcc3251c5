"""How often each key may come: the generic cell rate algorithm, for a bounded number of keys.

Words. A key *owes* the time for which it has come ahead of an even pace, one request each `interval` seconds. It is
kept as the time at which nothing is owed any more (GCRA's theoretical arrival time): one number for a key, no window
with an edge at which twice as much would pass, and no timer that fills anything up. A request is in time as long as
not more than `burst` - 1 intervals are owed before it.

Which keys are known. One that owes nothing is as good as unknown, and forgotten when others come. When there are KEYS
that owe something, the one that owes least goes: nearly nothing is forgiven, and whoever wants his own debt forgiven
has first to bring all others to owe more than he does, which costs KEYS times the burst that he gains. Whoever can make
up keys at will needs none of that: each key has a burst of its own, so a key that a client writes itself (a header) is
no protection from him. Turning unknown keys away instead would let anybody with enough keys shut everybody else out.

Cost. Of a known key a look-up; of a new one also a heap's push and at most LOOKS steps of keeping the heap. The heap
has one entry for each key, with what it owed at some time before: debts only grow until they are gone, so an entry is
never too late, and is put right when it comes to the top. A key takes about 200 bytes; keys are hashes, so that what
clients write takes no more.
"""

from __future__ import annotations

from heapq import heappop, heappush, heapreplace

KEYS = 65_536
"""Keys that are known at once."""
LOOKS = 16
"""Entries of the heap that one new key may put right."""
_SLACK = 1e-3
"""Of an interval: times are sums of floats."""


class Pace:
    """Times are in seconds, of one clock."""

    __slots__ = ("_even_at", "_keys", "_most", "_order", "burst", "interval")

    def __init__(self, interval: float, burst: int, keys: int = KEYS) -> None:
        self.interval = interval
        self.burst = burst
        self._most = (burst - 1 + _SLACK) * interval
        self._keys = keys
        self._even_at: dict[int, float] = {}
        self._order: list[tuple[float, int]] = []

    def __repr__(self) -> str:
        return f"<Pace {self.burst} at once, {self.interval:g} s apart, keys={len(self._even_at)}>"

    def take(self, key: int, now: float) -> float:
        """What the key owed before this request, in seconds. The request counts if that `allows` it."""
        even_at = self._even_at
        at = even_at.get(key)
        if at is None:
            self._make_room(now)
            even_at[key] = at = now + self.interval
            heappush(self._order, (at, key))
            return 0.0
        owed = at - now
        if owed <= 0.0:
            even_at[key] = now + self.interval
            return 0.0
        if owed <= self._most:
            even_at[key] = at + self.interval
        return owed

    def allows(self, owed: float) -> bool:
        """Whether a request is in time that comes when this much is owed."""
        return owed <= self._most

    def left(self, owed: float) -> int:
        """How many more may come at once after a request that was taken when this much was owed."""
        return max(0, int((self._most - owed) / self.interval))

    def until_next(self, owed: float) -> float:
        """Seconds until a request is in time, when this much is owed."""
        return max(0.0, owed - (self.burst - 1) * self.interval)

    def _make_room(self, now: float) -> None:
        """Forget some keys that owe nothing, and if there is no room yet, the one that owes least."""
        even_at, order = self._even_at, self._order
        full = len(even_at) >= self._keys
        for _ in range(LOOKS if full else 2):
            if not order:
                return
            known, key = order[0]
            at = even_at[key]
            if at > now and at > known:
                heapreplace(order, (at, key))
            elif at <= now or full:
                heappop(order)
                del even_at[key]
                full = False
            else:
                return
        if full:
            del even_at[heappop(order)[1]]
