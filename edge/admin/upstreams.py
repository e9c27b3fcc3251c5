"""Upstreams of an application's draft, shown with the endpoints they have now."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec
from sqlalchemy.orm import Session

from edge.admin import drafting
from edge.admin.actor import Actor
from edge.admin.differences import users_of
from edge.admin.errors import Conflict, Invalid, NotFound
from edge.admin.finding import named, referred, shown
from edge.admin.service import LIMIT, Service, page_of_tuple
from edge.admin.views import KubernetesService, Page, UpstreamBody, UpstreamView
from edge.admin.wording import kubernetes_of, rule_label
from edge.model.document import ApplicationDocument
from edge.model.source import Source
from edge.model.upstream import Server, Upstream
from edge.store.tables import KubernetesClusterRow

_DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?\Z")
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.:-]*[A-Za-z0-9_.])?\Z|[0-9A-Fa-f:.]+\Z")


class Upstreams(Service):
    """Upstreams. Reading needs viewer, editing editor; every edit is a pending change."""

    body = UpstreamBody

    async def list(
        self, actor: Actor, application: str, limit: int = LIMIT, after: str | None = None
    ) -> Page[UpstreamView]:
        actor.require("viewer", "read upstreams")
        _, draft = await self._work(lambda session: drafting.load(session, application))
        return page_of_tuple(draft.upstreams, limit, after, self._view)

    async def get(self, actor: Actor, application: str, id: str) -> UpstreamView:
        actor.require("viewer", "read upstreams")
        _, draft = await self._work(lambda session: drafting.load(session, application))
        return self._view(find_upstream(draft, id))

    async def create(self, actor: Actor, application: str, body: UpstreamBody) -> UpstreamView:
        actor.require("editor", "edit upstreams")
        id = self._admin.new_id()

        def edit(session: Session, draft: ApplicationDocument) -> ApplicationDocument:
            upstream = _written(session, draft, id, body)
            return msgspec.structs.replace(draft, upstreams=(*draft.upstreams, upstream))

        return await self._edit(actor, application, id, "add an upstream to", edit)

    async def replace(
        self, actor: Actor, application: str, id: str, body: UpstreamBody, if_match: str | None = None
    ) -> UpstreamView:
        actor.require("editor", "edit upstreams")

        def edit(session: Session, draft: ApplicationDocument) -> ApplicationDocument:
            self._match(self._view(find_upstream(draft, id)), if_match)
            upstream = _written(session, draft, id, body)
            upstreams = tuple(upstream if item.id == id else item for item in draft.upstreams)
            return msgspec.structs.replace(draft, upstreams=upstreams)

        return await self._edit(actor, application, id, "change an upstream of", edit)

    async def delete(self, actor: Actor, application: str, id: str) -> None:
        """Conflict while a rule of the draft uses it, naming the rule."""
        actor.require("editor", "edit upstreams")

        def edit(session: Session, draft: ApplicationDocument) -> ApplicationDocument:
            upstream = find_upstream(draft, id)
            if users := users_of(draft, id):
                labels = ", ".join(f"page rule {rule_label(rule, draft)}" for rule in users[:5])
                raise Conflict(f'upstream "{upstream.name}" is used by {labels}')
            return msgspec.structs.replace(draft, upstreams=tuple(item for item in draft.upstreams if item.id != id))

        await self._admin.carry(self._admin.edit(actor, application, edit, "delete an upstream of"))
        self._admin.events.publish("upstream", id)

    async def _edit(
        self,
        actor: Actor,
        application: str,
        id: str,
        verb: str,
        edit: Callable[[Session, ApplicationDocument], ApplicationDocument],
    ) -> UpstreamView:
        draft = await self._admin.carry(self._admin.edit(actor, application, edit, verb))
        view = self._view(find_upstream(draft, id))
        self._admin.events.publish("upstream", id, view.revision)
        return view

    def _view(self, upstream: Upstream) -> UpstreamView:
        states = [self._admin.clusters.state(source) for source in upstream.sources]
        stale = [state.stale_since for state in states if state.stale_since is not None]
        endpoints = dict.fromkeys(endpoint for state in states for endpoint in state.endpoints)
        return UpstreamView(
            id=upstream.id,
            name=upstream.name,
            kubernetes=kubernetes_of(upstream.sources),
            servers=list(upstream.servers) or None,
            endpoints=list(endpoints),
            revision=max((int(state.revision) for state in states), default=0),
            stale_since=min(stale, default=None),
            warnings=list(dict.fromkeys(warning for state in states for warning in state.warnings)),
        )


def find_upstream(draft: ApplicationDocument, id: str) -> Upstream:
    """The draft's upstream with this id; raises NotFound."""
    for upstream in draft.upstreams:
        if upstream.id == id:
            return upstream
    raise NotFound(f'application "{draft.name}" has no upstream {shown(id)}')


def _written(session: Session, draft: ApplicationDocument, id: str, body: UpstreamBody) -> Upstream:
    name = body.name.strip()
    if not name:
        raise Invalid("an upstream needs a name", "name")
    if any(item.name == name and item.id != id for item in draft.upstreams):
        raise Conflict(f'application "{draft.name}" already has {named("upstream", [name])[0]}', "name")
    if (body.kubernetes is None) == (body.servers is None):
        raise Invalid("give either kubernetes or servers, exactly one of them", "kubernetes")
    if body.kubernetes is None:
        return Upstream(id=id, name=name, servers=_servers(body.servers or []))
    if isinstance(body.kubernetes, KubernetesService):
        return Upstream(id=id, name=name, sources=(_source(session, body.kubernetes, "kubernetes"),))
    sources = [_source(session, service, f"kubernetes[{index}]") for index, service in enumerate(body.kubernetes)]
    return Upstream(id=id, name=name, sources=tuple(dict.fromkeys(sources)))


def _source(session: Session, service: KubernetesService, field: str) -> Source:
    referred(session, KubernetesClusterRow, service.cluster, "Kubernetes cluster", f"{field}.cluster")
    for part in ("namespace", "service"):
        if not _DNS_LABEL.match(getattr(service, part)):
            raise Invalid(
                f"a {part} of Kubernetes is named with a-z, 0-9 and -, not {getattr(service, part)!r}",
                f"{field}.{part}",
            )
    return Source(service.cluster, service.namespace, service.service, _port(service.port, f"{field}.port"))


def _port(port: int | str, field: str) -> int | str:
    """A number in quotes is the number: a port name always has a letter (RFC 6335, 5.1)."""
    if isinstance(port, str) and port.isascii() and port.isdigit():
        port = int(port)
        if not 1 <= port <= 65535:
            raise Invalid("a port is between 1 and 65535", field)
    elif isinstance(port, str) and not _DNS_LABEL.match(port):
        raise Invalid(f"a port name is made of a-z, 0-9 and -, not {port!r}", field)
    return port


def _servers(servers: list[Server]) -> tuple[Server, ...]:
    for index, server in enumerate(servers):
        if not _HOST.match(server.host) or len(server.host) > 253:
            text = f"a host name or an IP address, without scheme and port, not {server.host[:100]!r}"
            raise Invalid(f"expected {text}", f"servers[{index}].host")
        if not 1 <= server.port <= 65535:
            raise Invalid("a port is between 1 and 65535", f"servers[{index}].port")
        if not 0 <= server.weight <= 65535:
            raise Invalid("a weight is between 0 and 65535", f"servers[{index}].weight")
    return tuple(servers)
