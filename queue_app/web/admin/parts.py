"""Services and counters, edited one at a time. Who was second sees both values and decides; nothing is overwritten."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.errors import NotFound
from queue_app.domain.office import Counter, Office, Service, label_in
from queue_app.domain.ticket import StageKind
from queue_app.services import setup
from queue_app.store.database import reading
from queue_app.web.admin.frame import blueprint
from queue_app.web.admin.values import saved, version_typed
from queue_app.web.auth import needs
from queue_app.web.i18n import LANGUAGES, reader_language, t
from queue_app.web.service_looks import completeness, previews, texts_of
from queue_app.web.staff.frame import my_deed, my_office, show

SWITCHES = ("walk_in", "from_home", "before_visit")


@blueprint.get("/parts")
@needs(Right.SET_UP, page=True)
def parts() -> ResponseReturnValue:
    with reading() as session:
        office = my_office(session)
    said = t("admin.saved") if request.args.get("saved") else None
    return show("admin/parts.html", office, saved=said)


@blueprint.get("/services/<code>")
@needs(Right.SET_UP, page=True)
def service(code: str) -> ResponseReturnValue:
    return _form("service", code)


@blueprint.post("/services/<code>")
@needs(Right.SET_UP, page=True)
def change_service(code: str) -> ResponseReturnValue:
    def act(session: Session) -> str:
        deed = my_deed(session, Right.SET_UP)
        setup.change_service(
            deed,
            code,
            version_typed(),
            label=_label(deed.office),
            minutes=request.form.get("minutes", "").strip(),
            wait_target=request.form.get("wait_target", "").strip(),
            walk_ins=request.form.get("walk_ins_per_day", "").strip(),
            switches={name: request.form.get(name) == "yes" for name in SWITCHES},
        )
        return url_for("admin.parts", saved=code)

    return _saved("service", code, act)


@blueprint.get("/counters/<code>")
@needs(Right.SET_UP, page=True)
def counter(code: str) -> ResponseReturnValue:
    return _form("counter", code)


@blueprint.post("/counters/<code>")
@needs(Right.SET_UP, page=True)
def change_counter(code: str) -> ResponseReturnValue:
    def act(session: Session) -> str:
        deed = my_deed(session, Right.SET_UP)
        setup.change_counter(
            deed,
            code,
            version_typed(),
            label=_label(deed.office),
            services=request.form.getlist("services"),
            stages=request.form.getlist("stages"),
            place=_place(),
        )
        return url_for("admin.parts", saved=code)

    return _saved("counter", code, act)


def _saved(kind: str, code: str, act: Callable[[Session], str]) -> ResponseReturnValue:
    return saved(act, partial(_form, kind, code))


def _form(kind: str, code: str, *, errors: dict[str, str] | None = None, stale: bool = False) -> str:
    language = reader_language()
    with reading() as session:
        office = my_office(session)
        version = setup.setup_version(session, office.id)
    known: Any = office.services if kind == "service" else office.counters
    if code not in known:
        raise NotFound(f"unknown_{kind}")
    now = _values(office, known[code])
    typed = _typed(office, kind) if request.method == "POST" else now
    names = _names(office, kind)
    changes = [
        {"name": names[key], "yours": _shown(typed[key], office, language), "now": _shown(now[key], office, language)}
        for key in now
        if typed[key] != now[key]
    ]
    return show(
        "admin/part.html",
        office,
        kind=kind,
        code=code,
        title=label_in(known[code].label, language),
        values=typed,
        version=version,
        stale=stale,
        changes=changes if stale else [],
        complete=completeness(office, texts_of(known[code]) if kind == "service" else {"label": known[code].label}),
        previews=previews(office, known[code]) if kind == "service" else None,
        errors=errors or {},
        directions=[{"value": each, "label": t(f"admin.directions.{each or 'none'}")} for each in setup.DIRECTIONS],
        languages_offered=[(each, LANGUAGES.get(each, each)) for each in office.languages],
        services=[{"value": each.code, "label": label_in(each.label, language)} for each in office.services.values()],
        stages=[{"value": str(each), "label": t(f"staff.stage.{each}")} for each in StageKind],
    )


def _values(office: Office, part: Service | Counter) -> dict[str, Any]:
    """The values of the form as the office has them now."""
    held: dict[str, Any] = {f"label_{each}": part.label.get(each, "") for each in office.languages}
    if isinstance(part, Service):
        switches = {
            "walk_in": part.walk_in,
            "from_home": part.from_home,
            "before_visit": bool(part.extra.get("before_visit")),
        }
        numbers = {"minutes": str(part.minutes), "wait_target": str(part.wait_target)}
        return held | {**numbers, **switches, "walk_ins_per_day": _number(part)}
    where = {"zone": part.zone, "direction": part.direction}
    return held | {"services": list(part.own_services), "stages": [str(each) for each in part.stages], **where}


def _number(service: Service) -> str:
    """The office's own number of walk-ins; empty when it gave none."""
    held = service.extra.get("walk_ins_per_day")
    return "" if held is None else str(held)


def _typed(office: Office, kind: str) -> dict[str, Any]:
    held: dict[str, Any] = {f"label_{code}": request.form.get(f"label_{code}", "").strip() for code in office.languages}
    if kind == "service":
        switches = {name: request.form.get(name) == "yes" for name in SWITCHES}
        guess = {"walk_ins_per_day": request.form.get("walk_ins_per_day", "").strip()}
        numbers = {name: request.form.get(name, "").strip() for name in ("minutes", "wait_target")}
        return held | numbers | switches | guess
    chosen = request.form.getlist("services")
    return held | {
        "services": [code for code in office.services if code in chosen],
        "stages": [str(each) for each in StageKind if each in request.form.getlist("stages")],
        **_place(),
    }


def _place() -> dict[str, str]:
    return {name: request.form.get(name, "").strip() for name in ("zone", "direction")}


def _names(office: Office, kind: str) -> dict[str, str]:
    labels = {f"label_{each}": f"{t('admin.label')} {LANGUAGES.get(each, each)}" for each in office.languages}
    of_counter = ("services", "stages", "zone", "direction")
    rest = ("minutes", "wait_target", *SWITCHES, "walk_ins_per_day") if kind == "service" else of_counter
    return labels | {key: t(f"admin.{key}") for key in rest}


def _shown(value: Any, office: Office, language: str) -> str:
    if isinstance(value, bool):
        return t("admin.yes") if value else t("admin.no")
    if isinstance(value, list):
        words = [
            label_in(office.services[each].label, language) if each in office.services else t(f"staff.stage.{each}")
            for each in value
        ]
        return ", ".join(words) or "—"
    return str(value) or "—"


def _label(office: Office) -> dict[str, str]:
    """The languages of the form, over those that stand in the tables and not in the form."""
    return {language: request.form.get(f"label_{language}", "") for language in office.languages}
