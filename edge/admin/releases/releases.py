"""Releases: compile, validate, hash, number, store, push; and going back to an earlier one.

The road of a release: the draft is read (one unit of work) ▸ compiled and validated in the child process ▸ if the draft
is still the same, stored with the next version, the manifests of its old and new partitions, and no pending change
(one unit of work) ▸ pushed. A draft that was edited meanwhile is compiled again.
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from functools import partial

import msgspec
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from edge import clock
from edge.admin import finding
from edge.admin.actor import Actor
from edge.admin.drafts import changes, differences, drafting
from edge.admin.drafts.wording import rule_label
from edge.admin.errors import Conflict, Invalid, NotFound, Unavailable
from edge.admin.releases.compiling import Compiled, CompilingFailed
from edge.admin.releases.publishing import Built
from edge.admin.releases.sync import release_sync
from edge.admin.service import LIMIT, Service, checked_limit, numeric_cursor, page_of
from edge.admin.views import Page, ReleaseBody, ReleaseView
from edge.model import document as documents
from edge.model.document import ApplicationDocument
from edge.store.tables import (
    ApplicationRow,
    CertificateRow,
    ChangeRow,
    DocumentRow,
    KubernetesClusterRow,
    ManifestCertificateRow,
    ManifestEntryRow,
    PartitionRow,
    ReleaseRow,
)
from edge.wire.channel import FRAME_LIMIT

ATTEMPTS = 5
LARGEST = FRAME_LIMIT - 65_536
"""Bytes of a document: it must fit into one message to a gateway."""
_NEWEST = 2**31 - 1


class _Stored(msgspec.Struct, frozen=True):
    """A release as read from the database: enough for its view."""

    row: ReleaseRow
    partitions: tuple[str, ...]
    hashes: dict[int, str]


class _Done(msgspec.Struct, frozen=True):
    """What a stored release makes to do."""

    stored: _Stored
    manifests: list[Built]
    draft: ApplicationDocument


class Releases(Service):
    """Releases of an application, newest first. Reading needs viewer, releasing and rolling back releaser."""

    async def list(
        self, actor: Actor, application: str, limit: int = LIMIT, after: str | None = None
    ) -> Page[ReleaseView]:
        actor.require("viewer", "read releases")
        checked_limit(limit)
        before = numeric_cursor(after, _NEWEST)

        def unit(session: Session) -> list[_Stored]:
            drafting.load(session, application)
            query = (
                select(ReleaseRow)
                .where(ReleaseRow.application == application, ReleaseRow.version < min(before, _NEWEST))
                .order_by(ReleaseRow.version.desc())
                .limit(limit + 1)
            )
            return _stored(session, application, session.scalars(query).all())

        found = await self._work(unit)
        return page_of(found, limit, self._view, lambda stored: stored.row.version)

    async def get(self, actor: Actor, application: str, version: int) -> ReleaseView:
        actor.require("viewer", "read releases")

        def unit(session: Session) -> _Stored:
            return _stored(session, application, [find_release(session, application, version)])[0]

        return self._view(await self._work(unit))

    async def create(self, actor: Actor, application: str, body: ReleaseBody) -> ReleaseView:
        """Release the draft. Conflict when nothing changed; Invalid names rule, field and reason."""
        actor.require("releaser", "release")
        return await self._admin.carry(self._release(actor, application, body.comment))

    async def rollback(
        self, actor: Actor, application: str, version: int, body: ReleaseBody, discard: bool = False
    ) -> ReleaseView:
        """Make a new release with the content and hash of `version`; the draft becomes that content. Conflict while
        changes are pending (unless `discard`), or when the content names what no longer exists."""
        actor.require("releaser", "roll back")
        return await self._admin.carry(self._rollback(actor, application, version, body.comment, discard))

    async def _release(self, actor: Actor, application: str, comment: str) -> ReleaseView:
        for _ in range(ATTEMPTS):
            draft = await self._work(lambda session: _to_release(session, application))
            compiled = await self._compiled(draft)
            stored = partial(
                self._store, actor=actor, application=application, draft=draft, hash=compiled.hash, comment=comment
            )
            done = await self._work(stored)
            if done is not None:
                return self._publish(done)
        raise Conflict("the application was edited again and again while it was compiled; try again")

    async def _compiled(self, body: bytes) -> Compiled:
        if len(body) > LARGEST:
            raise Invalid(f"the application is {len(body)} bytes when compiled; gateways take {LARGEST} at most")
        try:
            compiled = await self._admin.compiler.compile(body)
        except CompilingFailed as error:
            raise Unavailable(str(error)) from error
        if compiled.problems:
            document = documents.decode(body)
            lines = [f"{_where(document, problem.field)}: {problem.message}" for problem in compiled.problems[:5]]
            raise Invalid(
                f'application "{document.name}" cannot be released. {"; ".join(lines)}', compiled.problems[0].field
            )
        return compiled

    def _store(
        self, session: Session, actor: Actor, application: str, draft: bytes, hash: str, comment: str
    ) -> _Done | None:
        row, document = drafting.load(session, application)
        if row.draft != draft:
            return None
        texts = [change.text for change in changes.pending(session, application)]
        return self._add(session, actor, row, document, hash, comment, texts, None)

    async def _rollback(self, actor: Actor, application: str, version: int, comment: str, discard: bool) -> ReleaseView:
        def unit(session: Session) -> _Done:
            row, _ = drafting.load(session, application)
            target = find_release(session, application, version)
            pending = changes.pending(session, application)
            if pending and not discard:
                raise Conflict(
                    f"{len(pending)} pending change{'s' if len(pending) > 1 else ''} would be lost: {pending[0].text}; "
                    "release or discard them first, or roll back with discard=true"
                )
            document = documents.decode(drafting.release_body(session, application, version))
            _require_existing(session, document)
            drafting.save(session, row, document, actor, self._admin.new_id)
            texts = [f"Roll back to release {version}"]
            return self._add(session, actor, row, document, target.hash, comment, texts, version)

        return self._publish(await self._work(unit))

    def _add(
        self,
        session: Session,
        actor: Actor,
        row: ApplicationRow,
        document: ApplicationDocument,
        hash: str,
        comment: str,
        texts: builtins.list[str],
        rollback_of: int | None,
    ) -> _Done:
        body = documents.encode(document)
        if session.get(DocumentRow, hash) is None:
            session.add(DocumentRow(hash=hash, application=row.id, body=body))
            session.flush()
        newest = session.scalar(select(func.max(ReleaseRow.version)).where(ReleaseRow.application == row.id))
        release = ReleaseRow(
            application=row.id,
            version=(newest or 0) + 1,
            hash=hash,
            comment=comment,
            actor=actor.name,
            at=clock.now(),
            rollback_of=rollback_of,
            changes=msgspec.json.encode(texts),
        )
        session.add(release)
        row.release = release.version
        session.execute(delete(ChangeRow).where(ChangeRow.application == row.id))
        drafting.claim(session, row, [document])
        partitions = _place(session, document, release)
        verb = "release" if rollback_of is None else f"roll back to release {rollback_of} of"
        self._audit(session, actor, verb, f'application "{row.name}"', f"release {release.version}")
        manifests = self._admin.publisher.build(session, partitions)
        return _Done(_stored(session, row.id, [release])[0], manifests, document)

    def _publish(self, done: _Done) -> ReleaseView:
        """Everything after the commit, without an await: manifests reach the hub in the order of their revisions."""
        release = done.stored.row
        self._admin.publisher.publish(done.manifests, {release.hash: documents.encode(done.draft)})
        self._admin.following.draft(done.draft)
        self._admin.following.released(self._admin.publisher.documents())
        self._admin.events.publish("release", release.application, release.version)
        return self._view(done.stored)

    def _view(self, stored: _Stored) -> ReleaseView:
        row = stored.row
        servers = self._admin.gateway_servers.facts(row.application, stored.partitions)
        return ReleaseView(
            version=row.version,
            hash=row.hash,
            comment=row.comment,
            user=row.actor,
            at=row.at,
            sync=release_sync(row.application, row.version, stored.hashes, servers),
            rollback_of=row.rollback_of,
            changes=msgspec.json.decode(row.changes),
        )


def find_release(session: Session, application: str, version: int) -> ReleaseRow:
    """The release with this version; raises NotFound."""
    row, _ = drafting.load(session, application)
    release = session.get(ReleaseRow, (application, version)) if 0 < version <= _NEWEST else None
    if release is None:
        raise NotFound(f'application "{row.name}" has no release {version}')
    return release


def _to_release(session: Session, application: str) -> bytes:
    row, _ = drafting.load(session, application)
    if row.release is None:
        draft = documents.decode(row.draft)
        if not differences.things(differences.unreleased(draft), draft):
            raise Conflict(f'application "{row.name}" has nothing to release yet')
    elif drafting.release_body(session, application, row.release) == row.draft:
        raise Conflict(f'nothing changed in application "{row.name}" since release {row.release}')
    return row.draft


def _stored(session: Session, application: str, rows: Sequence[ReleaseRow]) -> builtins.list[_Stored]:
    known = select(ReleaseRow.version, ReleaseRow.hash).where(ReleaseRow.application == application)
    hashes = dict(session.execute(known).all())
    wanted = select(DocumentRow.hash, DocumentRow.body).where(DocumentRow.hash.in_([row.hash for row in rows]))
    partitions = {hash: documents.decode(body).partitions for hash, body in session.execute(wanted)}
    return [_Stored(row, partitions[row.hash], hashes) for row in rows]


def _place(session: Session, document: ApplicationDocument, release: ReleaseRow) -> builtins.list[str]:
    """Rewrite the application's manifest entries; the partitions that it is in, or was in until now."""
    entry = ManifestEntryRow
    left = session.scalars(select(entry.partition).where(entry.application == document.id).order_by(entry.partition))
    affected = dict.fromkeys([*left, *document.partitions])
    session.execute(delete(entry).where(entry.application == document.id))
    named = ManifestCertificateRow
    session.execute(delete(named).where(named.application == document.id))
    for partition in document.partitions:
        session.add(
            ManifestEntryRow(
                partition=partition,
                application=document.id,
                name=document.name,
                version=release.version,
                hash=release.hash,
            )
        )
        for certificate in document.certificates:
            session.add(named(partition=partition, application=document.id, certificate=certificate))
    return [*affected]


def _require_existing(session: Session, document: ApplicationDocument) -> None:
    """Raise Conflict when an old release names what was deleted since, or a name that another application has."""
    finding.free_name(session, ApplicationRow, document.name, "application", document.id)
    for table, noun, ids in (
        (PartitionRow, "partition", document.partitions),
        (KubernetesClusterRow, "Kubernetes cluster", [source.cluster for source in document.sources()]),
        (CertificateRow, "certificate", document.certificates),
    ):
        known = dict.fromkeys(session.scalars(select(table.id)))
        gone = [id for id in ids if id not in known]
        if gone:
            raise Conflict(f"that release names the {noun} {gone[0]}, which was deleted since")


def _where(document: ApplicationDocument, field: str) -> str:
    """A problem's field, with the rule or upstream it is in by name: 'page rule "all", rules[0].actions[1].url'."""
    if field.startswith("rules[") and "]" in field:
        index = field[len("rules[") : field.index("]")]
        if index.isdigit() and int(index) < len(document.rules):
            return f"page rule {rule_label(document.rules[int(index)], document)}, {field}"
    return field
