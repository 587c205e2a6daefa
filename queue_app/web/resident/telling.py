"""How the holder of a number or a booking wants to be told: by text message, mail, LINE, this phone, or not at all.

Offers only what the office has set up. A LINE account is tied by a code that its holder sends to the city's account; a
notification on this phone needs a script, and whoever has none is told what else there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from flask import Response, make_response, redirect, render_template, request
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.errors import Conflict, Invalid, NotFound, Refusal
from queue_app.domain.office import Office, label_in
from queue_app.domain.reservation import State
from queue_app.domain.wall_clock import clock_text
from queue_app.services import holders, linking, offices, reservations, telling
from queue_app.services.deed import Deed, begin_by_id
from queue_app.services.messages import CHANNELS, Contact, contact_from
from queue_app.services.push_subscription import public_key_of
from queue_app.services.reminders import contact_of
from queue_app.services.tickets import check_is_of_today, ticket_by_token
from queue_app.store.database import reading
from queue_app.store.queue_tables import Ticket
from queue_app.store.reservation_tables import Reservation
from queue_app.web.auth import identity, needs
from queue_app.web.context import house
from queue_app.web.errors import field_sentence, sentence
from queue_app.web.forms import submit
from queue_app.web.i18n import reader_language, t
from queue_app.web.limits import check_public_rate
from queue_app.web.resident.frame import blueprint

OPEN_LINE = "https://line.me/R/oaMessage"
TYPED = {"sms": "phone", "email": "email", "push": "subscription"}
"""Channel -> the field of the form that holds its address."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """What somebody holds: `t` a number, `r` a booking."""

    path: str

    def find(self, session: Session, token: str) -> Ticket | Reservation:
        if self.path == "r":
            return reservations.reservation_by_token(session, token)
        found = ticket_by_token(session, token)
        check_is_of_today(found, offices.office_by_id(session, found.office_id), house().ports.clock())
        return found


NUMBER, BOOKING = _Kind("t"), _Kind("r")


@blueprint.get("/t/<token>/messages")
@needs(Right.HOLD_TICKET)
def of_number(token: str) -> Response:
    """How am I told that my turn is near?"""
    return _page(NUMBER, token)


@blueprint.post("/t/<token>/messages")
@needs(Right.HOLD_TICKET)
def tell_number(token: str) -> Response:
    """Be told there from now on."""
    return _keep(NUMBER, token)


@blueprint.post("/t/<token>/messages/line")
@needs(Right.HOLD_TICKET)
def line_of_number(token: str) -> Response:
    """A code to send to the LINE account."""
    return _offer(NUMBER, token)


@blueprint.get("/r/<token>/messages")
@needs(Right.RESERVE)
def of_booking(token: str) -> Response:
    """Where do confirmation and reminders go?"""
    return _page(BOOKING, token)


@blueprint.post("/r/<token>/messages")
@needs(Right.RESERVE)
def tell_booking(token: str) -> Response:
    """Write there from now on."""
    return _keep(BOOKING, token)


@blueprint.post("/r/<token>/messages/line")
@needs(Right.RESERVE)
def line_of_booking(token: str) -> Response:
    """A code to send to the LINE account."""
    return _offer(BOOKING, token)


def offered() -> list[str]:
    """The channels that are set up here, in the order in which they are shown."""
    return [channel for channel in CHANNELS if channel in house().settings.channels]


def _page(kind: _Kind, token: str, errors: dict[str, str] | None = None, status: int = 422) -> Response:
    check_public_rate()
    if not offered():
        raise NotFound()
    settings, now = house().settings, house().ports.clock()
    with reading() as session:
        thing = kind.find(session, token)
        here = offices.office_by_id(session, thing.office_id)
        code = linking.code_of(session, thing, now) if "line" in settings.channels else None
        now_told = _contact_of(thing)
        body = render_template(
            "resident/messages.html",
            **_frame(here),
            path=f"/{kind.path}/{token}",
            is_booking=kind is BOOKING,
            is_open=_is_open(thing),
            channels=offered(),
            channel=request.form.get("channel") or (now_told.channel if now_told else "none"),
            told=now_told.channel if now_told else "none",
            typed=request.form,
            code=f"{code.code[:4]}-{code.code[4:]}" if code else "",
            code_until=clock_text(code.expires_at, here.zone) if code else "",
            line_account=settings.line_account,
            line_url=_line_url(settings.line_account, code.code) if code else "",
            push_key=public_key_of(settings.vapid_private_key) if "push" in settings.channels else "",
            said=request.args.get("said") == "kept",
            errors=errors or {},
        )
    response = make_response(body, status if errors else 200)
    response.headers["Cache-Control"] = "no-store"
    return response


def _keep(kind: _Kind, token: str) -> Response:
    channel = request.form.get("channel", "none")
    field = TYPED.get(channel, "channel")
    if channel == "line":  # the account is tied by its code, never by a form
        return make_response(redirect(f"/{kind.path}/{token}/messages", 303))

    def act(deed: Deed, thing: Ticket | Reservation) -> None:
        contact = contact_from(channel, request.form.get(field), house().settings.channels, prefix="")
        if isinstance(thing, Reservation):
            telling.tell_at(deed, thing, contact)
        else:
            holders.ask_to_be_told(deed, thing, contact)

    try:
        return _deed(kind, token, act, "?said=kept")
    except Invalid as wrong:
        return _page(kind, token, {field: _sentence(wrong, channel, request.form.get(field, ""))})
    except Conflict as refusal:
        return _page(kind, token, {"channel": sentence(refusal)}, 409)


def _offer(kind: _Kind, token: str) -> Response:
    if "line" not in house().settings.channels:
        raise NotFound()

    def act(deed: Deed, thing: Ticket | Reservation) -> None:
        if _is_open(thing):
            linking.offer_code(deed, thing)

    try:
        return _deed(kind, token, act, "#line")
    except Refusal as refusal:
        return _page(kind, token, {"channel": sentence(refusal)}, 409)


def _deed(kind: _Kind, token: str, act: Any, then: str) -> Response:
    check_public_rate()

    def once(session: Session) -> str:
        thing = kind.find(session, token)
        deed = begin_by_id(session, thing.office_id, Right.HOLD_TICKET, identity(), house().ports)
        session.refresh(thing)
        act(deed, thing)
        return f"/{kind.path}/{token}/messages{then}"

    return make_response(redirect(submit(once), 303))


def _line_url(account: str, code: str) -> str:
    """Opens LINE with the code typed into the chat with the account. A link to press; nothing is loaded from there."""
    return f"{OPEN_LINE}/{quote(account)}/?{code}" if account else ""


def _contact_of(thing: Ticket | Reservation) -> Contact | None:
    if isinstance(thing, Reservation):
        return contact_of(thing)
    if thing.notify_channel is None or thing.notify_address is None:
        return None
    return Contact(thing.notify_channel, thing.notify_address)


def _is_open(thing: Ticket | Reservation) -> bool:
    """Whether there is still something to tell."""
    if isinstance(thing, Reservation):
        return thing.state == State.BOOKED and thing.end_at > house().ports.clock()
    return thing.closed_at is None


def _sentence(wrong: Invalid, channel: str, typed: str) -> str:
    if channel in ("sms", "email") and not typed.strip():
        return t(f"booking.{TYPED[channel]}_missing")
    return field_sentence(wrong.errors[0].code, dict(wrong.errors[0].facts))


def _frame(here: Office) -> dict[str, Any]:
    return {
        "office": here,
        "office_name": label_in(here.name, reader_language()),
        "home_url": f"/?office={here.code}",
        "phone": here.phone,
    }
