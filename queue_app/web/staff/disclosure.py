"""Disclosure and deletion on request, for managers and admins: search with a reason, look, hand over, delete at once.

Every step is posted, so that nobody's code or name stands in an address, and every step is in the audit trail.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from flask import Response, make_response, request
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.errors import NotFound
from queue_app.domain.office import Office
from queue_app.domain.reservation import format_code
from queue_app.services import erasure
from queue_app.services.deed import Deed
from queue_app.services.erasure import REASONS, Fact, Thing
from queue_app.store.database import reading, writing
from queue_app.store.queue_tables import Ticket
from queue_app.web.auth import needs
from queue_app.web.i18n import LANGUAGES, has_text, t
from queue_app.web.opening import dated_text
from queue_app.web.staff.frame import blueprint, my_deed, my_office, show

LONGEST = 80
CODED = {
    "history": ("audit.actions.",),
    "made": ("disclosure.origins.",),
    "call": ("disclosure.answers.",),
    "state": ("booking.state_",),
    "message": ("undelivered.kind_", "undelivered.state_"),
}
"""Facts that hold a code of ours, and where its words stand. Of a message the first bracket ends what is ours."""

CODE = re.compile(r"\b[a-z][a-z_0-9]{2,}\b")
T = TypeVar("T")


@blueprint.route("/disclosure", methods=["GET", "POST"])
@needs(Right.RUN_DAY, page=True)
def disclosure() -> Response:
    """Find by code, phone, e-mail, exact name, or number and day."""
    if request.method == "GET":
        return _page()
    wish = request.form.get("wish", "").strip()[:LONGEST]
    errors = {} if wish else {"wish": t("errors.fields.missing")}
    if _reason() is None:
        errors["reason"] = t("audit.reason_missing")
    if errors:
        return _page(errors=errors)

    def look(session: Session) -> list[dict[str, Any]]:
        deed = my_deed(session, Right.RUN_DAY)
        found = erasure.find(deed, wish, _day(deed), _reason() or "")
        return [_row(deed.office, each) for each in found]

    return _page(rows=writing(look))


@blueprint.post("/disclosure/show")
@needs(Right.RUN_DAY, page=True)
def show_held() -> Response:
    """All that is held about one booking or number."""
    office, facts = _held()
    return _no_store(
        show("staff/disclosure_held.html", office, facts=_in_words(facts), asked=request.form, errors={}), 200
    )


@blueprint.post("/disclosure/file")
@needs(Right.RUN_DAY, page=True)
def held_as_file() -> Response:
    """The same as a text file to hand over."""
    office, facts = _held()
    lines = [t("disclosure.held"), office.code, "", *(f"{what}: {value}" for what, value in _in_words(facts))]
    response = _no_store("\ufeff" + "\r\n".join(lines) + "\r\n", 200)
    response.headers["Content-Type"] = "text/plain; charset=utf-8"
    response.headers["Content-Disposition"] = 'attachment; filename="disclosure.txt"'
    return response


@blueprint.post("/disclosure/erase")
@needs(Right.RUN_DAY, page=True)
def erase_held() -> Response:
    """Delete it now, if the box was ticked; otherwise the page again with what is missing."""
    if not request.form.get("sure"):
        office, facts = _held()
        errors = {"sure": t("disclosure.not_sure")}
        page = show("staff/disclosure_held.html", office, facts=_in_words(facts), asked=request.form, errors=errors)
        return _no_store(page, 422)
    writing(lambda session: _with_thing(session, erasure.erase))
    return _page(said=True)


def _held() -> tuple[Office, list[Fact]]:
    def look(session: Session) -> tuple[Office, list[Fact]]:
        return _with_thing(session, lambda deed, thing, why: (deed.office, erasure.disclose(deed, thing, why)))

    return writing(look)


def _with_thing(session: Session, act: Callable[[Deed, Thing, str], T]) -> T:
    kind, key, reason = request.form.get("kind", ""), request.form.get("key", ""), _reason()
    if reason is None or not (key.isascii() and key.isdecimal() and len(key) < 16):
        raise NotFound()
    deed = my_deed(session, Right.RUN_DAY)
    return act(deed, erasure.thing_of(deed, kind, int(key)), reason)


def _reason() -> str | None:
    reason = request.form.get("reason", "")
    return reason if reason in REASONS else None


def _day(deed: Deed) -> date:
    try:
        return date.fromisoformat(request.form.get("day", ""))
    except ValueError:
        return deed.today


def _row(office: Office, thing: Thing) -> dict[str, Any]:
    if isinstance(thing, Ticket):
        return {"kind": "ticket", "key": thing.id, "what": f"{dated_text(thing.day)} {thing.number_text}"}
    at = thing.start_at.astimezone(office.zone)
    code = format_code(thing.code) if thing.code else t("disclosure.no_code")
    return {"kind": "reservation", "key": thing.id, "what": f"{_moment(at)} {code}"}


def _in_words(facts: Sequence[Fact]) -> list[tuple[str, str]]:
    said = [(fact.what, _moment(fact.when), _value(fact)) for fact in facts]
    return [(t(f"disclosure.facts.{what}"), f"{when} {value}".strip()) for what, when, value in said]


def _moment(when: date | None) -> str:
    """A day, or an instant by the office's clocks; nothing for what has no time."""
    if when is None:
        return ""
    return f"{dated_text(when)} {when:%H:%M}" if isinstance(when, datetime) else dated_text(when)


def _value(fact: Fact) -> str:
    """As a person reads it: codes of our own in words, whatever somebody said as it was said."""
    if fact.what == "language":
        return LANGUAGES.get(fact.value, fact.value)
    ours, bracket, said = fact.value.partition(")")

    def in_words(code: re.Match[str]) -> str:
        known = [words + code[0] for words in CODED.get(fact.what, ()) if has_text(words + code[0])]
        return t(known[0]) if known else code[0]

    return CODE.sub(in_words, ours) + bracket + said


def _page(
    *, rows: list[dict[str, Any]] | None = None, errors: dict[str, str] | None = None, said: bool = False
) -> Response:
    with reading() as session:
        office = my_office(session)
    reasons = [{"value": each, "label": t(f"audit.reasons.{each}")} for each in REASONS]
    form = {} if said else request.form
    page = show("staff/disclosure.html", office, rows=rows, errors=errors or {}, said=said, reasons=reasons, typed=form)
    return _no_store(page, 422 if errors else 200)


def _no_store(body: str, status: int) -> Response:
    response = make_response(body, status)
    response.headers["Cache-Control"] = "no-store"
    return response
