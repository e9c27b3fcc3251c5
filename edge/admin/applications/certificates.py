"""Certificates: kept with their keys sealed, named by applications, sent to the gateways that serve those.

Which certificates an application uses is part of its draft and waits for a release. What a certificate *is* acts at
once: a renewed one replaces the old on every gateway that has it, because a certificate that runs out waits for nobody,
and a release that is gone back to must not bring an expired one back.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from edge import clock
from edge.admin.actor import Actor
from edge.admin.applications import pem
from edge.admin.drafts import drafting
from edge.admin.errors import Conflict, Invalid
from edge.admin.finding import find, free_name, named, select_page
from edge.admin.releases.publishing import Built
from edge.admin.service import LIMIT, Service
from edge.admin.views import CertificateBody, CertificateView, Page
from edge.model import certificate as documents
from edge.model.certificate import CertificateDocument
from edge.model.document import hash_of
from edge.store.sealing import Sealer
from edge.store.tables import CertificateRow, ManifestCertificateRow

if TYPE_CHECKING:
    from edge.admin.admin import Admin

KIND = "certificate"
_NAMED_CHAINS = select(CertificateRow.name, CertificateRow.hash, CertificateRow.chain)


class Certificates(Service):
    """Certificates. Reading needs viewer, writing releaser: it acts at once on gateways."""

    body = CertificateBody

    def __init__(self, admin: Admin) -> None:
        super().__init__(admin)
        self._ends: dict[str, datetime] = {}  # by the hash of the document

    async def list(self, actor: Actor, limit: int = LIMIT, after: str | None = None) -> Page[CertificateView]:
        actor.require("viewer", "read certificates")
        return await self._work(lambda session: select_page(session, CertificateRow, limit, after, _view))

    async def ends(self, actor: Actor) -> dict[str, datetime]:
        """Until when each is valid, by name. A chain is read once, not at every scrape."""
        actor.require("viewer", "read certificates")
        rows = await self._work(lambda session: session.execute(_NAMED_CHAINS).all())
        known, self._ends = self._ends, {}
        for _, hash, chain in rows:
            self._ends[hash] = known.get(hash) or pem.read_chain(chain, "certificate").first.not_valid_after_utc
        return {name: self._ends[hash] for name, hash, _ in rows}

    async def get(self, actor: Actor, id: str) -> CertificateView:
        actor.require("viewer", "read certificates")
        return await self._work(lambda session: _view(find(session, CertificateRow, id, KIND)))

    async def create(self, actor: Actor, body: CertificateBody) -> CertificateView:
        """Invalid when the key is missing, is no key, or another certificate's."""
        actor.require("releaser", "add certificates")
        chain = pem.read_chain(body.certificate, "certificate")
        if body.key is None:
            raise Invalid("a certificate needs its private key", "key")
        key = pem.read_key(body.key, chain, "key")

        def unit(session: Session) -> CertificateView:
            free_name(session, CertificateRow, body.name, KIND)
            row = CertificateRow(id=self._admin.new_id())
            _write(row, body.name, chain, key, self._admin.sealer)
            session.add(row)
            session.flush()
            self._audit(session, actor, "add", f'certificate "{body.name}"', ", ".join(chain.names)[:300])
            return _view(row)

        return await self._work(unit)

    async def replace(
        self, actor: Actor, id: str, body: CertificateBody, if_match: str | None = None
    ) -> CertificateView:
        """Put a renewed one in its place, on gateways too. Without `key` the stored one stays; Invalid when that is
        not the new certificate's."""
        actor.require("releaser", "change certificates")
        chain = pem.read_chain(body.certificate, "certificate")
        given = None if body.key is None else pem.read_key(body.key, chain, "key")

        def unit(session: Session) -> tuple[CertificateView, list[Built]]:
            row = find(session, CertificateRow, id, KIND)
            self.match(_view(row), if_match)
            free_name(session, CertificateRow, body.name, KIND, id)
            key = given or self._admin.sealer.open(row.key, place(id))
            if given is None and not pem.key_fits(key, chain):
                raise Invalid("the stored key is not the one of this certificate: give its key too", "key")
            before = row.hash
            self._audit(session, actor, "change", f'certificate "{row.name}"', ", ".join(chain.names)[:300])
            _write(row, body.name, chain, key, self._admin.sealer)
            if row.hash == before:
                return _view(row), []
            served = select(ManifestCertificateRow.partition).where(ManifestCertificateRow.certificate == id).distinct()
            partitions = session.scalars(served.order_by(ManifestCertificateRow.partition)).all()
            return _view(row), self._admin.publisher.build(session, partitions)

        async def change() -> CertificateView:
            view, manifests = await self._work(unit)
            self._admin.publisher.publish(manifests)
            return view

        return await self._admin.carry(change())

    async def delete(self, actor: Actor, id: str) -> None:
        """Conflict while an application uses it, naming the applications."""
        actor.require("releaser", "delete certificates")

        def unit(session: Session) -> None:
            row = find(session, CertificateRow, id, KIND)
            if users := drafting.using(session, KIND, id):
                raise Conflict(f'certificate "{row.name}" is used by {", ".join(named("application", users))}')
            session.delete(row)
            self._audit(session, actor, "delete", f'certificate "{row.name}"')

        await self._work(unit)


def place(id: str) -> str:
    """Where a certificate's key is sealed for."""
    return f"certificates/{id}/key"


def document_of(row: CertificateRow, sealer: Sealer) -> bytes:
    """A stored certificate as gateways are sent it. Raises StoreError when the secret key does not fit."""
    chain = pem.read_chain(row.chain, "certificate")
    return _encoded(row.id, row.name, chain, sealer.open(row.key, place(row.id)))


def _encoded(id: str, name: str, chain: pem.Chain, key: str) -> bytes:
    names = tuple(name for name in chain.names if not pem.is_address(name))
    return documents.encode(CertificateDocument(id, name, chain.pem, key, names))


def _write(row: CertificateRow, name: str, chain: pem.Chain, key: str, sealer: Sealer) -> None:
    row.name, row.chain = name, chain.pem
    row.hash = hash_of(_encoded(row.id, name, chain, key))
    row.key = sealer.seal(key, place(row.id))


def _view(row: CertificateRow) -> CertificateView:
    chain = pem.read_chain(row.chain, "certificate")
    first = chain.first
    return CertificateView(
        id=row.id,
        name=row.name,
        certificate=row.chain,
        names=list(chain.names),
        subject=pem.subject(first.subject),
        issuer=pem.subject(first.issuer),
        not_before=first.not_valid_before_utc,
        not_after=first.not_valid_after_utc,
        fingerprint=chain.fingerprint,
        warnings=chain.warnings(clock.now()),
    )
