"""What of a Service's pods becomes an endpoint: shared by the EndpointSlice and the Endpoints controller.

Sources: k8s.io/endpointslice utils.go (podToEndpoint, getEndpointPorts), util/controller_utils.go
(ShouldPodBeInEndpoints), and pkg/controller/util/endpoint trigger_time_tracker.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from simulator.controllers.pods import ContainerPort, Pod

TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time"
HEADLESS = "service.kubernetes.io/headless"


class Port(msgspec.Struct, frozen=True):
    """A service port as it resolves on one pod."""

    name: str
    protocol: str
    port: int
    app_protocol: str = ""


def selects(service: Mapping[str, Any]) -> dict[str, str] | None:
    """The service's selector, None when its endpoints are not managed (none, or an ExternalName)."""
    spec = service.get("spec") or {}
    selector: dict[str, str] = spec.get("selector") or {}
    return selector if selector and spec.get("type") != "ExternalName" else None


def belongs(pod: Pod, include_terminating: bool) -> bool:
    """Whether the pod is an endpoint at all: it has an address and has not ended."""
    if not pod.ip or pod.phase in ("Succeeded", "Failed"):
        return False
    return include_terminating or not pod.terminating


class Resolver:
    """Resolves a service's ports on pods; pods with the same container ports resolve the same."""

    def __init__(self, service: Mapping[str, Any]) -> None:
        self._ports: list[Mapping[str, Any]] = (service.get("spec") or {}).get("ports") or []
        self._known: dict[tuple[ContainerPort, ...], tuple[Port, ...]] = {}

    def __call__(self, pod: Pod) -> tuple[Port, ...]:
        """The ports on this pod; a named target port that the pod has not is left out."""
        found = self._known.get(pod.ports)
        if found is None:
            found = self._known[pod.ports] = self._resolve(pod)
        return found

    def _resolve(self, pod: Pod) -> tuple[Port, ...]:
        found: list[Port] = []
        for port in self._ports:
            protocol = port.get("protocol") or "TCP"
            number = _target(port, protocol, pod)
            if number is not None:
                found.append(Port(port.get("name") or "", protocol, number, port.get("appProtocol") or ""))
        return tuple(found)


def _target(port: Mapping[str, Any], protocol: str, pod: Pod) -> int | None:
    target = port.get("targetPort")
    if isinstance(target, str) and not target.isdigit():
        named = (p.container_port for p in pod.ports if p.name == target and p.protocol == protocol)
        return next(named, None)
    return int(target or port["port"])


def headless(service: Mapping[str, Any]) -> bool:
    return (service.get("spec") or {}).get("clusterIP") in ("None", "", None)


class TriggerTimes:
    """When the change that a sync shows began: the earliest new readiness of a pod, or the service's creation.

    A sync in which no pod turned ready and no service is new has no trigger time, and loses the annotation.
    """

    def __init__(self) -> None:
        self._seen: dict[str, tuple[str, dict[str, str]]] = {}

    def change(self, key: str, service_created: str, pods: Iterable[Pod]) -> str | None:
        """The trigger time of this sync of service `key`; remembers what it has seen."""
        times = {pod.name: pod.ready_since for pod in pods if pod.ready_since}
        last_service, last_pods = self._seen.get(key, ("", {}))
        changed = [time for name, time in times.items() if time > last_pods.get(name, "")]
        if service_created > last_service:
            changed.append(service_created)
        self._seen[key] = (service_created, times)
        return min(changed, default=None)

    def forget(self, key: str) -> None:
        self._seen.pop(key, None)
