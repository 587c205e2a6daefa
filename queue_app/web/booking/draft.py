"""What somebody has said so far, kept in a sealed cookie of their own browser and nowhere else.

So nothing personal is stored here before the booking is made, nothing stands in an address, the Back button works, and
a lost time or a change of language loses nothing. It ends with the browser, the booking, or after two hours.
"""

from __future__ import annotations

import json
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from cryptography.fernet import InvalidToken
from flask import Response, request

from queue_app.services.errands import Said
from queue_app.store.columns import KEYRING
from queue_app.web.context import house

COOKIE = "matazu_draft"
KEPT_S = 2 * 60 * 60


@dataclass
class Draft:
    """One booking in the making. Dates and instants are ISO texts, as they travel."""

    office: str = ""
    service: str = ""
    answers: dict[str, Any] = field(default_factory=dict)
    uses_navigator: bool = False
    people: int = 1
    moved_on: str = ""
    visit_on: str = ""
    day: str = ""
    slot: str = ""
    hold: str = ""
    hold_until: str = ""
    name_kana: str = ""
    channel: str = ""
    address: str = ""
    needs: list[str] = field(default_factory=list)
    shielded: bool = False

    @property
    def said(self) -> Said:
        """What the services want to know of the errand."""
        moved_on = date.fromisoformat(self.moved_on) if self.moved_on else None
        if self.uses_navigator:
            return Said(answers=self.answers, moved_on=moved_on)
        return Said(service=self.service or None, people=self.people, moved_on=moved_on)

    @property
    def held_until(self) -> datetime | None:
        return datetime.fromisoformat(self.hold_until) if self.hold_until else None

    def lose_time(self) -> None:
        """The held time is gone; everything else is kept."""
        self.slot = self.hold = self.hold_until = ""


def read_draft(office: str) -> Draft:
    """The draft of this browser for this office; an unreadable or another office's one counts as none."""
    sealed = request.cookies.get(COOKIE, "")
    try:
        said = json.loads(KEYRING.unseal(sealed.encode())) if sealed else {}
        draft = Draft(**said)
    except (InvalidToken, ValueError, TypeError):
        draft = Draft()
    return draft if draft.office == office else Draft(office=office)


def keep_draft(response: Response, draft: Draft) -> Response:
    sealed = KEYRING.seal(json.dumps(asdict(draft), ensure_ascii=False)).decode()
    secure = house().settings.is_secure
    response.set_cookie(COOKIE, sealed, max_age=KEPT_S, httponly=True, samesite="Lax", secure=secure, path="/book")
    return response


def drop_draft(response: Response) -> Response:
    response.delete_cookie(COOKIE, path="/book")
    return response


def sealed_answers(draft: Draft, usual: Mapping[str, Any]) -> str:
    """The answers as something that can stand in an address or a QR code: nobody but this house can read it.

    The `usual` ones, which the rules put where nothing is said, are left out: a coarser code is read by every scanner.
    """
    answers = {question: answer for question, answer in draft.answers.items() if usual.get(question) != answer}
    said = json.dumps({"a": answers, "m": draft.moved_on, "v": draft.visit_on}, separators=(",", ":"))
    packed = urlsafe_b64encode(zlib.compress(said.encode(), 9)).decode()
    return KEYRING.seal(packed).decode().rstrip("=")


def opened_answers(office: str, sealed: str) -> Draft | None:
    """The draft behind such an address; None when it is not ours."""
    try:
        packed = KEYRING.unseal((sealed + "=" * (-len(sealed) % 4)).encode())
        said = json.loads(zlib.decompress(urlsafe_b64decode(packed)))
        return Draft(office=office, answers=said["a"], moved_on=said["m"], visit_on=said["v"], uses_navigator=True)
    except (InvalidToken, ValueError, KeyError, zlib.error):
        return None
