"""Manifests: from the database to the hub, at start and with every release.

A manifest is not stored: it is the rows of `manifest_entries` for a partition, at a revision (generation, number) whose
generation is this Admin's life and whose number counts up in the store thread, so that numbers rise in the order of
commits. At start every partition's manifest is published anew in the new generation, which reaches gateways even when
the database is older than what they serve; equal documents mean no work for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from edge.model.document import hash_of
from edge.model.manifest import CertificateEntry, KeyEntry, Manifest, ManifestEntry, PurgeEntry
from edge.model.revision import NOTHING, Revision
from edge.store.tables import (
    ApplicationKeyRow,
    CertificateRow,
    DocumentRow,
    ManifestCertificateRow,
    ManifestEntryRow,
    PartitionRow,
    PurgeRow,
)

PURGES = 100
"""Purges that a manifest tells."""


class Built(msgspec.Struct, frozen=True):
    """A manifest with those of its documents by hash that hold keys: certificates', applications'. Only the hub keeps
    them."""

    manifest: Manifest
    secrets: Mapping[str, bytes]

    def __repr__(self) -> str:
        return f"<Built {self.manifest.partition} {self.manifest.revision!r}>"


class Publisher:
    """The current manifests and the documents they name. `build` runs in the store thread, the rest on the loop."""

    def __init__(
        self,
        generation: int,
        push: Callable[[Manifest, Mapping[str, bytes]], None],
        certificate: Callable[[CertificateRow], bytes],
        key: Callable[[ApplicationKeyRow], bytes],
    ) -> None:
        self._certificate = certificate
        self._key = key
        self.generation = generation
        self._number = 0
        self._push = push
        self._manifests: dict[str, Manifest] = {}
        self._documents: dict[str, bytes] = {}

    def __repr__(self) -> str:
        return f"<Publisher {self.generation} manifests={len(self._manifests)} documents={len(self._documents)}>"

    @property
    def newest(self) -> Revision:
        """No manifest was built at a later one."""
        return Revision(self.generation, self._number)

    def build(self, session: Session, partitions: Iterable[str]) -> list[Built]:
        """The manifests of these partitions as this unit of work leaves them, each at a new revision."""
        session.flush()
        return [self._build_one(session, partition) for partition in partitions]

    def _build_one(self, session: Session, partition: str) -> Built:
        row = ManifestEntryRow
        query = (
            select(row.application, row.name, row.version, row.hash)
            .where(row.partition == partition)
            .order_by(row.application)
        )
        entries = tuple(ManifestEntry(*columns) for columns in session.execute(query))
        bodies: dict[str, bytes] = {}
        certificates: list[CertificateEntry] = []
        named = select(ManifestCertificateRow.certificate).where(ManifestCertificateRow.partition == partition)
        for found in session.scalars(
            select(CertificateRow).where(CertificateRow.id.in_(named)).order_by(CertificateRow.id)
        ):
            certificates.append(CertificateEntry(found.id, found.name, found.hash))
            bodies[found.hash] = self._certificate(found)
        keys: list[KeyEntry] = []
        holders = select(row.application).where(row.partition == partition)
        held = select(ApplicationKeyRow).where(ApplicationKeyRow.application.in_(holders))
        for key in session.scalars(held.order_by(ApplicationKeyRow.application)):
            body = self._key(key)
            keys.append(KeyEntry(key.application, hash_of(body)))
            bodies[keys[-1].hash] = body
        self._number += 1
        revision = Revision(self.generation, self._number)
        purges, forgotten = _purges(session, [entry.application for entry in entries])
        return Built(
            Manifest(revision, partition, entries, tuple(certificates), purges, forgotten, tuple(keys)), bodies
        )

    def build_all(self, session: Session) -> tuple[list[Built], dict[str, bytes]]:
        """Every partition's manifest, and the documents that they name."""
        partitions = session.scalars(select(PartitionRow.id).order_by(PartitionRow.seq)).all()
        named = select(ManifestEntryRow.hash)
        documents = select(DocumentRow.hash, DocumentRow.body).where(DocumentRow.hash.in_(named))
        return self.build(session, partitions), dict(session.execute(documents).all())

    def publish(self, manifests: Iterable[Built], documents: Mapping[str, bytes] | None = None) -> None:
        """Hand manifests to the hub; `documents` are those among what they name that are new. Called without an await
        after the unit of work that built them."""
        self._documents.update(documents or {})
        for built in manifests:
            manifest = built.manifest
            if manifest.revision > self.revision(manifest.partition):
                self._manifests[manifest.partition] = manifest
                bodies = {entry.hash: self._documents[entry.hash] for entry in manifest.applications}
                self._push(manifest, {**bodies, **built.secrets})
        self._drop_unused()

    def _drop_unused(self) -> None:
        used = {entry.hash for manifest in self._manifests.values() for entry in manifest.applications}
        self._documents = {hash: body for hash, body in self._documents.items() if hash in used}

    def revision(self, partition: str) -> Revision:
        """The revision of a partition's current manifest."""
        manifest = self._manifests.get(partition)
        return manifest.revision if manifest is not None else NOTHING

    def documents(self) -> Mapping[str, bytes]:
        """The documents in service, by hash."""
        return self._documents

    def forget(self, partition: str) -> None:
        """A deleted partition has no manifest; no gateway is left that could subscribe to it."""
        self._manifests.pop(partition, None)


def _purges(session: Session, applications: list[str]) -> tuple[tuple[PurgeEntry, ...], int]:
    """The newest purges of these applications in order, and the number up to which older ones are told no more."""
    row = PurgeRow
    query = select(row).where(row.application.in_(applications)).order_by(row.seq.desc()).limit(PURGES + 1)
    newest = session.scalars(query).all()
    entries = [PurgeEntry(found.seq, found.application, found.url, found.prefix) for found in newest[:PURGES]]
    return tuple(reversed(entries)), newest[PURGES].seq if len(newest) > PURGES else 0
