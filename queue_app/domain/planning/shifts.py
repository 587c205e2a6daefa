"""The duties of one day from the office's rota.

Decides who is there when; what a rota may look like is `shift_rules`'. A group that the rota does not name has a clerk
at every counter and lunch in three waves; one that it names has nobody on a day without an entry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from queue_app.domain.planning.rota import LUNCH_MIN, Duty, first_wave, standard_rota
from queue_app.domain.planning.shift_rules import Shift

DAY_WITH_LUNCH_MIN: Final = 420.0
NEVER_BACK: Final = 1e6


def duties_on(
    shifts: Sequence[Shift],
    pools: Mapping[str, str],
    clerks: Mapping[str, int],
    day: date,
    *,
    opens: int,
    closes: int,
) -> list[Duty]:
    """Who is on duty on a day. `pools` names the pool of each counter, `clerks` the counters of each pool."""
    planned: dict[str, list[Shift]] = {}
    for shift in shifts:
        if shift.group in pools:
            planned.setdefault(pools[shift.group], []).append(shift)
    duties: list[Duty] = []
    for pool, count in clerks.items():
        if pool not in planned:
            duties += _usual(pool, count, opens, closes - opens)
            continue
        dated = [shift for shift in planned[pool] if shift.on == day]
        for shift in dated or [s for s in planned[pool] if s.on is None and s.holds_on(day)]:
            duties += [Duty(pool, _away(shift, number, opens, closes)) for number in range(shift.clerks)]
    return duties


def _usual(pool: str, count: int, opens: int, length: float) -> list[Duty]:
    if length < DAY_WITH_LUNCH_MIN:
        return [Duty(pool)] * count
    return standard_rota({pool: count}, first_wave=first_wave(opens, length))


def _away(shift: Shift, number: int, opens: int, closes: int) -> tuple[tuple[float, float], ...]:
    """The spans in which the numbered clerk of a shift is not there, in minutes after opening."""
    away: list[tuple[float, float]] = []
    if shift.begins is not None and shift.begins > opens:
        away.append((0.0, float(min(shift.begins, closes) - opens)))
    if number < len(shift.lunch):
        start = max(shift.lunch[number] - opens, 0)
        away.append((float(start), start + LUNCH_MIN))
    if shift.ends is not None and shift.ends < closes:
        away.append((float(max(shift.ends - opens, 0)), NEVER_BACK))
    return tuple(away)
