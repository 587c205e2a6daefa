"""what several senders of messages ask at each claim is answered from indexes alone"""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index("ix_delivery_due")
        batch_op.create_index("ix_delivery_due", ["state", "due_at", "expires_at", "channel"], unique=False)
        batch_op.create_index("ix_delivery_of_office", ["office_id", "channel", "updated_at", "state"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index("ix_delivery_of_office")
        batch_op.drop_index("ix_delivery_due")
        batch_op.create_index("ix_delivery_due", ["state", "due_at"], unique=False)
