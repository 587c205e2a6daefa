"""Who comes to the example city on a busy day, when, and what each one is like. The same seed, the same people.

Decides the plan only; what becomes of it is played by `scripts.demo_morning` through the public interface. Source: the
arrival weights of the queueing study's standard day; numbers of visitors fitted to the counters of `aoba.yaml`, so that
the hall is full and not hopeless.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

from queue_app.domain.planning.lognormal import Duration, draw

OPENS_AT_MIN = 8 * 60 + 30
HALF_HOUR_WEIGHTS = (1.0, 1.1, 1.4, 1.6, 1.6, 1.5, 1.3, 1.1, 1.1, 1.3, 1.4, 1.3, 1.1, 1.0, 0.9, 0.8, 0.6, 0.15)
"""From 8:30 on; doors close after the last one."""

AT_THE_DOOR = 0.4
"""Share of the first half hour's people who come in the first minute."""

VISITORS_A_DAY = {
    "certificate": 205,
    "moving": 82,
    "foreign_residents": 8,
    "family_register": 16,
    "bereavement": 5,
    "mynumber_card": 24,
    "card_pickup": 24,
    "card_renewal": 14,
    "health_insurance": 52,
    "pension": 22,
    "seniors": 40,
    "disability": 28,
    "child_benefits": 50,
    "childcare": 12,
    "school": 26,
    "child_health": 20,
    "tax": 60,
    "environment": 30,
}
LANGUAGES = {"ja": 88, "ja-x-easy": 3, "en": 3, "zh-Hans": 2, "vi": 2, "pt": 1, "ko": 1}
WRONG_PLACE = {"certificate": "tax", "moving": "mynumber_card", "health_insurance": "pension", "tax": "certificate"}
"""Where somebody is sent who took the wrong number."""

SHARE_OF_SERVICE = {"reception": 0.9, "back_office": 0.5, "handover": 1 / 3}
"""Time of a stage, as a share of the service's typical minutes."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """One person, with everything that chance decides about them."""

    at_min: float
    service: str
    language: str = "ja"
    needs_help: bool = False
    is_away: bool = False
    comes_back_after_min: float | None = 6.0
    fetches_a_paper: bool = False
    sent_on_to: str | None = None
    is_called_by_mistake: bool = False
    walks_min: float = 0.7
    seed: int = 0

    def minutes_at(self, stage: str, typical_min: float) -> float:
        """How long one stage takes with this person."""
        mean = max(0.8, typical_min * SHARE_OF_SERVICE.get(stage, 1.0))
        luck = Random(f"{self.seed} {stage}")  # noqa: S311 - a play that can be repeated
        return max(0.5, draw(Duration(mean, 0.5), luck))


def visitors(seed: int, minutes: float) -> list[Visitor]:
    """Everybody who comes in the first `minutes` of the day, in order."""
    rng = Random(seed)  # noqa: S311 - a play that can be repeated
    times = [
        (_moment(rng, half_hour), service)
        for service, a_day in VISITORS_A_DAY.items()
        for half_hour, weight in enumerate(HALF_HOUR_WEIGHTS)
        for _ in range(_poisson(rng, a_day * weight / sum(HALF_HOUR_WEIGHTS)))
    ]
    return [_person(rng, at_min, service) for at_min, service in sorted(times) if at_min < minutes]


def clock_text(at_min: float) -> str:
    """What the clock on the wall of the demo says, `09:05`."""
    minute = OPENS_AT_MIN + int(at_min)
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _person(rng: Random, at_min: float, service: str) -> Visitor:
    """Every draw is made for everybody, so that one person's luck does not move the next one's."""
    chance = [rng.random() for _ in range(6)]
    return Visitor(
        at_min=at_min,
        service=service,
        language=rng.choices(list(LANGUAGES), list(LANGUAGES.values()))[0],
        needs_help=chance[0] < 0.04,
        is_away=chance[1] < 0.06,
        comes_back_after_min=4 + 8 * rng.random() if chance[2] < 0.7 else None,
        fetches_a_paper=chance[3] < 0.07,
        sent_on_to=WRONG_PLACE.get(service) if chance[4] < 0.05 else None,
        is_called_by_mistake=chance[5] < 0.015,
        walks_min=0.3 + 0.8 * rng.random(),
        seed=rng.randrange(2**32),
    )


def _moment(rng: Random, half_hour: int) -> float:
    """Somewhere in its half hour; of the first one's people, many stand at the door before it opens."""
    early, within = rng.random(), rng.random()
    return within if half_hour == 0 and early < AT_THE_DOOR else 30.0 * half_hour + 30.0 * within


def _poisson(rng: Random, mean: float) -> int:
    """Knuth's way; the means here are small."""
    limit, product, count = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count
