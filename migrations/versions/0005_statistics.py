"""records of visits and stops, what they taught about each queue, and counts of looked-up times"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "history_mark",
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("read_at", sa.DateTime(), nullable=True),
        sa.Column("learnt_on", sa.Date(), nullable=True),
        sa.Column("usual", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_history_mark_office_id")),
        sa.PrimaryKeyConstraint("office_id", name=op.f("pk_history_mark")),
    )
    op.create_table(
        "queue_law",
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("service", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("services", sa.Integer(), nullable=False),
        sa.Column("mean_min", sa.Float(), nullable=True),
        sa.Column("cv", sa.Float(), nullable=True),
        sa.Column("leaves_per_min", sa.Float(), nullable=False),
        sa.Column("scale", sa.Float(), nullable=True),
        sa.Column("low_z", sa.Float(), nullable=True),
        sa.Column("high_z", sa.Float(), nullable=True),
        sa.Column("lessons", sa.Integer(), nullable=False),
        sa.Column("learnt_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_queue_law_office_id")),
        sa.PrimaryKeyConstraint("office_id", "service", "kind", name=op.f("pk_queue_law")),
    )
    op.create_table(
        "stop_record",
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column(
            "stage_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("ticket_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("service", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("visit_class", sa.String(length=10), nullable=False),
        sa.Column("counts_from", sa.DateTime(), nullable=False),
        sa.Column("reference_at", sa.DateTime(), nullable=False),
        sa.Column("lead_min", sa.Float(), nullable=False),
        sa.Column("called_at", sa.DateTime(), nullable=True),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("counter", sa.String(length=20), nullable=True),
        sa.Column("end", sa.String(length=12), nullable=False),
        sa.Column("served_s", sa.Integer(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("recalls", sa.Integer(), nullable=False),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_stop_record_office_id")),
        sa.PrimaryKeyConstraint("office_id", "stage_id", name=op.f("pk_stop_record")),
    )
    with op.batch_alter_table("stop_record", schema=None) as batch_op:
        batch_op.create_index("ix_stop_record_day", ["office_id", "day"], unique=False)
        batch_op.create_index("ix_stop_record_ticket", ["office_id", "ticket_id"], unique=False)
    op.create_table(
        "visit_record",
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column(
            "ticket_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("service", sa.String(length=40), nullable=False),
        sa.Column("visit_class", sa.String(length=10), nullable=False),
        sa.Column("arrived_at", sa.DateTime(), nullable=False),
        sa.Column("counts_from", sa.DateTime(), nullable=False),
        sa.Column("first_called_at", sa.DateTime(), nullable=True),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("end", sa.String(length=12), nullable=False),
        sa.Column("with_clerk_s", sa.Integer(), nullable=False),
        sa.Column("idle_s", sa.Integer(), nullable=True),
        sa.Column("postponed", sa.Integer(), nullable=False),
        sa.Column("procedures", sa.JSON(), nullable=False),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_visit_record_office_id")),
        sa.PrimaryKeyConstraint("office_id", "ticket_id", name=op.f("pk_visit_record")),
    )
    with op.batch_alter_table("visit_record", schema=None) as batch_op:
        batch_op.create_index("ix_visit_record_day", ["office_id", "day"], unique=False)
    op.create_table(
        "wish_count",
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("service", sa.String(length=40), nullable=False),
        sa.Column("wished_on", sa.Date(), nullable=False),
        sa.Column("found", sa.String(length=12), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("offered", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_wish_count_office_id")),
        sa.PrimaryKeyConstraint("office_id", "day", "service", "wished_on", "found", name=op.f("pk_wish_count")),
    )


def downgrade() -> None:
    op.drop_table("wish_count")
    with op.batch_alter_table("visit_record", schema=None) as batch_op:
        batch_op.drop_index("ix_visit_record_day")
    op.drop_table("visit_record")
    with op.batch_alter_table("stop_record", schema=None) as batch_op:
        batch_op.drop_index("ix_stop_record_ticket")
        batch_op.drop_index("ix_stop_record_day")
    op.drop_table("stop_record")
    op.drop_table("queue_law")
    op.drop_table("history_mark")
