"""A LINE account tied to one number or one booking: the page shows a code, its holder sends it to the city's account.

Decides how long a code is good and that it is used once. A LINE user id is nothing a person can type, and nobody but
LINE may say whose it is. Leaves the signature of what LINE tells us to `web.hooks`.
"""

from __future__ import annotations

import secrets
import unicodedata
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from queue_app.domain.access import RESIDENT, Right
from queue_app.domain.errors import Refusal
from queue_app.services import holders, telling
from queue_app.services.deed import Deed, begin_by_id
from queue_app.services.messages import Contact
from queue_app.services.ports import Ports
from queue_app.store.columns import KEYRING
from queue_app.store.linking_tables import LinkCode
from queue_app.store.queue_tables import Ticket
from queue_app.store.reservation_tables import Reservation

SIGNS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""None that is taken for another one. Eight of them: nobody ties an account to a stranger's booking by trying."""

LENGTH = 8
GOOD_FOR = timedelta(minutes=30)


def offer_code(deed: Deed, thing: Ticket | Reservation) -> LinkCode:
    """A code for the page of a number or a booking; the one that is still good, if there is one."""
    kept = code_of(deed.session, thing, deed.now)
    if kept is not None:
        return kept
    code = "".join(secrets.choice(SIGNS) for _ in range(LENGTH))
    row = LinkCode(
        office_id=deed.office.id,
        ticket_id=thing.id if isinstance(thing, Ticket) else None,
        reservation_id=thing.id if isinstance(thing, Reservation) else None,
        code=code,
        code_hash=_hash_of(code),
        expires_at=deed.now + GOOD_FOR,
    )
    deed.session.add(row)
    deed.session.flush()
    return row


def code_of(session: Session, thing: Ticket | Reservation, now: datetime) -> LinkCode | None:
    """The code that is still good for this number or booking."""
    whose = LinkCode.ticket_id if isinstance(thing, Ticket) else LinkCode.reservation_id
    query = select(LinkCode).where(whose == thing.id, LinkCode.used_at.is_(None), LinkCode.expires_at > now)
    return session.scalars(query.order_by(LinkCode.id.desc())).first()


def looks_like_a_code(text: str) -> str | None:
    """The plain code in what somebody sent, however it was typed; None for a greeting or a picture."""
    plain = "".join(unicodedata.normalize("NFKC", text[:64]).upper().split()).replace("-", "")
    return plain if len(plain) == LENGTH and set(plain) <= set(SIGNS) else None


def tie(session: Session, code: str, line_user: str, ports: Ports) -> bool:
    """Tell the number or booking of this code at that LINE account from now on; False where there is none.

    Sent again by LINE, the same code does nothing: it is used up.
    """
    found = session.scalars(select(LinkCode).where(LinkCode.code_hash == _hash_of(code))).first()
    if found is None:
        return False
    deed = begin_by_id(session, found.office_id, Right.HOLD_TICKET, RESIDENT, ports)
    session.refresh(found)
    if found.used_at is not None or found.expires_at <= deed.now:
        return False
    try:
        _tell_at(deed, found, Contact("line", line_user))
    except Refusal:
        return False
    found.used_at = deed.now
    return True


def _tell_at(deed: Deed, code: LinkCode, contact: Contact) -> None:
    if code.ticket_id is not None:
        holders.ask_to_be_told(deed, deed.session.get_one(Ticket, code.ticket_id), contact)
    else:
        telling.tell_at(deed, deed.session.get_one(Reservation, code.reservation_id), contact)


def _hash_of(code: str) -> str:
    return KEYRING.search_hash(f"link|{code}")
