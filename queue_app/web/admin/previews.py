"""The page at the end of a booking as the set-up shows it: everything on it is made up but the service."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import render_template
from flask.typing import ResponseReturnValue

from queue_app.domain.access import Right
from queue_app.domain.errors import NotFound
from queue_app.domain.office import Office, Service, label_in
from queue_app.domain.reservation import format_code
from queue_app.services.words import when
from queue_app.store.database import reading
from queue_app.web.admin.frame import blueprint
from queue_app.web.auth import needs
from queue_app.web.context import house
from queue_app.web.i18n import reader_language
from queue_app.web.staff.frame import my_office

SAMPLE_CODE = "48273150"


@blueprint.get("/services/<code>/completion")
@needs(Right.SET_UP, page=True)
def completion_preview(code: str) -> ResponseReturnValue:
    """The page at the end of a booking, for a visit that nobody has booked."""
    language = reader_language()
    with reading() as session:
        office = my_office(session)
    service = _service(office, code)
    come_at = _sample_time(office)
    booking = {
        "come_at": come_at,
        "service_label": label_in(service.label, language),
        "office_name": label_in(office.name, language),
        "area": label_in(service.area, language) if service.area else "",
        "status_url": house().settings.public_url,
        "stops": [],
        "documents": [],
    }
    return render_template(
        "booking/booked.html",
        office=office,
        office_name=booking["office_name"],
        phone=office.phone,
        booking=booking,
        code=format_code(SAMPLE_CODE),
        when=when(come_at, office.zone, language),
        state="booked",
        is_new=True,
        is_over=False,
        may_arrive=False,
        may_change=False,
    )


def _sample_time(office: Office) -> datetime:
    tomorrow = house().ports.clock().astimezone(office.zone) + timedelta(days=1)
    return tomorrow.replace(hour=9, minute=40, second=0, microsecond=0)


def _service(office: Office, code: str) -> Service:
    if code not in office.services:
        raise NotFound("unknown_service", service=code)
    return office.services[code]
