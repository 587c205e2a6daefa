"""How many clerks a load needs, quarter of an hour by quarter of an hour.

Decides the least number with which few people wait long: offered load plus a margin that grows with its square root,
checked against Erlang's delay formula. `whatif` then checks the whole day by simulation.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from queue_app.domain.errors import Refusal
from queue_app.domain.planning.congestion import BIN_MIN, erlang_c
from queue_app.domain.planning.workload import Floats

STEP_MIN: Final = 30.0
MOST_CLERKS: Final = 200


@dataclass(frozen=True, slots=True)
class Goal:
    """At most this share of people waits longer than `patience_min`."""

    late_share: float = 0.1
    patience_min: float = 5.0


@dataclass(frozen=True, slots=True)
class Need:
    """One line of the staffing table."""

    from_min: float
    load: float
    clerks: int
    late_share: float


def clerks_for(load: float, mean_service_min: float, goal: Goal = Goal()) -> int:
    """The least number of clerks with which the goal is met for a steady load; 0 for no load at all."""
    if not 0 <= load < MOST_CLERKS or mean_service_min <= 0 or not 0 < goal.late_share < 1 or goal.patience_min < 0:
        raise Refusal("load_impossible", load=load, mean_service_min=mean_service_min)
    if load == 0:
        return 0
    clerks = max(math.ceil(load), 1)
    while late_share(clerks, load, mean_service_min, goal.patience_min) > goal.late_share:
        clerks += 1
    return clerks


def square_root_rule(load: float, margin: float = 0.9) -> int:
    """The rule of thumb to check the table with: load plus `margin` times its square root."""
    return math.ceil(load + margin * math.sqrt(load))


def late_share(clerks: int, load: float, mean_service_min: float, patience_min: float) -> float:
    """Chance to wait longer than `patience_min` in a steady M/M/c system; 1 beyond saturation."""
    if load >= clerks:
        return 1.0
    return erlang_c(clerks, load) * math.exp(-(clerks - load) * patience_min / mean_service_min)


def staffing_table(load: Floats, mean_service_min: float, goal: Goal = Goal()) -> list[Need]:
    """Clerks needed per half hour, for the highest load inside it. `load` is per five-minute bin of one pool."""
    width = int(STEP_MIN // BIN_MIN)
    table = []
    for first in range(0, len(load), width):
        peak = float(np.max(load[first : first + width]))
        clerks = clerks_for(peak, mean_service_min, goal)
        late = late_share(clerks, peak, mean_service_min, goal.patience_min) if clerks else 0.0
        table.append(Need(first * BIN_MIN, round(peak, 2), clerks, round(late, 3)))
    return table


def staffing_tables(
    loads: Mapping[str, Floats], mean_service_min: Mapping[str, float], pools: Sequence[str], goal: Goal = Goal()
) -> dict[str, list[Need]]:
    """One table per pool."""
    return {pool: staffing_table(loads[pool], mean_service_min[pool], goal) for pool in pools}
