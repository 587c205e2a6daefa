"""The console of one counter, and its small window. Everything on it is the desk snapshot; presses are `deeds`.

Source: ux guide of the project, section 7.
"""

from __future__ import annotations

from typing import Any

from flask import make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from queue_app.domain.access import Right
from queue_app.domain.errors import NotFound
from queue_app.domain.office import Counter, Office, label_in
from queue_app.domain.ticket import StageKind
from queue_app.services import seats
from queue_app.services.desk import desk
from queue_app.services.hall import Hall, read_hall
from queue_app.services.notes import LONGEST_NOTE
from queue_app.services.staff_sessions import IDLE
from queue_app.store.access_tables import StaffSession, UserRow
from queue_app.store.database import reading
from queue_app.web.auth import identity, needs
from queue_app.web.context import house
from queue_app.web.i18n import reader_language
from queue_app.web.security import policy
from queue_app.web.staff.frame import blueprint, my_office, show
from queue_app.web.staff.said import said_here, sentence_here

HELD_LONG_MIN = 15
CALLED_LONG_S = 60


@blueprint.get("/")
@needs(Right.SERVE, page=True)
def choose_counter() -> ResponseReturnValue:
    with reading() as session:
        office = my_office(session)
        hall = read_hall(session, office, house().ports)
        counters = [_choice(hall, counter) for counter in office.counters.values()]
        seated = _seat(session)
    return show("staff/choose.html", office, counters=counters, seated=seated)


@blueprint.get("/counters/<counter>")
@needs(Right.SERVE, page=True)
def console(counter: str) -> ResponseReturnValue:
    answer = make_response(_page(counter, "staff/console.html"))
    answer.headers["Content-Security-Policy"] = policy(frames="'self'")  # the small window, which floats above others
    return answer


@blueprint.get("/counters/<counter>/mini")
@needs(Right.SERVE, page=True)
def mini(counter: str) -> ResponseReturnValue:
    answer = make_response(_page(counter, "staff/mini.html"))
    answer.headers["Content-Security-Policy"] = policy(framed_by="'self'")
    return answer


@blueprint.get("/counters/<counter>/<path:press>")
@needs(Right.SERVE, page=True)
def back_to_console(counter: str, press: str) -> ResponseReturnValue:
    """Where a login in the middle of a press, or a reload after it, leads: nothing is done twice."""
    del press
    return redirect(url_for("staff.console", counter=counter))


def _page(counter: str, template: str) -> str:
    language, who = reader_language(), identity()
    with reading() as session:
        office = my_office(session)
        if counter not in office.counters:
            raise NotFound("unknown_counter")
        hall = read_hall(session, office, house().ports)
        snapshot = desk(hall, session, counter, language)
        seated = seats.has_seat(session, who, counter)
        settings = _own_settings(session)
        idle_s = _idle_s(session)
    said: dict[str, Any] = said_here()
    asked = said.get("ask", "")
    current = snapshot["current"]
    if asked == "called" and not _is_about(said, current):
        asked = ""
    return show(
        template,
        office,
        desk=snapshot,
        counter=counter,
        seated=seated,
        usable=seated and snapshot["state"] == "open",
        here=url_for(request.endpoint or "", counter=counter, **said),
        home=url_for(request.endpoint or "", counter=counter),
        sentence=sentence_here(office),
        said=said,
        asked=asked,
        own=settings,
        idle_s=idle_s,
        services=_targets(hall, office, counter, language),
        need_labels={code: label_in(labels, language) for code, labels in office.needs.items()},
        longest_note=LONGEST_NOTE,
        held_long_min=HELD_LONG_MIN,
        called_long_s=CALLED_LONG_S,
        view="mini" if template.endswith("mini.html") else "",
    )


def _is_about(said: dict[str, Any], current: dict[str, Any] | None) -> bool:
    """Whether the question still stands. Once it is settled elsewhere, it must not slide on to the next person."""
    return current is not None and current["state"] == "called" and str(current["id"]) == said.get("about")


def _choice(hall: Hall, counter: Counter) -> dict[str, Any]:
    language = reader_language()
    state, present = hall.state_of(counter.code), hall.at(counter.code)
    services = [label_in(hall.office.services[code].label, language) for code in counter.services]
    return {
        "code": counter.code,
        "label": label_in(counter.label, language),
        "state": state.state,
        "is_mine": state.clerk == identity().name,
        "services": services,
        "back_office": StageKind.BACK_OFFICE in counter.stages,
        "number": present.number if present else None,
        "waiting": len(hall.callable_by(counter)),
    }


def _targets(hall: Hall, office: Office, counter: str, language: str) -> dict[str, list[dict[str, str]]]:
    """Where somebody can be sent: services, and counters that are not closed."""
    return {
        "services": [
            {"value": f"service:{code}", "label": label_in(service.label, language)}
            for code, service in office.services.items()
        ],
        "counters": [
            {"value": f"counter:{code}", "label": label_in(each.label, language)}
            for code, each in office.counters.items()
            if code != counter and hall.state_of(code).state != "closed"
        ],
    }


def _own_settings(session: Any) -> dict[str, Any]:
    name = identity().name
    user = session.get(UserRow, int(name.removeprefix("user:"))) if name.startswith("user:") else None
    return dict(user.settings) if user else {}


def _seat(session: Any) -> str | None:
    session_id = identity().session_id
    return session.get_one(StaffSession, session_id).counter if session_id is not None else None


def _idle_s(session: Any) -> int | None:
    """Seconds until this session ends if nothing is done."""
    session_id = identity().session_id
    if session_id is None:
        return None
    seen_at = session.get_one(StaffSession, session_id).seen_at
    return int((seen_at + IDLE - house().ports.clock()).total_seconds())
