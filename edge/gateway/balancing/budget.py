"""How many requests of one upstream may be on a further attempt at once: retries must not become the load.

When endpoints fail because they have too much to do, every request that is sent again gives them more. So only a share
of the requests that wait for an answer of the upstream may be such that were sent before, and a few in any case, so
that an upstream that is seldom asked is retried too. What was never sent loads nobody and is not counted.
"""

from __future__ import annotations

from math import ceil
from typing import TypeAlias

SHARE = 0.2
"""Of the requests that wait for an answer."""
AT_LEAST = 3
"""At once, in all workers together."""

Name: TypeAlias = tuple[str, str]
"""Application and upstream."""


class Budget:
    """Of one upstream in one worker. `active` requests wait for an answer, `repeated` of them were sent before."""

    __slots__ = ("active", "at_least", "repeated")

    def __init__(self, at_least: int) -> None:
        self.at_least = at_least
        self.active = 0
        self.repeated = 0

    def __repr__(self) -> str:
        return f"<Budget active={self.active} repeated={self.repeated}>"

    @property
    def allows_one_more(self) -> bool:
        """Whether a request may be sent again now."""
        return self.repeated < max(self.at_least, self.active * SHARE)


class Budgets:
    """Of all upstreams that are asked just now, whatever is released meanwhile; what nobody asks is forgotten."""

    def __init__(self, workers: int) -> None:
        self._at_least = ceil(AT_LEAST / workers)
        self._budgets: dict[Name, Budget] = {}

    def __len__(self) -> int:
        return len(self._budgets)

    def enter(self, name: Name) -> Budget:
        """A request begins."""
        budget = self._budgets.get(name)
        if budget is None:
            budget = self._budgets[name] = Budget(self._at_least)
        budget.active += 1
        return budget

    def leave(self, name: Name, *, repeated: bool) -> None:
        """A request has its answer, or needs none any more; `repeated`: it was sent more than once."""
        budget = self._budgets[name]
        budget.active -= 1
        budget.repeated -= repeated
        if not budget.active:
            del self._budgets[name]
