"""The keys that open the secrets in page rules."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "application_keys",
        sa.Column("application", sa.Text(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["application"], ["applications.id"], name=op.f("fk_application_keys_application"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("application", name=op.f("pk_application_keys")),
    )


def downgrade() -> None:
    op.drop_table("application_keys")
