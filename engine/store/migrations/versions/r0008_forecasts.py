"""Forecasts as they were made, to be graded when the points are there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.store.times import UtcTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "forecast",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("looked", sa.BigInteger(), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("metric", sa.String(), nullable=False),
        sa.Column("run", sa.String(), nullable=False),
        sa.Column("model", sa.String(length=64), nullable=False),
        sa.Column("origin", sa.Float(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.Column("kept", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("graded_at", UtcTime(), nullable=True),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("held", sa.Float(), nullable=True),
        sa.Column("crps", sa.Float(), nullable=True),
        sa.Column("crps_naive", sa.Float(), nullable=True),
        sa.Column("error", sa.Float(), nullable=True),
        sa.Column("error_naive", sa.Float(), nullable=True),
        sa.Column("scaled", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_forecast_project_id")),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name=op.f("fk_forecast_dataset_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_forecast_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forecast")),
    )
    op.create_index("ix_forecast_of_dataset", "forecast", ["dataset_id", "id"])
    op.create_index("ix_forecast_of_project", "forecast", ["project_id", "state", "id"])


def downgrade() -> None:
    op.drop_table("forecast")
