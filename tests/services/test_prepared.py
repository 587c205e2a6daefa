"""Statements that are worked out once: the same values, types and errors as by the long way, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import bindparam, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from queue_app.store.database import reading, table_of, writing
from queue_app.store.prepared import Prepared
from queue_app.store.queue_tables import Delivery
from queue_app.store.rows import append
from tests.world import OPENING, World

TABLE = table_of(Delivery)
DUE = Prepared(
    select(TABLE.c.payload, TABLE.c.due_at, TABLE.c.event_id).where(
        TABLE.c.state == "due", TABLE.c.dedupe == bindparam("dedupe")
    )
)


def message(dedupe: str = "one") -> Delivery:
    return Delivery(
        office_id=1,
        channel="sms",
        kind="test",
        payload="﨑さん",
        dedupe=dedupe,
        due_at=OPENING,
        expires_at=OPENING + timedelta(hours=1),
        updated_at=OPENING,
    )


def test_what_is_appended_is_read_back_the_short_and_the_long_way(world: World) -> None:
    with world.app.app_context():
        made = writing(lambda session: (append(session, row := message()), row.id)[1])
        with reading() as session:
            assert DUE.rows(session, {"dedupe": "one"}) == [("﨑さん", OPENING, None)]
            assert DUE.first(session, {"dedupe": "two"}) is None
            kept = session.get_one(Delivery, made)
            assert (kept.payload, kept.due_at, kept.state, kept.attempts) == ("﨑さん", OPENING, "due", 0)


def test_a_refusal_of_the_database_comes_as_sqlalchemys_and_says_no_values(world: World) -> None:
    def twice(session: Session) -> None:
        append(session, message())
        append(session, message())

    with world.app.app_context():
        with pytest.raises(IntegrityError) as refusal:
            writing(twice)
        assert "﨑" not in str(refusal.value)
        with reading() as session:
            assert DUE.rows(session, {"dedupe": "one"}) == []


def test_a_statement_without_rows_answers_none(world: World) -> None:
    gone = Prepared(delete(TABLE).where(TABLE.c.dedupe == bindparam("dedupe")))
    with world.app.app_context():
        writing(lambda session: append(session, message()))
        assert writing(lambda session: gone.rows(session, {"dedupe": "one"})) == []
        with reading() as session:
            assert DUE.rows(session, {"dedupe": "one"}) == []


def test_a_list_of_values_is_no_prepared_statement(world: World) -> None:
    asked = Prepared(select(TABLE.c.id).where(TABLE.c.state.in_(["due", "sent"])))
    with world.app.app_context(), reading() as session, pytest.raises(AssertionError):
        asked.rows(session)
