"""The first schema: gateways, Kubernetes clusters, applications with drafts and releases, access, audit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from edge.store.types import Moment

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "applications",
        sa.Column("seq", SERIAL, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("draft", sa.LargeBinary(), nullable=False),
        sa.Column("release", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_applications")),
        sa.UniqueConstraint("id", name=op.f("uq_applications_id")),
        sa.UniqueConstraint("name", name=op.f("uq_applications_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "audit",
        sa.Column("seq", SERIAL, autoincrement=True, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "kubernetes_clusters",
        sa.Column("seq", SERIAL, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("ssl_verify", sa.Boolean(), nullable=False),
        sa.Column("ca_certificate", sa.Text(), nullable=True),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("connect_timeout", sa.Double(), nullable=False),
        sa.Column("read_timeout", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_kubernetes_clusters")),
        sa.UniqueConstraint("id", name=op.f("uq_kubernetes_clusters_id")),
        sa.UniqueConstraint("name", name=op.f("uq_kubernetes_clusters_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "partitions",
        sa.Column("seq", SERIAL, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_partitions")),
        sa.UniqueConstraint("id", name=op.f("uq_partitions_id")),
        sa.UniqueConstraint("name", name=op.f("uq_partitions_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "revoked_credentials",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_revoked_credentials")),
    )
    op.create_table(
        "settings",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_settings")),
    )
    op.create_table(
        "source_states",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("cluster", sa.Text(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("port", sa.Text(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("endpoints", sa.LargeBinary(), nullable=False),
        sa.Column("stale_since", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_source_states")),
    )
    op.create_table(
        "tokens",
        sa.Column("seq", SERIAL, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.Column("expires", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_tokens")),
        sa.UniqueConstraint("hash", name=op.f("uq_tokens_hash")),
        sa.UniqueConstraint("id", name=op.f("uq_tokens_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "users",
        sa.Column("seq", SERIAL, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_users")),
        sa.UniqueConstraint("id", name=op.f("uq_users_id")),
        sa.UniqueConstraint("name", name=op.f("uq_users_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "application_uses",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("application", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["application"], ["applications.id"], name=op.f("fk_application_uses_application"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("kind", "target", "application", name=op.f("pk_application_uses")),
    )
    op.create_index(op.f("ix_application_uses_application"), "application_uses", ["application"], unique=False)
    op.create_table(
        "changes",
        sa.Column("seq", SERIAL, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("application", sa.Text(), nullable=False),
        sa.Column("thing", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["application"], ["applications.id"], name=op.f("fk_changes_application"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_changes")),
        sa.UniqueConstraint("application", "thing", name=op.f("uq_changes_application_thing")),
        sa.UniqueConstraint("id", name=op.f("uq_changes_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "documents",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("application", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["application"], ["applications.id"], name=op.f("fk_documents_application"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_documents")),
    )
    op.create_index(op.f("ix_documents_application"), "documents", ["application"], unique=False)
    op.create_table(
        "domain_claims",
        sa.Column("partition", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("application", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["application"], ["applications.id"], name=op.f("fk_domain_claims_application"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("partition", "domain", name=op.f("pk_domain_claims")),
    )
    op.create_index(op.f("ix_domain_claims_application"), "domain_claims", ["application"], unique=False)
    op.create_table(
        "gateway_clusters",
        sa.Column("seq", SERIAL, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("partition", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["partition"], ["partitions.id"], name=op.f("fk_gateway_clusters_partition")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_gateway_clusters")),
        sa.UniqueConstraint("id", name=op.f("uq_gateway_clusters_id")),
        sa.UniqueConstraint("name", name=op.f("uq_gateway_clusters_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_gateway_clusters_partition"), "gateway_clusters", ["partition"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("expires", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sessions_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_user_id"), "sessions", ["user_id"], unique=False)
    op.create_table(
        "gateway_servers",
        sa.Column("seq", SERIAL, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("cluster", sa.Text(), nullable=False),
        sa.Column("credential_hash", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("seen", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["cluster"], ["gateway_clusters.id"], name=op.f("fk_gateway_servers_cluster")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_gateway_servers")),
        sa.UniqueConstraint("credential_hash", name=op.f("uq_gateway_servers_credential_hash")),
        sa.UniqueConstraint("id", name=op.f("uq_gateway_servers_id")),
        sa.UniqueConstraint("name", name=op.f("uq_gateway_servers_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_gateway_servers_cluster"), "gateway_servers", ["cluster"], unique=False)
    op.create_table(
        "join_tokens",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("cluster", sa.Text(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("expires", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cluster"], ["gateway_clusters.id"], name=op.f("fk_join_tokens_cluster"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_join_tokens")),
    )
    op.create_index(op.f("ix_join_tokens_cluster"), "join_tokens", ["cluster"], unique=False)
    op.create_table(
        "manifest_entries",
        sa.Column("partition", sa.Text(), nullable=False),
        sa.Column("application", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["application"], ["applications.id"], name=op.f("fk_manifest_entries_application"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["hash"], ["documents.hash"], name=op.f("fk_manifest_entries_hash")),
        sa.ForeignKeyConstraint(["partition"], ["partitions.id"], name=op.f("fk_manifest_entries_partition")),
        sa.PrimaryKeyConstraint("partition", "application", name=op.f("pk_manifest_entries")),
    )
    op.create_index(op.f("ix_manifest_entries_application"), "manifest_entries", ["application"], unique=False)
    op.create_table(
        "releases",
        sa.Column("application", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("rollback_of", sa.Integer(), nullable=True),
        sa.Column("changes", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["application"], ["applications.id"], name=op.f("fk_releases_application"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["hash"], ["documents.hash"], name=op.f("fk_releases_hash")),
        sa.PrimaryKeyConstraint("application", "version", name=op.f("pk_releases")),
    )


def downgrade() -> None:
    op.drop_table("releases")
    op.drop_table("manifest_entries")
    op.drop_table("join_tokens")
    op.drop_table("gateway_servers")
    op.drop_table("sessions")
    op.drop_table("gateway_clusters")
    op.drop_table("domain_claims")
    op.drop_table("documents")
    op.drop_table("changes")
    op.drop_table("application_uses")
    op.drop_table("users")
    op.drop_table("tokens")
    op.drop_table("source_states")
    op.drop_table("settings")
    op.drop_table("revoked_credentials")
    op.drop_table("partitions")
    op.drop_table("kubernetes_clusters")
    op.drop_table("audit")
    op.drop_table("applications")
