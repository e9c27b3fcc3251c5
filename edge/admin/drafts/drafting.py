"""Drafts in the database: loading, saving with their pending changes, and what they claim.

Saving a draft also, in the same unit of work, keeps who last edited each differing thing, and rewrites the claims
(domain in partition) and uses (partitions, Kubernetes clusters) of the application. Claims and uses are the union of
the draft and the release in service: neither the next release nor discarding all changes can then collide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from edge import clock
from edge.admin.actor import Actor
from edge.admin.drafts import differences
from edge.admin.drafts.wording import Names
from edge.admin.errors import Conflict, Invalid
from edge.admin.finding import find
from edge.model import document as documents
from edge.model.document import ApplicationDocument
from edge.store.tables import (
    ApplicationRow,
    ApplicationUse,
    CertificateRow,
    ChangeRow,
    DocumentRow,
    DomainClaim,
    KubernetesClusterRow,
    PartitionRow,
    ReleaseRow,
)

MOST_CLAIMS = 100_000
_CHUNK = 500


def load(session: Session, application: str) -> tuple[ApplicationRow, ApplicationDocument]:
    """An application's row and its draft; raises NotFound."""
    row = find(session, ApplicationRow, application, "application")
    return row, documents.decode(row.draft)


def released(session: Session, row: ApplicationRow) -> ApplicationDocument | None:
    """The document in service; None before the first release."""
    if row.release is None:
        return None
    return documents.decode(release_body(session, row.id, row.release))


def release_body(session: Session, application: str, version: int) -> bytes:
    """The encoded document of a release that exists."""
    query = (
        select(DocumentRow.body)
        .join(ReleaseRow, ReleaseRow.hash == DocumentRow.hash)
        .where(ReleaseRow.application == application, ReleaseRow.version == version)
    )
    return session.scalars(query).one()


def baseline(session: Session, row: ApplicationRow, draft: ApplicationDocument) -> ApplicationDocument:
    """What the draft is compared with."""
    return released(session, row) or differences.unreleased(draft)


def save(
    session: Session, row: ApplicationRow, draft: ApplicationDocument, actor: Actor, new_id: Callable[[], str]
) -> None:
    """Make `draft` the application's draft. Raises Conflict when it claims what another application has."""
    before = documents.decode(row.draft)
    row.draft = documents.encode(draft)
    row.name = draft.name
    service = released(session, row)
    changed = differences.things(service or differences.unreleased(draft), draft)
    edited = differences.things(before, draft)
    _note_changes(session, row.id, changed, edited, actor, new_id)
    claim(session, row, [draft, *([service] if service is not None else [])])


def _note_changes(
    session: Session,
    application: str,
    changed: Sequence[str],
    edited: Sequence[str],
    actor: Actor,
    new_id: Callable[[], str],
) -> None:
    rows = {row.thing: row for row in session.scalars(select(ChangeRow).where(ChangeRow.application == application))}
    for thing, row in rows.items():
        if thing not in changed:
            session.delete(row)
    for thing in changed:
        known = rows.get(thing)
        if known is None:
            row = ChangeRow(id=new_id(), application=application, thing=thing, actor=actor.name, at=clock.now())
            session.add(row)
            session.flush()  # one by one, so that they are listed in this order
        elif thing in edited:
            known.actor, known.at = actor.name, clock.now()


def claim(session: Session, row: ApplicationRow, contents: Sequence[ApplicationDocument]) -> None:
    """Rewrite what the application claims and uses, by all of `contents`. Raises Conflict, Invalid."""
    session.flush()
    _claim_domains(session, row, contents)
    wanted = {("partition", id) for content in contents for id in content.partitions}
    wanted |= {("certificate", id) for content in contents for id in content.certificates}
    wanted |= {("kubernetes-cluster", source.cluster) for content in contents for source in content.sources()}
    session.execute(delete(ApplicationUse).where(ApplicationUse.application == row.id))
    uses = [{"kind": kind, "target": target, "application": row.id} for kind, target in sorted(wanted)]
    if uses:
        session.execute(insert(ApplicationUse), uses)


def using(session: Session, kind: str, target: str) -> list[str]:
    """The names of the applications whose draft or release in service uses a partition, a certificate or a
    Kubernetes cluster."""
    query = (
        select(ApplicationRow.name)
        .join(ApplicationUse, ApplicationUse.application == ApplicationRow.id)
        .where(ApplicationUse.kind == kind, ApplicationUse.target == target)
        .order_by(ApplicationRow.seq)
    )
    return list(session.scalars(query))


def _claim_domains(session: Session, row: ApplicationRow, contents: Sequence[ApplicationDocument]) -> None:
    wanted: dict[tuple[str, str], None] = {}
    for content in contents:
        if len(content.partitions) * len(content.domains) > MOST_CLAIMS:
            raise Invalid(f"domains times partitions may be at most {MOST_CLAIMS}", "domains")
        domains = [*content.domains, *([""] if content.default else [])]
        wanted.update(((partition, domain), None) for partition in content.partitions for domain in domains)
    query = select(DomainClaim.partition, DomainClaim.domain).where(DomainClaim.application == row.id)
    had = dict.fromkeys(session.execute(query).all())
    new = [key for key in wanted if key not in had]
    _refuse_taken(session, new)
    for partition, domains in _by_partition([key for key in had if key not in wanted]):
        session.execute(delete(DomainClaim).where(DomainClaim.partition == partition, DomainClaim.domain.in_(domains)))
    if new:
        rows = [{"partition": partition, "domain": domain, "application": row.id} for partition, domain in new]
        session.execute(insert(DomainClaim), rows)


def _by_partition(keys: Sequence[tuple[str, str]]) -> Iterator[tuple[str, list[str]]]:
    """(partition, at most 500 domains of it) until all are given: databases limit the parameters of a statement."""
    grouped: dict[str, list[str]] = {}
    for partition, domain in keys:
        grouped.setdefault(partition, []).append(domain)
    for partition, domains in grouped.items():
        remaining = iter(domains)
        while chunk := list(islice(remaining, _CHUNK)):
            yield partition, chunk


def _refuse_taken(session: Session, keys: Sequence[tuple[str, str]]) -> None:
    for partition, domains in _by_partition(keys):
        query = (
            select(DomainClaim.domain, ApplicationRow.name, PartitionRow.name)
            .join(ApplicationRow, ApplicationRow.id == DomainClaim.application)
            .join(PartitionRow, PartitionRow.id == DomainClaim.partition)
            .where(DomainClaim.partition == partition, DomainClaim.domain.in_(domains))
            .order_by(DomainClaim.domain)
        )
        taken = session.execute(query).first()
        if taken is not None:
            domain, application, name = taken
            if domain == "":
                raise Conflict(f'partition "{name}" already has a default application, "{application}"', "default")
            raise Conflict(
                f'domain {domain} is already used in partition "{name}" by application "{application}"', "domains"
            )


def names(session: Session) -> Names:
    """The names that texts use for ids."""
    partitions = session.execute(select(PartitionRow.id, PartitionRow.name))
    clusters = session.execute(select(KubernetesClusterRow.id, KubernetesClusterRow.name))
    certificates = session.execute(select(CertificateRow.id, CertificateRow.name))
    return Names(dict(partitions.all()), dict(clusters.all()), dict(certificates.all()))
