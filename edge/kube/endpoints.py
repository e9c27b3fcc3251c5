"""From a Service and its EndpointSlices (or Endpoints) to the endpoints of one of its ports. Pure.

Rules, as the API fixes them (kubernetes/api discovery/v1/types.go and core/v1/types.go, 1.36):

- A Service's port number or name leads to its port *name*; the slice's port of that name gives the number to connect
  to. So targetPorts, named ones too, are never read here. A nil name is the empty name, a nil protocol is TCP, a nil
  port number means "all ports" and gives nothing to connect to.
- All slices of a service count, whatever their size; the same address and port may be in two of them while the
  controller moves it, and counts once, in its most useful state.
- Nil `ready` reads as true, nil `serving` as true, nil `terminating` as false. Endpoints that are not ready are kept:
  the gateway chooses, because when nothing is ready those that terminate but still serve are used.
- Only an endpoint's first address has a meaning.
- A Service and its slices come over two watches, in any order: while a port is being renamed, one of them has the new
  name and the other the old. Then endpoints that were offered before and still are, under a name that the Service does
  not know, stay (`renamed`), so that a renamed port empties no upstream.
- A pod of a dual-stack service is one endpoint, in the service's first family that has it.

Cost: one slice's part is computed alone (`of_slice`) and can be kept; `merge` is linear in the endpoints, plus a sort
of runs that are already sorted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

import msgspec

from edge.kube.dangerous import usable
from edge.kube.types import (
    EndpointAddress,
    EndpointConditions,
    EndpointPort,
    Endpoints,
    EndpointSlice,
    EndpointSubset,
    ObjectReference,
    Service,
    ServicePort,
)
from edge.model.endpoint import Endpoint

Family: TypeAlias = Literal["IPv4", "IPv6", "FQDN"]
_FAMILIES: tuple[Family, ...] = ("IPv4", "IPv6", "FQDN")
_UNKNOWN = EndpointConditions()
_EXAMPLES = 3  # addresses that a warning names


class Reading(msgspec.Struct, frozen=True):
    """The endpoints of a source, sorted, and what a person should know about them."""

    endpoints: tuple[Endpoint, ...] = ()
    warnings: tuple[str, ...] = ()


class Part(msgspec.Struct, frozen=True, gc=False):
    """What one slice adds: sorted endpoints by family, (address, why) of those left out, and whether the slice has
    endpoints but not the wanted port."""

    families: tuple[tuple[Family, tuple[Endpoint, ...]], ...] = ()
    dropped: tuple[tuple[str, str], ...] = ()
    other_ports_only: bool = False
    warnings: tuple[str, ...] = ()


def compute(
    title: str,
    port: int | str,
    service: Service | None,
    objects: Iterable[EndpointSlice] | Iterable[Endpoints],
    *,
    loopback: bool = False,
) -> Reading:
    """The endpoints of `port` of `service` (None: it does not exist), from its slices or its Endpoints.

    `title` is namespace/name, for warnings.
    """
    name, warning = port_name(title, port, service)
    if service is None or name is None:
        return Reading(warnings=(warning,))
    parts = [part(object, name, loopback=loopback) for object in objects]
    return combine(title, port, service, parts)


def part(object: EndpointSlice | Endpoints, name: str, *, loopback: bool) -> Part:
    """What one slice, or one Endpoints object, adds to the port called `name`."""
    if isinstance(object, EndpointSlice):
        return of_slice(object, name, loopback=loopback)
    return of_endpoints(object, name, loopback=loopback)


def combine(title: str, port: int | str, service: Service, parts: Sequence[Part]) -> Reading:
    """All parts of a source as one reading."""
    endpoints = merge(parts, service.spec.ip_families)
    warnings = list(dict.fromkeys(warning for one in parts for warning in one.warnings))
    if not endpoints and any(one.other_ports_only for one in parts):
        warnings.append(f"No pod of service {title} has a port for the service's port {port}; see its targetPort.")
    if dropped := list(dict.fromkeys(item for one in parts for item in one.dropped)):
        warnings.append(_dropped(title, dropped))
    return Reading(endpoints, tuple(warnings))


def renamed(
    before: Sequence[Endpoint],
    service: Service,
    objects: Iterable[EndpointSlice] | Iterable[Endpoints],
    *,
    loopback: bool = False,
) -> tuple[Endpoint, ...]:
    """Those of `before` (address and port) that the slices or Endpoints still have under port names that the service
    does not know, as they are now."""
    offered = {(one.address, one.port) for one in before}
    known = [one.name or "" for one in service.spec.ports or []]
    parts = [
        part(object, name, loopback=loopback)
        for object in objects
        for name in dict.fromkeys(port.name or "" for port in _ports(object))
        if name not in known
    ]
    return tuple(one for one in merge(parts, service.spec.ip_families) if (one.address, one.port) in offered)


def _ports(object: EndpointSlice | Endpoints) -> Iterable[EndpointPort]:
    if isinstance(object, EndpointSlice):
        return object.ports or []
    return [port for subset in object.subsets or [] for port in subset.ports or []]


# the service's port


def port_name(title: str, port: int | str, service: Service | None) -> tuple[str | None, str]:
    """(the port's name, "") or (None, why the service has no such port to send requests to)."""
    if service is None:
        return None, f"Service {title} does not exist; the upstream has no endpoints until it does."
    if service.spec.type == "ExternalName":
        return None, (
            f"Service {title} is of type ExternalName and has no endpoints; use an upstream with the host as a server."
        )
    ports = service.spec.ports or []
    wanted = int(port) if isinstance(port, str) and port.isascii() and port.isdigit() else port
    found = [one for one in ports if (one.port == wanted if isinstance(wanted, int) else (one.name or "") == wanted)]
    for one in found:
        if _is_tcp(one.protocol):
            return one.name or "", ""
    if found:
        return None, f"Port {port} of service {title} is {found[0].protocol}; requests can be sent to TCP ports only."
    has = ", ".join(_title(one) for one in ports) or "no ports"
    return None, f"Service {title} has no port {port}; it has {has}."


def _title(port: ServicePort) -> str:
    return f"{port.port} ({port.name})" if port.name else str(port.port)


def _is_tcp(protocol: str | None) -> bool:
    return protocol in (None, "", "TCP")


# one slice, one Endpoints object


def of_slice(object: EndpointSlice, name: str, *, loopback: bool) -> Part:
    """What a slice adds to the port called `name`."""
    endpoints = object.endpoints or []
    if not endpoints:
        return Part()
    number, warnings = _number(object.ports or [], name, f"slice {object.metadata.name}")
    if number is None:
        return Part(other_ports_only=True, warnings=warnings)
    family: Family = object.address_type if object.address_type in _FAMILIES else "IPv4"
    made: list[Endpoint] = []
    dropped: list[tuple[str, str]] = []
    for one in endpoints:
        if not one.addresses:
            continue
        address, why = usable(one.addresses[0], loopback=loopback)
        if why:
            dropped.append((one.addresses[0][:100], why))
            continue
        is_ = one.conditions or _UNKNOWN
        made.append(
            Endpoint(
                address,
                number,
                _pod(one.target_ref),
                one.node_name or "",
                one.zone or "",
                is_.ready is not False,
                is_.serving is not False,
                is_.terminating is True,
            )
        )
    return Part(((family, _unique(made)),), tuple(dropped), warnings=warnings)


def of_endpoints(object: Endpoints, name: str, *, loopback: bool) -> Part:
    """What an Endpoints object adds to the port called `name`; it knows neither zones nor pods that terminate."""
    made: dict[Family, list[Endpoint]] = {}
    dropped: list[tuple[str, str]] = []
    warnings: list[str] = []
    others = False
    for subset in object.subsets or []:
        number, said = _number(subset.ports or [], name, f"Endpoints {object.metadata.name}")
        warnings.extend(said)
        if number is None:
            others = others or bool(subset.addresses)
            continue
        for address, ready in _addresses(subset):
            ip, why = usable(address.ip, loopback=loopback)
            if why:
                dropped.append((address.ip[:100], why))
                continue
            family: Family = "IPv6" if ":" in ip else "IPv4"
            pod = _pod(address.target_ref)
            made.setdefault(family, []).append(Endpoint(ip, number, pod, address.node_name or "", "", ready, ready))
    annotations = object.metadata.annotations
    if annotations is not None and annotations.over_capacity == "truncated":
        warnings.append(
            f"Endpoints {object.metadata.name} is truncated to 1,000 addresses; "
            "allow list and watch on endpointslices.discovery.k8s.io to see all."
        )
    families = tuple((family, _unique(endpoints)) for family, endpoints in made.items())
    return Part(families, tuple(dropped), others and not made, tuple(dict.fromkeys(warnings)))


def _addresses(subset: EndpointSubset) -> Iterable[tuple[EndpointAddress, bool]]:
    for address in subset.addresses or []:
        yield address, True
    for address in subset.not_ready_addresses or []:
        yield address, False


def _pod(reference: ObjectReference | None) -> str:
    return reference.name or "" if reference is not None and reference.kind == "Pod" else ""


def _number(ports: Iterable[EndpointPort], name: str, where: str) -> tuple[int | None, tuple[str, ...]]:
    for port in ports:
        if (port.name or "") == name and _is_tcp(port.protocol):
            if port.port is None:
                return None, (f"Port {name or 'without a name'} of {where} has no number.",)
            if not 1 <= port.port <= 65535:
                return None, (f"Port {name or 'without a name'} of {where} has the number {port.port}.",)
            return port.port, ()
    return None, ()


# merging


def merge(parts: Sequence[Part], families: Sequence[str] | None = None) -> tuple[Endpoint, ...]:
    """The endpoints of all parts, sorted, each address and port once, each pod in one family only."""
    by_family: dict[str, list[Endpoint]] = {}
    for one in parts:
        for family, endpoints in one.families:
            if endpoints:
                by_family.setdefault(family, []).extend(endpoints)
    if len(by_family) > 1:
        return _unique(_one_family_each(by_family, families or ()))
    return next((_unique(endpoints) for endpoints in by_family.values()), ())


def _one_family_each(by_family: dict[str, list[Endpoint]], families: Sequence[str]) -> list[Endpoint]:
    kept: list[Endpoint] = []
    seen: dict[str, None] = {}
    for family in dict.fromkeys([*families, *_FAMILIES]):
        endpoints = [one for one in by_family.get(family, ()) if not one.pod or one.pod not in seen]
        kept.extend(endpoints)
        seen.update(dict.fromkeys(one.pod for one in endpoints))
    return kept


def _unique(endpoints: list[Endpoint]) -> tuple[Endpoint, ...]:
    """Sorted, each address and port once: of two states the more useful, then the one that sorts first."""
    endpoints.sort()
    result: list[Endpoint] = []
    last: Endpoint | None = None
    for one in endpoints:
        if last is not None and one.port == last.port and one.address == last.address:
            if _usefulness(one) > _usefulness(last):
                result[-1] = last = one
            continue
        result.append(one)
        last = one
    return tuple(result)


def _usefulness(endpoint: Endpoint) -> tuple[bool, bool, bool]:
    return endpoint.ready, endpoint.serving, not endpoint.terminating


def _dropped(title: str, dropped: Sequence[tuple[str, str]]) -> str:
    examples = ", ".join(f"{address} ({why})" for address, why in dropped[:_EXAMPLES])
    more = f" and {len(dropped) - _EXAMPLES} more" if len(dropped) > _EXAMPLES else ""
    return f"Service {title} has addresses that no request is sent to: {examples}{more}."
