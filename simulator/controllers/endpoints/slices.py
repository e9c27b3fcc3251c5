"""The EndpointSlice decision: which slices to create, update and delete for one Service.

Words. A *port set* is what a service's ports resolve to on a pod; pods with different port sets are in different
slices. A *placeholder* is the slice without endpoints and ports that a service without endpoints keeps.

Rules (k8s.io/endpointslice reconciler.go and utils.go):
- An endpoint has all three conditions set: serving = pod ready, terminating = being deleted, ready = serving and not
  terminating (or always, with publishNotReadyAddresses).
- First existing slices lose what is gone and take over what changed, in place. What is new then fills slices that
  change anyway (fullest first), then the fullest unchanged slice that takes all of the rest, then new slices. At most
  100 endpoints a slice; slices are never rebalanced.
- A slice that would be deleted while another would be created is updated instead.
- A service has slices of its own in each of its IP families; a pod is in those in which it has an address.
- Written in the order create, update, delete, so an address may for a moment be in two slices, but never in none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from simulator.controllers.endpoints.addressing import HEADLESS, TRIGGER_TIME, Port, Resolver, belongs, headless
from simulator.controllers.endpoints.hints import hints
from simulator.controllers.pods import Pod

CAPACITY = 100
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
CONTROLLER = "endpointslice-controller.k8s.io"
SERVICE_NAME = "kubernetes.io/service-name"

Object = dict[str, Any]
Identity = tuple[str, str]  # address, pod name
PortSet = tuple[Port, ...]


class Plan(msgspec.Struct):
    """Objects to write, in this order; `delete` are names."""

    create: list[Object] = msgspec.field(default_factory=list)
    update: list[Object] = msgspec.field(default_factory=list)
    delete: list[Object] = msgspec.field(default_factory=list)


def plan(
    service: Object,
    pods: Sequence[Pod],
    zones: Mapping[str, str],
    existing: Sequence[Object],
    trigger_time: str | None,
    cpu: Mapping[str, float] | None = None,
) -> Plan:
    """What to write for `service`. `zones` is node → zone ("" when it has none); a pod on no known node is left out.

    `cpu` is zone → cores of its ready nodes, for hints in proportion.
    """
    given, existing = existing, [_without_hints(found) for found in existing]
    result = Plan()
    for family in (service.get("spec") or {}).get("ipFamilies") or ["IPv4"]:
        slices = [found for found in existing if found.get("addressType") == family]
        desired = _desired(service, pods, zones, family)
        _family(result, service, family, desired, slices, trigger_time)
    families = (service.get("spec") or {}).get("ipFamilies") or ["IPv4"]
    result.delete += [found for found in existing if found.get("addressType") not in families]
    _hint(result, service, given, existing, cpu or {})
    return result


def _without_hints(found: Object) -> Object:
    endpoints = found.get("endpoints") or ()
    if not any("hints" in endpoint for endpoint in endpoints):
        return found
    bare = [{name: value for name, value in endpoint.items() if name != "hints"} for endpoint in endpoints]
    return {**found, "endpoints": bare}


def _hint(
    result: Plan, service: Object, given: Sequence[Object], existing: Sequence[Object], cpu: Mapping[str, float]
) -> None:
    """Give all endpoints their hints, also those of slices that did not change otherwise."""
    written = {found["metadata"]["uid"] for found in (*result.update, *result.delete)}
    kept = [pair for pair in zip(given, existing, strict=True) if pair[0]["metadata"]["uid"] not in written]
    slices = [*(bare for _, bare in kept), *result.update, *result.create]
    found = hints(service, [endpoint for one in slices for endpoint in one.get("endpoints") or ()], cpu)
    if not any(found) and not any(before is not bare for before, bare in kept):
        return
    remaining = iter(found)
    hinted = []
    for one in slices:
        pairs = [(endpoint, next(remaining)) for endpoint in one.get("endpoints") or ()]
        hinted.append([{**endpoint, "hints": hint} if hint else endpoint for endpoint, hint in pairs])
    for one, endpoints in zip(slices[len(kept) :], hinted[len(kept) :], strict=True):
        one["endpoints"] = endpoints or None
    for (before, _), endpoints in zip(kept, hinted, strict=False):
        if (before.get("endpoints") or []) != endpoints:
            result.update.append({**before, "endpoints": endpoints})


def _desired(
    service: Object, pods: Sequence[Pod], zones: Mapping[str, str], family: str
) -> dict[PortSet, dict[Identity, Object]]:
    found: dict[PortSet, dict[Identity, Object]] = {}
    resolve = Resolver(service)
    for pod in pods:
        address = pod.address(family)
        if address and belongs(pod, include_terminating=True) and pod.node in zones:
            ports = tuple(sorted(resolve(pod), key=_port_order))
            found.setdefault(ports, {})[(address, pod.name)] = endpoint(service, pod, address, zones[pod.node])
    return found


def _port_order(port: Port) -> tuple[str, str, int, str]:
    return (port.name, port.protocol, port.port, port.app_protocol)


def endpoint(service: Object, pod: Pod, address: str, zone: str) -> Object:
    """One endpoint, its fields in Kubernetes' order."""
    spec = service.get("spec") or {}
    ready = bool(spec.get("publishNotReadyAddresses")) or (pod.ready and not pod.terminating)
    result: Object = {
        "addresses": [address],
        "conditions": {"ready": ready, "serving": pod.ready, "terminating": pod.terminating},
    }
    if pod.hostname and pod.subdomain == service["metadata"]["name"]:
        result["hostname"] = pod.hostname
    result["targetRef"] = {"kind": "Pod", "namespace": pod.namespace, "name": pod.name, "uid": pod.uid}
    result["nodeName"] = pod.node
    if zone:
        result["zone"] = zone
    return result


