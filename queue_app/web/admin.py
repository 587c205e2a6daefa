"""Setting up the office in the browser. The views stand in `admin_*`; this is the overview with what is still to do."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.office import Office
from queue_app.services import access
from queue_app.services.people import people
from queue_app.store.database import reading
from queue_app.web.auth import needs
from queue_app.web.i18n import t
from queue_app.web.staff import keep_session_alive
from queue_app.web.staff_frame import my_office, show

blueprint = Blueprint("admin", __name__, url_prefix="/admin")
blueprint.before_request(keep_session_alive)

# They hang their views on the blueprint above.
from queue_app.web import admin_access, admin_file, admin_parts, admin_people  # noqa: E402, F401


@blueprint.get("/")
@needs(Right.SET_UP, page=True)
def overview() -> ResponseReturnValue:
    with reading() as session:
        office = my_office(session)
        steps = _steps(session, office)
    return show("admin/overview.html", office, steps=steps, missing=missing_texts(office))


def missing_texts(office: Office) -> list[dict[str, Any]]:
    """Per service and counter, the languages of the office that have no label yet."""
    parts = [("service", each.code, each.label) for each in office.services.values()]
    parts += [("counter", each.code, each.label) for each in office.counters.values()]
    return [
        {"kind": kind, "code": code, "label": label["ja"], "languages": lacking}
        for kind, code, label in parts
        if (lacking := [language for language in office.languages if language not in label])
    ]


def _steps(session: Session, office: Office) -> list[dict[str, Any]]:
    """The order in which an office is set up, with how much of each is there."""
    devices = [token for token in access.list_tokens(session, office.id) if token.role in access.DEVICE_ROLES]
    counts = [
        ("office", 1, url_for("admin.office_file_page")),
        ("counters", len(office.counters), url_for("admin.parts")),
        ("services", len(office.services), url_for("admin.parts")),
        ("hours", 1, url_for("admin.office_file_page")),
        ("slots", sum(1 for each in office.services.values() if each.slots), url_for("admin.office_file_page")),
        ("devices", sum(1 for token in devices if token.revoked_at is None), url_for("admin.tokens")),
        ("people", sum(1 for user in people(session, office.id) if user.active), url_for("admin.people_page")),
    ]
    return [{"name": t(f"admin.steps.{key}"), "count": count, "url": url} for key, count, url in counts]
