"""The Endpoints decision: the subsets of one Service (pkg/controller/endpoint/endpoints_controller.go).

Pods that terminate are left out; an address is in `notReadyAddresses` while its pod is not ready; addresses with the
same ports share a subset. Only the service's first IP family is shown. At most 1,000 addresses are kept, ready ones
first, and the object then says so.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any

from simulator.controllers.endpoints.addressing import HEADLESS, TRIGGER_TIME, Port, Resolver, belongs, headless
from simulator.controllers.pods import Pod

CAPACITY = 1000
MANAGED_BY = "endpoints.kubernetes.io/managed-by"
CONTROLLER = "endpoint-controller"
OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"

Object = dict[str, Any]


def subsets(service: Object, pods: Sequence[Pod]) -> tuple[list[Object], bool]:
    """The subsets, and whether addresses had to be left out."""
    unready_too = bool((service.get("spec") or {}).get("publishNotReadyAddresses"))
    resolve = Resolver(service)
    family = ((service.get("spec") or {}).get("ipFamilies") or ["IPv4"])[0]
    chosen = [pod for pod in pods if belongs(pod, include_terminating=unready_too) and pod.address(family)]
    chosen = [pod for pod in chosen if resolve(pod) or headless(service)]
    truncated = len(chosen) > CAPACITY
    if truncated:
        chosen.sort(key=lambda pod: not (pod.ready or unready_too))
        del chosen[CAPACITY:]
    found: dict[tuple[Port, ...], tuple[list[Object], list[Object]]] = {}
    for pod in sorted(chosen, key=lambda pod: (_numeric(pod.address(family)), pod.name)):
        ready, unready = found.setdefault(resolve(pod), ([], []))
        (ready if pod.ready or unready_too else unready).append(_address(service, pod, pod.address(family)))
    return [_subset(ports, *addresses) for ports, addresses in found.items()], truncated


def desired(service: Object, pods: Sequence[Pod], existing: Object | None, trigger_time: str | None) -> Object:
    """The whole Endpoints object as it should be; equal to `existing` when there is nothing to write.

    When neither subsets nor labels change, the annotations stay as they are (the controller then writes nothing).
    """
    found, truncated = subsets(service, pods)
    labels = dict(service["metadata"].get("labels") or {})
    labels.pop(HEADLESS, None)
    if headless(service):
        labels[HEADLESS] = ""
    labels[MANAGED_BY] = CONTROLLER
    old = (existing or {}).get("metadata") or {}
    annotations = dict(old.get("annotations") or {})
    unchanged = existing is not None and (existing.get("subsets") or []) == found and old.get("labels") == labels
    if not unchanged:
        _set(annotations, TRIGGER_TIME, trigger_time)
        _set(annotations, OVER_CAPACITY, "truncated" if truncated else None)
    metadata = {
        **old,
        "name": service["metadata"]["name"],
        "namespace": service["metadata"]["namespace"],
        "labels": labels,
        "annotations": annotations,
    }
    result: Object = {**(existing or {}), "metadata": metadata}
    result.pop("subsets", None)
    if found:
        result["subsets"] = found
    return result


def _set(annotations: dict[str, str], key: str, value: str | None) -> None:
    if value is None:
        annotations.pop(key, None)
    else:
        annotations[key] = value


def _numeric(address: str) -> tuple[int, ...]:
    return tuple(ipaddress.ip_address(address).packed)


def _address(service: Object, pod: Pod, address: str) -> Object:
    result: Object = {"ip": address}
    if pod.hostname and pod.subdomain == service["metadata"]["name"]:
        result["hostname"] = pod.hostname
    if pod.node:
        result["nodeName"] = pod.node
    result["targetRef"] = {"kind": "Pod", "namespace": pod.namespace, "name": pod.name, "uid": pod.uid}
    return result


def _subset(ports: tuple[Port, ...], ready: list[Object], unready: list[Object]) -> Object:
    result: Object = {}
    if ready:
        result["addresses"] = ready
    if unready:
        result["notReadyAddresses"] = unready
    if ports:
        result["ports"] = [_port(port) for port in ports]
    return result


def _port(port: Port) -> Object:
    result: Object = {"name": port.name} if port.name else {}
    result.update({"port": port.port, "protocol": port.protocol})
    if port.app_protocol:
        result["appProtocol"] = port.app_protocol
    return result