def _family(
    result: Plan,
    service: Object,
    family: str,
    desired: dict[PortSet, dict[Identity, Object]],
    existing: Sequence[Object],
    trigger_time: str | None,
) -> None:
    by_ports: dict[PortSet, list[Object]] = {}
    for found in existing:
        by_ports.setdefault(_ports_of(found), []).append(found)
    create: list[Object] = []
    update: list[Object] = []
    delete: list[Object] = []
    for ports, endpoints in desired.items():
        _port_set(service, family, ports, endpoints, by_ports.pop(ports, []), create, update, delete)
    for unwanted in by_ports.values():
        delete += unwanted
    if len(delete) == len(existing) and not create:
        placeholder = _new(service, family, (), [])
        if len(delete) == 1 and _same(delete[0], placeholder):
            delete.clear()
        else:
            create.append(placeholder)
    while create and delete:
        reused, new = delete.pop(0), create.pop(0)
        update.append(_changed(reused, service, new["endpoints"] or [], new["ports"]))
    for found in (*create, *update):
        _mark(found, trigger_time)
    result.create += create
    result.update += update
    result.delete += delete


def _port_set(
    service: Object,
    family: str,
    ports: PortSet,
    desired: dict[Identity, Object],
    existing: Sequence[Object],
    create: list[Object],
    update: list[Object],
    delete: list[Object],
) -> None:
    left = dict(desired)
    changed: list[tuple[Object, list[Object]]] = []
    unchanged: list[Object] = []
    labels = labels_of(service)
    for found in existing:
        kept = [left.pop(key) for key in map(_identity, found.get("endpoints") or ()) if key in left]
        if kept == (found.get("endpoints") or []) and (found["metadata"].get("labels") or {}) == labels:
            unchanged.append(found)
        else:
            changed.append((found, kept))
    rest = list(left.values())
    changed.sort(key=lambda pair: -len(pair[1]))
    for _, kept in changed:
        room = CAPACITY - len(kept)
        kept += rest[:room]
        del rest[:room]
    while rest:
        fitting = _best_fit(unchanged, len(rest)) if len(rest) < CAPACITY else None
        if fitting is not None:
            unchanged.remove(fitting)
            changed.append((fitting, [*(fitting.get("endpoints") or ()), *rest]))
            break
        create.append(_new(service, family, ports, rest[:CAPACITY]))
        del rest[:CAPACITY]
    for found, kept in changed:
        if kept:
            update.append(_changed(found, service, kept, _port_objects(ports)))
        else:
            delete.append(found)


def _best_fit(slices: Iterable[Object], count: int) -> Object | None:
    """The fullest slice that takes all `count` endpoints."""
    fitting = [found for found in slices if len(found.get("endpoints") or ()) + count <= CAPACITY]
    return max(fitting, key=lambda found: len(found.get("endpoints") or ()), default=None)


def labels_of(service: Object) -> dict[str, str]:
    """The slice's labels: the service's own (never a reserved one), and the controller's."""
    reserved = (MANAGED_BY, SERVICE_NAME, HEADLESS)
    labels = {k: v for k, v in (service["metadata"].get("labels") or {}).items() if k not in reserved}
    labels[MANAGED_BY] = CONTROLLER
    labels[SERVICE_NAME] = service["metadata"]["name"]
    if headless(service):
        labels[HEADLESS] = ""
    return dict(sorted(labels.items()))


def _identity(found: Object) -> Identity:
    return (found["addresses"][0], (found.get("targetRef") or {}).get("name", ""))


def _ports_of(found: Object) -> PortSet:
    ports = (
        Port(p.get("name") or "", p.get("protocol") or "TCP", p.get("port") or 0, p.get("appProtocol") or "")
        for p in found.get("ports") or ()
    )
    return tuple(sorted(ports, key=_port_order))


def _port_objects(ports: PortSet) -> list[Object] | None:
    result: list[Object] = []
    for port in ports:
        entry: Object = {"name": port.name, "protocol": port.protocol, "port": port.port}
        if port.app_protocol:
            entry["appProtocol"] = port.app_protocol
        result.append(entry)
    return result or None


def _new(service: Object, family: str, ports: PortSet, endpoints: list[Object]) -> Object:
    metadata = service["metadata"]
    owner = {
        "apiVersion": "v1",
        "kind": "Service",
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    return {
        "metadata": {
            "generateName": f"{metadata['name']}-",
            "namespace": metadata["namespace"],
            "labels": labels_of(service),
            "ownerReferences": [owner],
        },
        "addressType": family,
        "endpoints": endpoints or None,
        "ports": _port_objects(ports),
    }


def _changed(found: Object, service: Object, endpoints: list[Object], ports: list[Object] | None) -> Object:
    metadata = {**found["metadata"], "labels": labels_of(service)}
    return {**found, "metadata": metadata, "endpoints": endpoints or None, "ports": ports}


def _mark(found: Object, trigger_time: str | None) -> None:
    annotations = dict(found["metadata"].get("annotations") or {})
    if trigger_time is None:
        annotations.pop(TRIGGER_TIME, None)
    else:
        annotations[TRIGGER_TIME] = trigger_time
    found["metadata"]["annotations"] = annotations


def _same(found: Object, placeholder: Object) -> bool:
    return (
        not found.get("endpoints")
        and not found.get("ports")
        and (found["metadata"].get("labels") or {}) == placeholder["metadata"]["labels"]
    )
