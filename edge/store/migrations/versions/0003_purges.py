"""Purges of stored answers: what gateways are to take out of their caches."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from edge.store.types import Moment

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "purges",
        sa.Column("seq", SERIAL, autoincrement=True, nullable=False),
        sa.Column("application", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("prefix", sa.Text(), nullable=True),
        sa.Column("at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["application"], ["applications.id"], name=op.f("fk_purges_application"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_purges")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_purges_application"), "purges", ["application"], unique=False)


def downgrade() -> None:
    op.drop_table("purges")
