"""numbers lent to kiosks for the time without a server"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "number_lease",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("token_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("holder", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("series", sa.String(length=8), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("last >= first", name=op.f("ck_number_lease_not_empty")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_number_lease_office_id")),
        sa.ForeignKeyConstraint(["token_id"], ["access_token.id"], name=op.f("fk_number_lease_token_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_number_lease")),
        sa.UniqueConstraint(
            "office_id", "day", "series", "first", name=op.f("uq_number_lease_office_id_day_series_first")
        ),
    )
    with op.batch_alter_table("number_lease", schema=None) as batch_op:
        batch_op.create_index("ix_number_lease_token", ["token_id", "day"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("number_lease", schema=None) as batch_op:
        batch_op.drop_index("ix_number_lease_token")
    op.drop_table("number_lease")
