"""reservations and the places they take; whom a message went to, as a hash"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "reservation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("service", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("start_at", sa.DateTime(), nullable=False),
        sa.Column("end_at", sa.DateTime(), nullable=False),
        sa.Column("come_at", sa.DateTime(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("need_min", sa.Integer(), nullable=False),
        sa.Column("moved_on", sa.Date(), nullable=True),
        sa.Column("answers", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", sa.DateTime(), nullable=True),
        sa.Column("extensions", sa.Integer(), nullable=False),
        sa.Column("nonce", sa.String(length=32), nullable=False),
        sa.Column("hold_hash", sa.String(length=64), nullable=True),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("code", sa.LargeBinary(), nullable=True),
        sa.Column("code_hash", sa.String(length=64), nullable=True),
        sa.Column("pin", sa.LargeBinary(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(), nullable=True),
        sa.Column("name_kana", sa.LargeBinary(), nullable=True),
        sa.Column("name_hash", sa.String(length=64), nullable=True),
        sa.Column("contact_channel", sa.String(length=10), nullable=True),
        sa.Column("contact_address", sa.LargeBinary(), nullable=True),
        sa.Column("contact_hash", sa.String(length=64), nullable=True),
        sa.Column("language", sa.String(length=12), nullable=False),
        sa.Column("needs", sa.JSON(), nullable=False),
        sa.Column("origin", sa.String(length=20), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint(
            "NOT (state = 'booked') OR code_hash IS NOT NULL", name=op.f("ck_reservation_a_booking_has_a_code")
        ),
        sa.CheckConstraint(
            "NOT (state = 'held') OR expires_at IS NOT NULL", name=op.f("ck_reservation_a_hold_expires")
        ),
        sa.CheckConstraint(
            "state IN ('held', 'booked', 'arrived', 'cancelled', 'no_show', 'expired')",
            name=op.f("ck_reservation_state"),
        ),
        sa.ForeignKeyConstraint(
            ["office_id", "service"],
            ["service.office_id", "service.code"],
            name=op.f("fk_reservation_office_id_service"),
        ),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_reservation_office_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reservation")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_reservation_code_hash")),
        sa.UniqueConstraint("hold_hash", name=op.f("uq_reservation_hold_hash")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_reservation_token_hash")),
    )
    with op.batch_alter_table("reservation", schema=None) as batch_op:
        batch_op.create_index("ix_reservation_coming", ["office_id", "state", "start_at"], unique=False)
        batch_op.create_index("ix_reservation_contact", ["contact_hash", "service"], unique=False)
        batch_op.create_index(
            "ix_reservation_holds",
            ["office_id", "expires_at"],
            unique=False,
            sqlite_where=sa.text("state = 'held'"),
            postgresql_where=sa.text("state = 'held'"),
        )
        batch_op.create_index("ix_reservation_name", ["office_id", "name_hash"], unique=False)

    op.create_table(
        "slot_place",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("slot", sa.String(length=80), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("start_at", sa.DateTime(), nullable=False),
        sa.Column("service", sa.String(length=40), nullable=False),
        sa.Column("reservation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("taken_until", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_slot_place_office_id")),
        sa.ForeignKeyConstraint(["reservation_id"], ["reservation.id"], name=op.f("fk_slot_place_reservation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slot_place")),
        sa.UniqueConstraint("office_id", "slot", "place", name=op.f("uq_slot_place_office_id_slot_place")),
    )
    with op.batch_alter_table("slot_place", schema=None) as batch_op:
        batch_op.create_index(
            "ix_slot_place_passing",
            ["office_id", "taken_until"],
            unique=False,
            sqlite_where=sa.text("taken_until IS NOT NULL"),
            postgresql_where=sa.text("taken_until IS NOT NULL"),
        )
        batch_op.create_index(batch_op.f("ix_slot_place_reservation_id"), ["reservation_id"], unique=False)
        batch_op.create_index("ix_slot_place_times", ["office_id", "service", "start_at"], unique=False)

    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.add_column(sa.Column("address_hash", sa.String(length=64), nullable=True))
        batch_op.create_index("ix_delivery_reservation", ["reservation_id"], unique=False)
        batch_op.create_index("ix_delivery_to", ["address_hash", "updated_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index("ix_delivery_to")
        batch_op.drop_index("ix_delivery_reservation")
        batch_op.drop_column("address_hash")

    with op.batch_alter_table("slot_place", schema=None) as batch_op:
        batch_op.drop_index("ix_slot_place_times")
        batch_op.drop_index(batch_op.f("ix_slot_place_reservation_id"))
        batch_op.drop_index(
            "ix_slot_place_passing",
            sqlite_where=sa.text("taken_until IS NOT NULL"),
            postgresql_where=sa.text("taken_until IS NOT NULL"),
        )

    op.drop_table("slot_place")
    with op.batch_alter_table("reservation", schema=None) as batch_op:
        batch_op.drop_index("ix_reservation_name")
        batch_op.drop_index(
            "ix_reservation_holds", sqlite_where=sa.text("state = 'held'"), postgresql_where=sa.text("state = 'held'")
        )
        batch_op.drop_index("ix_reservation_contact")
        batch_op.drop_index("ix_reservation_coming")

    op.drop_table("reservation")
