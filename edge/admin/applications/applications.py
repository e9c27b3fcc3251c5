"""Applications: what a release is of. Creating and deleting act at once; their content is a draft."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from edge.admin.actor import Actor
from edge.admin.applications.domains import normalised
from edge.admin.applications.pem import read_chain
from edge.admin.drafts import drafting
from edge.admin.finding import free_name, referred, select_page
from edge.admin.releases.publishing import Built
from edge.admin.service import LIMIT, Service
from edge.admin.views import ApplicationBody, ApplicationView, Page
from edge.model import document as documents
from edge.model.document import ApplicationDocument
from edge.store.tables import (
    ApplicationKeyRow,
    ApplicationRow,
    ApplicationUse,
    CertificateRow,
    ChangeRow,
    DocumentRow,
    DomainClaim,
    ManifestCertificateRow,
    ManifestEntryRow,
    PartitionRow,
    PurgeRow,
    ReleaseRow,
)

KIND = "application"


class Applications(Service):
    """Applications. Reading needs viewer, editing editor, deleting releaser (it acts at once on gateways)."""

    body = ApplicationBody

    async def list(self, actor: Actor, limit: int = LIMIT, after: str | None = None) -> Page[ApplicationView]:
        actor.require("viewer", "read applications")

        def unit(session: Session) -> Page[ApplicationView]:
            page = select_page(session, ApplicationRow, limit, after, lambda row: row)
            counts = pending_counts(session, [row.id for row in page.items])
            return Page([_view(row, counts.get(row.id, 0)) for row in page.items], page.next)

        return await self._work(unit)

    async def get(self, actor: Actor, id: str) -> ApplicationView:
        actor.require("viewer", "read applications")
        return await self._work(lambda session: read(session, id))

    async def create(self, actor: Actor, body: ApplicationBody) -> ApplicationView:
        """Conflict when another application has the name, or one of the domains in one of the partitions."""
        actor.require("editor", "create applications")
        domains = normalised(body.domains)
        _check_authority(body)

        def unit(session: Session) -> ApplicationView:
            free_name(session, ApplicationRow, body.name, KIND)
            empty = ApplicationDocument(id=self._admin.new_id(), name=body.name)
            row = ApplicationRow(id=empty.id, name=empty.name, draft=documents.encode(empty), release=None)
            session.add(row)
            session.flush()
            self._audit(session, actor, "create", f'application "{body.name}"')
            drafting.save(session, row, _written(session, empty, body, domains), actor, self._admin.new_id)
            session.flush()
            return read(session, row.id)

        made = await self._work(unit)
        self._admin.events.publish("application", made.id)
        return made

    async def replace(
        self, actor: Actor, id: str, body: ApplicationBody, if_match: str | None = None
    ) -> ApplicationView:
        """Edit the draft: each of name, domains, partitions and default that differs is a pending change."""
        actor.require("editor", "edit applications")
        domains = normalised(body.domains)
        _check_authority(body)

        def edit(session: Session, draft: ApplicationDocument) -> ApplicationDocument:
            self.match(read(session, id), if_match)
            free_name(session, ApplicationRow, body.name, KIND, id)
            return _written(session, draft, body, domains)

        await self._admin.carry(self._admin.edit(actor, id, edit, "edit"))
        return await self._work(lambda session: read(session, id))

    async def delete(self, actor: Actor, id: str) -> None:
        """Delete it with its upstreams, rules and releases, and take it off its gateways at once."""
        actor.require("releaser", "delete applications")
        await self._admin.carry(self._delete(actor, id))

    async def _delete(self, actor: Actor, id: str) -> None:
        def unit(session: Session) -> list[Built]:
            row, _ = drafting.load(session, id)
            entries = select(ManifestEntryRow.partition).where(ManifestEntryRow.application == id)
            partitions = list(session.scalars(entries.order_by(ManifestEntryRow.partition)))
            for table in (
                ManifestCertificateRow,
                ManifestEntryRow,
                PurgeRow,
                ApplicationKeyRow,
                ReleaseRow,
                DocumentRow,
                ChangeRow,
                DomainClaim,
                ApplicationUse,
            ):
                session.execute(delete(table).where(table.application == id))
            session.delete(row)
            self._audit(session, actor, "delete", f'application "{row.name}"')
            return self._admin.publisher.build(session, partitions)

        manifests = await self._work(unit)
        self._admin.publisher.publish(manifests)
        self._admin.following.deleted(id)
        self._admin.following.released(self._admin.publisher.documents())
        self._admin.events.publish("application", id)


def read(session: Session, id: str) -> ApplicationView:
    """An application as the API shows it; raises NotFound."""
    row, _ = drafting.load(session, id)
    return _view(row, pending_counts(session, [id]).get(id, 0))


def pending_counts(session: Session, ids: Sequence[str]) -> dict[str, int]:
    """How many changes are pending, by application; absent means none."""
    query = (
        select(ChangeRow.application, func.count())
        .where(ChangeRow.application.in_(ids))
        .group_by(ChangeRow.application)
    )
    return dict(session.execute(query).all())


def _written(
    session: Session, draft: ApplicationDocument, body: ApplicationBody, domains: tuple[str, ...]
) -> ApplicationDocument:
    partitions = tuple(dict.fromkeys(body.partitions))
    for index, id in enumerate(body.partitions):
        referred(session, PartitionRow, id, "partition", f"partitions[{index}]")
    certificates = tuple(dict.fromkeys(body.certificates))
    for index, id in enumerate(body.certificates):
        referred(session, CertificateRow, id, "certificate", f"certificates[{index}]")
    return msgspec.structs.replace(
        draft,
        name=body.name,
        domains=domains,
        partitions=partitions,
        default=body.default,
        certificates=certificates,
        client_certificates=body.client_certificates,
    )


def _check_authority(body: ApplicationBody) -> None:
    if body.client_certificates is not None:
        read_chain(body.client_certificates.ca_certificate, "client_certificates.ca_certificate")


def _view(row: ApplicationRow, pending: int) -> ApplicationView:
    draft = documents.decode(row.draft)
    return ApplicationView(
        id=row.id,
        name=row.name,
        domains=list(draft.domains),
        partitions=list(draft.partitions),
        default=draft.default,
        certificates=list(draft.certificates),
        client_certificates=draft.client_certificates,
        release=row.release,
        pending=pending,
    )
