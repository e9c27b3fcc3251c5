"""Services, Endpoints and EndpointSlices: defaults, allocated addresses, validation, columns."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from simulator.errors import Cause, invalid
from simulator.kinds import families
from simulator.kinds.cells import age, columns, joined, labels_text, name
from simulator.objects.resource import Cell, Object
from simulator.objects.validation import (
    LABEL,
    SAYS_LABEL,
    bad,
    duplicate,
    immutable,
    label_problems,
    required,
    unsupported,
)

if TYPE_CHECKING:
    from simulator.store.store import Store

SERVICE_COLUMNS = columns("Type", "Cluster-IP", "External-IP", "Port(s)", "Age", wide=("Selector",))
ENDPOINTS_COLUMNS = columns("Endpoints", "Age")
SLICE_COLUMNS = columns("AddressType", "Ports", "Endpoints", "Age")

NODE_PORTS = range(30000, 32768)
TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
PROTOCOLS = ("SCTP", "TCP", "UDP")
RANGE = "must be between 1 and 65535, inclusive"


def default_service(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    for key, value in (("sessionAffinity", "None"), ("type", "ClusterIP")):
        if not spec.get(key):
            spec[key] = value
    if spec["sessionAffinity"] == "ClientIP":
        spec.setdefault("sessionAffinityConfig", {"clientIP": {"timeoutSeconds": 10800}})
    for port in spec.get("ports") or ():
        if not port.get("protocol"):
            port["protocol"] = "TCP"
        if port.get("targetPort") in (None, 0, ""):
            port["targetPort"] = port.get("port")
    if spec["type"] in ("NodePort", "LoadBalancer"):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if spec["type"] == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
    if spec["type"] != "ExternalName" and not spec.get("internalTrafficPolicy"):
        spec["internalTrafficPolicy"] = "Cluster"


def prepare_service(store: Store, obj: Object, old: Object | None) -> None:
    """Cluster IP and node ports: kept from the old object, else allocated."""
    from simulator.kinds.table import RESOURCES  # the table is made of this module's rows

    spec = obj["spec"]
    if old is None:
        obj["status"] = {"loadBalancer": {}}
    if spec.get("type") == "ExternalName":
        for field in families.FIELDS:
            spec.pop(field, None)
        return
    before = (old or {}).get("spec") or {}
    _problem_ports = [port for port in spec.get("ports") or () if isinstance(port.get("port"), int)]
    others = store.records(RESOURCES.of("v1", "Service"))
    taken = _addresses(others)
    fresh = families.complete(spec, before, taken, store.random)
    _refuse_taken_address(obj, fresh, taken)
    if spec.get("type") in ("NodePort", "LoadBalancer"):
        _node_ports(store, _problem_ports, before, others)


def _refuse_taken_address(obj: Object, fresh: list[str], taken: Collection[str]) -> None:
    from simulator.kinds.table import RESOURCES

    for address in fresh:
        if address in taken:
            why = f"failed to allocate IP {address}: provided IP is already allocated"
            cause = bad("spec.clusterIPs", obj["spec"]["clusterIPs"], why)
            raise invalid(RESOURCES.of("v1", "Service"), obj["metadata"]["name"], [cause])


def _addresses(others: list) -> dict[str, None]:  # type: ignore[type-arg]  # records, named in the store
    """Cluster IPs that are given out; only a dual-stack Service has more than the one it is selected by."""
    found: dict[str, None] = {}
    for record in others:
        found[record.fields[0]] = None
        if b'"IPv6"' in record.body:
            found.update(dict.fromkeys(record.decode()["spec"].get("clusterIPs") or ()))
    return found


def _node_ports(store: Store, ports: list[Object], before: Object, others: list) -> None:  # type: ignore[type-arg]
    kept = {(port.get("port"), port.get("protocol")): port.get("nodePort") for port in before.get("ports") or ()}
    taken = {port.get("nodePort") for other in others for port in (other.decode()["spec"].get("ports") or ())}
    for port in ports:
        if not port.get("nodePort"):
            port["nodePort"] = kept.get((port.get("port"), port.get("protocol"))) or 0
        while not port["nodePort"]:
            candidate = store.random.choice(NODE_PORTS)
            port["nodePort"] = 0 if candidate in taken else candidate
        taken.add(port["nodePort"])


def validate_service(obj: Object, old: Object | None) -> list[Cause]:
    spec = obj.get("spec") or {}
    causes: list[Cause] = []
    ports = spec.get("ports") or []
    if not ports and spec.get("clusterIP") != "None" and spec.get("type") != "ExternalName":
        causes.append(required("spec.ports"))
    names: list[str] = []
    for index, port in enumerate(ports):
        causes += _port_problems(port, f"spec.ports[{index}]", len(ports) > 1, names)
    pairs = [(port.get("port"), port.get("protocol")) for port in ports]
    for index, pair in enumerate(pairs):
        if pair in pairs[:index]:
            causes.append(duplicate(f"spec.ports[{index}]", {"port": pair[0], "protocol": pair[1]}))
    causes += label_problems(spec.get("selector"), "spec.selector")
    if spec.get("type") not in TYPES:
        causes.append(unsupported("spec.type", spec.get("type"), TYPES))
    if spec.get("sessionAffinity") not in ("ClientIP", "None"):
        causes.append(unsupported("spec.sessionAffinity", spec.get("sessionAffinity"), ("ClientIP", "None")))
    if spec.get("type") == "ExternalName" and not spec.get("externalName"):
        causes.append(required("spec.externalName"))
    before = (old or {}).get("spec") or {}
    if spec.get("type") != "ExternalName":
        causes += families.problems(spec, before)
    if before.get("clusterIP") and before["clusterIP"] != spec.get("clusterIP") and spec.get("type") != "ExternalName":
        causes.append(bad("spec.clusterIPs[0]", spec.get("clusterIPs"), "may not change once set"))
    return causes


def _port_problems(port: Object, path: str, several: bool, names: list[str]) -> list[Cause]:
    causes: list[Cause] = []
    given = port.get("name") or ""
    if several and not given:
        causes.append(required(f"{path}.name"))
    elif given and (not LABEL.match(given) or len(given) > 63):
        causes.append(bad(f"{path}.name", given, SAYS_LABEL))
    elif given and given in names:
        causes.append(duplicate(f"{path}.name", given))
    names.append(given)
    number, target = port.get("port") or 0, port.get("targetPort")
    if not 0 < number < 65536:
        causes.append(bad(f"{path}.port", number, RANGE))
    if port.get("protocol") not in PROTOCOLS:
        causes.append(unsupported(f"{path}.protocol", port.get("protocol"), PROTOCOLS))
    if isinstance(target, int) and not 0 < target < 65536:
        causes.append(bad(f"{path}.targetPort", target, RANGE))
    return causes


def validate_slice(obj: Object, old: Object | None) -> list[Cause]:
    """As Kubernetes, but loopback addresses are taken: the simulator's pods really listen there."""
    causes: list[Cause] = []
    kinds = ("IPv4", "IPv6", "FQDN")
    if not obj.get("addressType"):
        causes.append(required("addressType"))
    elif obj["addressType"] not in kinds:
        causes.append(unsupported("addressType", obj["addressType"], kinds))
    if old is not None and old.get("addressType") != obj.get("addressType"):
        causes.append(immutable("addressType", obj.get("addressType")))
    if len(obj.get("endpoints") or ()) > 1000:
        causes.append(Cause("FieldValueTooMany", "Too many: must have at most 1000 items", "endpoints"))
    for index, endpoint in enumerate(obj.get("endpoints") or ()):
        addresses = endpoint.get("addresses") or []
        if not addresses:
            causes.append(required(f"endpoints[{index}].addresses", "must contain at least 1 address"))
        for place, address in enumerate(addresses):
            causes += _address_problems(f"endpoints[{index}].addresses[{place}]", address, obj.get("addressType", ""))
    for index, port in enumerate(obj.get("ports") or ()):
        if port.get("protocol") is not None and port["protocol"] not in PROTOCOLS:
            causes.append(unsupported(f"ports[{index}].protocol", port["protocol"], PROTOCOLS))
    return causes


