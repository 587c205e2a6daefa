"""Running the day: pausing a service, speaking to the lobby, and closing the day so that nobody is left behind in it.

Every live stage is ended by an action of the table of transitions; the history says `day_closed` as the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from queue_app.domain.access import SYSTEM
from queue_app.domain.calendar import wall_intervals
from queue_app.domain.errors import Conflict, Invalid, NotFound
from queue_app.domain.events import Event
from queue_app.domain.hours import DAY_MIN, Hours, Interval, parse_hours
from queue_app.domain.office import Office
from queue_app.domain.ticket import LIVE, State
from queue_app.services import calling, counters, offices
from queue_app.services.deed import Deed
from queue_app.services.ports import Ports
from queue_app.services.visits import current_state, is_live
from queue_app.store import office_log
from queue_app.store.database import reading, writing
from queue_app.store.office_tables import CounterState, NoticeRow, OfficeLog, OfficeRow, ServiceRow
from queue_app.store.queue_tables import Stage, Ticket

REASON = "day_closed"
LEVELS = ("info", "warning", "emergency")
LONGEST_NOTICE = 120
EXTENSIONS = (15, 30, 60)
EXTENDED = "x_extended"
"""Where the office's settings remember what today's hours were before they were extended."""

LOOK_EVERY = timedelta(minutes=1)


def pause_service(deed: Deed, code: str) -> None:
    """No more tickets for this service until it goes on; whoever waits is still called."""
    _set_paused(deed, code, Event.SERVICE_PAUSED, paused=True)


def resume_service(deed: Deed, code: str) -> None:
    _set_paused(deed, code, Event.SERVICE_RESUMED, paused=False)


def pause_all(deed: Deed) -> None:
    """No more tickets at all: the lobby is full, or something has happened. Whoever waits is still called."""
    for code in deed.office.services:
        pause_service(deed, code)


def resume_all(deed: Deed) -> None:
    for code in deed.office.services:
        resume_service(deed, code)


def extend_closing(deed: Deed, minutes: int) -> None:
    """Today's last opening hours end so many minutes later, for this day alone; midnight is the latest.

    Refuses `not_an_option`, and `office_closed` on a day without hours or in an office that never closes.
    """
    if minutes not in EXTENSIONS:
        raise Invalid.field("minutes", "not_an_option")
    hours, today = deed.office.hours, deed.today
    spans = wall_intervals(hours, today, deed.ports.holidays)
    if hours.always or not spans:
        raise Conflict("office_closed")
    start, end = spans[-1]
    later = (*spans[:-1], (start, min(DAY_MIN, end + minutes)))
    before = dict(hours.dates).get(today)
    _set_hours(deed, replace(hours, dates=_dated(hours, today, later)), was=before)


def take_back_extension(deed: Deed) -> None:
    """Today closes as the set-up says. Nothing happens when it was not extended."""
    kept = deed.office.extra.get(EXTENDED)
    if not isinstance(kept, dict) or kept.get("day") != deed.today.isoformat():
        return
    was = parse_hours({"dates": {kept["day"]: kept["was"]}}).dates[0][1] if kept["was"] is not None else None
    _set_hours(deed, replace(deed.office.hours, dates=_dated(deed.office.hours, deed.today, was)), was=None, over=True)


def closes_at(office: Office, now: datetime, ports: Ports) -> tuple[str, bool] | None:
    """When today ends by the wall clock, and whether that was put off; None for a day without an end."""
    spans = wall_intervals(office.hours, office.today(now), ports.holidays)
    if office.hours.always or not spans:
        return None
    kept = office.extra.get(EXTENDED)
    extended = isinstance(kept, dict) and kept.get("day") == office.today(now).isoformat()
    return f"{spans[-1][1] // 60:02d}:{spans[-1][1] % 60:02d}", extended


def post_notice(deed: Deed, texts: dict[str, str], level: str = "info") -> NoticeRow:
    """Show a sentence on the screens until it is ended. Refuses an empty Japanese text, by field."""
    kept = {language: " ".join(text.split()) for language, text in texts.items() if text.strip()}
    if "ja" not in kept:
        raise Invalid.field("text", "missing")
    if any(len(text) > LONGEST_NOTICE for text in kept.values()):
        raise Invalid.field("text", "too_long", longest=LONGEST_NOTICE)
    if level not in LEVELS:
        raise Invalid.field("level", "not_an_option")
    row = NoticeRow(office_id=deed.office.id, level=level, text=kept, posted_at=deed.now)
    deed.session.add(row)
    deed.session.flush()
    deed.record(Event.NOTICE_POSTED, notice=row.id, level=level)
    return row


def end_notice(deed: Deed, notice_id: int) -> None:
    row = deed.session.get(NoticeRow, notice_id)
    if row is None or row.office_id != deed.office.id:
        raise NotFound("unknown_notice")
    if row.ended_at is None:
        row.ended_at = deed.now
        deed.record(Event.NOTICE_ENDED, notice=row.id)


def close_day(deed: Deed, up_to: date | None = None) -> int:
    """End every visit of the days up to this one (today), wipe their notes and close the counters.

    Returns how many visits were still open. Doing it again changes nothing. A past day's counters are closed only if
    nobody has opened them since.
    """
    last = up_to or deed.today
    left = _live_tickets(deed, last)
    for ticket in left:
        _end(deed, ticket)
    _wipe_notes(deed, last)
    closed = _close_counters(deed, last)
    if left or closed:
        deed.record(Event.DAY_CLOSED, day=last.isoformat(), ended=len(left))
    return len(left)


def close_past_days(ports: Ports) -> int:
    """A chore: whatever an earlier day left open is ended. Idempotent; cheap when there is nothing to do."""
    ended = 0
    with reading() as session:
        due = [
            office_id
            for office_id in session.scalars(select(OfficeLog.office_id))
            if _is_due(session, office_id, ports)
        ]
    for office_id in due:
        ended += writing(lambda session, office_id=office_id: _close_past(session, office_id, ports))  # type: ignore[misc]
    return ended


def past_days_chore(ports: Ports) -> Callable[[], None]:
    """For the relay, which asks every second: looks once a minute."""
    looked_at: list[datetime] = []

    def chore() -> None:
        now = ports.clock()
        if looked_at and timedelta() <= now - looked_at[0] < LOOK_EVERY:
            return
        looked_at[:] = [now]
        close_past_days(ports)

    return chore


def _set_paused(deed: Deed, code: str, event: Event, *, paused: bool) -> None:
    deed.service(code)
    row = deed.session.get_one(ServiceRow, (deed.office.id, code))
    if row.paused != paused:
        row.paused = paused
        offices.setup_changed(deed.session, deed.office.id)
        deed.record(event, service=code)


Dated = tuple[date, tuple[Interval, ...]]


def _dated(hours: Hours, day: date, spans: tuple[Interval, ...] | None) -> tuple[Dated, ...]:
    others = tuple(entry for entry in hours.dates if entry[0] != day)
    return others if spans is None else tuple(sorted((*others, (day, spans))))


def _set_hours(deed: Deed, hours: Hours, *, was: tuple[Interval, ...] | None, over: bool = False) -> None:
    """`was` is what stood there for today before the first extension, so that it can come back."""
    row = deed.session.get_one(OfficeRow, deed.office.id)
    settings = {key: value for key, value in row.settings.items() if key != EXTENDED or not over}
    kept = settings.get(EXTENDED)
    if not over and not (isinstance(kept, dict) and kept.get("day") == deed.today.isoformat()):
        written = replace(Hours(), dates=((deed.today, was),)).to_value() if was is not None else None
        before = written["dates"][deed.today.isoformat()] if isinstance(written, dict) else None  # type: ignore[index]
        settings[EXTENDED] = {"day": deed.today.isoformat(), "was": before}
    row.settings = {**settings, "hours": hours.to_value()}
    offices.setup_changed(deed.session, deed.office.id)
    deed.record(Event.SETUP_CHANGED, part="hours", code=deed.office.code, day=deed.today.isoformat())


def _live_tickets(deed: Deed, last: date) -> list[Ticket]:
    query = (
        select(Ticket)
        .where(
            Ticket.office_id == deed.office.id,
            Ticket.day <= last,
            Ticket.id.in_(select(Stage.ticket_id).where(Stage.office_id == deed.office.id, Stage.state.in_(LIVE))),
        )
        .order_by(Ticket.id)
    )
    return list(deed.session.scalars(query))


def _end(deed: Deed, ticket: Ticket) -> None:
    """Served people are finished, called ones were not there, and everybody who is left is cancelled."""
    for stage in list(ticket.stages):
        if stage.state == State.SERVING:
            calling.finish(deed, ticket)
        elif stage.state == State.CALLED:
            calling.miss(deed, ticket)
    deed.session.flush()
    while current_state(ticket) is State.SERVING:  # back-office work behind a person who stood at a counter
        calling.finish(deed, ticket)
    if any(is_live(stage) for stage in ticket.stages):
        calling.cancel(deed, ticket, REASON)


def _wipe_notes(deed: Deed, last: date) -> None:
    deed.session.flush()
    deed.session.execute(
        update(Ticket)
        .where(Ticket.office_id == deed.office.id, Ticket.day <= last, Ticket.note.is_not(None))
        .values(note=None)
        .execution_options(synchronize_session=False)
    )
    deed.session.expire_all()


def _close_counters(deed: Deed, last: date) -> int:
    query = select(CounterState).where(CounterState.office_id == deed.office.id, CounterState.state != counters.CLOSED)
    known = deed.office.counters
    rows = [row for row in deed.session.scalars(query) if row.counter in known and _opened_on(deed, row) <= last]
    for row in rows:
        counters.close_counter(deed, row.counter)
    return len(rows)


def _opened_on(deed: Deed, row: CounterState) -> date:
    return deed.office.today(row.since) if row.since else deed.today


def _is_due(session: Session, office_id: int, ports: Ports) -> bool:
    """Live stages of an earlier day, or a counter that stayed open over night."""
    office = offices.office_by_id(session, office_id)
    today = office.today(ports.clock())
    old = (
        select(Stage.id)
        .join(Ticket, Ticket.id == Stage.ticket_id)
        .where(Stage.office_id == office_id, Stage.state.in_(LIVE), Ticket.day < today)
    )
    if session.scalar(old.limit(1)) is not None:
        return True
    since = session.scalars(
        select(CounterState.since).where(
            CounterState.office_id == office_id,
            CounterState.state != counters.CLOSED,
            CounterState.counter.in_(office.counters),
        )
    )
    return any(at is not None and office.today(at) < today for at in since)


def _close_past(session: Session, office_id: int, ports: Ports) -> int:
    log = office_log.locked(session, office_id)
    office = offices.office_at(session, office_id, log.setup_version)
    deed = Deed(session, office, SYSTEM, ports, ports.clock(), log)
    return close_day(deed, deed.today - timedelta(days=1))
