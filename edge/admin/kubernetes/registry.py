"""The registry of Kubernetes clusters: kept with their tokens encrypted, followed by `clusters`."""

from __future__ import annotations

from cryptography import x509
from sqlalchemy import select
from sqlalchemy.orm import Session

from edge.admin.actor import Actor
from edge.admin.drafts import drafting
from edge.admin.errors import Conflict, Invalid
from edge.admin.finding import find, free_name, named, select_page
from edge.admin.service import LIMIT, Service, mark
from edge.admin.views import (
    ClusterStatus,
    KubernetesClusterBody,
    KubernetesClusterView,
    NamespaceView,
    Page,
    ServiceView,
)
from edge.kube.address import ClusterAddress
from edge.store.sealing import Sealer
from edge.store.tables import KubernetesClusterRow

KIND = "Kubernetes cluster"

GUARDED = ("host", "port", "ca_certificate", "ssl_verify")
"""What decides to whom the token is sent: changing any of them asks for the token again."""


class KubernetesClusters(Service):
    """Kubernetes clusters. Reading needs viewer, writing and checking admin."""

    body = KubernetesClusterBody

    async def list(self, actor: Actor, limit: int = LIMIT, after: str | None = None) -> Page[KubernetesClusterView]:
        actor.require("viewer", "read Kubernetes clusters")
        page = await self._work(
            lambda session: select_page(session, KubernetesClusterRow, limit, after, lambda row: row)
        )
        return Page([self._view(row) for row in page.items], page.next)

    async def get(self, actor: Actor, id: str) -> KubernetesClusterView:
        actor.require("viewer", "read Kubernetes clusters")
        return self._view(await self._work(lambda session: find(session, KubernetesClusterRow, id, KIND)))

    async def create(self, actor: Actor, body: KubernetesClusterBody) -> KubernetesClusterView:
        """Store it, whatever its state, and answer when its first check has ended."""
        actor.require("admin", "register Kubernetes clusters")
        address = _address(body, _required(body.token))
        return await self._admin.carry(self._create(actor, body, address))

    async def _create(
        self, actor: Actor, body: KubernetesClusterBody, address: ClusterAddress
    ) -> KubernetesClusterView:
        def unit(session: Session) -> KubernetesClusterRow:
            free_name(session, KubernetesClusterRow, body.name, KIND)
            id = self._admin.new_id()
            row = KubernetesClusterRow(id=id, token=self._admin.sealer.seal(address.token, place(id)))
            _write(row, body)
            session.add(row)
            self._audit(session, actor, "register", f'Kubernetes cluster "{body.name}"', address.url)
            return row

        row = await self._work(unit)
        await self._admin.clusters.add(row.id, address)
        self._admin.following.cluster_added(row.id)
        await self._admin.clusters.wait_checked(row.id)
        self._admin.events.publish("kubernetes-cluster", row.id)
        return self._view(row)

    async def replace(
        self, actor: Actor, id: str, body: KubernetesClusterBody, if_match: str | None = None
    ) -> KubernetesClusterView:
        """Without `token` the stored one stays; a changed host, port, CA or ssl_verify needs it again (Invalid)."""
        actor.require("admin", "change Kubernetes clusters")
        _address(body, "" if body.token is None else _required(body.token))

        def unit(session: Session) -> tuple[KubernetesClusterRow, ClusterAddress | None]:
            row = find(session, KubernetesClusterRow, id, KIND)
            before = address_of(row, self._admin.sealer)
            self.match(self._view(row), if_match)
            free_name(session, KubernetesClusterRow, body.name, KIND, id)
            _require_token(row, body)
            if body.token is not None:
                row.token = self._admin.sealer.seal(body.token.strip(), place(id))
            detail = "with a new token" if body.token is not None else ""
            self._audit(session, actor, "change", f'Kubernetes cluster "{row.name}"', detail)
            _write(row, body)
            after = address_of(row, self._admin.sealer)
            return row, after if after != before else None

        async def change() -> KubernetesClusterView:
            row, address = await self._work(unit)
            if address is not None:
                await self._admin.clusters.update(id, address)
                await self._admin.clusters.wait_checked(id)
            self._admin.events.publish("kubernetes-cluster", id)
            return self._view(row)

        return await self._admin.carry(change())

    async def delete(self, actor: Actor, id: str) -> None:
        """Conflict while an application uses it, naming the applications."""
        actor.require("admin", "delete Kubernetes clusters")

        def unit(session: Session) -> None:
            row = find(session, KubernetesClusterRow, id, KIND)
            if users := drafting.using(session, "kubernetes-cluster", id):
                applications = ", ".join(named("application", users))
                raise Conflict(f'Kubernetes cluster "{row.name}" is used by {applications}')
            session.delete(row)
            self._audit(session, actor, "delete", f'Kubernetes cluster "{row.name}"')

        async def remove() -> None:
            await self._work(unit)
            self._admin.following.cluster_removed(id)
            await self._admin.clusters.remove(id)
            self._admin.events.publish("kubernetes-cluster", id)

        await self._admin.carry(remove())

    async def check(self, actor: Actor, body: KubernetesClusterBody) -> ClusterStatus:
        """What registering this would show, without storing anything."""
        actor.require("admin", "check Kubernetes clusters")
        return await self._admin.clusters.check(_address(body, _required(body.token)))

    async def namespaces(self, actor: Actor, id: str) -> Page[NamespaceView]:
        actor.require("viewer", "read Kubernetes clusters")
        await self._work(lambda session: find(session, KubernetesClusterRow, id, KIND))
        return Page([NamespaceView(name=name) for name in self._admin.clusters.namespaces(id)])

    async def services(self, actor: Actor, id: str, namespace: str) -> Page[ServiceView]:
        actor.require("viewer", "read Kubernetes clusters")
        await self._work(lambda session: find(session, KubernetesClusterRow, id, KIND))
        return Page([*self._admin.clusters.services(id, namespace)])

    def _view(self, row: KubernetesClusterRow) -> KubernetesClusterView:
        return KubernetesClusterView(
            id=row.id,
            name=row.name,
            host=row.host,
            port=row.port,
            ssl_verify=row.ssl_verify,
            ca_certificate=row.ca_certificate,
            connect_timeout=row.connect_timeout,
            read_timeout=row.read_timeout,
            status=self._admin.clusters.status(row.id),
            secrets=mark(row.token),
        )


