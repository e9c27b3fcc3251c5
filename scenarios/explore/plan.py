"""From a seed to a plan: how large everything is, and what happens when. Pure."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import msgspec

SETTLED_WITHIN = 75.0
"""Seconds after everything was made good again in which every gateway must equal Kubernetes. A silent watch is cut at
most 45 s after it was opened; a refused one comes back after at most 30 s; missing rights are asked for again after
60 s at most; a gateway after 5 s. Then there is a list, which may have to be confirmed after a second."""

FIRST = 5.0
STEP = 0.001


class Deed(msgspec.Struct, frozen=True):
    """`at` seconds after the start, do `name` with `args`."""

    at: float
    name: str
    args: dict[str, Any] = {}

    def __str__(self) -> str:
        said = " ".join(f"{key}={value}" for key, value in self.args.items())
        return f"{self.at:.3f} {self.name} {said}".rstrip()


class Plan(msgspec.Struct, frozen=True):
    """What is played. `replicas` has one number for each service; `minutes` are simulated."""

    seed: str
    gateways: int
    replicas: tuple[int, ...]
    deeds: tuple[Deed, ...]
    minutes: float = 10.0

    @property
    def calm_at(self) -> float:
        """When everything is made good again."""
        return self.minutes * 60 - SETTLED_WITHIN - 1


def generate(seed: str, minutes: float = 10.0) -> Plan:
    """The plan of a seed."""
    random = Random(seed)
    services = random.randint(1, 3)
    plan = Plan(seed, random.randint(1, 3), tuple(random.randint(0, 4) for _ in range(services)), (), minutes)
    names = [name for name in DEEDS for _ in range(DEEDS[name][0])]
    deeds: list[Deed] = []
    now = FIRST
    for _ in range(random.randint(6, 22)):
        now += random.choice((0.0, 0.05, 0.4, 2.0, 11.0, 40.0)) * random.uniform(0.5, 1.5)
        if now >= plan.calm_at:
            break
        name = random.choice(names)
        deeds.append(Deed(round(now, 3), name, DEEDS[name][1](random, plan)))
    return msgspec.structs.replace(plan, deeds=tuple(deeds))


Make = Callable[[Random, Plan], dict[str, Any]]


def _service(random: Random, plan: Plan) -> dict[str, Any]:
    return {"service": random.randrange(len(plan.replicas))}


def _scale(random: Random, plan: Plan) -> dict[str, Any]:
    return {**_service(random, plan), "replicas": random.choice((0, 0, 1, 2, 3, 5))}


def _kill(random: Random, plan: Plan) -> dict[str, Any]:
    return {**_service(random, plan), "grace": random.choice((None, 0))}


def _port(random: Random, plan: Plan) -> dict[str, Any]:
    return {**_service(random, plan), "port": random.choice((8080, 8081, 9000))}


def _other(random: Random, plan: Plan) -> dict[str, Any]:
    return {**_service(random, plan), "other": random.randrange(len(plan.replicas))}


def _gateway(random: Random, plan: Plan) -> dict[str, Any]:
    return {"gateway": random.randrange(plan.gateways)}


def _slow(random: Random, plan: Plan) -> dict[str, Any]:
    return {**_gateway(random, plan), "seconds": random.choice((0.0, 0.2, 1.0))}


def _release(random: Random, plan: Plan) -> dict[str, Any]:
    return {"services": random.randint(1, len(plan.replicas))}


def _stop(random: Random, plan: Plan) -> dict[str, Any]:
    return {"keep": random.random() < 0.7}


def _nothing(random: Random, plan: Plan) -> dict[str, Any]:
    return {}


RESOURCES = ("services", "endpointslices", "endpointslices", None)
FAULTS: tuple[dict[str, Any], ...] = (
    {"fault": {"type": "expired"}, "match": {"verb": "watch"}, "times": 2},
    {"fault": {"type": "expired", "http": True}, "match": {"verb": "watch"}, "times": 2},
    {"fault": {"type": "status", "code": 410}, "match": {"verb": "list"}, "times": 2},
    {"fault": {"type": "status", "code": 429, "retry_after": 3}, "times": 4},
    {"fault": {"type": "status", "code": 429, "retry_after": 1, "plain": True}, "share": 0.5},
    {"fault": {"type": "status", "code": 500}, "share": 0.5},
    {"fault": {"type": "status", "code": 503}, "times": 6},
    {"fault": {"type": "status", "code": 403}, "times": 3},
    {"fault": {"type": "cut", "after": 3}, "match": {"verb": "watch"}, "times": 4},
    {"fault": {"type": "cut"}, "match": {"verb": "list"}, "times": 2},
    {"fault": {"type": "end", "after": 1}, "match": {"verb": "watch"}, "times": 5},
    {"fault": {"type": "silence"}, "match": {"verb": "watch"}, "times": 2},
    {"fault": {"type": "silence"}, "match": {"verb": "list"}, "times": 1},
    {"fault": {"type": "latency", "seconds": 2, "jitter": 3}, "times": 6},
    {"fault": {"type": "slow", "size": 600, "pause": 0.2}, "times": 3},
    {"fault": {"type": "empty-list"}, "match": {"verb": "list"}, "times": 1},
    {"fault": {"type": "stale-list", "behind": 7}, "match": {"verb": "list"}, "times": 1},
    {"fault": {"type": "drop-event"}, "match": {"verb": "watch"}, "times": 2},
    {"fault": {"type": "duplicate-event"}, "match": {"verb": "watch"}, "times": 4},
    {"fault": {"type": "delay-event", "seconds": 4}, "match": {"verb": "watch"}, "times": 4},
)


def _fault(random: Random, plan: Plan) -> dict[str, Any]:
    fault = random.choice(FAULTS)
    resource = random.choice(RESOURCES)
    if resource is None:
        return fault
    return {**fault, "match": {**fault.get("match", {}), "resource": resource}}


DEEDS: dict[str, tuple[int, Make]] = {
    "scale": (8, _scale),
    "restart": (2, _service),
    "kill-pod": (4, _kill),
    "unready": (2, _service),
    "ready": (2, _service),
    "port": (2, _port),
    "select": (2, _other),
    "unselect": (2, _service),
    "delete-service": (1, _service),
    "create-service": (2, _service),
    "delete-namespace": (1, _nothing),
    "create-namespace": (1, _nothing),
    "reuse-addresses": (2, _other),
    "stop-api-server": (2, _stop),
    "start-api-server": (2, _nothing),
    "fault": (12, _fault),
    "clear-fault": (2, _nothing),
    "compact": (2, _nothing),
    "roll-back": (1, lambda random, plan: {"behind": random.randint(1, 20)}),
    "revoke": (1, _nothing),
    "rotate-token": (1, _nothing),
    "remove-access": (1, _nothing),
    "restore-access": (1, _nothing),
    "cut-gateway": (3, _gateway),
    "slow-gateway": (2, _slow),
    "restart-gateway": (2, _gateway),
    "restart-admin": (2, _nothing),
    "release": (3, _release),
}
"""Name → (weight, what makes its arguments)."""
