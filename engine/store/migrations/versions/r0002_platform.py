"""Roles per project, API tokens, idempotent requests, what the processes say of themselves.

Columns are added in place: a table that others point at cannot be made anew while they do.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.store.times import UtcTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = ("service", "api_request", "api_token", "membership")


def upgrade() -> None:
    op.add_column("user", sa.Column("subject", sa.String(length=500), nullable=True))
    op.add_column("user", sa.Column("disabled_at", UtcTime(), nullable=True))
    op.create_index(op.f("ix_user_subject"), "user", ["subject"], unique=True)
    op.add_column("run", sa.Column("backend", sa.String(length=16), nullable=False, server_default=""))
    op.add_column("run", sa.Column("log", sa.String(), nullable=False, server_default=""))
    op.create_table(
        "membership",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_membership_user_id")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_membership_project_id")),
        sa.PrimaryKeyConstraint("user_id", "project_id", name=op.f("pk_membership")),
    )
    op.create_table(
        "api_token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.Column("used_at", UtcTime(), nullable=True),
        sa.Column("revoked_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_api_token_user_id")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_api_token_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_token_token_hash")),
    )
    op.create_index(op.f("ix_api_token_user_id"), "api_token", ["user_id"])
    op.create_table(
        "api_request",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_api_request_user_id")),
        sa.PrimaryKeyConstraint("user_id", "key", name=op.f("pk_api_request")),
    )
    op.create_table(
        "service",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("instance", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("figures", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("started_at", UtcTime(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", "instance", name=op.f("pk_service")),
    )


def downgrade() -> None:
    for name in TABLES:
        op.drop_table(name)
    op.drop_column("run", "log")
    op.drop_column("run", "backend")
    op.drop_index(op.f("ix_user_subject"), "user")
    op.drop_column("user", "disabled_at")
    op.drop_column("user", "subject")
