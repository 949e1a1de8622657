"""The journal of decisions, which are kept for ever as they were taken, and mappings of columns kept by name."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.store.times import UtcTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_FROZEN = (
    "id, project_id, user_id, at, title, because, analysis, datasets, params, verdict, sentence, estimates, evidence, "
    "query"
)
KEPT = {
    "sqlite": [
        "CREATE TRIGGER decision_no_delete BEFORE DELETE ON decision "
        "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END",
        f"CREATE TRIGGER decision_no_update BEFORE UPDATE OF {_FROZEN} ON decision "
        "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END",
        "CREATE TRIGGER decision_withdrawn_once BEFORE UPDATE ON decision WHEN OLD.withdrawn_at IS NOT NULL "
        "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END",
    ],
    "postgresql": [
        "CREATE FUNCTION decision_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the journal is append-only'; END $$",
        "CREATE TRIGGER decision_no_delete BEFORE DELETE OR TRUNCATE ON decision "
        "FOR EACH STATEMENT EXECUTE FUNCTION decision_refuse()",
        f"CREATE TRIGGER decision_no_update BEFORE UPDATE OF {_FROZEN} ON decision "
        "FOR EACH ROW EXECUTE FUNCTION decision_refuse()",
        "CREATE TRIGGER decision_withdrawn_once BEFORE UPDATE ON decision "
        "FOR EACH ROW WHEN (OLD.withdrawn_at IS NOT NULL) EXECUTE FUNCTION decision_refuse()",
    ],
}


def upgrade() -> None:
    op.create_table(
        "decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("because", sa.String(), nullable=False),
        sa.Column("analysis", sa.String(length=64), nullable=False),
        sa.Column("datasets", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("params", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("verdict", sa.String(length=64), nullable=False),
        sa.Column("sentence", sa.String(), nullable=False),
        sa.Column("estimates", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("evidence", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("query", sa.String(), nullable=False),
        sa.Column("withdrawn_at", UtcTime(), nullable=True),
        sa.Column("withdrawn_by", sa.Integer(), nullable=True),
        sa.Column("withdrawn_why", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_decision_project_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_decision_user_id")),
        sa.ForeignKeyConstraint(["withdrawn_by"], ["user.id"], name=op.f("fk_decision_withdrawn_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    op.create_index(op.f("ix_decision_project_id"), "decision", ["project_id"])
    for statement in KEPT[op.get_context().dialect.name]:
        op.execute(statement)
    nothing = sa.text("'{}'")
    op.add_column(
        "dataset", sa.Column("source_columns", sa.JSON(none_as_null=True), nullable=False, server_default=nothing)
    )
    op.create_table(
        "mapping",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("signature", sa.String(length=64), nullable=False),
        sa.Column("columns", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("mapping", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_mapping_project_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_mapping_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mapping")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_mapping_project_id_name")),
    )


def downgrade() -> None:
    op.drop_table("mapping")
    op.drop_column("dataset", "source_columns")
    op.drop_table("decision")
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION decision_refuse()")
