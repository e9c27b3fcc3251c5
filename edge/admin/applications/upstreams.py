"""Upstreams of an application's draft, shown with the endpoints they have now."""

from __future__ import annotations

from collections.abc import Callable, Container

import msgspec
from sqlalchemy.orm import Session

from edge.admin.actor import Actor
from edge.admin.applications.pem import read_chain
from edge.admin.drafts import drafting
from edge.admin.drafts.differences import users_of
from edge.admin.drafts.wording import kubernetes_of, rule_label
from edge.admin.errors import Conflict, Invalid, NotFound
from edge.admin.finding import named, referred, shown
from edge.admin.service import LIMIT, Service, page_of_tuple
from edge.admin.views import KubernetesService, Page, UpstreamBody, UpstreamView
from edge.model.document import ApplicationDocument
from edge.model.endpoint import Endpoint
from edge.model.source import Source
from edge.model.upstream import RoundRobin, Upstream
from edge.rules import limits
from edge.rules.checks.upstreams import check_upstream
from edge.store.tables import KubernetesClusterRow


class Upstreams(Service):
    """Upstreams. Reading needs viewer, editing editor; every edit is a pending change."""

    body = UpstreamBody

    async def list(
        self, actor: Actor, application: str, limit: int = LIMIT, after: str | None = None
    ) -> Page[UpstreamView]:
        actor.require("viewer", "read upstreams")
        read = await self._work(lambda session: _read(session, application))
        return page_of_tuple(read.draft.upstreams, limit, after, self._seen(read))

    async def get(self, actor: Actor, application: str, id: str) -> UpstreamView:
        actor.require("viewer", "read upstreams")
        read = await self._work(lambda session: _read(session, application))
        return self._seen(read)(find_upstream(read.draft, id))

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
            self.match(self._view(find_upstream(draft, id)), if_match)
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
        self._admin.upstream_revisions.forget(id)
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
        read = await self._work(lambda session: _read(session, application))
        view = self._seen(read)(find_upstream(draft, id))
        self._admin.events.publish("upstream", id, view.revision)
        return view

    def _seen(self, read: _Read) -> Callable[[Upstream], UpstreamView]:
        """Views of an application's upstreams, with what the gateway servers say to which they are released."""
        words = self._admin.findings.words(read.draft.partitions)

        def view(upstream: Upstream) -> UpstreamView:
            plain = self._view(upstream)
            if upstream.id not in read.released:
                return plain
            endpoints = plain.endpoints or [Endpoint(server.host, server.port) for server in upstream.servers]
            found = words.unhealthy(read.draft.id, upstream.id, endpoints)
            return msgspec.structs.replace(plain, gateway_servers=len(words.said), unhealthy=found)

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
            tls=upstream.tls,
            balance=upstream.balance or RoundRobin(),
            check=upstream.check,
            slow_start=upstream.slow_start,
            max_connections=upstream.max_connections,
            panic_threshold=upstream.panic_threshold,
            prefer_zone=upstream.prefer_zone,
            zone_minimum=upstream.zone_minimum,
            endpoints=list(endpoints),
            revision=self._admin.upstream_revisions.of(upstream, (state.revision for state in states)),
            stale_since=min(stale, default=None),
            warnings=list(dict.fromkeys(warning for state in states for warning in state.warnings)),
        )


class _Read(msgspec.Struct, frozen=True):
    """A draft, and the ids of the upstreams in service."""

    draft: ApplicationDocument
    released: Container[str]


def _read(session: Session, application: str) -> _Read:
    row, draft = drafting.load(session, application)
    service = drafting.released(session, row)
    return _Read(draft, {} if service is None else {upstream.id: None for upstream in service.upstreams})


def find_upstream(draft: ApplicationDocument, id: str) -> Upstream:
    """The draft's upstream with this id; raises NotFound."""
    for upstream in draft.upstreams:
        if upstream.id == id:
            return upstream
    raise NotFound(f'application "{draft.name}" has no upstream {shown(id)}')


def _written(session: Session, draft: ApplicationDocument, id: str, body: UpstreamBody) -> Upstream:
    if any(item.name == body.name and item.id != id for item in draft.upstreams):
        raise Conflict(f'application "{draft.name}" already has {named("upstream", [body.name])[0]}', "name")
    if len(draft.upstreams) >= limits.UPSTREAMS and all(item.id != id for item in draft.upstreams):
        raise Invalid(f"an application has at most {limits.UPSTREAMS} upstreams")
    single = isinstance(body.kubernetes, KubernetesService)
    services = [body.kubernetes] if isinstance(body.kubernetes, KubernetesService) else body.kubernetes or []
    for index, service in enumerate(services):
        field = f"kubernetes{'' if single else f'[{index}]'}.cluster"
        referred(session, KubernetesClusterRow, service.cluster, "Kubernetes cluster", field)
    upstream = Upstream(
        id=id,
        name=body.name,
        servers=tuple(body.servers or ()),
        sources=tuple(_source(service) for service in services),
        tls=body.tls,
        balance=None if isinstance(body.balance, RoundRobin) else body.balance,
        check=body.check,
        slow_start=body.slow_start,
        max_connections=body.max_connections,
        panic_threshold=body.panic_threshold,
        prefer_zone=body.prefer_zone,
        zone_minimum=body.zone_minimum,
    )
    if body.tls is not None and body.tls.ca_certificate:
        read_chain(body.tls.ca_certificate, "tls.ca_certificate")
    for problem in check_upstream(upstream):
        raise Invalid(problem.message, _field(problem.field, single))
    return upstream


def _field(field: str, single: bool) -> str:
    """A document's field as the body names it: sources[0].port is kubernetes.port when there is one service."""
    if not field:
        return "kubernetes"
    if not field.startswith("sources"):
        return field
    return "kubernetes" + (field.removeprefix("sources[0]") if single else field.removeprefix("sources"))


def _source(service: KubernetesService) -> Source:
    """A number in quotes is the number: a port name always has a letter (RFC 6335, 5.1)."""
    port = service.port
    if isinstance(port, str) and port.isascii() and port.isdigit():
        port = int(port)
    return Source(service.cluster, service.namespace, service.service, port)
