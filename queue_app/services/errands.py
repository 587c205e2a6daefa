"""What somebody comes for, as far as booking is concerned: the service to book, how long it takes, how early it may be.

Decides between the two ways to say it: a service by name, or the navigator's answers, whose rules then give service,
length and the earliest day. Leaves places to `availability` and the stages of the visit to `itineraries`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from queue_app.domain.errors import FieldError, Invalid, NotFound
from queue_app.domain.household import days_since_move
from queue_app.domain.navigator import Level, Result, Rules, evaluate
from queue_app.domain.navigator.deadlines import Dates, earliest_on
from queue_app.domain.office import Office, Service
from queue_app.domain.slots import SlotPlan, length_for, parse_slot_plan
from queue_app.services.navigator_file import rules_in
from queue_app.services.office_values import RULES

Answers = Mapping[str, Any]

TOO_EARLY = "too_early_for_move"
PEOPLE = "num_people"
SINCE_MOVE = "days_since_move"
"""The two questions of the navigator that a booking answers by itself."""


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody said: a service or answers, for how many people, and the day of moving if there is one."""

    service: str | None = None
    answers: Answers | None = None
    people: int | None = None
    moved_on: date | None = None


@dataclass(frozen=True, slots=True)
class Errand:
    """What follows from it. `not_before` is the first day on which it can be done; `result` only with answers."""

    service: Service
    plan: SlotPlan
    people: int
    need_min: int
    not_before: date | None = None
    result: Result | None = None

    def lasting(self, minutes: int) -> Errand:
        """The same errand when its length is known from elsewhere."""
        return replace(self, need_min=minutes)


def navigator_rules(office: Office) -> Rules:
    """The office's rules. `no_navigator` where it has none."""
    text = office.extra.get(RULES)
    if not isinstance(text, str):
        raise NotFound("no_navigator", office=office.code)
    return rules_in(text)


def errand_of(office: Office, said: Said, *, visit_on: date, wanted: str | None = None) -> Errand:
    """The errand behind what was said. `wanted` is the service of the slot somebody chose.

    Refuses by field: `unknown_service`, `not_bookable`, `service_or_answers`, wrong answers, `nothing_to_book`,
    `other_service` when the slot belongs to another service than the errand.
    """
    if said.answers is None:
        return _by_service(office, said, said.service or wanted)
    result = ask_navigator(office, said, visit_on=visit_on)
    return _by_answers(office, said, result, wanted)


def ask_navigator(office: Office, said: Said, *, visit_on: date | None = None) -> Result:
    """The navigator's result for these answers; people and moving day are filled in where they were said elsewhere."""
    rules = navigator_rules(office)
    answers = dict(said.answers or {})
    if said.people is not None and PEOPLE in rules.question:
        answers.setdefault(PEOPLE, said.people)
    if said.moved_on is not None and visit_on is not None and SINCE_MOVE in rules.question:
        answers[SINCE_MOVE] = _within(rules, days_since_move(said.moved_on, visit_on))
    try:
        return evaluate(rules, answers)
    except Invalid as refusal:
        raise Invalid([FieldError(f"answers.{e.field}", e.code, e.facts) for e in refusal.errors]) from None


def check_can_be_done(errand: Errand, said: Said, visit_on: date) -> None:
    """Refuses a visit that the rules know to be in vain: `too_early_for_move` and `visit_blocked`, by field."""
    if errand.not_before is not None and visit_on < errand.not_before:
        raise Invalid.field("moved_on", TOO_EARLY, earliest=errand.not_before.isoformat())
    if errand.result is None or not errand.result.blocked:
        return
    follows_move = any(procedure.earliest_days == 0 for procedure in errand.result.first_counter_procedures)
    if follows_move and int(errand.result.answers.get(SINCE_MOVE, 0)) < 0:
        raise Invalid.field(f"answers.{SINCE_MOVE}" if said.moved_on is None else "moved_on", TOO_EARLY)
    warning = next(warning for warning in errand.result.warnings if warning.level is Level.BLOCK)
    raise Invalid.field("answers", "visit_blocked", warning=warning.id)


def slot_plan(service: Service) -> SlotPlan | None:
    """How the service can be booked; None where it cannot."""
    return parse_slot_plan(dict(service.slots.extra)) if service.slots else None


def _by_service(office: Office, said: Said, code: str | None) -> Errand:
    if code is None:
        raise Invalid.field("service", "service_or_answers")
    service, plan = _bookable(office, code)
    people = said.people or 1
    need_min = length_for(service.minutes, people, plan)
    return Errand(service, plan, people, need_min, not_before=said.moved_on)


def _by_answers(office: Office, said: Said, result: Result, wanted: str | None) -> Errand:
    choices = [code for code in result.booking_services if code in office.services and office.services[code].slots]
    if not choices:
        raise Invalid.field("answers", "nothing_to_book")
    code = said.service or wanted or choices[0]
    if code not in choices:
        raise Invalid.field("service", "other_service", value=code, expected=choices)
    service, plan = _bookable(office, code)
    # One counter, one person in front of it: everything that is done there lengthens the same booking.
    need_min = sum(result.minutes[procedure.id] for procedure in result.first_counter_procedures)
    people = int(result.answers.get(PEOPLE, said.people or 1))
    return Errand(service, plan, people, max(1, need_min), _not_before(said, result), result)


def _not_before(said: Said, result: Result) -> date | None:
    """The day from which every procedure of the first counter can be done; None when moving day has no part in it."""
    if said.moved_on is None:
        return None
    dates = Dates(visit_on=said.moved_on, moved_on=said.moved_on)
    days = [earliest_on(procedure, dates) for procedure in result.first_counter_procedures]
    return max((day for day in days if day is not None), default=None)


def _bookable(office: Office, code: str) -> tuple[Service, SlotPlan]:
    service = office.services.get(code)
    if service is None:
        raise Invalid.field("service", "unknown_service", value=code)
    plan = slot_plan(service)
    if plan is None:
        raise Invalid.field("service", "not_bookable", value=code)
    return service, plan


def _within(rules: Rules, days: int) -> int:
    question = rules.question[SINCE_MOVE]
    low = question.minimum if question.minimum is not None else days
    high = question.maximum if question.maximum is not None else days
    return min(max(days, low), high)
