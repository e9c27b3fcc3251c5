"""Active health checks: run once for a gateway server, by its agent, for all workers.

Rules. Every probe is asked each `interval`, a tenth more or less, from a moment of its own within the first, so that
they spread. At most AT_ONCE are asked at once; where that is too few, intervals become longer, nothing piles up. What
the workers are told is which addresses of an upstream are unhealthy, whole, a moment (GATHER) after it changed: when a
node with a hundred pods dies they are told once and not a hundred times.

Cost: one heap entry for each probe; a task only while it is asked. A change of endpoints costs 1 to 10 µs for each
endpoint of the upstreams that it concerns, behind the push to the workers.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping

import structlog

from edge import clock
from edge.gateway.balancing.target import shown
from edge.gateway.checking.plan import Name, Plan, Probe
from edge.gateway.checking.verdict import Standing, after
from edge.model.source import SourceState
from edge.tasks import Tasks
from edge.wire.content import Content
from edge.wire.messages import Finding, Health

log = structlog.get_logger("edge.gateway.checks")

AT_ONCE = 64
GATHER = 0.05
"""Seconds."""


class _Watched:
    """A probe that is asked: what its address is held to be, and for whom; while unhealthy since when and why."""

    __slots__ = ("reason", "since", "standing", "users")

    def __init__(self) -> None:
        self.standing = Standing()
        self.since = 0.0
        self.reason = ""
        self.users: dict[Name, None] = {}


class Checker:
    """`ask` answers why a probe failed, or nothing; `publish` is told what workers should know."""

    def __init__(
        self,
        ask: Callable[[Probe], Awaitable[str]],
        publish: Callable[[Health], None],
        randomness: random.Random,
    ) -> None:
        self._ask = ask
        self._publish = publish
        self._random = randomness.random
        self._plan = Plan()
        self._probes: dict[Name, tuple[Probe, ...]] = {}
        self._watched: dict[Probe, _Watched] = {}
        self._order: list[tuple[float, int, Probe, _Watched]] = []
        self._numbers = itertools.count()
        self._asking = 0
        self._changed: dict[Name, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._stirred = asyncio.Event()
        self._tasks = Tasks()
        self.passed = 0
        self.failed = 0

    def __repr__(self) -> str:
        return f"<Checker probes={len(self._watched)} asking={self._asking}>"

    def release(self, content: Content) -> None:
        """A manifest is served: check what it names."""
        self._arrange(self._plan.release(content))

    def move(self, state: SourceState) -> None:
        """The endpoints of a source changed."""
        self._arrange(self._plan.move(state))

    def unhealthy(self) -> dict[Name, int]:
        """How many addresses of each checked upstream are unhealthy."""
        return {name: len(self._unhealthy(name)) for name in self._plan.upstreams}

    def findings(self) -> Iterator[Finding]:
        """Which addresses are unhealthy, for which upstream, since when and why."""
        for name, probes in self._plan.upstreams.items():
            for probe in probes:
                watched = self._watched[probe]
                if not watched.standing.healthy:
                    yield Finding(*name, shown(probe.address), watched.since, watched.reason)

    async def run(self) -> None:
        """Ask what is due, until cancelled."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                wait = self._start_due(loop.time())
                self._stirred.clear()
                try:
                    async with asyncio.timeout(wait):
                        await self._stirred.wait()
                except TimeoutError:
                    pass
        finally:
            if self._timer is not None:
                self._timer.cancel()
            await self._tasks.close()

    def _arrange(self, names: Iterable[Name]) -> None:
        """Watch for these upstreams what the plan names and nothing else; what was known of an address stays known."""
        for name in names:
            before, after = self._probes.pop(name, ()), self._plan.upstreams.get(name, ())
            if after:
                self._probes[name] = after
            tell = self._come(name, after, dict.fromkeys(before))
            if self._go(name, before, dict.fromkeys(after)) or tell:
                self._tell(name)
        self._stirred.set()

    def _come(self, name: Name, after: tuple[Probe, ...], known: Mapping[Probe, None]) -> bool:
        """Watch what is new for this upstream; whether any of it is unhealthy, as others know."""
        tell = False
        for probe in after:
            if probe not in known:
                watched = self._watched.get(probe)
                if watched is None:
                    watched = self._watched[probe] = self._begin(probe)
                watched.users[name] = None
                tell = tell or not watched.standing.healthy
        return tell

    def _go(self, name: Name, before: tuple[Probe, ...], kept: Mapping[Probe, None]) -> bool:
        """Watch no more what is gone from this upstream; whether any of it was unhealthy."""
        tell = False
        for probe in before:
            if probe not in kept:
                watched = self._watched[probe]
                tell = tell or not watched.standing.healthy
                del watched.users[name]
                if not watched.users:
                    del self._watched[probe]
        return tell

    def _begin(self, probe: Probe) -> _Watched:
        watched = _Watched()
        self._push(asyncio.get_running_loop().time() + self._random() * probe.check.interval, probe, watched)
        return watched

    def _push(self, due: float, probe: Probe, watched: _Watched) -> None:
        heapq.heappush(self._order, (due, next(self._numbers), probe, watched))

    def _start_due(self, now: float) -> float | None:
        """Start asking; seconds until the next is due, None: until something happens."""
        while self._order and self._asking < AT_ONCE:
            due, _, probe, watched = self._order[0]
            gone = self._watched.get(probe) is not watched
            if due > now and not gone:
                return due - now
            heapq.heappop(self._order)
            if not gone:
                self._asking += 1
                self._tasks.start(self._check(probe, watched), "check an endpoint")
        return None

    async def _check(self, probe: Probe, watched: _Watched) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            reason = await self._ask(probe)
        except Exception:
            log.exception("a check could not be made")
            reason = "the check itself failed"
        finally:
            self._asking -= 1
            self._stirred.set()
        if self._watched.get(probe) is not watched:
            return
        self._push(max(loop.time(), began + probe.check.interval * (0.9 + 0.2 * self._random())), probe, watched)
        self.passed += not reason
        self.failed += bool(reason)
        before, watched.standing = watched.standing, after(watched.standing, not reason, probe.check)
        if before.healthy != watched.standing.healthy:
            self._note(probe, watched, reason)

    def _note(self, probe: Probe, watched: _Watched, reason: str) -> None:
        endpoint = shown(probe.address)
        watched.since, watched.reason = clock.unix(), reason
        if reason:
            log.warning("an endpoint is unhealthy", endpoint=endpoint, reason=reason)
        else:
            log.info("an endpoint is healthy again", endpoint=endpoint)
        for name in watched.users:
            self._changed[name] = None
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(GATHER, self._tell_changed)

    def _tell_changed(self) -> None:
        self._timer = None
        changed, self._changed = self._changed, {}
        for name in changed:
            self._tell(name)

    def _tell(self, name: Name) -> None:
        self._publish(Health(*name, tuple(self._unhealthy(name))))

    def _unhealthy(self, name: Name) -> list[tuple[str, int]]:
        probes = self._plan.upstreams.get(name, ())
        return [probe.address for probe in probes if not self._watched[probe].standing.healthy]
