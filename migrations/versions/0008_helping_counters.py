"""services that a counter takes over until it closes"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    with op.batch_alter_table("counter_state", schema=None) as batch_op:
        batch_op.add_column(sa.Column("helps", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    with op.batch_alter_table("counter_state", schema=None) as batch_op:
        batch_op.drop_column("helps")
