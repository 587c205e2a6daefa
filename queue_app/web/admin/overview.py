"""The first page of the set-up: what is still to do, what is missing, what is kept how long."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.announcement import is_named_by_number
from queue_app.domain.office import Office
from queue_app.services import bearers, forgetting, screens
from queue_app.services.people import people
from queue_app.store.database import reading
from queue_app.web.admin.frame import blueprint
from queue_app.web.admin.screens import warning_sentences
from queue_app.web.auth import needs
from queue_app.web.i18n import awaiting_review, t
from queue_app.web.service_looks import completeness, texts_of
from queue_app.web.staff.frame import my_office, show

HOUR = timedelta(hours=1)


@blueprint.get("/")
@needs(Right.SET_UP, page=True)
def overview() -> ResponseReturnValue:
    with reading() as session:
        office = my_office(session)
        steps = _steps(session, office)
        wrong = warning_sentences(office, screens.screens(session, office))
    done = sum(1 for step in steps if step["count"])
    missing = missing_texts(office)
    told = {"steps": steps, "done": done, "missing": missing, "kept": _kept(), "wrong": wrong}
    return show("admin/overview.html", office, unread=awaiting_review(), **told)


def missing_texts(office: Office) -> list[dict[str, Any]]:
    """Per service and named counter, the languages of the office in which something is not said yet."""
    parts = [("service", each.code, each.label, texts_of(each)) for each in office.services.values()]
    named = [each for each in office.counters.values() if not is_named_by_number(each)]
    parts += [("counter", each.code, each.label, {"label": each.label}) for each in named]
    return [
        {"kind": kind, "code": code, "label": label["ja"], "languages": lacking}
        for kind, code, label, texts in parts
        if (lacking := [each["code"] for each in completeness(office, texts) if each["missing"]])
    ]


def _steps(session: Session, office: Office) -> list[dict[str, Any]]:
    """The order in which an office is set up, with how much of each is there and whether that is enough to open."""
    tokens = [token for token in bearers.list_tokens(session, office.id) if token.revoked_at is None]
    devices = sum(1 for token in tokens if token.role in bearers.DEVICE_ROLES)
    staff = sum(1 for user in people(session, office.id) if user.active)
    has_hours = office.hours.always or any(office.hours.weekly) or bool(office.hours.dates)
    bookable = sum(1 for each in office.services.values() if each.slots)
    counts = [
        ("office", int(bool(office.phone)), url_for("admin.office_file_page")),
        ("counters", len(office.counters), url_for("admin.parts")),
        ("services", len(office.services), url_for("admin.parts")),
        ("hours", int(has_hours), url_for("admin.hours")),
        ("slots", bookable, url_for("admin.booking")),
        ("devices", devices, url_for("admin.tokens")),
        ("people", max(0, staff - 1), url_for("admin.people_page")),
    ]
    return [
        {"name": t(f"admin.steps.{key}"), "hint": t(f"admin.step_hints.{key}"), "count": count, "url": url}
        for key, count, url in counts
    ]


def _kept() -> list[tuple[str, str]]:
    """What is forgotten by itself, and when: the periods that the nightly forgetting goes by."""
    days = {
        "bookings": forgetting.BOOKINGS_KEPT,
        "deliveries": forgetting.DELIVERIES_KEPT,
        "sessions": forgetting.SESSIONS_KEPT,
    }
    hours = {"messages": forgetting.MESSAGES_KEPT, "answers": forgetting.ANSWERS_KEPT}
    return [
        (t("admin.kept.notes"), t("admin.kept.end_of_day")),
        *((t(f"admin.kept.{key}"), t("admin.kept.days", count=span.days)) for key, span in days.items()),
        *((t(f"admin.kept.{key}"), t("admin.kept.hours", count=span // HOUR)) for key, span in hours.items()),
    ]
