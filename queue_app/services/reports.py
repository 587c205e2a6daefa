"""The statistics of some days as tables: each is the one source of a chart, of the page's table, of CSV and of Excel.

Decides which figures stand together. Values are codes, whole numbers, minutes and shares (0 to 1); None is a figure
that cannot be told. Words are found by the web layer. Nobody of the staff is in here: no figure per person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from queue_app.domain import figures
from queue_app.domain.figures import EstimateFigures, PastStop, PastVisit, ServiceFigures
from queue_app.domain.history import End
from queue_app.domain.office import Office
from queue_app.domain.reservation import State
from queue_app.domain.survival import Summary
from queue_app.services.past import Span, past_stops, past_visits
from queue_app.services.wishes import FREE
from queue_app.store.reservation_tables import Reservation
from queue_app.store.statistics_tables import WishCount

NOTHING = Summary(0, 0)


@dataclass(frozen=True, slots=True)
class Report:
    """One table. `columns` are keys of words; the first `labels` of them hold codes, the others figures."""

    id: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    labels: int = 1

    def __bool__(self) -> bool:
        return bool(self.rows)


WAITS = ("people", "left", "first_median", "first_p90", "first_mean", "idle_median", "idle_p90", "idle_mean")


def reports(session: Session, office: Office, span: Span) -> list[Report]:
    """Every table of these days, in the order of the page. All are empty where nothing was recorded."""
    visits, stops = list(past_visits(session, office, span)), list(past_stops(session, office, span))
    return [
        waits("services", "service", visits, lambda each: each.service),
        waits("classes", "class", visits, lambda each: each.visit_class),
        waits("days", "day", visits, lambda each: each.day.isoformat()),
        hours(visits),
        stages(stops),
        ends(visits, stops),
        _bookings(session, office, span),
        estimates(visits),
    ]


def waits(id: str, what: str, visits: Sequence[PastVisit], key: Callable[[PastVisit], str]) -> Report:
    """First call and idle time on site, side by side: zero until the first call is not zero waiting."""
    first, idle = figures.first_calls(visits, key), figures.idle_on_site(visits, key)
    rows = []
    for each in sorted({*first, *idle}):
        one, two = first.get(each, NOTHING), idle.get(each, NOTHING)
        rows.append((each, one.people, one.left, one.median, one.p90, one.mean, two.median, two.p90, two.mean))
    return Report(id, (what, *WAITS), tuple(rows))


def hours(visits: Sequence[PastVisit]) -> Report:
    """By weekday and hour of arrival."""
    found = figures.by_hour(visits)
    rows = [(*key, each.people, each.median, each.p90, each.mean) for key, each in sorted(found.items())]
    return Report("hours", ("weekday", "hour", "people", "first_median", "first_p90", "first_mean"), tuple(rows), 2)


def stages(stops: Sequence[PastStop]) -> Report:
    """Each kind of stop: how long until it is taken up, how long it takes, and how many ends were pressed late."""
    key = _queue
    waited, served = figures.stage_waits(stops, key), figures.service_figures(stops, key)
    rows = []
    for each in sorted({*waited, *served}):
        one, two = waited.get(each, NOTHING), served.get(each, ServiceFigures(0, 0))
        took = (two.services, two.median, two.p90, two.mean, two.late)
        rows.append((*each, one.people, one.median, one.p90, one.mean, *took))
    columns = ("stage_people", "wait_median", "wait_p90", "wait_mean")
    took_columns = ("served", "took_median", "took_p90", "took_mean", "late")
    return Report("stages", ("service", "stage", *columns, *took_columns), tuple(rows), 2)


def ends(visits: Iterable[PastVisit], stops: Iterable[PastStop]) -> Report:
    """How visits ended, and what happened on the way."""
    ended = Counter((each.service, each.end) for each in visits)
    on_the_way: Counter[tuple[str, str]] = Counter()
    for stop in stops:
        on_the_way[stop.service, "absent"] += stop.misses
        on_the_way[stop.service, "recalled"] += stop.recalls
        on_the_way[stop.service, "forwarded"] += stop.end == End.FORWARDED
        on_the_way[stop.service, "stops"] += 1
    rows = []
    for service in sorted({service for service, _ in (*ended, *on_the_way)}):
        by_end = [ended[service, end] for end in (End.DONE, End.LEFT, End.MISSED, End.BROKEN_OFF, End.CLOSED, End.OPEN)]
        happened = [on_the_way[service, what] for what in ("absent", "recalled", "forwarded")]
        stops_there = on_the_way[service, "stops"]
        rows.append((service, *by_end, *happened, happened[2] / stops_there if stops_there else None))
    columns = ("done", "left", "missed", "broken_off", "closed", "open", "absent", "recalled", "forwarded", "transfers")
    return Report("ends", ("service", *columns), tuple(rows))


def estimates(visits: Iterable[PastVisit]) -> Report:
    """What people were told against what happened, where they had to wait."""
    found = figures.estimate_figures(visits, lambda each: each.service)
    rows = [(service, *_estimate(found[service])) for service in sorted(found)]
    return Report("estimates", ("service", "told", "error", "bias", "coverage", "width"), tuple(rows))


def _estimate(each: EstimateFigures) -> tuple[Any, ...]:
    return astuple(each)


def _queue(stop: PastStop) -> tuple[str, str]:
    return stop.service, stop.kind


def _bookings(session: Session, office: Office, span: Span) -> Report:
    """Bookings of these days by what became of them, and looks for a time by whether there was one."""
    states, looks = _states(session, office, span), _looks(session, office, span)
    rows = []
    for service in sorted({service for service, _ in (*states, *looks)}):
        if span.service in ("", service):
            came, absent = states[service, State.ARRIVED], states[service, State.NO_SHOW]
            kept = came + absent
            free = looks[service, FREE]
            asked = sum(times for (code, _), times in looks.items() if code == service)
            made = (kept + states[service, State.BOOKED], came, absent, states[service, State.CANCELLED])
            shares = (came / kept if kept else None, asked, asked - free, (asked - free) / asked if asked else None)
            rows.append((service, *made, *shares))
    columns = ("booked", "came", "no_show", "cancelled", "show_rate", "looks", "refused", "refused_share")
    return Report("bookings", ("service", *columns), tuple(rows))


def _states(session: Session, office: Office, span: Span) -> Counter[tuple[str, str]]:
    start = datetime.combine(span.first, time(), office.zone)
    end = datetime.combine(span.last + timedelta(days=1), time(), office.zone)
    rows = session.execute(
        select(Reservation.service, Reservation.state, func.count())
        .where(
            Reservation.office_id == office.id,
            Reservation.start_at >= start,
            Reservation.start_at < end,
            Reservation.state.in_([State.BOOKED, State.ARRIVED, State.NO_SHOW, State.CANCELLED]),
            Reservation.origin != "demo",
        )
        .group_by(Reservation.service, Reservation.state)
    )
    return Counter({(service, state): count for service, state, count in rows})


def _looks(session: Session, office: Office, span: Span) -> Counter[tuple[str, str]]:
    rows = session.execute(
        select(WishCount.service, WishCount.found, func.sum(WishCount.times))
        .where(WishCount.office_id == office.id, WishCount.day >= span.first, WishCount.day <= span.last)
        .where(WishCount.found.in_([FREE, "full", "lost"]))
        .group_by(WishCount.service, WishCount.found)
    )
    return Counter({(service, found): int(times) for service, found, times in rows})
