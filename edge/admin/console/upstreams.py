"""Upstreams of an application: choosing cluster → namespace → service → port, and the servers this gives, live."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response

from edge.admin.console import applications, balance_fields, check_fields, service_fields
from edge.admin.console.forms import Errors, body, lines, pem, version
from edge.admin.console.visit import Visit
from edge.admin.drafts.wording import check_text, choosing_texts
from edge.admin.errors import AdminError, Invalid, NotFound
from edge.admin.views import UpstreamBody, UpstreamView
from edge.model.upstream import UpstreamTls

_TLS = ("https", "unverified", "server_name", "ca_certificate")
_FIELDS = ("cluster", "namespace", "service", "port")


async def index(visit: Visit) -> Response:
    application = await applications.current(visit)
    upstreams = (await visit.admin.upstreams.list(visit.actor, application.id, limit=1000)).items
    return visit.page(
        "upstreams.html",
        watch=(
            *applications.watch(application),
            *(f"upstream:{upstream.id}" for upstream in upstreams[:100]),
            "endpoint-health",
        ),
        application=application,
        upstreams=upstreams,
        clusters=await _cluster_names(visit),
    )


async def _cluster_names(visit: Visit) -> dict[str, str]:
    return {
        cluster.id: cluster.name for cluster in (await visit.admin.kubernetes_clusters.list(visit.actor, 1000)).items
    }


async def show(visit: Visit, errors: Errors | None = None) -> Response:
    application, id, errors = await applications.current(visit), visit.path("id"), errors or Errors()
    upstream = await visit.admin.upstreams.get(visit.actor, application.id, id)
    return visit.page(
        "upstream.html",
        status=errors.status,
        watch=(*applications.watch(application), f"upstream:{id}", "endpoint-health", "gateway-server"),
        application=application,
        upstream=upstream,
        unhealthy={f"{one.address} {one.port}": one for one in upstream.unhealthy},
        clusters=await _cluster_names(visit),
        chosen=", ".join(choosing_texts(upstream)),
        checked="" if upstream.check is None else check_text(upstream.check),
        errors=errors,
    )


class Choices(msgspec.Struct):
    """What the cascading selects offer, given what is chosen so far; what no longer fits is not kept."""

    kind: str = "kubernetes"
    name: str = ""
    servers: str = ""
    further: str = ""
    chosen: dict[str, str] = {}
    clusters: list[tuple[str, str]] = []
    namespaces: list[str] = []
    services: list[str] = []
    ports: list[tuple[str, str]] = []
    problem: str = ""
    tls: dict[str, str] = {}
    balance: dict[str, str] = {}
    check: dict[str, str] = {}


async def _choices(visit: Visit, given: Mapping[str, Any]) -> Choices:
    chosen = {name: str(given.get(name) or "") for name in _FIELDS}
    choices = Choices(
        str(given.get("kind") or "kubernetes"),
        str(given.get("name") or ""),
        str(given.get("servers") or ""),
        str(given.get(service_fields.NAME) or ""),
    )
    choices.chosen = chosen
    choices.tls = {name: str(given.get(name) or "") for name in _TLS}
    choices.balance = {name: str(given.get(name) or "") for name in (*balance_fields.NAMES, *balance_fields.SHARES)}
    choices.check = {name: str(given.get(name) or "") for name in check_fields.NAMES}
    clusters = (await visit.admin.kubernetes_clusters.list(visit.actor, limit=1000)).items
    choices.clusters = [(cluster.id, cluster.name) for cluster in clusters]
    if not chosen["cluster"]:
        chosen["cluster"] = clusters[0].id if len(clusters) == 1 else ""
    if not chosen["cluster"]:
        return choices
    try:
        await _offer_services(visit, choices)
    except NotFound as error:
        choices.problem = error.message
    return choices


async def _offer_services(visit: Visit, choices: Choices) -> None:
    clusters, chosen = visit.admin.kubernetes_clusters, choices.chosen
    found = await clusters.get(visit.actor, chosen["cluster"])
    choices.namespaces = [item.name for item in (await clusters.namespaces(visit.actor, found.id)).items]
    if found.status.state != "connected":
        choices.problem = f"{found.name} is {found.status.state}: {found.status.message}"
    if not chosen["namespace"] and "default" in choices.namespaces:
        chosen["namespace"] = "default"
    if not chosen["namespace"]:
        return
    services = {item.name: item for item in (await clusters.services(visit.actor, found.id, chosen["namespace"])).items}
    choices.services = sorted(services)
    if (service := services.get(chosen["service"])) is None:
        return
    choices.ports = [
        (
            str(port.name or port.port if port.name == chosen["port"] else port.port),
            f"{port.port} {port.name or ''}".strip(),
        )
        for port in service.ports
    ]
    if chosen["port"] not in dict(choices.ports):
        chosen["port"] = choices.ports[0][0] if len(choices.ports) == 1 else ""


async def _form(
    visit: Visit, given: Mapping[str, Any], upstream: UpstreamView | None = None, errors: Errors | None = None
) -> Response:
    errors = errors or Errors()
    return visit.page(
        "upstream_form.html",
        status=errors.status,
        application=await applications.current(visit),
        upstream=upstream,
        version=errors.version(visit.admin.upstreams.etag(upstream), version(given)) if upstream is not None else "",
        choices=await _choices(visit, given),
        balances=balance_fields.KINDS,
        keys=balance_fields.KEYS,
        checks=check_fields.KINDS,
        further_error=errors.at(*service_fields.places()),
        errors=errors,
    )


def _tls(given: Mapping[str, Any]) -> UpstreamTls | None:
    if not given.get("https"):
        return None
    return UpstreamTls(
        verify=not given.get("unverified"),
        server_name=str(given.get("server_name") or "").strip(),
        ca_certificate=pem(given.get("ca_certificate")),
    )


async def _body(visit: Visit, given: Mapping[str, Any]) -> UpstreamBody:
    return msgspec.structs.replace(
        _target(given, await _cluster_names(visit)),
        tls=_tls(given),
        balance=balance_fields.read(given),
        check=check_fields.read(given),
        **balance_fields.read_shares(given),
    )


def _target(given: Mapping[str, Any], clusters: Mapping[str, str]) -> UpstreamBody:
    name = given.get("name", "")
    if given.get("kind") == "static":
        return body(UpstreamBody, {"name": name, "servers": [_server(line) for line in lines(given.get("servers"))]})
    for field in _FIELDS:
        if not given.get(field):
            raise Invalid(f"choose a {field}", f"kubernetes.{field}")
    first: dict[str, Any] = {field: given[field] for field in _FIELDS}
    further = service_fields.read(lines(given.get(service_fields.NAME)), clusters)
    return body(UpstreamBody, {"name": name, "kubernetes": [first, *further] if further else first})


def _server(line: str) -> dict[str, Any]:
    """`host:port` or `host:port weight`, as one line of the text area."""
    address, _, weight = line.partition(" ")
    host, colon, port = address.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit():
        raise Invalid(f"expected one host:port or host:port weight on each line, not {line!r}", "servers")
    return {"host": host.strip("[]"), "port": int(port), "weight": weight.strip() or "1"}


async def new(visit: Visit) -> Response:
    return await _form(visit, dict(visit.request.query_params))


async def create(visit: Visit) -> Response:
    given, application = dict(await visit.form()), visit.path("application")
    try:
        upstream = await visit.admin.upstreams.create(visit.actor, application, await _body(visit, given))
    except AdminError as error:
        return await _form(visit, given, errors=Errors(error))
    return visit.redirect(f"/applications/{application}/upstreams/{upstream.id}", "Saved as a pending change.")


def _given(upstream: UpstreamView, clusters: Mapping[str, str]) -> dict[str, Any]:
    """What the form shows for an existing upstream."""
    tls = upstream.tls
    secured = {} if tls is None else {**msgspec.structs.asdict(tls), "https": "on", "unverified": not tls.verify}
    return {
        **_given_target(upstream, clusters),
        **secured,
        **balance_fields.given(upstream),
        **check_fields.given(upstream.check),
    }


def _given_target(upstream: UpstreamView, clusters: Mapping[str, str]) -> dict[str, Any]:
    if upstream.servers is not None:
        shown = "\n".join(f"{server.host}:{server.port} {server.weight}" for server in upstream.servers)
        return {"name": upstream.name, "kind": "static", "servers": shown}
    assert upstream.kubernetes is not None
    services = upstream.kubernetes if isinstance(upstream.kubernetes, list) else [upstream.kubernetes]
    further = service_fields.shown(services[1:], clusters)
    return {
        "name": upstream.name,
        "kind": "kubernetes",
        **msgspec.structs.asdict(services[0]),
        service_fields.NAME: further,
    }


async def edit(visit: Visit) -> Response:
    upstream = await visit.admin.upstreams.get(visit.actor, visit.path("application"), visit.path("id"))
    given = _given(upstream, await _cluster_names(visit))
    return await _form(visit, given | dict(visit.request.query_params), upstream)


async def save(visit: Visit) -> Response:
    given, application, id = dict(await visit.form()), visit.path("application"), visit.path("id")
    upstream = await visit.admin.upstreams.get(visit.actor, application, id)
    try:
        await visit.admin.upstreams.replace(visit.actor, application, id, await _body(visit, given), version(given))
    except AdminError as error:
        return await _form(visit, given, upstream, Errors(error))
    return visit.redirect(f"/applications/{application}/upstreams/{id}", "Saved as a pending change.")


async def delete(visit: Visit) -> Response:
    application = visit.path("application")
    try:
        await visit.admin.upstreams.delete(visit.actor, application, visit.path("id"))
    except AdminError as error:
        return await show(visit, Errors(error))
    return visit.redirect(f"/applications/{application}/upstreams", "Deleted as a pending change.")
