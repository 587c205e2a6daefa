"""The first step: what somebody comes for, and for how many."""

from __future__ import annotations

from flask import Response, make_response, redirect, request

from queue_app.domain.access import Right
from queue_app.domain.errors import NotFound
from queue_app.domain.office import Office, label_in
from queue_app.services import offices
from queue_app.services.errands import navigator_rules
from queue_app.store.database import reading
from queue_app.web.auth import needs
from queue_app.web.booking.draft import Draft, keep_draft, read_draft
from queue_app.web.booking.frame import blueprint, go, in_office, page
from queue_app.web.booking.times import give_up_time
from queue_app.web.booking.typed import typed_date
from queue_app.web.i18n import reader_language, t
from queue_app.web.limits import check_public_rate

MOST_PEOPLE = 12
NAVIGATOR = "navigator"


@blueprint.get("/book/")
@needs(Right.READ_PUBLIC)
def start() -> Response:
    """The only office, or the choice of one."""
    with reading() as session:
        codes = offices.office_codes(session)
    return make_response(redirect(f"/book/{codes[0]}" if len(codes) == 1 else "/offices"))


@blueprint.get("/book/<office>")
@needs(Right.RESERVE)
def choose_errand(office: str) -> Response:
    """What can be booked, in everyday words. `?new` forgets what was typed: a clerk begins for the next person."""
    check_public_rate()
    is_new = "new" in request.args
    draft = Draft(office=office) if is_new else read_draft(office)
    with in_office(office) as (_session, here):
        shown = page("errand", here, draft, step="errand", options=_options(here))
    return keep_draft(shown, draft) if is_new else shown


@blueprint.post("/book/<office>")
@needs(Right.RESERVE)
def take_errand(office: str) -> Response:
    """On to the questions of a move, or to how many people come."""
    check_public_rate()
    draft, said = read_draft(office), request.form.get("errand", "")
    with in_office(office) as (_session, here):
        options = _options(here)
        if said not in {option["value"] for option in options}:
            errors = {"errand": t("booking.choose_one")}
            return page("errand", here, draft, step="errand", options=options, errors=errors)
    give_up_time(office, draft)
    draft.day = ""
    draft.uses_navigator = said == NAVIGATOR
    draft.service = "" if draft.uses_navigator else said
    return go(f"/book/{office}/questions?again=1" if draft.uses_navigator else f"/book/{office}/people", draft)


@blueprint.get("/book/<office>/people")
@needs(Right.RESERVE)
def ask_people(office: str) -> Response:
    """How many people or procedures: the length of the booking follows."""
    with in_office(office) as (_session, here):
        draft = read_draft(office)
        if draft.service not in here.services:
            return go(f"/book/{office}", draft)
        return page("people", here, draft, step="errand", most=MOST_PEOPLE, asks_move=_is_move(here, draft.service))


@blueprint.post("/book/<office>/people")
@needs(Right.RESERVE)
def take_people(office: str) -> Response:
    """On to the day."""
    draft, errors = read_draft(office), {}
    count = request.form.get("people", "1")
    if not count.isdecimal() or not 1 <= int(count) <= MOST_PEOPLE:
        errors["people"] = t("booking.choose_one")
    else:
        draft.people = int(count)
    try:
        moved = typed_date(request.form.get("moved_on", ""))
    except ValueError as wrong:
        errors["moved_on"] = str(wrong)
    else:
        draft.moved_on = moved.isoformat() if moved else ""
    with in_office(office) as (_session, here):
        if errors:
            asks_move = _is_move(here, draft.service)
            return page("people", here, draft, step="errand", most=MOST_PEOPLE, asks_move=asks_move, errors=errors)
    give_up_time(office, draft)
    return go(f"/book/{office}/day", draft)


def _options(office: Office) -> list[dict[str, str]]:
    """The navigator first, where the office has one; then every service that can be booked."""
    language = reader_language()
    options = [
        {
            "value": service.code,
            "label": label_in(service.label, language),
            "note": label_in(service.area, language),
            "group": label_in(service.group, language) if service.group else "",
        }
        for service in office.services.values()
        if service.slots is not None
    ]
    groups = list(dict.fromkeys(option["group"] for option in options))
    options.sort(key=lambda option: groups.index(option["group"]))
    if has_navigator(office):
        moving = {"value": NAVIGATOR, "label": t("booking.errand_moving"), "note": t("booking.errand_moving_note")}
        options.insert(0, moving)
    return options


def has_navigator(office: Office) -> bool:
    try:
        navigator_rules(office)
    except NotFound:
        return False
    return True


def _is_move(office: Office, service: str) -> bool:
    """Whether the day of moving matters: the service is where the navigator's first counter is."""
    if not has_navigator(office):
        return False
    rules = navigator_rules(office)
    first = min(rules.counters.values(), key=lambda stop: stop.order)
    return first.service == service
