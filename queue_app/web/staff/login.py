"""Logging in and out, and the short way between two clerks at one counter. Names are never told from passphrases: both
fail with the same words after the same time.

Failures slow the next try of a name down, whether somebody has it or not. Leaves checking to `services.access` and what
comes after the passphrase to `second_factor`.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Response, current_app, make_response, redirect, request, url_for
from flask import session as form_session
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from queue_app.domain.access import RIGHTS, STAFF, Identity, Right, Role
from queue_app.domain.audit import Act
from queue_app.domain.errors import Conflict
from queue_app.services import access, audit, demo, offices, second_factor, staff_sessions
from queue_app.services.second_factor import Step
from queue_app.store.access_tables import UserRow
from queue_app.store.database import reading, writing
from queue_app.store.office_tables import OfficeRow
from queue_app.web.auth import identity, needs, session_cookie
from queue_app.web.context import house
from queue_app.web.i18n import t
from queue_app.web.limits import check_public_rate
from queue_app.web.staff.frame import PLACES, blueprint, show

LONGEST_NAME, LONGEST_PASSPHRASE = 60, 200
MOST_STRANGERS = 5_000


@blueprint.get("/login")
@needs(Right.READ_PUBLIC)
def login() -> ResponseReturnValue:
    if identity().role in STAFF:
        return redirect(first_page(identity().role))
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
    wanted = safe_address(request.form.get("next", ""))
    form_session.clear()
    if found.due is not None:
        return with_session(redirect(url_for(f"staff.login_{found.due}", next=wanted or None), 303), found.secret)
    return with_session(redirect(wanted or first_page(found.role), 303), found.secret)


@blueprint.post("/logout")
@needs(Right.READ_PUBLIC)
def log_out() -> ResponseReturnValue:
    return _leave(url_for("staff.login"))


@blueprint.post("/lock")
@needs(Right.OWN_ACCOUNT, page=True)
def lock() -> ResponseReturnValue:
    """Leaving the counter, or handing it to a colleague: the session ends, and the next login comes back to this page.

    The visit in hand belongs to the counter, so nothing of it is lost.
    """
    return _leave(url_for("staff.login", next=safe_address(request.form.get("next", "")) or None))


def with_session(answer: BaseResponse, secret: str) -> BaseResponse:
    """The answer with the session's cookie on it."""
    answer.set_cookie(
        session_cookie(), secret, httponly=True, samesite="Lax", secure=house().settings.is_secure, path="/"
    )
    return answer


def _leave(address: str) -> Response:
    secret = request.cookies.get(session_cookie())
    if secret:
        now = house().ports.clock()
        writing(lambda session: _end(session, secret, now))
    form_session.clear()
    answer: Response = make_response(redirect(address, 303))
    answer.delete_cookie(session_cookie(), path="/", secure=house().settings.is_secure, httponly=True, samesite="Lax")
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


@dataclass(frozen=True, slots=True)
class _Entry:
    """A session just opened; half open while a step is due."""

    role: Role
    secret: str
    due: Step | None


def _try(session: Session, name: str, passphrase: str, now: datetime) -> tuple[_Entry | None, int]:
    """The new session, or the seconds to wait before the next try."""
    key = hashlib.sha256(name.strip().lower().encode()).hexdigest()
    _, next_try_at = _strangers().get(key, (0, now))
    if now < next_try_at:
        raise Conflict("too_many_tries", retry_after_s=_seconds(next_try_at - now))
    found = access.log_in(session, name, passphrase, now, browser_words(request.headers.get("User-Agent", "")))
    if found is None:
        _note_failure(session, name)
        return None, _slowed(session, name, key, now)
    user, secret = found
    old = request.cookies.get(session_cookie())
    if old:
        _end(session, old, now)  # a session somebody planted before must not live on
    due = second_factor.step_due(user, now)
    if due is None:
        note_login(session, user)
    elif due is Step.SET_UP:
        second_factor.begin(user)
    return _Entry(Role(user.role), secret, due), 0


def note_login(session: Session, user: UserRow) -> None:
    """In the trail: this person is in."""
    me = Identity(f"user:{user.id}", Role(user.role))
    audit.note_in(session, user.office_id, house().ports, me, Act.LOGGED_IN, me.name)


def browser_words(agent: str) -> str:
    """Which browser on which system, roughly, so that people know their own screens again."""
    program = next((word for mark, word in _PROGRAMS if mark in agent), "")
    system = next((word for mark, word in _SYSTEMS if mark in agent), "")
    return " · ".join(word for word in (program, system) if word)


_PROGRAMS = (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    *(("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad")),
    *(("Mac OS", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux")),
)


def _end(session: Session, secret: str, now: datetime) -> None:
    ended = staff_sessions.log_out(session, secret, now)
    if ended is not None:
        user = session.get_one(UserRow, ended.user_id)
        me = Identity(f"user:{user.id}", Role(user.role))
        audit.note_in(session, user.office_id, house().ports, me, Act.LOGGED_OUT, me.name)


def _note_failure(session: Session, name: str) -> None:
    """In the trail of the person's office; for names nobody has, in the first office's, and without the name."""
    user = session.scalars(select(UserRow).where(UserRow.login == name.strip().lower())).first()
    first = session.scalar(select(func.min(OfficeRow.id)))  # asked in any case: the time must not tell who there is
    office_id = user.office_id if user else first
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
    wanted = safe_address(request.values.get("next", ""))
    return show("staff/login.html", office, errors=errors, login=name, next=wanted, demo_logins=logins)


def safe_address(address: str) -> str:
    """Only pages of our own that staff may be sent to; everything else is forgotten."""
    plain = address.startswith(("/staff/", "/admin")) and address.isprintable()
    return "" if not plain or "\\" in address or "//" in address or ".." in address else address


def first_page(role: Role | None) -> str:
    """Administrators set up; everybody else begins with the first page they may open."""
    if role is Role.ADMIN:
        return url_for("admin.overview")
    places = (endpoint for right, endpoint, _key in PLACES if right in RIGHTS[role])
    return url_for(next(places, "staff.account"))
