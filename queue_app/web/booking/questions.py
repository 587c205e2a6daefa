"""The questions of the navigator, one page at a time, and what follows from the answers.

Nothing personal is asked: no name, no address, no birth date, and never a question about protection from violence; the
page tells such persons to call or to come.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Response, request

from queue_app.domain.access import Right
from queue_app.domain.calendar import open_intervals
from queue_app.domain.errors import Invalid, NotFound
from queue_app.domain.household import days_since_move
from queue_app.domain.navigator import (
    Dates,
    Question,
    QuestionType,
    Result,
    Rules,
    VisiblePage,
    deadlines_in_language,
    due_dates,
    evaluate,
    in_language,
    next_page,
    read_answers,
    relevant_answers,
    visible_pages,
)
from queue_app.domain.office import Office, label_in
from queue_app.domain.written_day import written_day
from queue_app.services.errands import SINCE_MOVE, ask_navigator, navigator_rules
from queue_app.services.hall import read_hall
from queue_app.web.auth import needs
from queue_app.web.booking.draft import Draft, opened_answers, read_draft, sealed_answers
from queue_app.web.booking.frame import blueprint, go, in_office, page, said_wrong
from queue_app.web.booking.times import give_up_time
from queue_app.web.booking.typed import typed_date
from queue_app.web.context import house
from queue_app.web.i18n import reader_language, t
from queue_app.web.limits import check_public_rate

MOST = 12


@blueprint.get("/book/<office>/questions")
@needs(Right.RESERVE)
def ask(office: str) -> Response:
    """The next page of questions, one that was answered before (`?page=`), or the first one (`?again`)."""
    check_public_rate()
    draft = read_draft(office)
    with in_office(office) as (_session, here):
        rules = navigator_rules(here)
        wanted = _wanted(rules, draft, request.args.get("page", ""))
        if wanted is None:
            return go(f"/book/{office}/result", draft)
        return _asked(here, draft, rules, wanted)


@blueprint.post("/book/<office>/questions")
@needs(Right.RESERVE)
def answer(office: str) -> Response:
    """Keep the answers of one page and go on."""
    check_public_rate()
    draft = read_draft(office)
    draft.uses_navigator = True
    with in_office(office) as (_session, here):
        rules = navigator_rules(here)
        shown = _page_named(rules, draft, request.form.get("page", ""))
        if shown is None:
            return go(f"/book/{office}/questions", draft)
        errors = _take(rules, draft, shown, request.form, here)
        if errors:
            return _asked(here, draft, rules, shown, errors)
    give_up_time(office, draft)
    following = _following(rules, draft, shown)
    return go(f"/book/{office}/questions?page={following}" if following else f"/book/{office}/result", draft)


@blueprint.get("/book/<office>/result")
@needs(Right.RESERVE)
def result(office: str) -> Response:
    """What to do, where, with which papers, by when."""
    check_public_rate()
    draft = read_draft(office)
    with in_office(office) as (session, here):
        return _result_page(here, draft, hall=read_hall(session, here, house().ports))


@blueprint.get("/book/<office>/result/<sealed>")
@needs(Right.RESERVE)
def shared_result(office: str, sealed: str) -> Response:
    """The same result from a QR code or a link: on another phone, or read by staff."""
    check_public_rate()
    draft = opened_answers(office, sealed)
    if draft is None:
        raise NotFound()
    with in_office(office) as (session, here):
        hall = read_hall(session, here, house().ports)
        return _result_page(here, draft, hall=hall, take_over=f"/book/{office}/result/{sealed}")


@blueprint.post("/book/<office>/result/<sealed>")
@needs(Right.RESERVE)
def take_over(office: str, sealed: str) -> Response:
    """Book with these answers on this phone, or as staff for the person: they are this browser's own from now on."""
    check_public_rate()
    draft = opened_answers(office, sealed)
    if draft is None:
        raise NotFound()
    return go(f"/book/{office}/day", draft)


def _result_page(here: Office, draft: Draft, *, hall: Any, take_over: str = "") -> Response:
    rules, language = navigator_rules(here), reader_language()
    found: Result = evaluate(rules, relevant_answers(rules, draft.answers))
    sealed = sealed_answers(draft, {question.id: question.default for question in rules.questions})
    queues = {stop.service: hall.queues.get((stop.service, "reception"), []) for stop in found.stops}
    return page(
        "result",
        here,
        draft,
        result=in_language(found, language),
        deadlines=_deadlines(here, draft, found, language),
        bookable=[c for c in found.booking_services if c in here.services and here.services[c].slots],
        blocked=found.blocked and not _waits_for_the_move(here, draft),
        take_over=take_over,
        queues={service: len(waiting) for service, waiting in queues.items()},
        share=f"{house().settings.public_url}/book/{here.code}/result/{sealed}",
    )


def _waits_for_the_move(here: Office, draft: Draft) -> bool:
    """Whether nothing but the moving day stands in the way: from that day on it can be booked, and today already."""
    moved_on = _day(draft.moved_on)
    return moved_on is not None and not ask_navigator(here, draft.said, visit_on=moved_on).blocked


