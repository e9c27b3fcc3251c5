"""Follows one cluster: finds out what the token may do, follows it, and computes the endpoints of wanted sources.

The road of a change: a watch line arrives → the reflector applies it → the feed says which services it touches → the
sources of those services are computed from what is held → `on_reading`. All of it is one synchronous call chain in
the reflector's task; nothing waits, and a source of another service costs nothing. What one slice adds to a source is
kept until that slice changes (`_Computation`).

A source is *known* when services and slices (or Endpoints) of its namespace have been listed. Before that nothing is
said about it: not known is not empty.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from random import Random
from typing import Any, Literal, NamedTuple, TypeAlias

import structlog

from edge.kube import health, plan
from edge.kube.backoff import Backoff
from edge.kube.check import Survey
from edge.kube.client import Client
from edge.kube.endpoints import Part, Reading, combine, part, port_name, renamed
from edge.kube.fault import Fault
from edge.kube.feed import Feed
from edge.kube.health import Health
from edge.kube.plan import Plan, Target
from edge.kube.resources import ENDPOINTS, NAMESPACES, SERVICES, SLICES, Key, Resource, is_name
from edge.kube.types import Service
from edge.model.endpoint import Endpoint
from edge.model.source import Source
from edge.tasks import Tasks

log = structlog.get_logger("edge.kube.follower")

SURVEY_GAP = 1.0  # seconds, the least between two surveys
SURVEY_AGAIN = 60.0  # seconds until rights are asked for again while some are missing
MOST_BROWSED = 8  # namespaces followed because a person looked into them


Role: TypeAlias = Literal["services", "endpoints"]
_ROLES: Mapping[Role, tuple[Resource[Any], ...]] = {"services": (SERVICES,), "endpoints": (SLICES, ENDPOINTS)}


class Trouble(NamedTuple):
    """Why a source's endpoints are the last known ones only: the last moment they were current, and the reason."""

    since: datetime | None
    message: str


class _Computation:
    """A wanted source, and what each slice added to it the last time."""

    def __init__(self, source: Source, loopback: bool) -> None:
        self.source = source
        self.service: Key = (source.namespace, source.service)
        self._title = f"{source.namespace}/{source.service}"
        self._loopback = loopback
        self._port = ""
        self._parts: dict[str, tuple[Any, Part]] = {}
        self._last: tuple[Endpoint, ...] = ()

    def compute(self, service: Service | None, objects: Mapping[str, Any]) -> Reading:
        name, warning = port_name(self._title, self.source.port, service)
        if service is None or name is None:
            self._parts = {}
            self._last = ()
            return Reading(warnings=(warning,))
        before = self._parts if name == self._port else {}
        self._port = name
        self._parts = {key: self._part(before.get(key), object, name) for key, object in objects.items()}
        parts = [one for _, one in self._parts.values()]
        reading = combine(self._title, self.source.port, service, parts)
        if self._last and not reading.endpoints and any(one.other_ports_only for one in parts):
            kept = renamed(self._last, service, objects.values(), loopback=self._loopback)
            reading = Reading(kept, reading.warnings)
        self._last = reading.endpoints
        return reading

    def _part(self, before: tuple[Any, Part] | None, object: Any, name: str) -> tuple[Any, Part]:
        if before is not None and before[0] is object:
            return before
        return object, part(object, name, loopback=self._loopback)


