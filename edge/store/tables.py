"""The tables. One owner for each fact; what can be computed from another row is not stored, except where an index of
it makes a check or a push cheap (`DomainClaim`, `ApplicationUse`, `ManifestEntryRow`,
`ManifestCertificateRow`), and those are rewritten in the same unit of work as what they index.

`seq` orders lists and is their cursor; `id` is what callers see: opaque and never used again.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Integer, LargeBinary, MetaData, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from edge.store.types import Moment

Serial = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite counts up by itself only for a column of type INTEGER."""


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {str: Text(), bytes: LargeBinary(), datetime: Moment()}  # noqa: RUF012 - SQLAlchemy's name


class Numbered(Base):
    """A row with a place in its list. SQLite would use a deleted last number again; a cursor must not."""

    __abstract__ = True
    seq: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True, sort_order=-1)


class Setting(Base):
    """What the Admin remembers of itself: "generation", "key-check"."""

    __tablename__ = "settings"
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[bytes]


class PartitionRow(Numbered):
    __tablename__ = "partitions"
    __table_args__ = ({"sqlite_autoincrement": True},)
    id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(unique=True)


class GatewayClusterRow(Numbered):
    __tablename__ = "gateway_clusters"
    __table_args__ = ({"sqlite_autoincrement": True},)
    id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(unique=True)
    partition: Mapped[str] = mapped_column(ForeignKey("partitions.id"), index=True)


class GatewayServerRow(Numbered):
    """`seen` is when it was last known to be online."""

    __tablename__ = "gateway_servers"
    __table_args__ = ({"sqlite_autoincrement": True},)
    id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(unique=True)
    cluster: Mapped[str] = mapped_column(ForeignKey("gateway_clusters.id"), index=True)
    credential_hash: Mapped[str] = mapped_column(unique=True)
    address: Mapped[str]
    version: Mapped[str]
    seen: Mapped[datetime]


class JoinTokenRow(Base):
    __tablename__ = "join_tokens"
    hash: Mapped[str] = mapped_column(primary_key=True)
    cluster: Mapped[str] = mapped_column(ForeignKey("gateway_clusters.id", ondelete="CASCADE"), index=True)
    uses: Mapped[int]
    expires: Mapped[datetime]


class RevokedCredential(Base):
    """So that a server that was sent away is told so, rather than that it is unknown."""

    __tablename__ = "revoked_credentials"
    hash: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    at: Mapped[datetime]


class KubernetesClusterRow(Numbered):
    """`token` is sealed (edge.store.sealing)."""

    __tablename__ = "kubernetes_clusters"
    __table_args__ = ({"sqlite_autoincrement": True},)
    id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(unique=True)
    host: Mapped[str]
    port: Mapped[int]
    ssl_verify: Mapped[bool]
    ca_certificate: Mapped[str | None]
    token: Mapped[bytes]
    connect_timeout: Mapped[float]
    read_timeout: Mapped[float]


class CertificateRow(Numbered):
    """`chain` is PEM, `key` sealed (edge.store.sealing), `hash` names the document that gateways are sent."""

    __tablename__ = "certificates"
    __table_args__ = ({"sqlite_autoincrement": True},)
    id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(unique=True)
    chain: Mapped[str]
    key: Mapped[bytes]
    hash: Mapped[str]


class ApplicationRow(Numbered):
    """`draft` is an encoded ApplicationDocument, `release` the version in service; `name` is the draft's."""

    __tablename__ = "applications"
    __table_args__ = ({"sqlite_autoincrement": True},)
    id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(unique=True)
    draft: Mapped[bytes]
    release: Mapped[int | None]


class ChangeRow(Numbered):
    """Who last edited one thing of a draft that differs from the release. What differs is computed, not stored."""

    __tablename__ = "changes"
    __table_args__ = (UniqueConstraint("application", "thing"), {"sqlite_autoincrement": True})
    id: Mapped[str] = mapped_column(unique=True)
    application: Mapped[str] = mapped_column(ForeignKey("applications.id", ondelete="CASCADE"))
    thing: Mapped[str]
    actor: Mapped[str]
    at: Mapped[datetime]


class DocumentRow(Base):
    """Release documents by hash. A document names its application, so no two applications share one."""

    __tablename__ = "documents"
    hash: Mapped[str] = mapped_column(primary_key=True)
    application: Mapped[str] = mapped_column(ForeignKey("applications.id", ondelete="CASCADE"), index=True)
    body: Mapped[bytes]


