"""Charts drawn by the server: numbers of a report as places in a picture. The templates write the SVG.

Decides scales and levels only. Each chart stands above its own table; shapes and labels carry it without any colour.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from queue_app.domain.figures import BUSY, QUIET
from queue_app.services.reports import Report

WIDTH, HEIGHT = 640, 220
LABELS, ROW = 210, 44
STEPS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 240)


def bars(report: Report, labels: Sequence[str], columns: tuple[str, str]) -> dict[str, Any]:
    """Two bars for each row: what half of the people did not exceed, and what nine of ten did not."""
    places = [report.columns.index(column) for column in columns]
    top = _top([row[place] for row in report.rows for place in places])
    scale = (WIDTH - LABELS - 60) / top
    return {
        "width": WIDTH,
        "height": ROW * len(report.rows) + 24,
        "left": LABELS,
        "ticks": [{"at": LABELS + tick * scale, "minutes": tick} for tick in _ticks(top)],
        "rows": [
            {
                "label": label,
                "y": ROW * number,
                "bars": [_bar(row[place], scale, name) for place, name in zip(places, ("half", "nine"), strict=True)],
            }
            for number, (label, row) in enumerate(zip(labels, report.rows, strict=True))
        ],
    }


def lines(report: Report, columns: tuple[str, str]) -> dict[str, Any]:
    """One line for each column over the days; a day without a figure is a gap."""
    top = _top([row[report.columns.index(column)] for row in report.rows for column in columns])
    step = (WIDTH - 60) / max(len(report.rows) - 1, 1)
    drawn = []
    for name, column in zip(("half", "nine"), columns, strict=True):
        place = report.columns.index(column)
        points = [
            (round(44 + step * number, 1), round(HEIGHT - HEIGHT * row[place] / top, 1))
            for number, row in enumerate(report.rows)
            if row[place] is not None
        ]
        drawn.append({"name": name, "points": points})
    every = max(1, math.ceil(len(report.rows) / 8))
    days = [{"x": 44 + step * n, "day": f"{int(row[0][5:7])}/{int(row[0][8:])}"} for n, row in enumerate(report.rows)]
    return {
        "width": WIDTH,
        "height": HEIGHT + 40,
        "floor": HEIGHT,
        "ticks": [{"at": HEIGHT - HEIGHT * tick / top, "minutes": tick} for tick in _ticks(top)],
        "lines": drawn,
        "days": days[::every],
    }


def heat(report: Report) -> dict[str, Any]:
    """The table of weekdays and hours from its report."""
    return heat_of({(row[0], row[1]): (row[5], row[2]) for row in report.rows})


def heat_of(cells: Mapping[tuple[int, int], tuple[float | None, int]]) -> dict[str, Any]:
    """Hours down, weekdays across; each cell with its wait in minutes and a level that a pattern shows."""
    weekdays, hours = sorted({weekday for weekday, _ in cells}), sorted({hour for _, hour in cells})
    return {
        "weekdays": weekdays,
        "rows": [
            {"hour": hour, "cells": [_heat_cell(cells.get((weekday, hour))) for weekday in weekdays]} for hour in hours
        ],
    }


def level(minutes: float | None) -> str:
    """`quiet`, `middling` or `busy`; nothing where no figure can be told."""
    if minutes is None:
        return ""
    return "quiet" if minutes <= QUIET else "middling" if minutes <= BUSY else "busy"


def _heat_cell(cell: tuple[float | None, int] | None) -> dict[str, Any]:
    minutes, people = cell or (None, 0)
    return {"minutes": minutes, "people": people, "level": level(minutes)}


def _bar(minutes: float | None, scale: float, name: str) -> dict[str, Any]:
    return {"name": name, "width": 0 if minutes is None else round(minutes * scale, 1), "minutes": minutes}


def _top(values: Sequence[float | None]) -> float:
    return max(5.0, *(value for value in values if value is not None), 0.0) * 1.05


def _ticks(top: float) -> list[int]:
    step = next((each for each in STEPS if top / each <= 6), STEPS[-1])
    return list(range(0, int(top) + 1, step))
