"""Opening hours and closed days. A change that hits bookings lists them first; nobody's booking is cancelled by it."""

from __future__ import annotations

from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.errors import Conflict, FieldError, Invalid
from queue_app.domain.hours import HOLIDAYS, WEEKDAYS, Hours, parse_hours
from queue_app.domain.office import Office, label_in
from queue_app.domain.reservation import format_code
from queue_app.services import hours_change, reminders, setup
from queue_app.store.database import reading
from queue_app.web.admin.frame import blueprint
from queue_app.web.admin.values import changes, saved, version_typed
from queue_app.web.auth import needs
from queue_app.web.context import house
from queue_app.web.i18n import reader_language, t
from queue_app.web.opening import day_text
from queue_app.web.staff.frame import my_deed, my_office, show

CLOSED_WORDS = ("休み", "closed", "-")
"""What may stand behind a date on which the office is closed."""


@blueprint.get("/hours")
@needs(Right.SET_UP, page=True)
def hours() -> ResponseReturnValue:
    return _page()


@blueprint.post("/hours")
@needs(Right.SET_UP, page=True)
def change_hours() -> ResponseReturnValue:
    def act(session: Session) -> str:
        deed = my_deed(session, Right.SET_UP)
        seen = request.form.get("seen", "0")
        told = hours_change.change_hours(
            deed,
            version_typed(),
            _read(),
            seen=int(seen) if seen.isascii() and seen.isdecimal() else 0,
            with_notices=request.form.get("notices") == "yes",
        )
        return url_for("admin.hours", saved="yes", told=told)

    try:
        return saved(act, _page)
    except Conflict as refusal:
        if refusal.code != "bookings_hit":
            raise
        return _ask(), 409


def _ask() -> str:
    """The bookings that the typed hours would hit, before anything is saved."""
    language = reader_language()
    with reading() as session:
        office = my_office(session)
        ports = house().ports
        hit = [
            {
                "code": format_code(row.code) if row.code else "",
                "day": day_text(row.start_at.astimezone(office.zone)),
                "at": row.start_at,
                "service": label_in(office.services[row.service].label, language)
                if row.service in office.services
                else row.service,
                "can_be_told": reminders.contact_of(row) is not None,
            }
            for row in hours_change.hit_by(session, office, _read(), now=ports.clock(), ports=ports)
        ]
    return show("admin/hours_hit.html", office, hit=hit, typed=_typed(), version=version_typed())


def _page(errors: dict[str, str] | None = None, *, stale: bool = False) -> str:
    with reading() as session:
        office = my_office(session)
        version = setup.setup_version(session, office.id)
    now = _values(office)
    typed = _typed() if request.method == "POST" else now
    names = {key: t(f"admin.hours.{key}") for key in now}
    told = request.args.get("told", "")
    said = None
    if request.args.get("saved"):
        said = t("admin.hours.saved_told", count=int(told)) if told.isdecimal() and int(told) else t("admin.saved")
    return show(
        "admin/hours.html",
        office,
        values=typed,
        version=version,
        weekdays=WEEKDAYS,
        errors=errors or {},
        stale=stale,
        changes=changes(names, typed, now) if stale else [],
        saved=said,
    )


def _values(office: Office) -> dict[str, Any]:
    """The hours as they are typed: a line per weekday, closed days and dated hours one to a line."""
    value = office.hours.to_value()
    plan: dict[str, Any] = {} if isinstance(value, str) else value
    dates = plan.get("dates", {})
    closed = [entry for entry in plan.get("closed", []) if entry != HOLIDAYS]
    return {
        "always": office.hours.always,
        **{day: ", ".join(plan.get(day, [])) for day in WEEKDAYS},
        "holidays": office.hours.closed_on_holidays,
        "closed": "\n".join(closed),
        "dates": "\n".join(f"{day} {', '.join(spans) or CLOSED_WORDS[0]}" for day, spans in dates.items()),
        "last_ticket_min": str(office.hours.last_ticket_min),
    }


def _typed() -> dict[str, Any]:
    texts = (*WEEKDAYS, "closed", "dates", "last_ticket_min")
    held: dict[str, Any] = {key: request.form.get(key, "").replace("\r\n", "\n").strip() for key in texts}
    switches = {key: request.form.get(key) == "yes" for key in ("always", "holidays")}
    return {"always": switches["always"], **held, "holidays": switches["holidays"]}


def _read() -> Hours:
    """The typed hours. Refuses `hours_format` by field."""
    typed = _typed()
    if typed["always"]:
        return Hours(always=True)
    value: dict[str, Any] = {day: _spans(typed[day]) for day in WEEKDAYS}
    value["closed"] = [HOLIDAYS] * typed["holidays"] + typed["closed"].split("\n" if typed["closed"] else None)
    value["dates"] = {}
    for line in filter(None, map(str.strip, typed["dates"].split("\n"))):
        day, _, spans = line.partition(" ")
        value["dates"][day] = [] if spans.strip() in CLOSED_WORDS else _spans(spans)
    minutes = typed["last_ticket_min"] or "0"
    value["last_ticket_min"] = int(minutes) if minutes.isascii() and minutes.isdecimal() else minutes
    try:
        return parse_hours(value)
    except Invalid as refusal:
        fields = dict.fromkeys(error.field.partition("[")[0].partition(".")[0] for error in refusal.errors)
        raise Invalid([FieldError(field, "hours_format") for field in fields]) from None


def _spans(text: str) -> list[str]:
    plain = text.replace("、", ",").replace("〜", "-").replace("～", "-").replace("：", ":")
    return [span.strip() for span in plain.split(",") if span.strip()]
