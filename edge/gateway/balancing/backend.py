"""An upstream made ready to be asked: who can be chosen, and how they are spoken to.

A backend is part of an application and, like it, never changed: new endpoints make a new one, which takes over from
the last what must go on (whose turn it is). A request keeps the one it began with.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from edge.gateway.balancing import selector as selectors
from edge.gateway.balancing.selector import Address, Asker, Selector, Target
from edge.model.endpoint import Endpoint
from edge.model.upstream import Upstream

if TYPE_CHECKING:
    from edge.gateway.balancing.pool import Pool


class Backend:
    """`upstream` is the document that it was made of, `tls` how its endpoints are spoken to, None: plainly."""

    __slots__ = ("_selector", "tls", "upstream")

    def __init__(self, upstream: Upstream, selector: Selector) -> None:
        self.upstream = upstream
        self.tls = upstream.tls
        self._selector = selector

    def __repr__(self) -> str:
        return f"<Backend {self.upstream.name} {self._selector!r}>"

    @property
    def targets(self) -> tuple[Target, ...]:
        """All that may be chosen."""
        return self._selector.targets

    def choose(self, asker: Asker, pool: Pool, tried: Sequence[Address] = ()) -> Address | None:
        """The next endpoint that was not tried, ejected ones only when no other is left; None when there is none."""
        target = self._selector.choose(asker, tried)
        if target is None:
            return None
        if pool.ejected:
            return self._prefer(target.address, asker, pool, tried)
        return target.address

    def _prefer(self, first: Address, asker: Asker, pool: Pool, tried: Sequence[Address]) -> Address:
        """`first`, which was chosen, unless it is ejected and another that was not tried is not."""
        if not pool.is_ejected(first):
            return first
        passed = [*tried, first]
        while (target := self._selector.choose(asker, passed)) is not None:
            if not pool.is_ejected(target.address):
                return target.address
            passed.append(target.address)
        return first

    def with_endpoints(self, endpoints: Iterable[Endpoint]) -> Backend:
        """The same upstream once its sources have these endpoints."""
        return make(self.upstream, endpoints, self)


def make(upstream: Upstream, endpoints: Iterable[Endpoint], last: Backend | None = None) -> Backend:
    """The backend of an upstream: of its servers, else of its sources' `endpoints`; it goes on where `last` stopped."""
    if upstream.servers:
        return Backend(upstream, selectors.of_servers(upstream.servers))
    return Backend(upstream, selectors.of_endpoints(endpoints, None if last is None else last._selector))
