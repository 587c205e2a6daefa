"""The booking afterwards, for whoever has its link or its code: look, print, change, cancel, arrive."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from flask import Response, make_response, redirect, render_template, request
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.errors import NotFound, Refusal
from queue_app.domain.office import Office, label_in
from queue_app.domain.reservation import State, format_code
from queue_app.domain.slots import parse_slot_id
from queue_app.domain.written_day import written_day
from queue_app.services import arrivals, booking, offices, reservations, tokens
from queue_app.services.deed import Deed, begin_by_id
from queue_app.store.database import reading, writing
from queue_app.store.queue_tables import Ticket
from queue_app.store.reservation_tables import Reservation
from queue_app.web.auth import identity, needs
from queue_app.web.booking.draft import Draft
from queue_app.web.booking.frame import blueprint, clock_of, page, said_wrong
from queue_app.web.booking.times import days_shown, times_page
from queue_app.web.context import house
from queue_app.web.forms import submit
from queue_app.web.i18n import reader_language, t
from queue_app.web.limits import check_public_rate
from queue_app.web.opening import day_text


@blueprint.get("/r/<token>")
@needs(Right.RESERVE)
def show(token: str) -> Response:
    """My booking."""
    return _shown(token, "booked", is_new=request.args.get("done") == "1")


@blueprint.get("/r/<token>/cancel")
@needs(Right.RESERVE)
def ask_cancel(token: str) -> Response:
    """Really? With the booking shown."""
    return _shown(token, "cancel")


@blueprint.post("/r/<token>/cancel")
@needs(Right.RESERVE)
def cancel(token: str) -> Response:
    """Give the time back. No reason is asked."""
    return _deed(token, lambda deed, row: _back_to(token, booking.cancel(deed, row)))


@blueprint.get("/r/<token>/change")
@needs(Right.RESERVE)
def ask_change(token: str) -> Response:
    """Another day, and with `?day=` another time; the old one is kept until a new one is taken."""
    check_public_rate()
    with _found(token) as (session, here, row):
        draft = _as_draft(here, row, request.args.get("day", ""))
        if draft.day:
            facts: dict[str, Any] = {"token": token, "now_at": _when(here, row), "sequence": row.sequence}
            return times_page(session, here, draft, template="change_time", **facts)
        shown = days_shown(session, here, booking.said_of(row))
        return page("change_day", here, draft, token=token, now_at=_when(here, row), **shown)


@blueprint.post("/r/<token>/change")
@needs(Right.RESERVE)
def change(token: str) -> Response:
    """Move the booking. If the new time is gone, the old one is still there."""
    slot = request.form.get("slot", "")
    try:
        return _deed(token, lambda deed, row: _back_to(token, _moved(deed, row, slot), "?moved=1"))
    except NotFound:
        raise
    except Refusal as refusal:
        with _found(token) as (session, here, row):
            draft = _as_draft(here, row, request.form.get("day", ""))
            sentence = _why_not_moved(here, row, slot, refusal)
            facts: dict[str, Any] = {"token": token, "now_at": _when(here, row), "sequence": row.sequence}
            if not draft.day:
                shown = days_shown(session, here, booking.said_of(row))
                return page("change_day", here, draft, errors={"day": sentence}, **facts, **shown)
            answer = times_page(session, here, draft, template="change_time", errors={"slot": sentence}, **facts)
            answer.status_code = 409 if refusal.code == "booking_moved" else answer.status_code
            return answer


def _moved(deed: Deed, row: Reservation, slot: str) -> Reservation:
    """The form remembers which state of the booking its reader had before their eyes."""
    seen = request.form.get("sequence", "")
    return booking.reschedule(deed, row, slot, made_from=int(seen) if seen.isascii() and seen.isdecimal() else None)


def _why_not_moved(here: Office, row: Reservation, slot: str, refusal: Refusal) -> str:
    if refusal.code == "slot_full":
        return t("booking.slot_lost_kept")
    if refusal.code != "booking_moved":
        return _first(said_wrong(refusal))
    wanted = parse_slot_id(slot)[1].astimezone(here.zone)
    return t("booking.moved_meanwhile", now=_when(here, row), wanted=f"{day_text(wanted)} {clock_of(wanted, here)}")


@blueprint.post("/r/<token>/check-in")
@needs(Right.RESERVE)
def arrive(token: str) -> Response:
    """I am here: the number for today, within the arrival window."""

    def act(deed: Deed, row: Reservation) -> str:
        ticket = arrivals.check_in(deed, row)
        return f"/t/{tokens.ticket_token(deed.ports.secret, ticket.nonce)}"

    return _deed(token, act)


@blueprint.get("/book/find")
@needs(Right.RESERVE)
def ask_code() -> Response:
    """Find a booking by its code and the second factor."""
    return _find_page({})


@blueprint.post("/book/find")
@needs(Right.RESERVE)
def find() -> Response:
    """To the booking, or the same sentence for whatever was wrong."""
    check_public_rate(cost=5)
    code, digits = request.form.get("code", ""), request.form.get("digits", "")
    ports = house().ports

    def act(session: Session) -> str | None:
        row = reservations.find_by_code(session, code, digits, ports.clock())
        return tokens.reservation_token(ports.secret, row.nonce) if row else None

    token = writing(act)
    if token is None:
        return _find_page({"code": t("booking.not_found")})
    return make_response(redirect(f"/r/{token}", 303))


def _find_page(errors: dict[str, str]) -> Response:
    body = render_template("booking/find.html", errors=errors, typed=request.form)
    return make_response(body, 422 if errors else 200)


class _found:  # noqa: N801 - used like a function
    """`with _found(token) as (session, office, reservation)`, or `not_found`."""

    def __init__(self, token: str) -> None:
        self._token, self._look = token, reading()

    def __enter__(self) -> tuple[Session, Office, Reservation]:
        session = self._look.__enter__()
        row = reservations.reservation_by_token(session, self._token, identity())
        return session, offices.office_by_id(session, row.office_id), row

    def __exit__(self, *error: Any) -> None:
        self._look.__exit__(*error)


def _shown(token: str, template: str, **facts: Any) -> Response:
    check_public_rate()
    settings, ports = house().settings, house().ports
    with _found(token) as (session, here, row):
        view = reservations.reservation_view(
            here, row, secret=ports.secret, public_url=settings.public_url, language=reader_language()
        )
        now = ports.clock()
        ticket = _todays(session, row, here.today(now))
        body = render_template(
            f"booking/{template}.html",
            office=here,
            office_name=label_in(here.name, reader_language()),
            home_url=f"/?office={here.code}",
            phone=here.phone,
            booking=view,
            code=format_code(view["code"]) if view["code"] else "",
            when=_when(here, row),
            state=row.state,
            is_over=row.end_at < now,
            may_arrive=row.state == State.BOOKED and view["check_in_from"] <= now <= view["check_in_until"],
            may_change=row.state == State.BOOKED and row.start_at > now,
            ended=day_text(row.ended_at.astimezone(here.zone)) if row.ended_at else "",
            number=ticket.number_text if ticket else "",
            number_url=f"/t/{tokens.ticket_token(ports.secret, ticket.nonce)}" if ticket else "",
            shielded=row.shielded,
            on_behalf=identity().is_staff,
            moved=request.args.get("moved") == "1",
            **facts,
        )
    response = make_response(body)
    response.headers["Cache-Control"] = "no-store"
    return response


def _todays(session: Session, row: Reservation, today: date) -> Ticket | None:
    """The number that the booking has become. A visit outlasts the time that was booked; the day ends it."""
    ticket = session.get(Ticket, row.ticket_id) if row.ticket_id else None
    return ticket if ticket is not None and ticket.day == today else None


def _deed(token: str, act: Callable[[Deed, Reservation], str]) -> Response:
    check_public_rate()

    def change_it(session: Session) -> str:
        row = reservations.reservation_by_token(session, token, identity())
        deed = begin_by_id(session, row.office_id, Right.RESERVE, identity(), house().ports)
        session.refresh(row)
        return act(deed, row)

    return make_response(redirect(submit(change_it), 303))


def _back_to(token: str, _row: Reservation, query: str = "") -> str:
    return f"/r/{token}{query}"


def _as_draft(here: Office, row: Reservation, day: str) -> Draft:
    said = booking.said_of(row)
    moved_on = said.moved_on.isoformat() if said.moved_on else ""
    draft = Draft(office=here.code, service=row.service, people=row.people, moved_on=moved_on)
    draft.uses_navigator = said.answers is not None
    draft.answers = dict(said.answers or {})
    try:
        draft.day = written_day(day).isoformat()
    except ValueError:
        draft.day = ""
    return draft


def _when(here: Office, row: Reservation) -> str:
    return f"{day_text(row.come_at.astimezone(here.zone))} {clock_of(row.come_at, here)}"


def _first(errors: dict[str, str]) -> str:
    return next(iter(errors.values()))
