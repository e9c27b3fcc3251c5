"""Certificates, and which of them the manifests in service name."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "certificates",
        sa.Column("seq", SERIAL, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_certificates")),
        sa.UniqueConstraint("id", name=op.f("uq_certificates_id")),
        sa.UniqueConstraint("name", name=op.f("uq_certificates_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "manifest_certificates",
        sa.Column("partition", sa.Text(), nullable=False),
        sa.Column("application", sa.Text(), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["application"],
            ["applications.id"],
            name=op.f("fk_manifest_certificates_application"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["certificate"], ["certificates.id"], name=op.f("fk_manifest_certificates_certificate")
        ),
        sa.ForeignKeyConstraint(["partition"], ["partitions.id"], name=op.f("fk_manifest_certificates_partition")),
        sa.PrimaryKeyConstraint("partition", "application", "certificate", name=op.f("pk_manifest_certificates")),
    )
    for column in ("application", "certificate"):
        name = op.f(f"ix_manifest_certificates_{column}")
        op.create_index(name, "manifest_certificates", [column], unique=False)


def downgrade() -> None:
    op.drop_table("manifest_certificates")
    op.drop_table("certificates")