class ReleaseRow(Base):
    """`changes` is a JSON array of the texts of what it released."""

    __tablename__ = "releases"
    application: Mapped[str] = mapped_column(ForeignKey("applications.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hash: Mapped[str] = mapped_column(ForeignKey("documents.hash"))
    comment: Mapped[str]
    actor: Mapped[str]
    at: Mapped[datetime]
    rollback_of: Mapped[int | None]
    changes: Mapped[bytes]


class PurgeRow(Numbered):
    """What gateways are to take out of their caches: a URL, or a prefix of URLs."""

    __tablename__ = "purges"
    __table_args__ = ({"sqlite_autoincrement": True},)
    application: Mapped[str] = mapped_column(ForeignKey("applications.id", ondelete="CASCADE"), index=True)
    url: Mapped[str | None]
    prefix: Mapped[str | None]
    at: Mapped[datetime]


class DomainClaim(Base):
    """A domain that an application's draft or release in service claims in a partition; "" is the partition's
    default. The key is what keeps two applications from claiming the same."""

    __tablename__ = "domain_claims"
    partition: Mapped[str] = mapped_column(primary_key=True)
    domain: Mapped[str] = mapped_column(primary_key=True)
    application: Mapped[str] = mapped_column(ForeignKey("applications.id", ondelete="CASCADE"), index=True)


class ApplicationUse(Base):
    """What an application's draft or release in service names: kind partition, kubernetes-cluster, certificate."""

    __tablename__ = "application_uses"
    kind: Mapped[str] = mapped_column(primary_key=True)
    target: Mapped[str] = mapped_column(primary_key=True)
    application: Mapped[str] = mapped_column(
        ForeignKey("applications.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class ManifestEntryRow(Base):
    """The manifests as they are in service: one row for each application in each partition."""

    __tablename__ = "manifest_entries"
    partition: Mapped[str] = mapped_column(ForeignKey("partitions.id"), primary_key=True)
    application: Mapped[str] = mapped_column(
        ForeignKey("applications.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    name: Mapped[str]
    version: Mapped[int]
    hash: Mapped[str] = mapped_column(ForeignKey("documents.hash"))


class ManifestCertificateRow(Base):
    """The certificates that the manifests in service name, by the applications that use them."""

    __tablename__ = "manifest_certificates"
    partition: Mapped[str] = mapped_column(ForeignKey("partitions.id"), primary_key=True)
    application: Mapped[str] = mapped_column(
        ForeignKey("applications.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    certificate: Mapped[str] = mapped_column(ForeignKey("certificates.id"), primary_key=True, index=True)


class ApplicationKeyRow(Base):
    """The key, sealed, that opens the secrets in an application's page rules."""

    __tablename__ = "application_keys"
    application: Mapped[str] = mapped_column(ForeignKey("applications.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[bytes]


class SourceStateRow(Base):
    """The last known endpoints of a source, with the revision under which they were pushed. `port` is JSON (80 or
    "http"), `endpoints` a JSON array of Endpoint."""

    __tablename__ = "source_states"
    key: Mapped[str] = mapped_column(primary_key=True)
    cluster: Mapped[str]
    namespace: Mapped[str]
    service: Mapped[str]
    port: Mapped[str]
    generation: Mapped[int] = mapped_column(BigInteger)
    number: Mapped[int] = mapped_column(BigInteger)
    endpoints: Mapped[bytes]
    stale_since: Mapped[datetime | None]


class UserRow(Numbered):
    __tablename__ = "users"
    __table_args__ = ({"sqlite_autoincrement": True},)
    id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    password_hash: Mapped[str]
    created: Mapped[datetime]


class SessionRow(Base):
    __tablename__ = "sessions"
    hash: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    expires: Mapped[datetime]


class TokenRow(Numbered):
    __tablename__ = "tokens"
    __table_args__ = ({"sqlite_autoincrement": True},)
    id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str]
    hash: Mapped[str] = mapped_column(unique=True)
    created: Mapped[datetime]
    expires: Mapped[datetime | None]


class AuditRow(Numbered):
    __tablename__ = "audit"
    __table_args__ = ({"sqlite_autoincrement": True},)
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    target: Mapped[str]
    detail: Mapped[str]
