"""What every page for residents knows: the office, its hours and phone, and whether it is the demo."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, render_template

from queue_app.domain.calendar import open_intervals
from queue_app.domain.office import Office, label_in
from queue_app.domain.wall_clock import clock_text
from queue_app.web.context import house
from queue_app.web.devices import is_demo
from queue_app.web.i18n import reader_language, t
from queue_app.web.opening import opening_sentence

blueprint = Blueprint("resident", "queue_app.web")


def shown(name: str, here: Office, **facts: Any) -> Response:
    """A resident's page of an office."""
    ports = house().ports
    now = ports.clock().astimezone(here.zone)
    return make_response(
        render_template(
            f"resident/{name}.html",
            office=here,
            office_name=label_in(here.name, reader_language()),
            home_url=f"/?office={here.code}",
            phone=here.phone,
            phone_hours=_todays_hours(here),
            is_demo=is_demo(here),
            now=now,
            opening=opening_sentence(here, ports),
            **facts,
        )
    )


def _todays_hours(here: Office) -> str:
    """8:30-17:15, or nothing on a day without hours and where it is always open."""
    ports = house().ports
    spans = open_intervals(here.hours, here.today(ports.clock()), here.zone, ports.holidays)
    words = [f"{clock_text(start, here.zone)}–{clock_text(end, here.zone)}" for start, end in spans]
    return "" if words == ["0:00–0:00"] else t("resident.list_separator").join(words)
