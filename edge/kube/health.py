"""How the following of a cluster goes, in one word and a sentence. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, Protocol, TypeAlias

import msgspec

from edge.kube.fault import Fault, Reason
from edge.kube.plan import Plan, Target
from edge.kube.resources import ENDPOINTS, NAMESPACES, SERVICES, SLICES, Key

ClusterState: TypeAlias = Literal[
    "connecting", "connected", "unauthorized", "forbidden", "unreachable", "tls_error", "failing"
]

_STATES: Mapping[Reason, ClusterState] = {
    "unauthorized": "unauthorized",
    "tls": "tls_error",
    "unreachable": "unreachable",
    "forbidden": "forbidden",
}
_WORST_FIRST: tuple[Reason, ...] = ("unauthorized", "tls", "unreachable", "forbidden")
_ROLES = ((SERVICES,), (SLICES, ENDPOINTS))


class Health(msgspec.Struct, frozen=True):
    """The state of a cluster, what is wrong and what to do, and what works only in part."""

    state: ClusterState = "connecting"
    message: str = ""
    warnings: tuple[str, ...] = ()


class Followed(Protocol):
    """What is read of a reflector."""

    @property
    def synced(self) -> bool: ...
    @property
    def live(self) -> bool: ...
    @property
    def fault(self) -> Fault | None: ...
    @property
    def trouble(self) -> Fault | None: ...
    @property
    def unreadable(self) -> Mapping[Key, str]: ...


def of_fault(fault: Fault) -> Health:
    """The health of a cluster about which nothing but this is known."""
    return Health(_STATES.get(fault.reason, "failing"), _advised(fault))


def of_plan(plan: Plan) -> Health:
    """The health that a token's rights alone promise."""
    return Health("forbidden", plan.missing, plan.warnings) if plan.missing else Health("connected", "", plan.warnings)


def assess(plan: Plan, followed: Sequence[tuple[Target, Followed]], before: Health) -> Health:
    """The health of a cluster that is followed by `plan`.

    Connected means: services are live somewhere, so are endpoints, and every first list is in or refused. While
    something is still awaited that has not failed, a connected cluster stays connected and others are connecting.
    """
    warnings = (*plan.warnings, *_warnings(followed))
    faults: list[Fault] = []
    awaited = any(not one.synced and one.fault is None for _, one in followed)
    for role in _ROLES:
        feeds = [one for target, one in followed if target.resource in role]
        if any(one.live for one in feeds):
            continue
        failed = [one.fault for one in feeds if one.fault is not None]
        faults.extend(failed)
        awaited = awaited or not failed
    if faults:
        worst = min(faults, key=_rank)
        state = _STATES.get(worst.reason, "failing")
        message = plan.missing if state == "forbidden" and plan.missing else _advised(worst)
        return Health(state, message, warnings)
    if awaited:
        return Health("connected" if before.state == "connected" else "connecting", "", warnings)
    return Health("connected", "", warnings)


def _rank(fault: Fault) -> int:
    return _WORST_FIRST.index(fault.reason) if fault.reason in _WORST_FIRST else len(_WORST_FIRST)


def _advised(fault: Fault) -> str:
    if fault.reason == "unauthorized" and fault.code == 401:
        return f"the token is not accepted: {fault.message}; give a token that is valid"
    return fault.message


def _warnings(followed: Iterable[tuple[Target, Followed]]) -> Iterable[str]:
    for target, one in followed:
        where = f" in namespace {target.namespace}" if target.namespace else ""
        if one.fault is not None and (target.namespace or target.resource is NAMESPACES):
            yield f"Reading {target.resource.name}{where} fails: {one.fault.message}"
        if one.trouble is not None:
            yield f"Watching {target.resource.name}{where} keeps breaking: {one.trouble.message}"
        if one.unreadable:
            (namespace, name), why = next(iter(one.unreadable.items()))
            yield (
                f"{len(one.unreadable)} of the {target.resource.name}{where} cannot be read, "
                f"first {namespace}/{name}: {why}"
            )
