"""Hints of endpoints: for which zones (nodes) each is meant.

Sources: k8s.io/endpointslice trafficdist/trafficdist.go and topologycache/{topologycache,sliceinfo,utils}.go.

- `trafficDistribution: PreferClose` or `PreferSameZone`: a ready endpoint is for its own zone, `PreferSameNode` also
  for its own node. An endpoint without a zone, or not ready, has no hint.
- `service.kubernetes.io/topology-mode: Auto` (it wins): zones get endpoints in proportion to the CPU of their ready
  nodes, their own first, then what other zones have too many of. With fewer than two zones, fewer endpoints than zones,
  or a zone that would be more than 20 % overloaded, there are no hints at all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

Object = dict[str, Any]
Hints = Object | None
MODE = "service.kubernetes.io/topology-mode"
OLD_MODE = "service.kubernetes.io/topology-aware-hints"
OVERLOAD = 0.2


def hints(service: Object, endpoints: Sequence[Object], cpu: Mapping[str, float]) -> list[Hints]:
    """The hints of all endpoints of a service, in their order; `cpu` is zone → cores of its ready nodes."""
    annotations = service["metadata"].get("annotations") or {}
    asked = annotations.get(MODE) or annotations.get(OLD_MODE) or ""
    if asked in ("Auto", "auto"):
        return [{"forZones": [{"name": zone}]} if zone else None for zone in spread(endpoints, cpu)]
    wanted = (service.get("spec") or {}).get("trafficDistribution")
    if wanted not in ("PreferClose", "PreferSameZone", "PreferSameNode"):
        return [None] * len(endpoints)
    return [_close(endpoint, same_node=wanted == "PreferSameNode") for endpoint in endpoints]


def _close(endpoint: Object, *, same_node: bool) -> Hints:
    if not endpoint["conditions"].get("ready"):
        return None
    result: Object = {}
    if endpoint.get("zone"):
        result["forZones"] = [{"name": endpoint["zone"]}]
    if same_node and endpoint.get("nodeName"):
        result["forNodes"] = [{"name": endpoint["nodeName"]}]
    return result or None


def spread(endpoints: Sequence[Object], cpu: Mapping[str, float]) -> list[str]:
    """The zone that each endpoint is meant for, "" where there is none; all "" when spreading makes no sense."""
    ready = [index for index, endpoint in enumerate(endpoints) if endpoint["conditions"].get("ready")]
    least = _least(len(ready), cpu)
    chosen = [""] * len(endpoints)
    if least is None or any(not endpoints[index].get("zone") for index in ready):
        return chosen
    most = {zone: count + len(ready) - sum(least.values()) for zone, count in least.items()}
    given: dict[str, list[int]] = {zone: [] for zone in least}
    left: list[int] = []
    for index in ready:
        zone = endpoints[index]["zone"]
        if zone in given and len(given[zone]) < most[zone]:
            given[zone].append(index)
        else:
            left.append(index)
    for zone in sorted(given):
        while len(given[zone]) < least[zone]:
            richest = max(sorted(given), key=lambda other: len(given[other]) - least[other])
            given[zone].append(left.pop(0) if left else given[richest].pop())
    share = {zone: cores * len(ready) / sum(cpu.values()) for zone, cores in cpu.items()}
    for index in left:
        poorest = min(sorted(given), key=lambda zone: len(given[zone]) - share[zone])
        given[poorest].append(index)
    for zone, indexes in given.items():
        for index in indexes:
            chosen[index] = zone
    return chosen


def _least(count: int, cpu: Mapping[str, float]) -> dict[str, int] | None:
    """Fewest endpoints that each zone has to get so as not to be overloaded; None when that cannot be."""
    total = sum(cpu.values())
    if len(cpu) < 2 or len(cpu) > count or not all(cpu.values()):
        return None
    least = {zone: math.ceil(count * cores / total / (1 + OVERLOAD) - 1e-9) for zone, cores in cpu.items()}
    return least if sum(least.values()) <= count else None
