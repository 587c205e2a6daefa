"""How often a booking code may be tried in vain: five times, then the look-up of that code is locked for a while.

Decides the same for codes that there are and codes that there are not, with the same statements and one forced write
each: neither an answer nor the time it takes tells whether a code is somebody's.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from queue_app.store.guess_tables import TriedCode

TRIES = 5
LONGEST_LOCK = timedelta(hours=1)


def may_be_tried(session: Session, code_hash: str, now: datetime) -> bool:
    """Notes the try; False while the look-up of this code is locked. Tries of one code wait for each other."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    note = insert(TriedCode).values(code_hash=code_hash, failures=0, tried_at=now)
    noted = note.on_conflict_do_update(index_elements=["code_hash"], set_={"tried_at": now})
    until = session.execute(noted.returning(TriedCode.next_try_at)).scalar_one()
    return until is None or now >= until


def was_wrong(session: Session, code_hash: str, now: datetime) -> None:
    """One more in vain; from the fifth on the next has to wait, longer each time."""
    one_more = update(TriedCode).where(TriedCode.code_hash == code_hash).values(failures=TriedCode.failures + 1)
    failures = session.execute(one_more.returning(TriedCode.failures)).scalar_one()
    over = failures - TRIES
    until = now + min(timedelta(minutes=2 ** min(over, 10)), LONGEST_LOCK) if over >= 0 else None
    session.execute(update(TriedCode).where(TriedCode.code_hash == code_hash).values(next_try_at=until))


def was_right(session: Session, code_hash: str) -> None:
    """Whoever knows both begins anew."""
    session.execute(delete(TriedCode).where(TriedCode.code_hash == code_hash))
