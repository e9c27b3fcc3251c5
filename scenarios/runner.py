"""Plays one case: what is given, the traffic, step by step; then `finally`, the clean-up, and the result.

A failed step ends the steps; `finally` runs whatever happened. Invariants are looked at after every event from the
first step to the last; the first moment at which one does not hold ends the run, too. A cancelled run cleans up.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Literal

import httpx
import msgspec

from edge.demo.processes import DemoError, start
from edge.tasks import Tasks
from scenarios.disturbances import Disturbances
from scenarios.errors import StepError, TargetError
from scenarios.house import Begin, House
from scenarios.judging import Judge
from scenarios.loading import Case, Step
from scenarios.model import EdgeGiven, Json, Manifest
from scenarios.observers import Observers
from scenarios.steps.base import Action, Expectation
from scenarios.steps.cluster import Fault
from scenarios.steps.edge_seen import GatewaySeen
from scenarios.steps.other_seen import ObjectName, ObjectSeen
from scenarios.targets import Address, Target
from scenarios.targets.simulator import SimulatorTarget
from scenarios.timeline import Outcome, Timeline
from scenarios.traffic import Running, Sample
from scenarios.world import World

STEPS, GIVEN = "steps", "given"
READY = 60.0  # seconds that what is given may take to be ready
Kind = Literal["given", "action", "expectation", "invariant", "finally"]


class Result(msgspec.Struct, kw_only=True):
    """How one case went. `state` error: something that no expectation is about went wrong, such as an action."""

    case: Case
    target: str
    seed: int
    state: Literal["held", "failed", "error", "skipped"] = "held"
    reason: str = ""
    seconds: float = 0.0
    outcomes: list[Outcome] = []
    timeline: Timeline
    traffic: dict[str, list[Sample]] = {}
    logs: dict[str, str] = {}


class Run:
    """One run of one case. `tell` is called with every outcome that is complete; `begin` starts Edge's processes."""

    def __init__(
        self,
        case: Case,
        target: Target,
        seed: int,
        tell: Callable[[Outcome], None] = lambda _: None,
        begin: Begin = start,
    ) -> None:
        self._case, self._target, self._tell, self._begin = case, target, tell, begin
        self._timeline = Timeline()
        self._world = World(target, self._timeline, case.path.parent, seed, case.scenario.given.cluster)
        self._observers = Observers(self._world)
        self._disturbances = Disturbances(self._timeline)
        self._tasks = Tasks()
        self._ends: dict[str, float] = {}  # when a step that has a name ended
        self._pending: dict[str, list[tuple[Outcome, asyncio.Task[bool]]]] = {}  # `before` a step of this name
        self._house: House | None = None
        self._open = False
        self.result = Result(case=case, target=target.name, seed=seed, timeline=self._timeline)

    async def run(self) -> Result:
        """Play it. TargetError when the target cannot be used."""
        if reason := self._case.lacking(self._target.offers):
            self.result.state, self.result.reason = "skipped", reason
            return self.result
        with tempfile.TemporaryDirectory(prefix="edge-scenario-") as folder:
            try:
                await self._play(Path(folder))
            finally:
                self.result.seconds = self._timeline.now()
                await self._clean_up()
        return self.result

    async def _play(self, folder: Path) -> None:
        try:
            await self._outcome("given", "start everything that is given", 0, self._give(folder))
            if self.result.state == "held":
                await self._steps_and_invariants()
        finally:
            if self._open:
                for step in self._case.finally_:
                    await self._step(step, "finally")
            self._disturbances.now_are([])
            await self._end_traffic()

    # what is given

    async def _give(self, folder: Path) -> str:
        """Start everything, each part as soon as what it needs is there: while Edge's processes start, the cluster's
        pods do so, too."""
        given, edge = self._case.scenario.given, self._case.scenario.given.configuration
        if isinstance(self._target, SimulatorTarget):
            self._target.time_factor = given.time_factor
        self._world.targets |= {name: SimulatorTarget(given.time_factor) for name in given.clusters}
        loop = asyncio.get_running_loop()
        addresses: dict[str, asyncio.Future[Address]] = {name: loop.create_future() for name in self._world.targets}
        deeds = [self._cluster(name, folder, addresses[name]) for name in addresses]
        if edge is not None:
            self._house = House(folder, edge, self._timeline.pulse, self._begin)
            self._world.move_in(self._house)
            deeds.append(self._edge(self._house, addresses))
        await all_of(deeds)
        self._open = True
        if edge is not None and edge.release:
            await self._part("release", self._world.house.release_all())
        for application in edge.applications if edge is not None else []:
            for source in (source for upstream in application.upstreams for source in upstream.sources):
                self._world.services[source.cluster, source.namespace, source.service] = None
        self._observers.start(self._namespaces(edge), edge is not None)
        if given.ready:
            await self._part("until all is ready and served", self._ready(edge))
        for fault in given.faults:
            await msgspec.convert(fault, Fault).run(self._world)
        self._disturbances.now_are(self._disturbing())
        self._start_traffic()
        return f"{self._target.name}, {len(edge.applications) if edge else 0} applications"

    async def _cluster(self, name: str, folder: Path, address: asyncio.Future[Address]) -> None:
        """One cluster with its manifests; `address` is what Edge is told of it."""
        given, world = self._case.scenario.given, self._world.at(name)
        own = folder / "kubernetes" / name
        own.mkdir(parents=True)
        await self._part(f"start cluster {name}", world.target.open(own))
        manifests = given.clusters[name].manifests if name in given.clusters else given.manifests
        deeds: list[Coroutine[Any, Any, Any]] = [self._manifests(world, manifests)]
        if self._house is not None:
            deeds.append(self._address(world, address))
        await all_of(deeds)

    async def _part(self, name: str, deed: Coroutine[Any, Any, None]) -> None:
        """A part of what is given, with its time in the report."""
        began = self._timeline.now()
        await deed
        self._timeline.note(GIVEN, name, seconds=self._timeline.now() - began)

    async def _address(self, world: World, address: asyncio.Future[Address]) -> None:
        address.set_result(await world.target.address())

    async def _edge(self, house: House, addresses: dict[str, asyncio.Future[Address]]) -> None:
        """The Admin, then its configuration while gateways start."""
        await self._part("start the Admin", house.open())
        gateways = self._part("start gateways", house.start_gateways())
        await all_of([gateways, self._part("configure", self._configure(house, addresses))])

    async def _configure(self, house: House, addresses: dict[str, asyncio.Future[Address]]) -> None:
        found = {name: await address for name, address in addresses.items()}
        await house.configure(found, self._case.scenario.given.clusters)

    async def _manifests(self, world: World, manifests: list[Manifest]) -> None:
        for manifest in manifests:
            for document in await world.documents(manifest):
                await world.kubernetes.apply(document)

    async def _ready(self, edge: EdgeGiven | None) -> None:
        """Wait until the pods of given Deployments are ready, and every gateway serves them."""
        wanted: list[tuple[World, Expectation]] = [
            (world, expectation)
            for world in map(self._world.at, self._world.targets)
            for expectation in _deployments_ready(world.kubernetes.applied)
        ]
        if edge is not None and edge.release:
            wanted.append((self._world, GatewaySeen(gateway="every", as_kubernetes=True)))
        outcome = Outcome(kind="given", title="")
        for world, expectation in wanted:
            if not await Judge(expectation, world, outcome).comes(self._timeline.now() + READY):
                raise StepError(f"what is given was not ready after {READY:g} s: {outcome.explain()}")

    def _namespaces(self, edge: EdgeGiven | None) -> list[str]:
        upstreams = [u for a in (edge.applications if edge else []) for u in a.upstreams]
        return sorted({"default"} | {source.namespace for u in upstreams for source in u.sources})

    def _start_traffic(self) -> None:
        for name, wanted in self._case.scenario.traffic.items():
            urls = {gateway: url for gateway, (url, _) in self._world.house.gateways.items()}
            running = Running(name, wanted, urls, self._timeline.now)
            self._world.traffic[name] = running
            running.start()

    # steps

    async def _steps_and_invariants(self) -> None:
        playing = self._tasks.start(self._steps(), "steps")
        watched = [(self._invariant(step), step) for step in self._case.invariants]
        tasks = [self._tasks.start(deed, step.title) for deed, step in watched]
        waiting = {playing, *tasks}
        while not playing.done():
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if playing not in done and any(task.done() for task in tasks):
                playing.cancel()
                break
        await asyncio.wait([playing])
        if not playing.cancelled():
            playing.result()
        for task in tasks:
            if not task.done():
                task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _steps(self) -> None:
        for step in self._case.steps:
            await self._settle(step.modifiers.name)
            if self.result.state == "held":
                await self._step(step, "action" if isinstance(step.deed, Action) else "expectation")
            else:
                self._skip(step)

    async def _step(self, step: Step, kind: Kind) -> None:
        deed = step.deed
        if isinstance(deed, Expectation) and step.modifiers.before:
            self._expect_before(step, deed)
            return
        await self._outcome(kind, step.title, step.line, self._deed(step), deed)
        self._disturbances.now_are(self._disturbing())
        if step.modifiers.name:
            self._ends[step.modifiers.name] = self._timeline.now()

    def _disturbing(self) -> list[str]:
        """What stands in Edge's way now."""
        children = self._house.children if self._house is not None else {}
        down = {name: "down" for name, child in children.items() if not child.running}
        faults = [fault for cluster in self._world.targets for fault in self._world.at(cluster).faults]
        return [*faults, *(f"{name} is {how}" for name, how in {**self._world.away, **down}.items())]

    async def _deed(self, step: Step) -> str:
        assert isinstance(step.deed, Action)
        return await step.deed.run(self._world.at(step.modifiers.cluster))

    def _expect_before(self, step: Step, deed: Expectation) -> None:
        outcome = self._opened("expectation", step.title, step.line)
        task = self._tasks.start(Judge(deed, self._world.at(step.modifiers.cluster), outcome).comes(None), step.title)
        self._pending.setdefault(step.modifiers.before, []).append((outcome, task))

    async def _settle(self, name: str) -> None:
        """The step called `name` begins: what had to hold before it did, or did not."""
        for outcome, task in self._pending.pop(name, []) if name else []:
            held = task.done() and not task.cancelled() and task.result()
            if not task.done():
                task.cancel()
                await asyncio.wait([task])
            self._complete(outcome, "held" if held else "failed")

    def _skip(self, step: Step) -> None:
        kind: Kind = "action" if isinstance(step.deed, Action) else "expectation"
        outcome = self._opened(kind, step.title, step.line)
        outcome.message = "not reached"
        self._complete(outcome, "skipped")

    async def _invariant(self, step: Step) -> None:
        assert isinstance(step.deed, Expectation)
        outcome = self._opened("invariant", step.title.replace("expect", "always", 1), step.line)
        held = True
        try:
            held = await Judge(step.deed, self._world, outcome).throughout(None)
        finally:
            self._complete(outcome, "held" if held else "failed")

    async def _outcome(
        self, kind: Kind, title: str, line: int, deed: Coroutine[Any, Any, str], expectation: object = None
    ) -> None:
        outcome = self._opened(kind, title, line)
        try:
            if isinstance(expectation, Expectation):
                deed.close()
                step = next(s for s in (*self._case.steps, *self._case.finally_) if s.deed is expectation)
                since = self._ends.get(step.modifiers.after)
                world = self._world.at(step.modifiers.cluster)
                held = await Judge(expectation, world, outcome).judge(step.modifiers, since)
                self._complete(outcome, "held" if held else "failed")
            else:
                outcome.message = await deed
                self._complete(outcome, "held")
        except TargetError:
            raise
        except (StepError, DemoError, httpx.HTTPError, OSError) as error:
            outcome.message = str(error) or type(error).__name__
            self._complete(outcome, "error")
        except BaseException:
            outcome.message = "interrupted"
            self._complete(outcome, "skipped")
            raise

    def _opened(self, kind: Kind, title: str, line: int) -> Outcome:
        outcome = Outcome(kind=kind, title=title, line=line, started=self._timeline.now())
        self.result.outcomes.append(outcome)
        return outcome

    def _complete(self, outcome: Outcome, state: Literal["held", "failed", "error", "skipped"]) -> None:
        outcome.state = state
        outcome.seconds = self._timeline.now() - outcome.started
        bad = state in ("failed", "error")
        self._timeline.note(STEPS, outcome.title, seconds=outcome.seconds, bad=bad)
        if bad and self.result.state == "held":
            self.result.state = "failed" if state == "failed" else "error"
            self.result.reason = f"line {outcome.line}: {outcome.title}" if outcome.line else outcome.title
        self._tell(outcome)

    # ending

    async def _end_traffic(self) -> None:
        for name, running in self._world.traffic.items():
            await running.stop()
            self.result.traffic[name] = running.samples

    async def _clean_up(self) -> None:
        """Everything that was started ends, whatever happened; each part even when another fails to."""
        await self._tasks.close()
        await self._observers.stop()
        for name, met in self._observers.failures.items():
            outcome = self._opened("finally", f"observe {name}", 0)
            outcome.message = met
            self._complete(outcome, "error")
        house = self._house
        if house is not None:
            self.result.logs = {name: child.tail(200) for name, child in house.children.items()}
        closing = [
            *(target.close() for target in self._world.targets.values()),
            *([house.close()] if house is not None else []),
        ]
        for failure in await asyncio.gather(*closing, return_exceptions=True):
            if isinstance(failure, BaseException):
                outcome = self._opened("finally", "clean up", 0)
                outcome.message = str(failure) or type(failure).__name__
                self._complete(outcome, "error")


async def all_of(deeds: Sequence[Coroutine[Any, Any, Any]]) -> None:
    """All at once. When one fails the others are ended before its error goes on."""
    tasks = Tasks()
    waiting = {tasks.start(_quiet(deed), "given") for deed in deeds}
    try:
        while waiting:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for error in [task.result() for task in done]:
                if error is not None:
                    raise error
    finally:
        await tasks.close()


async def _quiet(deed: Coroutine[Any, Any, Any]) -> Exception | None:
    try:
        await deed
    except Exception as error:
        return error
    return None


def _deployments_ready(documents: Sequence[Json]) -> list[ObjectSeen]:
    """That every replica of the Deployments among these objects is ready."""
    return [
        ObjectSeen(
            object=ObjectName(
                kind="deployment",
                name=document["metadata"]["name"],
                namespace=document["metadata"].get("namespace", "default"),
            ),
            path="status.readyReplicas",
            value=replicas,
        )
        for document in documents
        if document["kind"] == "Deployment" and (replicas := document["spec"].get("replicas", 1))
    ]
