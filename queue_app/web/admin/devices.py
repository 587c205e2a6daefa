"""One kiosk or display: what it is set up as. The diagonal of its glass decides every size on it."""

from __future__ import annotations

from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from queue_app.domain.access import Right, Role
from queue_app.domain.audit import Act
from queue_app.domain.errors import Invalid
from queue_app.domain.screen_size import inch_needed, reach_m
from queue_app.services import audit, bearers, device_settings, devices
from queue_app.services.device_settings import SETTINGS
from queue_app.store.access_tables import AccessToken
from queue_app.store.database import reading
from queue_app.web.admin.frame import blueprint
from queue_app.web.auth import needs
from queue_app.web.context import house
from queue_app.web.errors import field_sentence
from queue_app.web.forms import submit
from queue_app.web.staff.frame import my_deed, my_office, show


@blueprint.get("/devices/<int:token_id>")
@needs(Right.SET_UP, page=True)
def device(token_id: int) -> ResponseReturnValue:
    return _page(token_id)


@blueprint.post("/devices/<int:token_id>")
@needs(Right.SET_UP, page=True)
def set_up_device(token_id: int) -> ResponseReturnValue:
    def once(session: Session) -> str:
        deed = my_deed(session, Right.SET_UP)
        row = device_settings.device_of(session, deed.office.id, token_id)
        changed = device_settings.set_up(row, request.form)
        if changed:
            audit.note(deed, Act.DEVICE_SET_UP, row.name, settings=changed)
        return url_for("admin.device", token_id=token_id, saved=1)

    try:
        return redirect(submit(once), 303)
    except Invalid as refusal:
        errors = {error.field: field_sentence(error.code, dict(error.facts)) for error in refusal.errors}
        return _page(token_id, errors), 422


def _page(token_id: int, errors: dict[str, str] | None = None) -> str:
    with reading() as session:
        office = my_office(session)
        row = device_settings.device_of(session, office.id, token_id)
        said = request.form if errors else row.settings
        known = SETTINGS[Role(row.role)]
        facts = {
            "name": row.name,
            "role": row.role,
            "too_small": _too_small(row),
            "copied": row.name in devices.copied(session, office.id),
            "days_left": bearers.days_left(row, house().ports.clock()),
        }
    return show(
        "admin/device.html",
        office,
        device=facts,
        token_id=token_id,
        known=known,
        said=said,
        errors=errors or {},
        saved=request.args.get("saved") == "1" and not errors,
    )


def _too_small(row: AccessToken) -> dict[str, Any] | None:
    """For a display whose last seat is farther away than its newest number can be read."""
    inch, distance = (_number(row.settings.get(name)) for name in ("inch", "distance"))
    if row.role != Role.DISPLAY or inch is None or distance is None or reach_m(inch) >= distance:
        return None
    return {"reach": f"{reach_m(inch):.1f}", "inch": inch_needed(distance)}


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
