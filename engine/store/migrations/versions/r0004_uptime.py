"""How often the product answered in time, by the hour."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.store.times import UtcTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "uptime",
        sa.Column("hour", UtcTime(), nullable=False),
        sa.Column("good", sa.Integer(), nullable=False),
        sa.Column("bad", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("hour", name=op.f("pk_uptime")),
    )


def downgrade() -> None:
    op.drop_table("uptime")
