"""Consistent hash: equal keys go to the same target, and a target that comes or goes takes only its own share along.

Every target has POINTS places on a ring of numbers; a key has PROBES numbers, and goes to the target whose point
follows one of them most closely. A new target only takes over the keys that are closest to its points, about 1/n of
all; the keys of one that goes are spread over the others, and nobody else's move. A ring asked once needs hundreds of
points per target to be as even as this is with 32 points and 5 probes (Appleton & O'Reilly, "Multi-probe consistent
hashing", 2015). Measured with 10 and 50 targets: shares differ by 6 to 8 % from the mean (standard deviation), where a
ring of 128 points asked once has 10 %.

Numbers come from BLAKE2b of the address and of the key alone: every worker of every gateway server maps alike, whatever
order it heard of its targets in. Points are in proportion to weights: 32 to 63 of them for the mean weight. A target
that is passed over leaves its keys to the next points, and has them back afterwards. Requests without a key are given
out in turn.

Cost: 5 µs for a choice; 25 µs and 0.4 KB for each target at the first choice after the targets have changed.
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left
from collections.abc import Callable, Container, Sequence
from hashlib import blake2b
from itertools import chain

from edge.gateway.balancing.selector import Asker, Selector
from edge.gateway.balancing.target import Address, Target

POINTS = 32
PROBES = 5

_BITS = 48
_RING = 1 << _BITS
_MASK = _RING - 1
_PLACES = 24
"""Bits of a target's place, below those of its point while points are sorted."""
_words = struct.Struct("<8Q").unpack
_pair = struct.Struct("<2Q").unpack


class Consistent(Selector):
    """`key` is what decides; requests where it is empty go where `others` says."""

    __slots__ = ("_key", "_owners", "_points", "others", "targets")

    def __init__(self, targets: Sequence[Target], key: Callable[[Asker], bytes], others: Selector) -> None:
        self.targets = tuple(sorted(targets, key=lambda target: target.address))
        self.others = others
        self._key = key
        self._points: array[int] | None = None
        self._owners: array[int] = array("I")

    def __repr__(self) -> str:
        return f"<Consistent {len(self.targets)}>"

    def choose(self, asker: Asker, tried: Container[Address] = ()) -> Target | None:
        key = self._key(asker)
        if not key or not self.targets:
            return self.others.choose(asker, tried)
        points = self._points
        if points is None:
            points = self._build()
        count = len(points)
        owners = self._owners
        position, step = _pair(blake2b(key, digest_size=16).digest())
        nearest, chosen = _RING, -1
        for _ in range(PROBES):
            position = (position + step) & _MASK
            at = bisect_left(points, position)
            if at == count:
                at = 0
            if tried:
                at = self._untried(at, tried)
                if at < 0:
                    return None
            distance = (points[at] - position) & _MASK
            if distance < nearest:
                nearest, chosen = distance, at
        return self.targets[owners[chosen]]

    def _untried(self, at: int, tried: Container[Address]) -> int:
        """The first point from `at` on whose target was not tried; -1 when there is none."""
        owners, targets = self._owners, self.targets
        for place in chain(range(at, len(owners)), range(at)):
            if targets[owners[place]].address not in tried:
                return place
        return -1

    def _build(self) -> array[int]:
        # In proportion to a power of two, not to the mean itself: else whoever comes or goes would change the number of
        # everybody's points, and keys between those that stay would move.
        unit = 1 << (sum(target.weight for target in self.targets) // len(self.targets)).bit_length() - 1
        both = sorted(
            point << _PLACES | place
            for place, target in enumerate(self.targets)
            for point in _points_of(target.address, max(1, round(POINTS * target.weight / unit)))
        )
        self._owners = array("I", [one & ((1 << _PLACES) - 1) for one in both])
        points = self._points = array("Q", [one >> _PLACES for one in both])
        return points


def _points_of(address: Address, count: int) -> list[int]:
    """The first `count` points of an address: more of them leave the others where they are."""
    name = f"{address[0]} {address[1]}".encode()
    points: list[int] = []
    for number in range(-(-count // 8)):
        digest = blake2b(name, digest_size=64, salt=number.to_bytes(8, "little")).digest()
        points += [word & _MASK for word in _words(digest)]
    return points[:count]
