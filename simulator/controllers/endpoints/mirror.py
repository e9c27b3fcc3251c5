"""The mirroring decision: EndpointSlices for an Endpoints object that somebody else keeps.

Source: pkg/controller/endpointslicemirroring. One slice for each subset and address family, at most 1,000 addresses of
a subset; a slice with the same ports and family is updated in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from simulator.controllers.cluster import owner_reference
from simulator.controllers.endpoints.addressing import TRIGGER_TIME
from simulator.controllers.endpoints.slices import MANAGED_BY, SERVICE_NAME, Plan

CONTROLLER = "endpointslicemirroring-controller.k8s.io"
SKIP = "endpointslice.kubernetes.io/skip-mirror"
LEADER = "control-plane.alpha.kubernetes.io/leader"
CAPACITY = 1000
_NOT_COPIED = (TRIGGER_TIME, "kubectl.kubernetes.io/last-applied-configuration")

Object = dict[str, Any]


def mirrored(endpoints: Object, service: Object | None) -> bool:
    """Whether these Endpoints are mirrored: their Service has no selector, and nothing says not to."""
    metadata = endpoints["metadata"]
    if service is None or (service.get("spec") or {}).get("selector"):
        return False
    if str((metadata.get("labels") or {}).get(SKIP, "")).lower() in ("true", "1", "t"):
        return False
    return LEADER not in (metadata.get("annotations") or {}) and not metadata.get("deletionTimestamp")


def plan(endpoints: Object, existing: Sequence[Object]) -> Plan:
    """What to write so that `existing` slices say what `endpoints` says."""
    result = Plan()
    left = {_key(found): found for found in existing}
    for wanted in _wanted(endpoints):
        found = left.pop(_key(wanted), None)
        if found is None:
            result.create.append(wanted)
            continue
        metadata = {**found["metadata"], **{name: wanted["metadata"][name] for name in ("labels", "annotations")}}
        changed = {**found, "metadata": metadata, "endpoints": wanted["endpoints"]}
        if _content(changed) != _content(found):
            result.update.append(changed)
    kept = [_key(one) for one in (*result.update, *result.create)]
    result.delete = [found for found in existing if _key(found) in left and _key(found) not in kept]
    return result


def _wanted(endpoints: Object) -> list[Object]:
    metadata = endpoints["metadata"]
    labels = {**(metadata.get("labels") or {}), MANAGED_BY: CONTROLLER, SERVICE_NAME: metadata["name"]}
    annotations = {k: v for k, v in (metadata.get("annotations") or {}).items() if k not in _NOT_COPIED}
    found: dict[bytes, Object] = {}
    for subset in endpoints.get("subsets") or []:
        ports = [_port(port) for port in subset.get("ports") or []]
        listed = [(one, True) for one in subset.get("addresses") or []]
        listed += [(one, False) for one in subset.get("notReadyAddresses") or []]
        for address, ready in listed[:CAPACITY]:
            made: Object = {
                "metadata": {
                    "generateName": f"{metadata['name']}-",
                    "namespace": metadata["namespace"],
                    "labels": dict(sorted(labels.items())),
                    "annotations": annotations,
                    "ownerReferences": [owner_reference(endpoints)],
                },
                "addressType": "IPv6" if ":" in address.get("ip", "") else "IPv4",
                "endpoints": [],
                "ports": ports,
            }
            found.setdefault(_key(made), made)["endpoints"].append(_endpoint(address, ready))
    return list(found.values())


def _endpoint(address: Object, ready: bool) -> Object:
    result: Object = {"addresses": [address.get("ip", "")], "conditions": {"ready": ready}}
    for name in ("hostname", "targetRef", "nodeName"):
        if address.get(name):
            result[name] = address[name]
    return result


def _port(port: Object) -> Object:
    result: Object = {"name": port.get("name") or "", "protocol": port.get("protocol") or "TCP", "port": port["port"]}
    if port.get("appProtocol"):
        result["appProtocol"] = port["appProtocol"]
    return result


def _key(found: Object) -> bytes:
    """Slices with the same ports and family take each other's place."""
    ports = sorted(msgspec.json.encode(port, order="deterministic") for port in found.get("ports") or [])
    return b"".join((found["addressType"].encode(), *ports))


def _content(found: Object) -> list[Any]:
    metadata = found["metadata"]
    return [metadata.get("labels") or {}, metadata.get("annotations") or {}, found.get("endpoints") or []]
