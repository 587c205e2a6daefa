"""planned capacity, numbers from home, work before a visit, and questions to the simulator"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "what_if_run",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("asked_by", sa.String(length=60), nullable=False),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.Column("question", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("beat_at", sa.DateTime(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("problem", sa.JSON(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'refused', 'stopped')", name=op.f("ck_what_if_run_state")
        ),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_what_if_run_office_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_what_if_run")),
    )
    with op.batch_alter_table("what_if_run", schema=None) as batch_op:
        batch_op.create_index("ix_what_if_run_office", ["office_id", "id"], unique=False)
        batch_op.create_index(
            "uq_what_if_run_one_at_a_time",
            ["office_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('waiting', 'running')"),
            postgresql_where=sa.text("state IN ('waiting', 'running')"),
        )

    op.create_table(
        "early_work",
        sa.Column(
            "reservation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("service", sa.String(length=40), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("clerk", sa.String(length=60), nullable=True),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.CheckConstraint("state IN ('taken', 'done')", name=op.f("ck_early_work_state")),
        sa.ForeignKeyConstraint(
            ["office_id", "service"],
            ["service.office_id", "service.code"],
            name=op.f("fk_early_work_office_id_service"),
        ),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_early_work_office_id")),
        sa.ForeignKeyConstraint(["reservation_id"], ["reservation.id"], name=op.f("fk_early_work_reservation_id")),
        sa.PrimaryKeyConstraint("reservation_id", "service", name=op.f("pk_early_work")),
    )
    with op.batch_alter_table("early_work", schema=None) as batch_op:
        batch_op.create_index("ix_early_work_office", ["office_id", "state"], unique=False)

    op.create_table(
        "remote_ticket",
        sa.Column(
            "ticket_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("service", sa.String(length=40), nullable=False),
        sa.Column("travel_min", sa.Integer(), nullable=False),
        sa.Column("device_hash", sa.String(length=64), nullable=True),
        sa.Column("contact_hash", sa.String(length=64), nullable=True),
        sa.Column("leave_at", sa.DateTime(), nullable=True),
        sa.Column("expected_at", sa.DateTime(), nullable=True),
        sa.Column("here_at", sa.DateTime(), nullable=True),
        sa.Column("moved_back", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint("travel_min BETWEEN 5 AND 60", name=op.f("ck_remote_ticket_a_way_that_can_be_gone")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_remote_ticket_office_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_remote_ticket_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_remote_ticket")),
    )
    with op.batch_alter_table("remote_ticket", schema=None) as batch_op:
        batch_op.create_index("ix_remote_ticket_day", ["office_id", "day", "service"], unique=False)
        batch_op.create_index(
            "uq_remote_ticket_device",
            ["office_id", "device_hash"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL AND device_hash IS NOT NULL"),
            postgresql_where=sa.text("ended_at IS NULL AND device_hash IS NOT NULL"),
        )

    with op.batch_alter_table("reservation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("route", sa.JSON(), nullable=True))


def downgrade() -> None:

    with op.batch_alter_table("reservation", schema=None) as batch_op:
        batch_op.drop_column("route")

    with op.batch_alter_table("remote_ticket", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_remote_ticket_device",
            sqlite_where=sa.text("ended_at IS NULL AND device_hash IS NOT NULL"),
            postgresql_where=sa.text("ended_at IS NULL AND device_hash IS NOT NULL"),
        )
        batch_op.drop_index("ix_remote_ticket_day")

    op.drop_table("remote_ticket")
    with op.batch_alter_table("early_work", schema=None) as batch_op:
        batch_op.drop_index("ix_early_work_office")

    op.drop_table("early_work")
    with op.batch_alter_table("what_if_run", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_what_if_run_one_at_a_time",
            sqlite_where=sa.text("state IN ('waiting', 'running')"),
            postgresql_where=sa.text("state IN ('waiting', 'running')"),
        )
        batch_op.drop_index("ix_what_if_run_office")

    op.drop_table("what_if_run")
