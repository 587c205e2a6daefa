"""The people who may log in: added, switched off, given a new passphrase, which is shown once and kept nowhere."""

from __future__ import annotations

from collections.abc import Callable

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from queue_app.domain.access import STAFF, Right, Role
from queue_app.domain.audit import Act
from queue_app.domain.errors import Invalid
from queue_app.services import accounts, audit
from queue_app.services import people as staff
from queue_app.services.deed import Deed
from queue_app.store.database import reading, writing
from queue_app.web.admin.frame import blueprint
from queue_app.web.auth import identity, needs
from queue_app.web.errors import field_sentence
from queue_app.web.forms import submit
from queue_app.web.staff.frame import my_deed, my_office, show

LONGEST = 60


@blueprint.get("/people")
@needs(Right.SET_UP, page=True)
def people_page() -> ResponseReturnValue:
    return _page()


@blueprint.post("/people")
@needs(Right.SET_UP, page=True)
def add_person() -> ResponseReturnValue:
    login, name = (request.form.get(field, "").strip() for field in ("login", "name"))
    role, fresh = request.form.get("role", ""), staff.new_passphrase()

    def add(session: Session) -> None:
        missing = {field: value for field, value in (("login", login), ("name", name)) if not 0 < len(value) <= LONGEST}
        if missing:
            raise Invalid.field(next(iter(missing)), "missing" if not next(iter(missing.values())) else "too_long")
        if role not in STAFF:
            raise Invalid.field("role", "not_a_staff_role")
        deed = my_deed(session, Right.SET_UP)
        user = accounts.add_user(session, deed.office.id, login, name, Role(role), fresh, deed.now)
        audit.note(deed, Act.PERSON_ADDED, f"user:{user.id}", role=role)

    try:
        writing(add)
    except Invalid as refusal:
        return _page({error.field: field_sentence(error.code, dict(error.facts)) for error in refusal.errors}), 422
    return _page(shown=(login, fresh))


@blueprint.post("/people/<int:user_id>/disable")
@needs(Right.SET_UP, page=True)
def disable_person(user_id: int) -> ResponseReturnValue:
    return _press(user_id, staff.disable)


@blueprint.post("/people/<int:user_id>/enable")
@needs(Right.SET_UP, page=True)
def enable_person(user_id: int) -> ResponseReturnValue:
    return _press(user_id, staff.enable)


@blueprint.post("/people/<int:user_id>/log-out")
@needs(Right.SET_UP, page=True)
def log_out_person(user_id: int) -> ResponseReturnValue:
    return _press(user_id, staff.log_out_everywhere)


@blueprint.post("/people/<int:user_id>/second-factor")
@needs(Right.SET_UP, page=True)
def remove_second_factor(user_id: int) -> ResponseReturnValue:
    return _press(user_id, staff.remove_second_factor)


@blueprint.post("/people/<int:user_id>/role")
@needs(Right.SET_UP, page=True)
def change_role(user_id: int) -> ResponseReturnValue:
    role = request.form.get("role", "")
    return _press(user_id, lambda deed, changed: staff.change_role(deed, changed, role))


@blueprint.post("/people/<int:user_id>/passphrase")
@needs(Right.SET_UP, page=True)
def reset_person(user_id: int) -> ResponseReturnValue:
    return _page(shown=writing(lambda session: staff.reset_passphrase(my_deed(session, Right.SET_UP), user_id)))


def _press(user_id: int, act: Callable[[Deed, int], None]) -> ResponseReturnValue:
    def once(session: Session) -> str:
        act(my_deed(session, Right.SET_UP), user_id)
        return url_for("admin.people_page")

    return redirect(submit(once), 303)


def _page(errors: dict[str, str] | None = None, shown: tuple[str, str] | None = None) -> str:
    with reading() as session:
        office = my_office(session)
        rows = [
            {
                **{fact: getattr(row, fact) for fact in ("id", "login", "name", "role", "active")},
                "second": row.totp_since is not None,
            }
            for row in staff.people(session, office.id)
        ]
    form = {} if shown else request.form
    me = identity().name.removeprefix("user:")
    return show("admin/people.html", office, rows=rows, roles=STAFF, errors=errors or {}, form=form, shown=shown, me=me)
