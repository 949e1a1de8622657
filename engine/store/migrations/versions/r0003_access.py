"""Links that belong to an account, and where what was audited came from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("signin_link") as link:
        link.add_column(sa.Column("user_id", sa.Integer(), nullable=True))
        link.create_foreign_key(op.f("fk_signin_link_user_id"), "user", ["user_id"], ["id"])
    op.add_column("audit", sa.Column("project", sa.String(length=64), nullable=True))
    op.add_column("audit", sa.Column("address", sa.String(length=64), nullable=False, server_default=""))
    op.add_column("audit", sa.Column("request", sa.String(length=32), nullable=False, server_default=""))
    op.create_index(op.f("ix_audit_project"), "audit", ["project"])


def downgrade() -> None:
    op.drop_index(op.f("ix_audit_project"), "audit")
    op.drop_column("audit", "request")
    op.drop_column("audit", "address")
    op.drop_column("audit", "project")
    with op.batch_alter_table("signin_link") as link:
        link.drop_constraint(op.f("fk_signin_link_user_id"), type_="foreignkey")
        link.drop_column("user_id")
