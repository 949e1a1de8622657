"""What lies in an inbox and was not taken is found without looking at every event."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_REFUSED = sa.text("kind = 'inbox_refused'")


def upgrade() -> None:
    op.create_index("ix_event_refused", "event", ["topic", "id"], sqlite_where=_REFUSED, postgresql_where=_REFUSED)


def downgrade() -> None:
    op.drop_index("ix_event_refused", "event")
