"""What else a Service, its Endpoints and its EndpointSlices must satisfy: addresses, node ports, traffic policies.

Sources: pkg/apis/core/validation, pkg/apis/discovery/validation, pkg/registry/core/service (allocators).
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from simulator.errors import Cause, invalid
from simulator.kinds import families, services
from simulator.objects.resource import Object
from simulator.objects.validation import (
    SAYS_SUBDOMAIN,
    SUBDOMAIN,
    bad,
    duplicate,
    forbidden_field,
    required,
    unsupported,
)

if TYPE_CHECKING:
    from simulator.store.store import Store

SAYS_ADDRESS = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
TRAFFIC = ("Cluster", "Local")
WITH_NODE_PORTS = ("NodePort", "LoadBalancer")


def prepare_service(store: Store, obj: Object, old: Object | None) -> None:
    """Refuse node ports that cannot be had, then allocate what was not asked for."""
    from simulator.kinds.table import RESOURCES  # the table is made of this module's rows

    row = RESOURCES.of("v1", "Service")
    asked = _node_ports(obj) if (obj.get("spec") or {}).get("type") in WITH_NODE_PORTS else []
    new = [(index, port) for index, port in asked if port not in [known for _, known in _node_ports(old or {})]]
    if new:
        taken = {port for other in store.list(row) for _, port in _node_ports(other)}
        causes = [_node_port_problem(index, port, taken) for index, port in new]
        problems = [cause for cause in causes if cause is not None]
        if problems:
            raise invalid(row, obj["metadata"].get("name", ""), problems)
    services.prepare_service(store, obj, old)


def _node_ports(obj: Object) -> list[tuple[int, int]]:
    ports = (obj.get("spec") or {}).get("ports") or ()
    return [(index, port["nodePort"]) for index, port in enumerate(ports) if port.get("nodePort")]


def _node_port_problem(index: int, port: int, taken: set[int]) -> Cause | None:
    field, known = f"spec.ports[{index}].nodePort", services.NODE_PORTS
    if port not in known:
        why = f"provided port is not in the valid range. The range of valid ports is {known[0]}-{known[-1]}"
        return bad(field, port, why)
    return bad(field, port, "provided port is already allocated") if port in taken else None


def validate_service(obj: Object, old: Object | None) -> list[Cause]:
    spec, causes = obj.get("spec") or {}, services.validate_service(obj, old)
    before = (old or {}).get("spec") or {}
    kind = spec.get("type")
    if kind == "ClusterIP":
        why = "may not be used when `type` is 'ClusterIP'"
        causes += [forbidden_field(f"spec.ports[{index}].nodePort", why) for index, _ in _node_ports(obj)]
    if spec.get("clusterIPs") != before.get("clusterIPs"):
        causes += _cluster_address_problems(spec.get("clusterIPs") or [])
    for index, address in enumerate(spec.get("externalIPs") or ()):
        if not _is_address(address):
            causes.append(bad(f"spec.externalIPs[{index}]", address, SAYS_ADDRESS))
    external = spec.get("externalName") or ""
    if kind == "ExternalName" and external and not SUBDOMAIN.match(external.rstrip(".").lower()):
        causes.append(bad("spec.externalName", external, SAYS_SUBDOMAIN))
    for policy in ("internalTrafficPolicy", "externalTrafficPolicy"):
        if spec.get(policy) and spec[policy] not in TRAFFIC:
            causes.append(unsupported(f"spec.{policy}", spec[policy], TRAFFIC))
    return causes


def _cluster_address_problems(addresses: list[str]) -> list[Cause]:
    for index, address in enumerate(addresses):
        if address == "None":
            continue
        if not _is_address(address):
            return [bad(f"spec.clusterIPs[{index}]", address, SAYS_ADDRESS)]
        network = families.NETWORKS[families.family_of(address)]
        if ipaddress.ip_address(address) not in network:
            why = (
                f"failed to allocate IP {address}: the provided IP ({address}) is not in the valid range. "
                f"The range of valid IPs is {network}"
            )
            return [bad("spec.clusterIPs", addresses, why)]
    return []


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def validate_endpoints(obj: Object, old: Object | None) -> list[Cause]:
    causes: list[Cause] = []
    for number, subset in enumerate(obj.get("subsets") or ()):
        field = f"subsets[{number}]"
        if not subset.get("addresses") and not subset.get("notReadyAddresses"):
            causes.append(required(field, "must specify `addresses` or `notReadyAddresses`"))
        for group in ("addresses", "notReadyAddresses"):
            for index, address in enumerate(subset.get(group) or ()):
                if not _is_address(address.get("ip") or ""):
                    causes.append(bad(f"{field}.{group}[{index}].ip", address.get("ip") or "", SAYS_ADDRESS))
        ports = subset.get("ports") or []
        for index, port in enumerate(ports):
            if len(ports) > 1 and not port.get("name"):
                causes.append(required(f"{field}.ports[{index}].name"))
            causes += _port_number_problems(port.get("port") or 0, f"{field}.ports[{index}].port")
    return causes


def _port_number_problems(number: int, field: str) -> list[Cause]:
    return [] if 0 < number < 65536 else [bad(field, number, services.RANGE)]


def validate_slice(obj: Object, old: Object | None) -> list[Cause]:
    causes = services.validate_slice(obj, old)
    for index, endpoint in enumerate(obj.get("endpoints") or ()):
        count = len(endpoint.get("addresses") or ())
        if count > 100:
            message = f"Too many: {count}: must have at most 100 items"
            causes.append(Cause("FieldValueTooMany", message, f"endpoints[{index}].addresses"))
    ports = obj.get("ports") or []
    if len(ports) > 20000:
        causes.append(Cause("FieldValueTooMany", f"Too many: {len(ports)}: must have at most 20000 items", "ports"))
    names: list[str] = []
    for index, port in enumerate(ports):
        name = port.get("name") or ""
        if name in names:
            causes.append(duplicate(f"ports[{index}].name", name))
        names.append(name)
        if port.get("port") is not None:
            causes += _port_number_problems(port["port"], f"ports[{index}].port")
    return causes
