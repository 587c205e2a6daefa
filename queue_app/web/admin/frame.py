"""Where the pages of the set-up hang. They look like every page of staff (`staff.frame`)."""

from __future__ import annotations

from flask import Blueprint

from queue_app.web.staff.presence import keep_session_alive

blueprint = Blueprint("admin", "queue_app.web", url_prefix="/admin")
blueprint.before_request(keep_session_alive)
