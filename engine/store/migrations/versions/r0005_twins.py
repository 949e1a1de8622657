"""Versions are found by the hash of their manifest, so that a twin is found among ten thousand datasets."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_version_sha256"), "version", ["sha256"])


def downgrade() -> None:
    op.drop_index(op.f("ix_version_sha256"), "version")
