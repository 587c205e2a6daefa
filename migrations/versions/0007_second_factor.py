"""a second proof at the login: one-time codes, recovery codes, and sessions that wait for them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    with op.batch_alter_table("user") as batch:
        batch.add_column(sa.Column("totp_secret", sa.LargeBinary(), nullable=True))
        batch.add_column(sa.Column("totp_since", sa.DateTime(), nullable=True))
        batch.add_column(sa.Column("totp_step", sa.Integer(), nullable=True))
    with op.batch_alter_table("staff_session") as batch:
        batch.add_column(sa.Column("due", sa.String(length=12), nullable=True))
        batch.add_column(sa.Column("browser", sa.String(length=40), nullable=True))
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("used_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_recovery_code_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
    )
    op.create_index(op.f("ix_recovery_code_user_id"), "recovery_code", ["user_id"])


def downgrade() -> None:
    op.drop_table("recovery_code")
    with op.batch_alter_table("staff_session") as batch:
        batch.drop_column("browser")
        batch.drop_column("due")
    with op.batch_alter_table("user") as batch:
        batch.drop_column("totp_step")
        batch.drop_column("totp_since")
        batch.drop_column("totp_secret")
