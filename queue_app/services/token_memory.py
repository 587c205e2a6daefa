"""Bearer tokens that were looked up a moment ago, so that a busy kiosk is not looked up again for every ticket.

Decides how long that is: a token revoked in this process is a stranger at once, one revoked in another process after
two seconds at most. Kept per database, by hash, for tokens alone: a person's session can idle out and is always read.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from queue_app.domain.access import Identity
from queue_app.services.tokens import secret_hash
from queue_app.store.database import after_commit, engine_of

HOLDS = timedelta(seconds=2)
MOST = 5000
_known: WeakKeyDictionary[Engine, dict[str, tuple[Identity, datetime]]] = WeakKeyDictionary()


def recall(engine: Engine, secret: str, now: datetime) -> Identity | None:
    """Whose token this was a moment ago, or None: then ask the database."""
    found = _known.get(engine, {}).get(secret_hash(secret))
    return found[0] if found is not None and timedelta(0) <= now - found[1] < HOLDS else None


def remember(engine: Engine, secret: str, identity: Identity, now: datetime) -> None:
    """The database has just said that this token is live."""
    known = _known.setdefault(engine, {})
    if len(known) >= MOST:
        known.clear()
    known[secret_hash(secret)] = identity, now


def forget_after(session: Session) -> None:
    """A token dies with this transaction: from its commit on nobody is remembered."""
    engine = engine_of(session)
    after_commit(session, lambda: _known.get(engine, {}).clear())
