"""The note that colleagues leave on a ticket: short, for the counter that has the person in hand, gone with the day.

Refuses what must not stand there as far as a program can tell. The words of a note never enter the history.
"""

from __future__ import annotations

import re
import unicodedata

from queue_app.domain.access import check_counter
from queue_app.domain.errors import Invalid
from queue_app.domain.events import Event
from queue_app.services.deed import Deed
from queue_app.store.queue_tables import Ticket

LONGEST_NOTE = 140


def note(deed: Deed, ticket: Ticket, text: str) -> None:
    """Write the note anew; an empty one wipes it. Refuses `too_long` and `personal_number`, by field."""
    written = checked_note(text)
    for stage in ticket.stages:
        if stage.counter is not None:
            check_counter(deed.identity, stage.counter)
    if written == ticket.note:
        return
    ticket.note = written
    deed.record(Event.NOTED, ticket=ticket, written=written is not None)


def checked_note(text: str) -> str | None:
    """The note as it is kept, or None for an empty one."""
    written = " ".join(unicodedata.normalize("NFC", text).split())
    if len(written) > LONGEST_NOTE:
        raise Invalid.field("note", "too_long", longest=LONGEST_NOTE)
    if _holds_personal_number(written):
        raise Invalid.field("note", "personal_number")
    return written or None


def _holds_personal_number(text: str) -> bool:
    """Twelve digits in a row, however they are grouped: the form of an individual number (マイナンバー)."""
    plain = re.sub(r"(?<=\d)[ \u30fc-](?=\d)", "", unicodedata.normalize("NFKC", text))
    return re.search(r"(?<!\d)\d{12}(?!\d)", plain) is not None
