"""Logging in and out. Names are never told from passphrases: both fail with the same words after the same time.

Failures slow the next try of a name down, whether somebody has it or not. Leaves checking to `services.access`.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from datetime import datetime, timedelta

from flask import Response, current_app, make_response, redirect, request, url_for
from flask import session as form_session
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from queue_app.domain.access import RIGHTS, STAFF, Identity, Right, Role
from queue_app.domain.audit import Act
from queue_app.domain.errors import Conflict
from queue_app.services import access, audit, demo, offices
from queue_app.store.access_tables import UserRow
from queue_app.store.database import reading, writing
from queue_app.store.office_tables import OfficeRow
from queue_app.web.auth import identity, needs, session_cookie
from queue_app.web.context import house
from queue_app.web.i18n import t
from queue_app.web.limits import check_public_rate
from queue_app.web.staff import blueprint
from queue_app.web.staff_frame import PLACES, show

LONGEST_NAME, LONGEST_PASSPHRASE = 60, 200
MOST_STRANGERS = 5_000


@blueprint.get("/login")
@needs(Right.READ_PUBLIC)
def login() -> ResponseReturnValue:
    if identity().role in STAFF:
        return redirect(_first_page(identity().role))
    return _page()


@blueprint.post("/login")
@needs(Right.READ_PUBLIC)
def log_in() -> ResponseReturnValue:
    check_public_rate()
    name = request.form.get("login", "")[:LONGEST_NAME]
    passphrase = request.form.get("passphrase", "")[:LONGEST_PASSPHRASE]
    now = house().ports.clock()
    try:
        found, wait_s = writing(lambda session: _try(session, name, passphrase, now))
    except Conflict as slowed:
        found, wait_s = None, int(str(slowed.facts["retry_after_s"]))
    if found is None:
        return _page(name=name, wait_s=wait_s, failed=True), 422
    role, secret = found
    form_session.clear()
    answer = redirect(_safe(request.form.get("next", "")) or _first_page(role), 303)
    answer.set_cookie(
        session_cookie(), secret, httponly=True, samesite="Lax", secure=house().settings.is_secure, path="/"
    )
    return answer


@blueprint.post("/logout")
@needs(Right.READ_PUBLIC)
def log_out() -> ResponseReturnValue:
    secret = request.cookies.get(session_cookie())
    if secret:
        now = house().ports.clock()
        writing(lambda session: _end(session, secret, now))
    form_session.clear()
    answer: Response = make_response(redirect(url_for("staff.login"), 303))
    answer.delete_cookie(session_cookie(), path="/", secure=house().settings.is_secure, httponly=True, samesite="Lax")
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


def _try(session: Session, name: str, passphrase: str, now: datetime) -> tuple[tuple[Role, str] | None, int]:
    """The role and secret of a new session, or the seconds to wait before the next try."""
    key = hashlib.sha256(name.strip().lower().encode()).hexdigest()
    _, next_try_at = _strangers().get(key, (0, now))
    if now < next_try_at:
        raise Conflict("too_many_tries", retry_after_s=_seconds(next_try_at - now))
    found = access.log_in(session, name, passphrase, now)
    if found is None:
        _note_failure(session, name)
        return None, _slowed(session, name, key, now)
    user, secret = found
    old = request.cookies.get(session_cookie())
    if old:
        _end(session, old, now)  # a session somebody planted before must not live on
    me = Identity(f"user:{user.id}", Role(user.role))
    audit.note_in(session, user.office_id, house().ports, me, Act.LOGGED_IN, me.name)
    return (Role(user.role), secret), 0


def _end(session: Session, secret: str, now: datetime) -> None:
    ended = access.log_out(session, secret, now)
    if ended is not None:
        user = session.get_one(UserRow, ended.user_id)
        me = Identity(f"user:{user.id}", Role(user.role))
        audit.note_in(session, user.office_id, house().ports, me, Act.LOGGED_OUT, me.name)


def _note_failure(session: Session, name: str) -> None:
    """In the trail of the person's office; for names nobody has, in the first office's, and without the name."""
    user = session.scalars(select(UserRow).where(UserRow.login == name.strip().lower())).first()
    office_id = user.office_id if user else session.scalar(select(func.min(OfficeRow.id)))
    if office_id is not None:
        subject = f"user:{user.id}" if user else "unknown"
        audit.note_in(session, office_id, house().ports, audit.NOBODY, Act.LOGIN_FAILED, subject)


def _slowed(session: Session, name: str, key: str, now: datetime) -> int:
    """How long the next try has to wait: the same for names that exist and names that do not."""
    row = session.execute(select(UserRow.next_try_at).where(UserRow.login == name.strip().lower())).first()
    if row is not None:
        return _seconds(row.next_try_at - now) if row.next_try_at else 0
    failures = _strangers().get(key, (0, now))[0] + 1
    wait = timedelta(seconds=min(30, 2 ** max(0, failures - 3) - 1))
    _strangers()[key] = (failures, now + wait)
    _strangers().move_to_end(key)
    while len(_strangers()) > MOST_STRANGERS:
        _strangers().popitem(last=False)
    return _seconds(wait)


def _strangers() -> OrderedDict[str, tuple[int, datetime]]:
    """Failures of names that nobody has: they are slowed down like real ones. By hash; forgotten with the process."""
    held: OrderedDict[str, tuple[int, datetime]] = current_app.extensions.setdefault("matazu_strangers", OrderedDict())
    return held


def _seconds(span: timedelta) -> int:
    return max(0, -(-int(span.total_seconds() * 1000) // 1000))


def _page(*, name: str = "", wait_s: int = 0, failed: bool = False) -> str:
    with reading() as session:
        codes = offices.office_codes(session)
        office = offices.office_by_code(session, codes[0]) if len(codes) == 1 else None
        logins = demo.logins_to_show(session)
    errors = {"login": t("staff.login.wait" if wait_s else "staff.login.wrong", seconds=wait_s)} if failed else {}
    wanted = _safe(request.values.get("next", ""))
    return show("staff/login.html", office, errors=errors, login=name, next=wanted, demo_logins=logins)


def _safe(address: str) -> str:
    """Only pages of our own that staff may be sent to; everything else is forgotten."""
    plain = address.startswith(("/staff/", "/admin")) and address.isprintable()
    return "" if not plain or "\\" in address or "//" in address or ".." in address else address


def _first_page(role: Role | None) -> str:
    """Administrators set up; everybody else begins with the first page they may open."""
    if role is Role.ADMIN:
        return url_for("admin.overview")
    places = (endpoint for right, endpoint, _key in PLACES if right in RIGHTS[role])
    return url_for(next(places, "staff.account"))
