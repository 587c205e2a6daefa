"""What every page of staff knows: the office of the person, what they may open, and the words for it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, url_for
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.office import Office, label_in
from queue_app.services import offices
from queue_app.services.deed import Deed, begin_by_id
from queue_app.services.early_work import offers_any
from queue_app.web.auth import identity
from queue_app.web.context import house
from queue_app.web.i18n import LANGUAGES, reader_language, t
from queue_app.web.staff.presence import keep_session_alive

blueprint = Blueprint("staff", "queue_app.web", url_prefix="/staff")
blueprint.before_request(keep_session_alive)

EARLY = "staff.early_jobs"
PLACES = (
    (Right.SERVE, "staff.choose_counter", "staff.nav.counters"),
    (Right.ISSUE, "staff.issue_form", "staff.nav.issue"),
    (Right.CHECK_IN, "booking.bookings", "booking.desk_nav"),
    (Right.CHECK_IN, "staff.messages_page", "undelivered.nav"),
    (Right.SERVE, EARLY, "early.nav"),
    (Right.SEE_FLOOR, "staff.floor", "staff.nav.floor"),
    (Right.SEE_FLOOR, "staff.plan_day", "plan.nav"),
    (Right.SEE_AUDIT, "staff.audit_page", "audit.nav"),
    (Right.SEE_STATISTICS, "staff.statistics_page", "statistics.nav"),
    (Right.SET_UP, "admin.overview", "staff.nav.admin"),
)
"""Who sees which link in the head of the page."""


def my_office(session: Session) -> Office:
    """The office the person works in. Views have checked that there is one."""
    office_id = identity().office_id
    assert office_id is not None
    return offices.office_by_id(session, office_id)


def my_deed(session: Session, right: Right) -> Deed:
    """A deed in the person's own office."""
    office_id = identity().office_id
    assert office_id is not None
    return begin_by_id(session, office_id, right, identity(), house().ports)


def show(template: str, office: Office | None, **context: Any) -> str:
    """A page of staff in its frame."""
    who, language = identity(), reader_language()
    return render_template(
        template,
        office=office,
        office_name=label_in(office.name, language) if office else None,
        zone=office.zone.key if office else "",
        person=who.label,
        role=who.role,
        places=[
            {"url": url_for(endpoint), "label": t(key)}
            for right, endpoint, key in PLACES
            if who.may(right) and (endpoint != EARLY or (office is not None and offers_any(office)))
        ],
        language_names=LANGUAGES,
        **context,
    )
