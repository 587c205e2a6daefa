"""Who asks: a bearer token, a paired device, a staff session, or nobody in particular.

Decides only who it is; what they may is `domain.access`, and every route says which right it needs (`needs`). A test
walks all routes and fails on one that does not.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar

from flask import Request, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import validate_csrf
from sqlalchemy.orm import Session
from wtforms.validators import ValidationError

from queue_app.domain.access import RESIDENT, Identity, Right, Role, check_right
from queue_app.domain.errors import Forbidden, Refusal
from queue_app.services import bearers, staff_sessions, token_memory
from queue_app.store.database import db, reading, writing
from queue_app.web.context import house

SESSION_COOKIE = "matazu_session"
SECURE_SESSION_COOKIE = "__Host-matazu_session"
DEVICE_COOKIE = "matazu_device"
DEVICE_PAGES = {
    "/kiosk/": Role.KIOSK,
    "/display/": Role.DISPLAY,
    "/api/v1/devices/kiosk/": Role.KIOSK,
    "/api/v1/devices/": Role.DISPLAY,
}
"""Where a device's cookie counts, and which device's: one browser may be both a kiosk and a display of the demo.

There it comes before a staff session; everywhere else it counts for nothing, so that the same browser can also show a
resident's page.
"""
View = TypeVar("View", bound=Callable[..., Any])


class Unauthenticated(Refusal):
    """No token where one is needed, or one that is not known."""

    def __init__(self) -> None:
        super().__init__("unauthenticated")


def identity() -> Identity:
    """Who makes this request; read once. A token that is shown and wrong is refused even where none is needed."""
    if "identity" not in g:
        g.identity = _identify()
    found: Identity = g.identity
    return found


def needs(right: Right, *, page: bool = False) -> Callable[[View], View]:
    """Marks a view with the right it needs and checks it. A page sends people without a session to the login."""

    def mark(view: View) -> View:
        @wraps(view)
        def checked(*args: Any, **facts: Any) -> ResponseReturnValue:
            who = identity()
            if not who.may(right) and who.role is None:
                if page:
                    return redirect(url_for("staff.login", next=request.full_path.rstrip("?")))
                raise Unauthenticated()
            check_right(who, right)
            answer: ResponseReturnValue = view(*args, **facts)
            return answer

        checked.right = right  # type: ignore[attr-defined]
        return checked  # type: ignore[return-value]

    return mark


def check_form_token() -> None:
    """A browser's session counts only together with the page's own token (header X-CSRFToken); a bearer needs none."""
    if identity().session_id is None:
        return
    try:
        validate_csrf(request.headers.get("X-CSRFToken"))
    except ValidationError:
        raise Forbidden("form_token_missing") from None


def bearer_token(header: str | None) -> str | None:
    """The token of an Authorization header; anything that is not a bearer token counts as a wrong one."""
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else ""


def session_cookie() -> str:
    """`__Host-` where TLS makes that possible."""
    return SECURE_SESSION_COOKIE if house().settings.is_secure else SESSION_COOKIE


def device_cookie(role: Role) -> str:
    """The cookie that keeps the token of a paired browser: `matazu_device_kiosk`, `matazu_device_display`."""
    name = f"{DEVICE_COOKIE}_{role}"
    return f"__Host-{name}" if house().settings.is_secure else name


def identity_of_device(session: Session, role: Role) -> Identity | None:
    """The paired device that this browser is, or None; a cookie whose token was revoked is none."""
    secret = request.cookies.get(device_cookie(role))
    found = bearers.identity_of_token(session, secret, house().ports.clock()) if secret else None
    return found if found is not None and found.role is role else None


def browser_of(asked: Request) -> str:
    """What a kiosk's or display's browser calls itself, beside its token; nothing for one that does not say."""
    said = asked.headers.get("X-Device-Browser", "")
    return said if said.isascii() and said.isalnum() else ""


def _identify() -> Identity:
    token = bearer_token(request.headers.get("Authorization"))
    now = house().ports.clock()
    if token is not None:
        return token_memory.recall(db.engine, token, now) or _look_up(token, now)
    with reading() as session:
        role = next((role for start, role in DEVICE_PAGES.items() if request.path.startswith(start)), None)
        device = identity_of_device(session, role) if role else None
        secret = request.cookies.get(session_cookie())
        return device or (staff_sessions.identity_of_session(session, secret, now) if secret else None) or RESIDENT


def _look_up(token: str, now: datetime) -> Identity:
    with reading() as session:
        found = bearers.identity_of_token(session, token, now)
    if found is None:
        raise Unauthenticated()
    if found.role in bearers.DEVICE_ROLES:
        _note_use(found, now)
    token_memory.remember(db.engine, token, found, now)
    return found


def _note_use(device: Identity, now: datetime) -> None:
    with reading() as session:
        due = bearers.use_is_old(session, device, now)
    if due:
        writing(lambda session: bearers.note_use(session, device, now))
