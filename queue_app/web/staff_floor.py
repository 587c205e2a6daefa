"""The floor: all counters, queues, machines and alarms in one look, and the few presses that steer the day.

Source: ux guide of the project, section 8.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.errors import Invalid
from queue_app.services import alarms, day
from queue_app.services.deed import Deed
from queue_app.services.desk import floor as floor_of
from queue_app.services.hall import read_hall
from queue_app.store.access_tables import AccessToken, UserRow
from queue_app.store.database import reading
from queue_app.web.auth import identity, needs
from queue_app.web.context import house
from queue_app.web.errors import field_sentence
from queue_app.web.forms import submit
from queue_app.web.i18n import has_text, reader_language, t
from queue_app.web.staff import blueprint
from queue_app.web.staff_console import LONG_MIN, TOO_LONG_MIN
from queue_app.web.staff_frame import my_deed, my_office, show


@blueprint.get("/floor")
@needs(Right.SEE_FLOOR, page=True)
def floor() -> ResponseReturnValue:
    return _page({})


@blueprint.post("/floor/services/<service>/<press>")
@needs(Right.RUN_DAY, page=True)
def steer_service(service: str, press: str) -> ResponseReturnValue:
    act = day.pause_service if press == "pause" else day.resume_service
    return _press(lambda deed: act(deed, service), said="paused" if press == "pause" else "resumed")


@blueprint.post("/floor/notices")
@needs(Right.RUN_DAY, page=True)
def post_notice() -> ResponseReturnValue:
    texts = {language: request.form.get(f"text_{language}", "") for language in ("ja", "en")}
    try:
        return _press(lambda deed: day.post_notice(deed, texts, request.form.get("level", "info")), said="posted")
    except Invalid as refusal:
        return _page({f"{e.field}_ja": field_sentence(e.code, dict(e.facts)) for e in refusal.errors}), 422


@blueprint.post("/floor/notices/<int:notice_id>/end")
@needs(Right.RUN_DAY, page=True)
def end_notice(notice_id: int) -> ResponseReturnValue:
    return _press(lambda deed: day.end_notice(deed, notice_id), said="ended")


@blueprint.post("/floor/alarms/<int:alarm_id>/end")
@needs(Right.SEE_FLOOR, page=True)
def end_alarm(alarm_id: int) -> ResponseReturnValue:
    return _press(lambda deed: alarms.end_alarm(deed, alarm_id), said="alarm_done", right=Right.SEE_FLOOR)


@blueprint.get("/floor/close")
@needs(Right.RUN_DAY, page=True)
def ask_to_close_day() -> ResponseReturnValue:
    """What closing the day would do, before it is done."""
    with reading() as session:
        office = my_office(session)
        hall = read_hall(session, office, house().ports)
    counts = {
        state: len({s.ticket_id for s in hall.stages if s.state == state})
        for state in ("called", "serving", "held", "missed")
    }
    counts["waiting"] = len({stage.ticket_id for stage in hall.line})
    return show("staff/close_day.html", office, counts=counts, open_counters=len(hall.clerks))


@blueprint.post("/floor/close")
@needs(Right.RUN_DAY, page=True)
def close_day() -> ResponseReturnValue:
    return _press(day.close_day, said="day_closed")


def _press(act: Callable[[Deed], object], *, said: str, right: Right = Right.RUN_DAY) -> ResponseReturnValue:
    def once(session: Session) -> str:
        act(my_deed(session, right))
        return url_for("staff.floor", said=said)

    return redirect(submit(once), 303)


def _page(errors: dict[str, str]) -> str:
    language = reader_language()
    with reading() as session:
        office = my_office(session)
        snapshot = floor_of(read_hall(session, office, house().ports), session, language)
        names = _names(session)
    said = request.args.get("said", "")
    return show(
        "staff/floor.html",
        office,
        floor=snapshot,
        names=names,
        errors=errors,
        form=request.form,
        steers=identity().may(Right.RUN_DAY),
        said=t(f"staff.floor.said.{said}") if has_text(f"staff.floor.said.{said}") else None,
        here=url_for("staff.floor", said=said) if said else url_for("staff.floor"),
        most_waiting=max([queue["waiting"] for queue in snapshot["queues"]], default=0) or 1,
        waiting=_waiting(snapshot),
        long_min=LONG_MIN,
        too_long_min=TOO_LONG_MIN,
    )


def _waiting(snapshot: dict[str, Any]) -> int:
    return sum(queue["waiting"] for queue in snapshot["queues"])


def _names(session: Session) -> dict[str, str]:
    """Who sits at a counter, by the name the history uses."""
    office_id = identity().office_id
    people = session.execute(select(UserRow.id, UserRow.name).where(UserRow.office_id == office_id))
    machines = session.execute(select(AccessToken.id, AccessToken.name).where(AccessToken.office_id == office_id))
    return {f"user:{row.id}": row.name for row in people} | {f"token:{row.id}": row.name for row in machines}
