"""Forms of pages: one effect per form, however often it is sent, and the answer is an address to go to.

Each form carries a key made by the server (`idempotency_key()` in the template). The deed and the address it led to are
kept together, so a double click, a lost answer or the Back button leads to the same place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from flask import request
from sqlalchemy.orm import Session

from queue_app.domain.errors import Refusal
from queue_app.store.database import writing
from queue_app.store.queue_tables import Answer
from queue_app.web.auth import identity
from queue_app.web.context import house
from queue_app.web.key_scope import key_scope

LONGEST_KEY = 64


def submit(act: Callable[[Session], str]) -> str:
    """Run the deed of a form in one transaction; returns the address it answers with, the first one for a repeat.

    A refusal is raised as it is and nothing is kept: the person reads the sentence and may press again.
    """
    key = request.form.get("idempotency_key", "")[:LONGEST_KEY]
    scope = f"form|{key_scope(identity(), key, request.view_args or {})}"
    asked = hashlib.sha256(f"{request.path}\n{sorted(_said().items())}".encode()).hexdigest()

    def once(session: Session) -> str:
        kept = session.get(Answer, (scope, key)) if key else None
        if kept is not None:
            if kept.request_hash != asked:
                raise Refusal("idempotency_key_reused")
            return kept.body
        address = act(session)
        if key:
            now = house().ports.clock()
            session.add(Answer(scope=scope, key=key, request_hash=asked, status=303, body=address, at=now))
        return address

    return writing(once)


def _said() -> dict[str, str]:
    """What was typed, without the tokens that differ between two copies of the same form."""
    return {name: value for name, value in request.form.items() if name not in ("idempotency_key", "csrf_token")}