def _address_problems(field: str, address: str, kind: str) -> list[Cause]:
    if kind not in ("IPv4", "IPv6"):
        return []
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return [bad(field, address, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")]
    if parsed.version != int(kind[-1]):
        return [bad(field, address, f"must be an {kind} address")]
    causes = []
    for wrong, says in (
        (parsed.is_unspecified, f"may not be unspecified ({address})"),
        (parsed.is_link_local, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"),
        (parsed.is_multicast, "may not be in the multicast range (224.0.0.0/4, ff00::/10)"),
    ):
        if wrong:
            causes.append(bad(field, address, says))
    return causes


def default_slice(obj: Object) -> None:
    for port in obj.get("ports") or ():
        if port.get("name") is None:
            port["name"] = ""
        if port.get("protocol") is None:
            port["protocol"] = "TCP"


def service_cells(obj: Object, now: datetime) -> list[Cell]:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    address = ",".join(spec.get("clusterIPs") or [spec.get("clusterIP") or ""]) or "<none>"
    ports = joined(
        f"{p.get('port')}{':' + str(p['nodePort']) if p.get('nodePort') else ''}/{p.get('protocol', 'TCP')}"
        for p in spec.get("ports") or ()
    )
    selector = labels_text(spec.get("selector"))
    return [name(obj), spec.get("type"), address, _external(spec, status), ports, age(obj, now), selector]


def _external(spec: Object, status: Object) -> str:
    external = list(spec.get("externalIPs") or ())
    if spec.get("type") == "ExternalName":
        return spec.get("externalName") or "<none>"
    if spec.get("type") == "LoadBalancer":
        ingress = (status.get("loadBalancer") or {}).get("ingress") or ()
        found = [one.get("ip") or one.get("hostname") or "" for one in ingress] + external
        return ",".join(found) or "<pending>"
    return ",".join(external) or "<none>"


def endpoints_cells(obj: Object, now: datetime) -> list[Cell]:
    pairs: list[str] = []
    for subset in obj.get("subsets") or ():
        addresses = [address.get("ip", "") for address in subset.get("addresses") or ()]
        ports = subset.get("ports") or ()
        pairs += [f"{ip}:{port.get('port')}" for port in ports for ip in addresses] if ports else addresses
    return [name(obj), _shortened(pairs), age(obj, now)]


def slice_cells(obj: Object, now: datetime) -> list[Cell]:
    ports = _shortened([str(port.get("port") or "*") for port in obj.get("ports") or ()], empty="<unset>")
    addresses = [a for endpoint in obj.get("endpoints") or () for a in endpoint.get("addresses") or ()]
    return [name(obj), obj.get("addressType"), ports, _shortened(addresses, empty="<unset>"), age(obj, now)]


def _shortened(values: list[str], empty: str = "<none>") -> str:
    """Three of them, then how many more there are."""
    if not values:
        return empty
    more = f" + {len(values) - 3} more..." if len(values) > 3 else ""
    return ",".join(values[:3]) + more
