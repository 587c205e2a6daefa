"""Setting up the office in the browser."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from queue_app.domain.access import Right
from queue_app.store.database import reading
from queue_app.web.auth import needs
from queue_app.web.staff import keep_session_alive
from queue_app.web.staff_frame import my_office, show

blueprint = Blueprint("admin", __name__, url_prefix="/admin")
blueprint.before_request(keep_session_alive)


@blueprint.get("/")
@needs(Right.SET_UP, page=True)
def overview() -> ResponseReturnValue:
    with reading() as session:
        office = my_office(session)
    return show("admin/overview.html", office)
