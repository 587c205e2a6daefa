"""How much waiting a load causes: the expected queue of an M/M/c system, continued beyond saturation.

Decides the common currency of planner, lunch rota and staffing: expected people waiting, given the expected number of
busy clerks and the clerks on duty. Tables are built once per number of clerks.

Source: Erlang's delay formula; the continuation (straight line from 97 % with a small square term) is the queueing
study's, so that overload has a price and prices differ.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import numpy as np

from queue_app.domain.planning.workload import Floats

BIN_MIN: Final = 5.0
STEP: Final = 0.005
SATURATION: Final = 0.97
STEEPER: Final = 5.0
EMPTY_SLOPE: Final = 30.0
"""People waiting per busy clerk asked for where nobody is on duty: dear, but comparable."""

LARGEST_LOAD: Final = 40.0
POINTS: Final = int(LARGEST_LOAD / STEP) + 2


def erlang_c(clerks: int, load: float) -> float:
    """Chance that somebody who comes has to wait; 1 beyond saturation."""
    if load <= 0:
        return 0.0
    if load >= clerks:
        return 1.0
    blocked = 1.0
    for busy in range(1, clerks + 1):
        blocked = load * blocked / (busy + load * blocked)
    return blocked / (1 - load / clerks * (1 - blocked))


def mean_queue(clerks: int, load: float) -> float:
    """Expected people waiting in a steady M/M/c system; infinite beyond saturation."""
    if load >= clerks:
        return math.inf
    return erlang_c(clerks, load) * load / (clerks - load)


@lru_cache(maxsize=128)
def table(clerks: int) -> Floats:
    """phi in steps of `STEP` from load 0, for a whole number of clerks."""
    load: Floats = np.arange(POINTS, dtype=np.float64) * STEP
    joint = SATURATION * clerks
    at_joint = mean_queue(clerks, joint) if clerks else 0.0
    slope = (mean_queue(clerks, joint + 1e-4) - mean_queue(clerks, joint - 1e-4)) / 2e-4 if clerks else EMPTY_SLOPE
    beyond = np.maximum(load - joint, 0.0)
    values: Floats = at_joint + slope * beyond + STEEPER * beyond**2
    steady = load <= joint
    if clerks:
        values[steady] = _mean_queues(clerks, load[steady])
    values.setflags(write=False)
    return values


def _mean_queues(clerks: int, load: Floats) -> Floats:
    blocked = np.ones_like(load)
    for busy in range(1, clerks + 1):
        blocked = load * blocked / (busy + load * blocked)
    waits = blocked / (1 - load / clerks * (1 - blocked))
    queues: Floats = np.asarray(waits * load / (clerks - load), dtype=np.float64)
    return queues


@lru_cache(maxsize=8)
def tables(most_clerks: int) -> Floats:
    """One row per number of clerks, 0 to `most_clerks`."""
    rows = np.stack([table(clerks) for clerks in range(most_clerks + 1)])
    rows.setflags(write=False)
    return rows


def congestion(load: Floats, clerks: Floats) -> Floats:
    """phi for arrays of one shape. Clerks are rounded to whole numbers, loads beyond the table are cut."""
    whole = np.clip(np.rint(clerks), 0, None).astype(np.intp)
    point = np.minimum(np.maximum(load, 0.0) / STEP, POINTS - 2)
    low = point.astype(np.intp)
    rows = tables(int(whole.max(initial=0)))
    below: Floats = rows[whole, low]
    result: Floats = below + (point - low) * (rows[whole, low + 1] - below)
    return result
