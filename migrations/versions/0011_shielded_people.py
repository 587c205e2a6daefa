"""bookings and numbers of people at risk: no messages, on no list"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    for table in ("reservation", "ticket"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("shielded", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    for table in ("ticket", "reservation"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column("shielded")
