"""The office as its rules see it: services, counters, policies. Frozen; loaded from the tables, never from YAML.

Decides what a counter may serve, which series a service draws numbers from, and whether tickets are given now. Leaves
the calendar to `calendar` and slots to `slots`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from itertools import pairwise
from zoneinfo import ZoneInfo

from queue_app.domain.calendar import Hours, office_day
from queue_app.domain.discipline import HeadStarts
from queue_app.domain.estimate import UNCALIBRATED, Calibration
from queue_app.domain.planning.lognormal import Duration
from queue_app.domain.ticket import StageKind, format_number
from queue_app.domain.voice_plan import ZoneVoice

Labels = Mapping[str, str]
"""A text in several languages; `ja` is always there and is what the others fall back to."""


def label_in(labels: Labels, language: str) -> str:
    """The label in a language, else in its plain parent (zh for zh-Hans), else in English, else in Japanese.

    Readers of Japanese and Chinese characters get the Japanese before the English.
    """
    plain = language.partition("-")[0]
    others = ("ja", "en") if plain in ("ja", "zh") else ("en", "ja")
    return next(
        (labels[each] for each in (language, plain, *others) if labels.get(each)), next(iter(labels.values()), "")
    )


def queue_name(service: str, kind: str) -> str:
    """What the estimator calls the queue of a service's stages of one kind."""
    return f"{service}/{kind}"


@dataclass(frozen=True, slots=True)
class Slots:
    """How a service can be booked. `capacity` is a number of places, or None for computed from staffing."""

    length_min: int
    capacity: int | None
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Service:
    """A queue (取扱業務): several procedures may be handled by one.

    Nobody should wait longer than `wait_target` minutes.
    """

    code: str
    series: str
    label: Labels
    minutes: int = 10
    stages: tuple[StageKind, ...] = (StageKind.RECEPTION,)
    slots: Slots | None = None
    hours: Hours | None = None
    area: Labels = field(default_factory=dict)
    group: Labels = field(default_factory=dict)
    icon: str = ""
    paused: bool = False
    walk_in: bool = True
    from_home: bool = True
    wait_target: int = 20
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Counter:
    """A window with one clerk: which services it serves now, and which stages of them.

    `helps` are those of its services that it takes over for a while; the set-up names the others.
    """

    code: str
    label: Labels
    services: tuple[str, ...]
    stages: tuple[StageKind, ...] = (StageKind.RECEPTION, StageKind.HANDOVER)
    floor: str = ""
    zone: str = ""
    direction: str = ""
    helps: tuple[str, ...] = ()
    extra: Mapping[str, object] = field(default_factory=dict)

    @property
    def own_services(self) -> tuple[str, ...]:
        """Those of the set-up: what can be relied on tomorrow."""
        return tuple(code for code in self.services if code not in self.helps)

    def may_serve(self, service: str, kind: StageKind) -> bool:
        return service in self.services and kind in self.stages


@dataclass(frozen=True, slots=True)
class BookingPolicy:
    """The office's rules for reservations, in days and minutes."""

    ahead_days: int = 30
    cutoff_min: int = 0
    hold_min: int = 10
    early_min: int = 10
    late_min: int = 10
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Slide:
    """What the city tells people who wait: a text, a picture (its name among the office's media), or both."""

    text: Labels = field(default_factory=dict)
    image: str = ""


@dataclass(frozen=True, slots=True)
class Learnt:
    """What the past of one queue taught. Without a `law` of its own the minutes of the service are believed."""

    law: Duration | None = None
    leaves_per_min: float = 0.0
    calibration: Calibration = UNCALIBRATED


@dataclass(frozen=True)
class Office:
    """One office with everything its rules need. Two offices share nothing."""

    id: int
    code: str
    name: Labels
    zone: ZoneInfo
    hours: Hours
    services: Mapping[str, Service]
    counters: Mapping[str, Counter]
    booking: BookingPolicy = BookingPolicy()
    head_starts: HeadStarts = HeadStarts()
    languages: tuple[str, ...] = ("ja", "en")
    needs: Mapping[str, Labels] = field(default_factory=dict)
    phone: str = ""
    tickets_from_home: bool = False
    from_home_share: int = 50
    """At most so many of a hundred numbers of a service and day are taken from home."""

    navigator: str = ""
    voice: tuple[ZoneVoice, ...] = ()
    pane: tuple[Slide, ...] = ()
    learnt: Mapping[tuple[str, str], Learnt] = field(default_factory=dict)
    extra: Mapping[str, object] = field(default_factory=dict)

    def today(self, now: datetime) -> date:
        """The office's own calendar day: numbers and tickets belong to it."""
        return office_day(now, self.zone)

    def number_text(self, series: str, number: int) -> str:
        return format_number(series, number, width=self._band_widths.get(series))

    @cached_property
    def calls_from(self) -> Mapping[str, frozenset[tuple[str, StageKind]]]:
        """The queues (service, kind) that each counter calls people from; nobody is called to a back office."""
        return {
            code: frozenset(
                (service, kind)
                for service in counter.services
                for kind in counter.stages
                if kind is not StageKind.BACK_OFFICE
            )
            for code, counter in self.counters.items()
        }

    @cached_property
    def queues_at(self) -> Mapping[str, frozenset[str]]:
        """The names of the queues that each counter works on, back-office work included."""
        return {
            code: frozenset(queue_name(service, kind) for service in counter.services for kind in counter.stages)
            for code, counter in self.counters.items()
        }

    @cached_property
    def _band_widths(self) -> dict[str, int]:
        bands = sorted({int(s.series) for s in self.services.values() if s.series.isdecimal()})
        return {str(low): high - low - 1 for low, high in pairwise(bands)}

    def counters_for(self, service: str, kind: StageKind) -> tuple[Counter, ...]:
        return tuple(counter for counter in self.counters.values() if counter.may_serve(service, kind))