class Follower:
    """One cluster. `on_reading` is told a source's endpoints whenever something that they depend on changed (also
    when they came out equal); `on_change` when `health`, or `trouble` of a source, may have changed."""

    def __init__(
        self,
        client: Client,
        *,
        random: Random,
        on_reading: Callable[[Source, Reading], None],
        on_change: Callable[[], None],
    ) -> None:
        self.client = client
        self.health = Health()
        self.checked = asyncio.Event()
        self._random = random
        self._on_reading = on_reading
        self._on_change = on_change
        self._tasks = Tasks()
        self._again = asyncio.Event()
        self._plan: Plan | None = None
        self._survey_fault: Fault | None = None
        self._feeds: dict[Target, tuple[Feed, asyncio.Task[Any]]] = {}
        self._found: dict[tuple[Role, str], Feed | None] = {}
        self._distrusted: dict[str, None] = {}
        self._computations: dict[Source, _Computation] = {}
        self._by_service: dict[Key, dict[Source, _Computation]] = {}
        self._browsed: dict[str, None] = {}

    def __repr__(self) -> str:
        return f"<Follower {self.client.address.url} {self.health.state}>"

    def start(self) -> None:
        """Begin; `checked` is set when the first state is known."""
        self._tasks.start(self._supervise(), f"follow {self.client.address.url}")

    async def close(self) -> None:
        """Stop following and close the connections."""
        await self._tasks.close()
        await self.client.close()
        self.checked.set()  # nobody waits for what will never come

    def want(self, sources: Iterable[Source]) -> None:
        """The whole set of sources to compute; those that are new and known are told at once."""
        wanted = dict.fromkeys(sources)
        namespaces = self._namespaces()
        for source in [one for one in self._computations if one not in wanted]:
            computation = self._computations.pop(source)
            of_service = self._by_service[computation.service]
            del of_service[source]
            if not of_service:
                del self._by_service[computation.service]
        for source in [one for one in wanted if one not in self._computations]:
            computation = _Computation(source, self.client.address.on_loopback)
            self._computations[source] = computation
            self._by_service.setdefault(computation.service, {})[source] = computation
            self._compute(computation)
        if self._plan is not None and self._plan.namespaced and self._namespaces() != namespaces:
            self._again.set()

    def trouble(self, source: Source) -> Trouble | None:
        """Why what was last read of a source may be out of date, or None; the same for a whole namespace."""
        if self._plan is None:
            return None if self._survey_fault is None else Trouble(None, self.health.message)
        for feed in (self._feed("services", source.namespace), self._feed("endpoints", source.namespace)):
            if feed is not None and not feed.reflector.live and feed.reflector.fault is not None:
                return Trouble(feed.reflector.heard, feed.reflector.fault.message)
        return None

    def namespaces(self) -> list[str]:
        """Names of namespaces, sorted; where they may not be listed, those that known services are in."""
        held = self._feeds.get(Target(NAMESPACES))
        if held is not None and held[0].known:
            return sorted(name for _, name in held[0].reflector.objects)
        found = {
            key[0]: None
            for target, (feed, _) in self._feeds.items()
            if target.resource is SERVICES
            for key in feed.reflector.objects
        }
        return sorted({**found, **dict.fromkeys(self._namespaces())})

    def services(self, namespace: str) -> list[Service]:
        """The services of a namespace, sorted by name. Where namespaces are followed one by one, looking into one
        begins to follow it, and a later call knows its services."""
        feed = self._feed("services", namespace)
        if feed is None:
            self._browse(namespace)
            return []
        found = [object for key, object in feed.reflector.objects.items() if key[0] == namespace]
        return sorted(found, key=lambda service: str(service.metadata.name))

    # rights and feeds

    async def _supervise(self) -> None:
        backoff = Backoff(self._random, 0.25, 30.0)
        while True:
            self._again.clear()
            namespaces = self._namespaces()
            made = await self._survey(namespaces)
            if isinstance(made, Fault):
                self._survey_fault = made
                pause: float | None = max(backoff.pause(), min(made.retry_after or 0.0, 60.0))
            else:
                self._survey_fault = None
                backoff.reset()
                pause = None if made.complete else SURVEY_AGAIN * self._random.uniform(0.5, 1.0)
                self._follow(made)
            self._assess()
            await self._until_asked_again(pause)

    async def _survey(self, namespaces: list[str]) -> Plan | Fault:
        try:
            return plan.make(await Survey(self.client, self._distrusted).run(namespaces), namespaces)
        except Fault as fault:
            return fault
        except Exception as error:  # a bug of ours must not end the following of a cluster
            log.error("asking for a token's rights failed unexpectedly", follower=repr(self), exc_info=error)
            return Fault("failing", "asking for the token's rights failed unexpectedly; see the log")

    async def _until_asked_again(self, seconds: float | None) -> None:
        if seconds is not None and seconds < SURVEY_GAP:
            await asyncio.sleep(seconds)
            return
        await asyncio.sleep(SURVEY_GAP)
        try:
            async with asyncio.timeout(None if seconds is None else seconds - SURVEY_GAP):
                await self._again.wait()
        except TimeoutError:
            pass

    def _follow(self, made: Plan) -> None:
        """Make the feeds equal to the plan's targets."""
        self._plan = made
        self._found.clear()
        for target in [one for one in self._feeds if one not in made.targets]:
            _, task = self._feeds.pop(target)
            task.cancel()
        for target in [one for one in made.targets if one not in self._feeds]:
            feed = Feed(
                self.client,
                target,
                random=self._random,
                on_services=self._services_changed,
                on_health=self._feed_changed,
            )
            self._feeds[target] = feed, self._tasks.start(feed.reflector.run(), repr(feed))

    def _namespaces(self) -> list[str]:
        """Namespaces to follow one by one where the whole cluster may not be."""
        wanted = {source.namespace: None for source in self._computations if is_name(source.namespace)}
        return sorted({**wanted, **self._browsed})

    def _browse(self, namespace: str) -> None:
        if not is_name(namespace) or namespace in self._browsed:
            return
        while len(self._browsed) >= MOST_BROWSED:
            del self._browsed[next(iter(self._browsed))]
        self._browsed[namespace] = None
        if self._plan is not None:
            self._again.set()

    def _feed_changed(self, feed: Feed) -> None:
        if self._feeds.get(feed.target, (None,))[0] is not feed:
            return  # no longer wanted
        fault = feed.reflector.fault
        if fault is not None and fault.reason in ("forbidden", "missing"):
            self._distrusted[feed.target.resource.title] = None
            self._again.set()
        self._assess()

    def _assess(self) -> None:
        if self._plan is not None:
            feeds = [(target, feed.reflector) for target, (feed, _) in self._feeds.items()]
            self.health = health.assess(self._plan, feeds, self.health)
        elif self._survey_fault is not None:
            self.health = health.of_fault(self._survey_fault)
        if self.health.state != "connecting":
            self.checked.set()
        self._on_change()

    # endpoints

    def _feed(self, role: Role, namespace: str) -> Feed | None:
        """The feed that knows the services, or the endpoints, of a namespace."""
        if (role, namespace) not in self._found:
            targets = [Target(one, where) for one in _ROLES[role] for where in ("", namespace)]
            held = next((self._feeds[target] for target in targets if target in self._feeds), None)
            self._found[role, namespace] = held[0] if held is not None else None
        return self._found[role, namespace]

    def _services_changed(self, feed: Feed, services: Iterable[Key] | None) -> None:
        if feed.target.resource is NAMESPACES:
            return
        if services is None:
            for computation in list(self._computations.values()):
                if feed.target.namespace in ("", computation.service[0]):
                    self._compute(computation)
            return
        for key in services:
            for computation in self._by_service.get(key, {}).values():
                self._compute(computation)

    def _compute(self, computation: _Computation) -> None:
        """Tell a source's endpoints, when all that they depend on is known."""
        namespace, name = computation.service
        services = self._feed("services", namespace)
        endpoints = self._feed("endpoints", namespace)
        if not is_name(namespace) or not is_name(name):
            warning = f"{namespace}/{name} is not the name of a service; the upstream has no endpoints."
            self._on_reading(computation.source, Reading(warnings=(warning[:600],)))
        elif services is not None and services.known and endpoints is not None and endpoints.known:
            service = services.of_service(computation.service).get(name)
            self._on_reading(
                computation.source, computation.compute(service, endpoints.of_service(computation.service))
            )
