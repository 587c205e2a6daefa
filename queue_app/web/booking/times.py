"""Day and time. Ten days with places are shown; full and closed days between them are words, not controls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from flask import Response, request
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.errors import Conflict, Refusal
from queue_app.domain.office import Office
from queue_app.domain.slots import DaySlots, Slot, opens_later
from queue_app.domain.written_day import written_day
from queue_app.services import availability, holding, wishes
from queue_app.services.availability import Found, Mark, Wish, route_of
from queue_app.services.deed import begin
from queue_app.services.errands import Said, errand_of
from queue_app.store.database import writing
from queue_app.web.auth import identity, needs
from queue_app.web.booking.draft import Draft, keep_draft, read_draft
from queue_app.web.booking.frame import blueprint, clock_of, go, in_office, page, said_wrong, whose
from queue_app.web.booking.rush import proof_page
from queue_app.web.booking.wished import read_wish, wish_options
from queue_app.web.context import house
from queue_app.web.i18n import t
from queue_app.web.limits import check_place_rate, check_public_rate
from queue_app.web.opening import day_text
from queue_app.web.proof import ProofNeeded, check_proof

DAYS_SHOWN = 10
LOOK = timedelta(days=35)
NEAR = timedelta(days=16)
"""Ten working days and three weekends."""

FEW = 2


@blueprint.get("/book/<office>/day")
@needs(Right.RESERVE)
def choose_day(office: str) -> Response:
    """The next ten days with places; `?from=` looks further ahead."""
    check_public_rate()
    draft = read_draft(office)
    with in_office(office) as (session, here):
        return stopped_page(here, draft) or _days_page(session, here, draft)


@blueprint.post("/book/<office>/day")
@needs(Right.RESERVE)
def take_day(office: str) -> Response:
    """On to the times of the day."""
    check_public_rate()
    draft = read_draft(office)
    said = request.form.get("day", "")
    with in_office(office) as (session, here):
        if _as_day(said) is None:
            return _days_page(session, here, draft, errors={"day": t("booking.choose_day")})
    draft.day = said
    return go(f"/book/{office}/time", draft)


@blueprint.get("/book/<office>/time")
@needs(Right.RESERVE)
def choose_time(office: str) -> Response:
    """The times of the chosen day, morning and afternoon; `?day=` chooses it, `?wish=` what is recommended."""
    check_public_rate()
    draft = read_draft(office)
    said = request.args.get("day", "")
    if _as_day(said) is not None:
        draft.day = said
    if _as_day(draft.day) is None:
        return go(f"/book/{office}/day", draft)
    with in_office(office) as (session, here):
        return stopped_page(here, draft) or keep_draft(times_page(session, here, draft), draft)


@blueprint.post("/book/<office>/time")
@needs(Right.RESERVE)
def take_time(office: str) -> Response:
    """Hold the time for some minutes, and give an earlier one back."""
    check_public_rate()
    draft, slot = read_draft(office), request.form.get("slot", "")
    before = draft.hold
    if before and slot == _held_slot(draft):
        return go(f"/book/{office}/contact", draft)
    try:
        check_proof()
        check_place_rate()
    except ProofNeeded as needed:
        return proof_page(office, draft, needed)
    try:
        hold_time(office, draft, slot)
    except Refusal as refusal:
        return lost(office, draft, refusal)
    if before:
        _let_go(office, before)
    return go(f"/book/{office}/contact", draft)


def hold_time(office: str, draft: Draft, slot: str) -> None:
    """A hold on the slot, written into the draft. Refuses what `holding.hold` refuses."""

    def act(session: Session) -> tuple[str, datetime]:
        deed = begin(session, office, Right.RESERVE, identity(), house().ports)
        row, hold_id = holding.hold(deed, slot, draft.said)
        assert row.expires_at is not None
        return hold_id, row.expires_at

    draft.hold, until = writing(act)
    draft.slot, draft.hold_until = slot, until.isoformat()


def lost(office: str, draft: Draft, refusal: Refusal) -> Response:
    """The times once more, with the reason and the nearest ones still free; what was typed, and a time held before, is
    kept in the draft."""
    near = refusal.facts.get("alternatives", []) if isinstance(refusal, Conflict) else []
    errors = {"slot": t("booking.slot_lost")} if refusal.code == "slot_full" else said_wrong(refusal, {"form": "slot"})
    with in_office(office) as (session, here):
        if _as_day(draft.day) is None:
            return go(f"/book/{office}/day", draft)
        response = times_page(session, here, draft, errors=errors, near=near)
    response.status_code = 409 if isinstance(refusal, Conflict) else 422
    return response


def times_page(
    session: Session,
    here: Office,
    draft: Draft,
    *,
    errors: dict[str, str] | None = None,
    near: Any = (),
    template: str = "time",
    **facts: Any,
) -> Response:
    day = _as_day(draft.day)
    assert day is not None
    wish = read_wish(request.args.get("wish", ""))
    found = look(session, here, draft.said, day, day, wish=wish)
    return page(
        template,
        here,
        draft,
        step="time",
        errors=errors,
        closed="" if found.days[0].free or found.days[0].full else days_in_words(found.days[0], found.marks),
        halves=_halves(_with_own(found.days[0], draft), here, found.marks),
        wishes=wish_options(found, here),
        wish=request.args.get("wish", "") if wish else "",
        near=[{**each, "words": f"{day_text(each['start'])} {clock_of(each['start'], here)}"} for each in near],
        **facts,
    )


def days_shown(session: Session, here: Office, said: Said) -> dict[str, Any]:
    """The days for a page: each with its words; up to ten that have places, and where to look on."""
    today = here.today(house().ports.clock())
    first = max(today, _as_day(request.args.get("from", "")) or today)
    last = max(first, min(first + LOOK, today + timedelta(days=here.booking.ahead_days)))
    found = _look_near(session, here, said, first, last)
    shown: list[dict[str, Any]] = []
    free = 0
    for each in found.days:
        if free == DAYS_SHOWN:
            break
        free += bool(each.free)
        shown.append(_day_words(each, found.marks))
    while free and shown[-1]["closed"]:
        shown.pop()
    after = _as_day(shown[-1]["value"]) if shown else None
    more = after is not None and after < last
    return {
        "days": shown,
        "is_full": not free,
        "more": (after + timedelta(days=1)).isoformat() if after and more else "",
        "earlier": first > today,
        "next_free": next_free_words(found.next_free),
        "opens_for_move": opens_for_move(here, said),
    }


def opens_for_move(here: Office, said: Said) -> dict[str, str]:
    """The words for who moves on a day that cannot be booked yet: from which day it can be. Empty for all others."""
    today = here.today(house().ports.clock())
    errand = errand_of(here, said, visit_on=today)
    opens = errand.not_before - timedelta(days=availability.ahead_days_of(here, errand)) if errand.not_before else today
    if errand.not_before is None or opens <= today:
        return {}
    return {"day": day_text(_noon(errand.not_before)), "opens": day_text(_noon(opens))}


def stopped_page(here: Office, draft: Draft) -> Response | None:
    """The page that tells when booking of the errand opens (again); None while it can be booked."""
    now = house().ports.clock()
    try:
        plan = errand_of(here, draft.said, visit_on=here.today(now)).plan
    except Refusal:
        return None
    opens = opens_later(plan, now, here.zone)
    if opens is None:
        return None
    return page("stopped", here, draft, step="day", opens_day=day_text(opens), opens_time=clock_of(opens, here))


def nothing_page(here: Office, draft: Draft, refusal: Refusal) -> Response:
    return page("nothing", here, draft, step="day", reason=next(iter(said_wrong(refusal).values())))


def next_free_words(day: date | None) -> str:
    return day_text(_noon(day)) if day else ""


def _days_page(session: Session, here: Office, draft: Draft, *, errors: dict[str, str] | None = None) -> Response:
    try:
        shown = days_shown(session, here, draft.said)
    except Refusal as refusal:
        return nothing_page(here, draft, refusal)
    return page("day", here, draft, step="day", errors=errors, **shown)


def _look_near(session: Session, here: Office, said: Said, first: date, last: date) -> Found:
    """Up to the last day, but no further than ten days with places need: mostly the next two weeks are enough."""
    near = min(last, first + NEAR)
    found = look(session, here, said, first, near)
    enough = sum(bool(each.free) for each in found.days) >= DAYS_SHOWN
    return found if enough or near == last else look(session, here, said, first, last)


def look(session: Session, here: Office, said: Said, first: date, last: date, *, wish: Wish | None = None) -> Found:
    """What these days offer, as everybody who asks now gets it. Refuses what `errand_of` refuses.

    Staff, and whoever has just pressed for a time that was gone, do not share what the crowd sees.
    """
    errand = errand_of(here, said, visit_on=first)

    def find() -> Found:
        return availability.find_slots(
            session, here, errand, first=first, last=last, ports=house().ports, whose=whose(), wish=wish
        )

    question = (here.code, errand.service.code, errand.need_min, errand.not_before, errand.people, first, last, wish)
    is_own = identity().is_staff or request.method == "POST"
    found = find() if is_own else house().moments.answer((*question, route_of(here, errand)), find)
    if first == last or not any(day.free for day in found.days):  # a day by name, or nothing to be had at all
        wishes.looked_at(here, here.today(house().ports.clock()), errand.service.code, found.days[:1])
    return found


def _day_words(each: DaySlots, marks: Mapping[str, Mark]) -> dict[str, Any]:
    return {
        "value": each.day.isoformat(),
        "label": day_text(_noon(each.day)),
        "note": days_in_words(each, marks) if each.free else "",
        "closed": "" if each.free else days_in_words(each, marks),
    }


def days_in_words(each: DaySlots, marks: Mapping[str, Mark]) -> str:
    """How much of a day is left, or why there is nothing."""
    if not each.free:
        return t(f"booking.reason_{each.reason or 'full'}")
    if marks:
        return t("booking.few") if only_few_left(each, marks) else t("booking.free")
    return _by_number(len(each.free))


def only_few_left(each: DaySlots, marks: Mapping[str, Mark]) -> bool:
    """Where the capacity is planned: no time of the day is a quiet one."""
    return all(marks[slot.id].level == "few" for slot in each.free)


def _by_number(places: int) -> str:
    return t("booking.few_left", count=places) if 0 < places <= FEW else t("booking.free") if places else ""


def _halves(day: DaySlots, here: Office, marks: Mapping[str, Mark]) -> list[dict[str, Any]]:
    """Morning and afternoon; free times as buttons, full ones as words."""
    rows = [*((slot, True) for slot in day.free), *((slot, False) for slot in day.full)]
    halves = []
    for name, wanted in (("morning", True), ("afternoon", False)):
        some = [(s, free) for s, free in rows if (s.start.astimezone(here.zone).hour < 12) is wanted]
        if some:
            halves.append({"name": t(f"booking.{name}"), "times": _times(some, here, marks)})
    return halves


def _held_slot(draft: Draft) -> str:
    """The time that this browser holds just now."""
    until = draft.held_until
    return draft.slot if until is not None and until > house().ports.clock() else ""


def _with_own(day: DaySlots, draft: Draft) -> DaySlots:
    """Whoever comes back to the times finds the one held for them free, not taken by somebody."""
    own = tuple(slot for slot in day.full if slot.id == _held_slot(draft))
    return replace(day, free=day.free + own, full=tuple(slot for slot in day.full if slot not in own))


def _times(rows: Iterable[tuple[Slot, bool]], here: Office, marks: Mapping[str, Mark]) -> list[dict[str, Any]]:
    """With the words of each: levels where the capacity is planned, else how many places when few are left."""
    return [
        {
            "slot": slot.id,
            "clock": clock_of(slot.start, here),
            "free": free,
            "left": _left(slot, marks.get(slot.id)),
            "recommended": slot.id in marks and marks[slot.id].recommended,
        }
        for slot, free in sorted(rows, key=lambda row: row[0].start)
    ]


def _left(slot: Slot, mark: Mark | None) -> str:
    if mark is not None:
        return t("booking.few") if mark.level == "few" and not mark.recommended else ""
    return t("booking.left", count=slot.remaining) if 0 < slot.remaining <= FEW else ""


def give_up_time(office: str, draft: Draft) -> None:
    """Another errand takes another time: the one that was held is everybody's again at once."""
    if draft.hold:
        _let_go(office, draft.hold)
    draft.lose_time()


def _let_go(office: str, hold: str) -> None:
    writing(lambda session: holding.release(begin(session, office, Right.RESERVE, identity(), house().ports), hold))


def _as_day(text: str) -> date | None:
    try:
        return written_day(text)
    except ValueError:
        return None


def _noon(day: date) -> datetime:
    """Some instant of the day, for words that only tell the day."""
    return datetime(day.year, day.month, day.day, 12)  # noqa: DTZ001 - only its day is read
