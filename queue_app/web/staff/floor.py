"""The floor: all counters, queues, machines and alarms in one look, and the few presses that steer the day.

Source: ux guide of the project, section 8.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.errors import Conflict, Invalid
from queue_app.domain.office import label_in
from queue_app.services import alarms, day, helping
from queue_app.services.deed import Deed
from queue_app.services.desk import floor as floor_of
from queue_app.services.hall import Hall, read_hall
from queue_app.store.access_tables import AccessToken, UserRow
from queue_app.store.database import reading
from queue_app.web.auth import identity, needs
from queue_app.web.context import house
from queue_app.web.errors import field_sentence
from queue_app.web.forms import submit
from queue_app.web.i18n import has_text, reader_language, t
from queue_app.web.staff.frame import blueprint, my_deed, my_office, show


@blueprint.get("/floor")
@needs(Right.SEE_FLOOR, page=True)
def floor() -> ResponseReturnValue:
    return _page({})


@blueprint.post("/floor/services/<service>/<press>")
@needs(Right.RUN_DAY, page=True)
def steer_service(service: str, press: str) -> ResponseReturnValue:
    act = day.pause_service if press == "pause" else day.resume_service
    return _press(lambda deed: act(deed, service), said="paused" if press == "pause" else "resumed")


@blueprint.post("/floor/all/<press>")
@needs(Right.RUN_DAY, page=True)
def steer_all(press: str) -> ResponseReturnValue:
    act = day.pause_all if press == "pause" else day.resume_all
    return _press(act, said="all_paused" if press == "pause" else "all_resumed")


@blueprint.post("/floor/help")
@needs(Right.RUN_DAY, page=True)
def add_service() -> ResponseReturnValue:
    """A counter serves one more service until it closes."""
    counter, service = request.form.get("counter", ""), request.form.get("service", "")
    return _press(lambda deed: helping.help_with(deed, counter, [service]), said="helps")


@blueprint.post("/floor/help/end")
@needs(Right.RUN_DAY, page=True)
def end_help() -> ResponseReturnValue:
    counter, service = request.form.get("counter", ""), request.form.get("service", "")
    return _press(lambda deed: helping.end_help(deed, counter, service), said="help_ended")


@blueprint.post("/floor/closing")
@needs(Right.RUN_DAY, page=True)
def extend_closing() -> ResponseReturnValue:
    """Today closes later, or at its usual time again (`minutes` 0)."""
    minutes = request.form.get("minutes", "")
    if minutes == "0":
        return _press(day.take_back_extension, said="closing_back")
    wanted = int(minutes) if minutes.isascii() and minutes.isdecimal() else 0
    return _press(lambda deed: day.extend_closing(deed, wanted), said="closing_later")


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
    """A press that comes too late, to a counter that has closed meanwhile, says so in place."""

    def once(session: Session) -> str:
        act(my_deed(session, right))
        return url_for("staff.floor", said=said)

    try:
        return redirect(submit(once), 303)
    except Conflict as refusal:
        if not has_text(f"staff.floor.said.{refusal.code}"):
            raise
        return redirect(url_for("staff.floor", said=refusal.code), 303)


def _page(errors: dict[str, str]) -> str:
    language = reader_language()
    with reading() as session:
        office = my_office(session)
        hall = read_hall(session, office, house().ports)
        snapshot = floor_of(hall, session, language)
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
        worst=_worst(snapshot),
        helpers=_helpers(hall, snapshot, language),
        service_names={code: label_in(each.label, language) for code, each in office.services.items()},
        closing=day.closes_at(office, hall.now, house().ports),
        extensions=day.EXTENSIONS,
        has_text=has_text,
        spoken=_spoken(snapshot),
        all_paused=all(each.paused for each in office.services.values()),
    )


def _waiting(snapshot: dict[str, Any]) -> int:
    return sum(queue["waiting"] for queue in snapshot["queues"])


def _worst(snapshot: dict[str, Any]) -> dict[str, Any] | None:
    """The queue whose first person has waited longest, measured by the service's own target."""
    queues = [queue for queue in snapshot["queues"] if queue["waiting"]]
    return max(queues, key=lambda queue: queue["longest_wait_s"] / queue["target_min"], default=None)


def _helpers(hall: Hall, snapshot: dict[str, Any], language: str) -> dict[str, list[dict[str, Any]]]:
    """Per queue the open counters that could take it on as well, the idlest first."""
    return {
        queue["service"]: [
            {"code": counter.code, "label": label_in(counter.label, language)}
            for counter in helping.who_can_help(hall, queue["service"])
        ]
        for queue in snapshot["queues"]
    }


def _spoken(snapshot: dict[str, Any]) -> dict[str, datetime]:
    """When each voice last spoke, by its own report: seconds before it was heard of, so its clock does not matter."""
    reports = ((each["name"], each["seen_at"], each["status"].get("details", {})) for each in snapshot["devices"])
    return {
        name: seen_at - timedelta(seconds=said["spoken_s_ago"])
        for name, seen_at, said in reports
        if seen_at is not None and isinstance(said.get("spoken_s_ago"), int)
    }


def _names(session: Session) -> dict[str, str]:
    """Who sits at a counter, by the name the history uses."""
    office_id = identity().office_id
    people = session.execute(select(UserRow.id, UserRow.name).where(UserRow.office_id == office_id))
    machines = session.execute(select(AccessToken.id, AccessToken.name).where(AccessToken.office_id == office_id))
    return {f"user:{row.id}": row.name for row in people} | {f"token:{row.id}": row.name for row in machines}
