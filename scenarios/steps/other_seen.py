"""Expectations on Kubernetes objects, metrics and logs."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from msgspec import UNSET, UnsetType
from prometheus_client.parser import text_string_to_metric_families

from edge import clock
from scenarios.errors import StepError
from scenarios.kubernetes import NotFound
from scenarios.steps.base import Expectation, Seen
from scenarios.values import COMPARISON, Number, Part, compares
from scenarios.world import World, at


class ObjectName(Part):
    kind: str
    name: str
    namespace: str = "default"


class ObjectSeen(Expectation):
    """A Kubernetes object: that it exists or not, or the value at a path such as `status.readyReplicas`. A value such
    as `>= 3` is a comparison."""

    subject: ClassVar[str] = "object"

    object: ObjectName
    path: str = ""
    value: Any = UNSET
    exists: bool = True

    async def look(self, world: World) -> Seen:
        wanted = self.object
        try:
            found = await world.kubernetes.get(wanted.kind, wanted.name, wanted.namespace)
        except NotFound:
            return Seen(not self.exists, "it does not exist")
        if not self.exists or self.value is UNSET:
            return Seen(self.exists, "it exists")
        value = at(found, self.path)
        compared = isinstance(self.value, str) and re.match(COMPARISON, self.value) and isinstance(value, int | float)
        holds = compares(self.value, value) if compared else value == self.value
        return Seen(bool(holds), f"{self.path} is {value!r}")


class MetricSeen(Expectation):
    """The sum of a gateway's Prometheus samples of one name and some labels (`/-/metrics` of its status port)."""

    subject: ClassVar[str] = "metric"

    metric: str
    value: Number
    gateway: str = "gateway-1"
    labels: dict[str, str] | UnsetType = UNSET

    async def look(self, world: World) -> Seen:
        known = world.house.gateways
        if self.gateway not in known:
            raise StepError(f"expected one of {', '.join(known)}, got {self.gateway!r}")
        response = await world.house.status.get(known[self.gateway][1] + "/-/metrics")
        response.raise_for_status()
        labels = {} if isinstance(self.labels, UnsetType) else self.labels
        found = [
            sample.value
            for family in text_string_to_metric_families(response.text)
            for sample in family.samples
            if sample.name == self.metric and labels.items() <= sample.labels.items()
        ]
        total = sum(found)
        return Seen(bool(found) and compares(self.value, total), f"{total:g} in {len(found)} samples")


class LogSeen(Expectation):
    """Lines of a process's log that match a regular expression: at least one, or `count`."""

    subject: ClassVar[str] = "log"

    log: str  # the process: admin, gateway-1, …
    matches: str
    count: Number = ">= 1"

    async def look(self, world: World) -> Seen:
        text = await clock.run_blocking(lambda: world.house.log_of(self.log))
        lines = [line for line in text.splitlines() if re.search(self.matches, line)]
        return Seen(compares(self.count, len(lines)), f"{len(lines)} lines" + (f", last: {lines[-1]}" if lines else ""))