def _deadlines(here: Office, draft: Draft, found: Result, language: str) -> list[dict[str, object]]:
    ports = house().ports
    today = here.today(ports.clock())
    moved_on = written_day(draft.moved_on) if draft.moved_on else None
    dates = Dates(visit_on=_day(draft.visit_on) or today, moved_on=moved_on, changed_on=moved_on)

    def is_open(day: date) -> bool:
        return bool(open_intervals(here.hours, day, here.zone, ports.holidays))

    return deadlines_in_language(due_dates([*found.visits, *found.online], dates, is_open), language)


def _asked(
    here: Office, draft: Draft, rules: Rules, shown: VisiblePage, errors: Mapping[str, str] | None = None
) -> Response:
    language = reader_language()
    pages = visible_pages(rules, draft.answers)
    number = next((n for n, each in enumerate(pages, 1) if _name(each) == _name(shown)), 1)
    before = _name(pages[number - 2]) if number > 1 else ""
    heading = label_in(shown.page.label, language) if shown.page else label_in(shown.questions[0].label, language)
    return page(
        "questions",
        here,
        draft,
        errors=errors,
        heading=heading,
        name=_name(shown),
        questions=[_question(q, draft, language) for q in shown.questions],
        number=number,
        before=before,
        form=request.form,
    )


def _question(question: Question, draft: Draft, language: str) -> dict[str, Any]:
    given = draft.answers.get(question.id, question.default)
    return {
        "id": question.id,
        "label": label_in(question.label, language),
        "type": "dates" if question.id == SINCE_MOVE else question.type.value,
        "options": [{"value": o.value, "label": label_in(o.label, language)} for o in question.options],
        "counts": [{"value": str(n), "label": str(n)} for n in range(max(0, question.minimum or 0), MOST + 1)],
        "given": str(given) if question.type is not QuestionType.BOOLEAN else ("yes" if given else "no"),
    }


def _take(rules: Rules, draft: Draft, shown: VisiblePage, form: Mapping[str, str], here: Office) -> dict[str, str]:
    """Put the answers of a page into the draft; the sentences for those that cannot be used."""
    errors: dict[str, str] = {}
    typed: dict[str, str] = {}
    for question in shown.questions:
        if question.id == SINCE_MOVE:
            errors |= _take_dates(draft, form, here)
        else:
            typed[question.id] = _as_text(question, form.get(question.id, ""))
    for question_id, text in typed.items():
        try:
            draft.answers |= read_answers(rules, {question_id: text})
        except Invalid as refusal:
            errors |= said_wrong(refusal)
        if not text.strip():
            errors[question_id] = t("booking.choose_one")
    draft.answers = dict(relevant_answers(rules, draft.answers))
    return errors


def _take_dates(draft: Draft, form: Mapping[str, str], here: Office) -> dict[str, str]:
    """The moving day and the day of the visit; the number of days between them is what the rules ask for."""
    errors: dict[str, str] = {}
    today = here.today(house().ports.clock())
    days: dict[str, date | None] = {"moved_on": None, "visit_on": None}
    for name in days:
        try:
            days[name] = typed_date(form.get(name, ""))
        except ValueError as wrong:
            errors[name] = str(wrong)
    if days["moved_on"] is None and "moved_on" not in errors:
        errors["moved_on"] = t("booking.moved_on_missing")
    if errors:
        return errors
    moved_on, visit_on = days["moved_on"], days["visit_on"] or today
    assert moved_on is not None
    draft.moved_on, draft.visit_on = moved_on.isoformat(), visit_on.isoformat()
    draft.answers[SINCE_MOVE] = max(-365, min(days_since_move(moved_on, visit_on), 3650))
    return {}


def _as_text(question: Question, said: str) -> str:
    if question.type is QuestionType.BOOLEAN:
        return {"yes": "true", "no": "false"}.get(said, "")
    return said


def _wanted(rules: Rules, draft: Draft, name: str) -> VisiblePage | None:
    if "again" in request.args:
        return next(iter(visible_pages(rules, draft.answers)), None)
    return _page_named(rules, draft, name) or next_page(rules, draft.answers)


def _page_named(rules: Rules, draft: Draft, name: str) -> VisiblePage | None:
    return next((each for each in visible_pages(rules, draft.answers) if _name(each) == name), None)


def _following(rules: Rules, draft: Draft, shown: VisiblePage) -> str:
    """The page after this one; every page is passed once, also with its defaults."""
    names = [_name(each) for each in visible_pages(rules, draft.answers)]
    place = names.index(_name(shown)) if _name(shown) in names else -1
    return names[place + 1] if place + 1 < len(names) else ""


def _name(shown: VisiblePage) -> str:
    return shown.page.id if shown.page else shown.questions[0].id


def _day(text: str) -> date | None:
    return written_day(text) if text else None
