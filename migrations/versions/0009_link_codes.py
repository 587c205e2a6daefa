"""codes that tie a LINE account to a number or a booking"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "link_code",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", BIG, nullable=True),
        sa.Column("reservation_id", BIG, nullable=True),
        sa.Column("code", sa.LargeBinary(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("used_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint("(ticket_id IS NULL) <> (reservation_id IS NULL)", name=op.f("ck_link_code_one_thing")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_link_code_office_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_code")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_link_code_code_hash")),
    )
    with op.batch_alter_table("link_code", schema=None) as batch_op:
        batch_op.create_index("ix_link_code_ticket", ["ticket_id"], unique=False)
        batch_op.create_index("ix_link_code_reservation", ["reservation_id"], unique=False)
        batch_op.create_index(op.f("ix_link_code_expires_at"), ["expires_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("link_code", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_link_code_expires_at"))
        batch_op.drop_index("ix_link_code_reservation")
        batch_op.drop_index("ix_link_code_ticket")

    op.drop_table("link_code")