def place(id: str) -> str:
    """Where a cluster's token is sealed for."""
    return f"kubernetes_clusters/{id}/token"


def address_of(row: KubernetesClusterRow, sealer: Sealer) -> ClusterAddress:
    """A stored cluster's address, with its token. Raises StoreError when the key does not fit."""
    return ClusterAddress(
        host=row.host,
        port=row.port,
        ssl_verify=row.ssl_verify,
        ca_certificate=row.ca_certificate,
        token=sealer.open(row.token, place(row.id)),
        connect_timeout=row.connect_timeout,
        read_timeout=row.read_timeout,
    )


def recall(session: Session, sealer: Sealer) -> list[tuple[str, ClusterAddress]]:
    """Every registered cluster."""
    rows = session.scalars(select(KubernetesClusterRow).order_by(KubernetesClusterRow.seq))
    return [(row.id, address_of(row, sealer)) for row in rows]


def _required(token: str | None) -> str:
    if token is None or not token.strip():
        raise Invalid("a Kubernetes cluster needs the token of a service account", "token")
    return token.strip()


def _address(body: KubernetesClusterBody, token: str) -> ClusterAddress:
    """The body as an address; raises Invalid with the field that is wrong."""
    address = ClusterAddress(
        host=body.host,
        port=body.port,
        ssl_verify=body.ssl_verify,
        ca_certificate=body.ca_certificate or None,
        token=token.strip(),
        connect_timeout=body.connect_timeout,
        read_timeout=body.read_timeout,
    )
    problem = address.problem()
    if problem is not None:
        raise Invalid(problem, "token" if "token" in problem else "port" if problem.startswith("port") else "host")
    if address.ca_certificate is not None:
        try:
            x509.load_pem_x509_certificates(address.ca_certificate.encode())
        except ValueError:
            text = "expected one or more certificates in PEM form, beginning with -----BEGIN CERTIFICATE-----"
            raise Invalid(text, "ca_certificate") from None
    return address


def _require_token(row: KubernetesClusterRow, body: KubernetesClusterBody) -> None:
    new = {name: getattr(body, name) or None for name in GUARDED}
    changed = [name for name in GUARDED if new[name] != (getattr(row, name) or None)]
    if changed and body.token is None:
        raise Invalid(
            f"{', '.join(changed)} changed: give the token again, or the stored one could be sent to somebody else",
            "token",
        )


def _write(row: KubernetesClusterRow, body: KubernetesClusterBody) -> None:
    row.name, row.host, row.port = body.name, body.host, body.port
    row.ssl_verify, row.ca_certificate = body.ssl_verify, body.ca_certificate or None
    row.connect_timeout, row.read_timeout = body.connect_timeout, body.read_timeout
