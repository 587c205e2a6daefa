"""tries of booking codes, counted alike for codes that there are and codes that there are not"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "tried_code",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(), nullable=True),
        sa.Column("tried_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_tried_code")),
    )
    with op.batch_alter_table("tried_code", schema=None) as batch_op:
        batch_op.create_index(op.f("ix_tried_code_tried_at"), ["tried_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("tried_code", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_tried_code_tried_at"))

    op.drop_table("tried_code")
