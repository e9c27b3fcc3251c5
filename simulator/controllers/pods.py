"""A pod as controllers see it: what they decide by, and nothing else (a decoded pod is 28 KB, this is under 1 KB)."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from sys import intern

import msgspec

from simulator import clock
from simulator.objects.record import Record

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"


class ContainerPort(msgspec.Struct, frozen=True, rename="camel"):
    """A port that a container says it listens on."""

    container_port: int = 0
    name: str = ""
    protocol: str = "TCP"


class Pod(msgspec.Struct, frozen=True):
    """Times are RFC 3339 strings as stored, "" when there is none."""

    key: str
    namespace: str
    name: str
    uid: str
    labels: dict[str, str]
    owner: str
    created: str
    node: str
    ip: str
    phase: str
    ready: bool
    ready_since: str
    terminating: bool
    deletion_cost: int
    restarts: int
    ports: tuple[ContainerPort, ...]
    hostname: str
    subdomain: str
    more_ips: tuple[str, ...] = ()
    """Addresses beside `ip`, of the other family."""

    def wait(self, minimum: int, now: datetime) -> float:
        """Seconds until it is available when it is ready (`minReadySeconds` is `minimum`); at most 0 when it is."""
        if not minimum or not self.ready_since:
            return 0.0
        return minimum - (now - clock.parse(self.ready_since)).total_seconds()

    def address(self, family: str) -> str:
        """Its address in IPv4 or IPv6, "" when it has none."""
        six = family == "IPv6"
        if not self.more_ips:
            return self.ip if (":" in self.ip) is six else ""
        return next((one for one in (self.ip, *self.more_ips) if one and (":" in one) is six), "")

    @property
    def active(self) -> bool:
        """Counts as a replica: neither ended nor ending (controller_utils.go IsPodActive)."""
        return self.phase not in ("Succeeded", "Failed") and not self.terminating


class _Owner(msgspec.Struct):
    uid: str = ""
    controller: bool = False


class _Meta(msgspec.Struct, rename="camel"):
    creation_timestamp: str = ""
    deletion_timestamp: str | None = None
    annotations: dict[str, str] | None = None
    owner_references: list[_Owner] | None = None


class _Container(msgspec.Struct):
    ports: list[ContainerPort] | None = None


class _Spec(msgspec.Struct, rename="camel"):
    containers: list[_Container] | None = None
    node_name: str | None = None
    hostname: str | None = None
    subdomain: str | None = None


class _Condition(msgspec.Struct, rename="camel"):
    type: str = ""
    status: str = ""
    last_transition_time: str | None = None


class _ContainerStatus(msgspec.Struct, rename="camel"):
    restart_count: int = 0


class _Address(msgspec.Struct):
    ip: str = ""


class _Status(msgspec.Struct, rename="camel"):
    phase: str = ""
    pod_ips: list[_Address] | None = msgspec.field(default=None, name="podIPs")
    pod_ip: str = msgspec.field(default="", name="podIP")
    conditions: list[_Condition] | None = None
    container_statuses: list[_ContainerStatus] | None = None


class _Body(msgspec.Struct):
    metadata: _Meta
    spec: _Spec = msgspec.field(default_factory=_Spec)
    status: _Status = msgspec.field(default_factory=_Status)


_decoder = msgspec.json.Decoder(_Body)


def read(record: Record) -> Pod:
    """A stored pod's view; shares what it can with the record and with other pods.

    Raises msgspec.ValidationError for an object that is no pod at all.
    """
    pod = _decoder.decode(record.body)
    meta, spec, status = pod.metadata, pod.spec, pod.status
    ready = next((c for c in status.conditions or () if c.type == "Ready" and c.status == "True"), None)
    return Pod(
        key=record.key,
        namespace=record.namespace,
        name=record.name,
        uid=record.uid,
        labels=record.labels,
        owner=intern(next((o.uid for o in meta.owner_references or () if o.controller), "")),
        created=intern(meta.creation_timestamp),
        node=intern(spec.node_name or ""),
        ip=status.pod_ip,
        phase=intern(status.phase),
        ready=ready is not None,
        ready_since=intern((ready.last_transition_time or "") if ready else ""),
        terminating=meta.deletion_timestamp is not None,
        deletion_cost=_cost((meta.annotations or {}).get(DELETION_COST)),
        restarts=max((s.restart_count for s in status.container_statuses or ()), default=0),
        ports=_shared(tuple(port for container in spec.containers or () for port in container.ports or ())),
        hostname=spec.hostname or "",
        subdomain=spec.subdomain or "",
        more_ips=tuple(one.ip for one in status.pod_ips or () if one.ip != status.pod_ip),
    )


@lru_cache(maxsize=1024)
def _shared(ports: tuple[ContainerPort, ...]) -> tuple[ContainerPort, ...]:
    """The same ports as one object for all pods."""
    return ports


def _cost(text: str | None) -> int:
    """An unreadable cost counts as 0 (controller_utils.go: the API server refuses those anyway)."""
    try:
        return int(text) if text else 0
    except ValueError:
        return 0
