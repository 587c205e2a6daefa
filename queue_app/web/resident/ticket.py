"""The page of one number on its holder's phone: what state it is in, what to do, what can still be changed.

Decides only what is shown and offered in each state. An unknown, a foreign and an expired token get one and the same
page. Reading changes nothing; every deed is a form that ends on the page again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Response, make_response, redirect, render_template, request
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.announcement import counter_name
from queue_app.domain.errors import Conflict, NotFound
from queue_app.domain.office import Office, label_in
from queue_app.domain.planning.remote import KEPT_AFTER_ARRIVAL_MIN
from queue_app.domain.ticket import StageKind, State
from queue_app.services import holders, offices, remote
from queue_app.services.deed import Deed, begin_by_id
from queue_app.services.hall import Hall, read_hall
from queue_app.services.stops import place_of_counter, where_is
from queue_app.services.tickets import check_is_of_today, shielded_number, ticket_by_token, ticket_views
from queue_app.store.database import reading
from queue_app.store.planning_tables import RemoteTicket
from queue_app.store.queue_tables import Ticket
from queue_app.web.auth import identity, needs
from queue_app.web.context import house
from queue_app.web.forms import submit
from queue_app.web.i18n import reader_language
from queue_app.web.limits import check_public_rate
from queue_app.web.resident.frame import blueprint, shown

SAID = ("postponed", "back", "changed", "cancelled", "here", "have")


@blueprint.get("/t/<token>")
@needs(Right.HOLD_TICKET)
def ticket(token: str) -> Response:
    """My number."""
    return _page(token, "ticket")


@blueprint.get("/t/<token>/cancel")
@needs(Right.HOLD_TICKET)
def ask_cancel(token: str) -> Response:
    """Really? With the number shown."""
    return _page(token, "cancel")


@blueprint.post("/t/<token>/cancel")
@needs(Right.HOLD_TICKET)
def cancel(token: str) -> Response:
    """Give the number back."""
    return _deed(token, holders.cancel, said="cancelled")


@blueprint.post("/t/<token>/postpone")
@needs(Right.HOLD_TICKET)
def postpone(token: str) -> Response:
    """Let others pass."""
    return _deed(token, holders.postpone, said="postponed")


@blueprint.post("/t/<token>/back")
@needs(Right.HOLD_TICKET)
def back(token: str) -> Response:
    """I was called, missed it, and am here now."""
    return _deed(token, holders.came_back, said="back")


@blueprint.post("/t/<token>/here")
@needs(Right.HOLD_TICKET)
def say_here(token: str) -> Response:
    """I took the number away from here, and am here now."""
    return _deed(token, remote.say_here, said="here")


def _page(token: str, name: str) -> Response:
    check_public_rate()
    try:
        with reading() as session:
            here, found = _holders_ticket(session, token)
            hall = read_hall(session, here, house().ports)
            view = ticket_views(hall, session, [found.id])[found.id]
            from_home = _from_home(here, remote.remote_of(session, found), view["state"])
    except NotFound:
        return _number_alone(token) or make_response(render_template("resident/unknown_ticket.html", languages=[]), 404)
    said = request.args.get("said")
    return shown(
        name,
        here,
        token=token,
        ticket=view | {"service_label": _service_label(here, view)},
        counter=_counter(here, view.get("counter")),
        now_served=_now_served(hall, view),
        stops=_stops(here, view),
        said=said if said in SAID else None,
        remote=from_home,
        may_postpone=view["state"] == State.WAITING and view["postponed"] < holders.MOST_POSTPONED,
    )


def _number_alone(token: str) -> Response | None:
    """Of a person at risk: the number, and that it will be called. No state, no place, no counter."""
    with reading() as session:
        found = shielded_number(session, token)
        here = offices.office_by_id(session, found.office_id) if found else None
        if found is None or here is None or found.day != here.today(house().ports.clock()):
            return None
    return shown("shielded", here, number=found.number_text)


def _deed(token: str, act: Callable[[Deed, Ticket], None], *, said: str) -> Response:
    """What is no longer possible, because the number was called meanwhile, leads to the page as it is now."""
    check_public_rate()

    def once(session: Session) -> str:
        here, found = _holders_ticket(session, token)
        deed = begin_by_id(session, here.id, Right.HOLD_TICKET, identity(), house().ports)
        session.refresh(found)
        act(deed, found)
        return f"/t/{token}?said={said}"

    try:
        return make_response(redirect(submit(once), 303))
    except Conflict:
        return make_response(redirect(f"/t/{token}?said=changed", 303))
    except NotFound:
        return make_response(render_template("resident/unknown_ticket.html", languages=[]), 404)


def _holders_ticket(session: Session, token: str) -> tuple[Office, Ticket]:
    found = ticket_by_token(session, token)
    here = offices.office_by_id(session, found.office_id)
    check_is_of_today(found, here, house().ports.clock())
    return here, found


def _from_home(here: Office, row: RemoteTicket | None, state: str) -> dict[str, Any] | None:
    """What the holder of a number from home must know until they are there; nothing once they are, or it is over."""
    if row is None or row.here_at is not None or state not in (State.WAITING, State.CALLED, State.MISSED):
        return None
    until = row.expected_at + timedelta(minutes=KEPT_AFTER_ARRIVAL_MIN) if row.expected_at else None
    return {
        "leave": row.leave_at is not None and not row.moved_back,
        "moved": row.moved_back > 0,
        "until": f"{until.astimezone(here.zone):%H:%M}" if until else "",
    }


def _service_label(here: Office, view: dict[str, Any]) -> str:
    """In the language of the page: whoever helps the holder may read another one than the ticket's."""
    service = here.services.get(view["service"])
    return label_in(service.label, reader_language()) if service else view["service_label"]


def _counter(here: Office, code: str | None) -> dict[str, Any] | None:
    """Where to go, in the reader's language."""
    if code is None or code not in here.counters:
        return None
    counter = here.counters[code]
    return {"label": counter_name(counter, reader_language()), "floor": counter.floor}


def _where(here: Office, stage: dict[str, Any]) -> str:
    """Floor and windows of a stop; the very counter once it is known. Papers have no place to go to."""
    kind, language = StageKind(stage["kind"]), reader_language()
    if kind is StageKind.BACK_OFFICE:
        return ""
    return place_of_counter(here, stage.get("counter"), language) or where_is(here, stage["service"], kind, language)


def _now_served(hall: Hall, view: dict[str, Any]) -> list[str]:
    """Numbers of the same queue that are at a counter now."""
    at_counters = (State.CALLED, State.SERVING)
    return [
        stage.number
        for stage in hall.stages
        if stage.service == view["service"] and stage.kind == view["stage"] and stage.state in at_counters
    ][:4]


def _stops(here: Office, view: dict[str, Any]) -> list[dict[str, Any]]:
    """Everything this visit passes, in order, with the state of each."""
    return [
        {
            "service": label_in(here.services[stage["service"]].label, reader_language()),
            "kind": StageKind(stage["kind"]),
            "where": _where(here, stage),
            "state": stage["state"] if stage["ready"] or stage["state"] != State.WAITING else "later",
        }
        for stage in view["stages"]
        if stage["service"] in here.services
    ]
