"""What to follow of a cluster, given what the token may do. Pure.

Cluster-wide where it may, else one watch for each namespace that sources are in. EndpointSlices where they may be read,
else Endpoints. What may be read nowhere is followed all the same: the refusal then shows as a state, and ends when the
rights are given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import msgspec

from edge.kube.resources import ENDPOINTS, NAMESPACES, SERVICES, SLICES, Resource

ABSENT = "absent"
"""Stands among missing verbs for: the API server does not have this resource."""

Access: TypeAlias = Mapping[tuple[str, str], tuple[str, ...]]
"""(resource name, namespace or "" for all) to the verbs that are missing; empty where all is allowed."""

SINGLE_NAMESPACES = 200
"""The most namespaces that are followed one by one."""


class Target(NamedTuple):
    """One watch: a resource in a namespace, or everywhere."""

    resource: Resource[Any]
    namespace: str = ""


class Plan(msgspec.Struct, frozen=True):
    """What to follow; what works only in part; and, when services or endpoints can be read nowhere, what is missing."""

    targets: tuple[Target, ...]
    warnings: tuple[str, ...] = ()
    missing: str = ""
    namespaced: bool = False

    @property
    def complete(self) -> bool:
        """Whether nothing more could be followed with more rights."""
        return not self.warnings and not self.missing


def make(access: Access, namespaces: Sequence[str]) -> Plan:
    """The plan for a token with this `access` when sources are in `namespaces`."""
    targets: list[Target] = []
    warnings: list[str] = []
    missing: list[str] = []
    if lacks := access.get((NAMESPACES.name, ""), ()):
        warnings.append(
            f"The token may not {_verbs(lacks)} namespaces; namespaces are offered only where services are known."
        )
    else:
        targets.append(Target(NAMESPACES))
    if len(namespaces) > SINGLE_NAMESPACES:
        warnings.append(f"Of {len(namespaces)} namespaces {SINGLE_NAMESPACES} are followed; allow it cluster-wide.")
        namespaces = namespaces[:SINGLE_NAMESPACES]
    for choice in ((SERVICES,), (SLICES, ENDPOINTS)):
        chosen = _choose(access, choice, namespaces)
        targets.extend(chosen)
        if not any(not access.get((one.resource.name, one.namespace), ()) for one in chosen):
            missing.append(_needs(access, choice[0], ""))
        else:
            warnings.extend(_shortcomings(access, choice, chosen))
    said = f"The token lacks {' and '.join(missing)}. Add the verbs to its role." if missing else ""
    namespaced = any(one.namespace for one in targets) or bool(missing)
    return Plan(tuple(dict.fromkeys(targets)), tuple(warnings), said, namespaced)


def _choose(access: Access, choice: Sequence[Resource[Any]], namespaces: Iterable[str]) -> list[Target]:
    for resource in choice:
        if not access.get((resource.name, ""), (ABSENT,)):
            return [Target(resource)]
    chosen: list[Target] = []
    useful = False
    for namespace in namespaces:
        allowed = [one for one in choice if not access.get((one.name, namespace), (ABSENT,))]
        useful = useful or bool(allowed)
        chosen.append(Target(allowed[0] if allowed else choice[0], namespace))
    return chosen if useful else [Target(choice[0])]


def _shortcomings(access: Access, choice: Sequence[Resource[Any]], chosen: Sequence[Target]) -> Iterable[str]:
    if any(one.namespace for one in chosen):
        yield (
            f"The token lacks {_needs(access, choice[0], '')}; "
            "the namespaces of the upstreams are followed one by one instead."
        )
    for one in chosen:
        if access.get((one.resource.name, one.namespace), ()):
            yield f"The token lacks {_needs(access, one.resource, one.namespace)}; its endpoints cannot be followed."
    if fallback := [one for one in chosen if one.resource is not choice[0]]:
        yield (
            f"The token lacks {_needs(access, choice[0], fallback[0].namespace)}, so the older Endpoints are followed: "
            "at most 1,000 addresses for each service, without zones and without pods that are terminating."
        )


def _needs(access: Access, resource: Resource[Any], namespace: str) -> str:
    """What is missing, as a person would write it into a role."""
    lacks = access.get((resource.name, namespace), ()) or ("list", "watch")
    group = f" (API group {resource.group})" if resource.group else ""
    where = f" in namespace {namespace}" if namespace else " in the whole cluster"
    if ABSENT in lacks:
        return f"{resource.name}{group}, which this API server does not have"
    return f"{_verbs(lacks)} on {resource.name}{group}{where}"


def _verbs(verbs: Sequence[str]) -> str:
    return " and ".join(verb for verb in verbs if verb != ABSENT) or "read"
