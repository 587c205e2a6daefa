"""How visits can be booked: the rules of the office, places, the share for walk-ins, and what residents see of it."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.errors import FieldError, Invalid, NotFound
from queue_app.domain.office import Office, Service, label_in
from queue_app.domain.slot_plan import PLANNED
from queue_app.domain.written_day import written_day
from queue_app.services import setup
from queue_app.services.availability import find_slots
from queue_app.services.errands import Said, errand_of, slot_plan
from queue_app.store.database import reading
from queue_app.web.admin.frame import blueprint
from queue_app.web.admin.values import changes, saved, version_typed, whole
from queue_app.web.auth import needs
from queue_app.web.context import house
from queue_app.web.i18n import reader_language, t
from queue_app.web.opening import day_text
from queue_app.web.staff.frame import my_deed, my_office, show

KEPT_FOR_WALK_INS = 50
"""Percent offered when a service becomes bookable: half of the people come without a booking."""


@blueprint.get("/booking")
@needs(Right.SET_UP, page=True)
def booking() -> ResponseReturnValue:
    return _rules_page()


@blueprint.post("/booking")
@needs(Right.SET_UP, page=True)
def change_booking() -> ResponseReturnValue:
    def act(session: Session) -> str:
        policy = {key: whole(key) for key in setup.BOOKING_LIMITS}
        policy["by_previous_business_day"] = request.form.get("by_previous_business_day") == "yes"
        setup.change_booking(my_deed(session, Right.SET_UP), version_typed(), policy)
        return url_for("admin.booking", saved="yes")

    return saved(act, _rules_page)


@blueprint.get("/booking/<code>")
@needs(Right.SET_UP, page=True)
def slots(code: str) -> ResponseReturnValue:
    return _slots_page(code)


@blueprint.post("/booking/<code>")
@needs(Right.SET_UP, page=True)
def change_slots(code: str) -> ResponseReturnValue:
    def act(session: Session) -> str:
        setup.change_slots(my_deed(session, Right.SET_UP), code, version_typed(), _plan_typed())
        return url_for("admin.slots", code=code, saved="yes")

    return saved(act, lambda **facts: _slots_page(code, **facts))


def _rules_page(errors: dict[str, str] | None = None, *, stale: bool = False) -> str:
    with reading() as session:
        office = my_office(session)
        version = setup.setup_version(session, office.id)
    policy = office.booking
    now: dict[str, Any] = {key: str(getattr(policy, key)) for key in setup.BOOKING_LIMITS}
    now["by_previous_business_day"] = bool(policy.extra.get("by_previous_business_day", False))
    typed = now
    if request.method == "POST":
        typed = {key: request.form.get(key, "").strip() for key in setup.BOOKING_LIMITS}
        typed["by_previous_business_day"] = request.form.get("by_previous_business_day") == "yes"
    return show(
        "admin/booking.html",
        office,
        values=typed,
        limits=setup.BOOKING_LIMITS,
        version=version,
        errors=errors or {},
        stale=stale,
        changes=changes({key: t(f"admin.booking.{key}") for key in now}, typed, now) if stale else [],
        saved=t("admin.saved") if request.args.get("saved") else None,
        plans={code: _values(each) for code, each in office.services.items()},
    )


def _slots_page(code: str, errors: dict[str, str] | None = None, *, stale: bool = False) -> str:
    with reading() as session:
        office = my_office(session)
        if code not in office.services:
            raise NotFound("unknown_service", service=code)
        service = office.services[code]
        version = setup.setup_version(session, office.id)
        day = _day_asked_for(office)
        offered = _what_a_resident_sees(session, office, service, day)
    now = _values(service)
    typed = _typed() if request.method == "POST" else now
    return show(
        "admin/slots.html",
        office,
        code=code,
        title=label_in(service.label, reader_language()),
        values=typed,
        version=version,
        errors=errors or {},
        stale=stale,
        changes=changes({key: t(f"admin.slots.{key}") for key in now}, typed, now) if stale else [],
        saved=t("admin.saved") if request.args.get("saved") else None,
        day=day,
        day_words=day_text(datetime.combine(day, time())),
        offered=offered,
        is_bookable=service.slots is not None,
    )


def _what_a_resident_sees(session: Session, office: Office, service: Service, day: date) -> dict[str, Any]:
    """The times of one day with the places left, or why there are none."""
    if service.slots is None:
        return {"times": [], "reason": "not_bookable"}
    today = office.today(house().ports.clock())
    errand = errand_of(office, Said(service=service.code), visit_on=day)
    found = find_slots(session, office, errand, first=max(day, today), last=max(day, today), ports=house().ports)
    seen = found.days[0]
    return {"times": [(slot.start, slot.remaining) for slot in seen.free], "reason": seen.reason}


def _day_asked_for(office: Office) -> date:
    tomorrow = office.today(house().ports.clock()) + timedelta(days=1)
    try:
        return written_day(request.args.get("day", ""))
    except ValueError:
        return tomorrow


def _values(service: Service) -> dict[str, Any]:
    plan = slot_plan(service)
    if plan is None:
        return {
            "bookable": False,
            "length_min": "",
            "capacity": "",
            "walk_in_share": str(KEPT_FOR_WALK_INS),
            "opens_at": "",
        }
    return {
        "bookable": True,
        "length_min": str(plan.length_min),
        "capacity": "" if plan.capacity is None else str(plan.capacity),
        "walk_in_share": str(round(100 * plan.walk_in_share)),
        "opens_at": plan.opens_at or "",
    }


def _typed() -> dict[str, Any]:
    texts = {key: request.form.get(key, "").strip() for key in ("length_min", "capacity", "walk_in_share", "opens_at")}
    return {"bookable": request.form.get("bookable") == "yes", **texts}


def _plan_typed() -> dict[str, Any] | None:
    """The typed plan in the keys of the office file; None without booking. Refuses a wrong share by field."""
    if request.form.get("bookable") != "yes":
        return None
    share = whole("walk_in_share")
    if not isinstance(share, int) or share > 100:
        raise Invalid([FieldError("walk_in_share", "invalid")])
    capacity = whole("capacity")
    return {
        "length_min": whole("length_min"),
        "capacity": PLANNED if capacity == "" else capacity,
        "walk_in_share": share / 100,
        "opens_at": unicodedata.normalize("NFKC", request.form.get("opens_at", "")).strip() or None,
    }
