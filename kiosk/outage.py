"""The kiosk without a server: ready-made screens for that time, and the worker that keeps them in the browser.

Decides what is left then: the services on offer, the languages, a number and its slip, marked; no place in line, no
estimate, no code. The script fills in number and time. Leaves leasing and merging to `services.leasing`.
Source: docs/decisions/0017-offline-kiosk.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from flask import Response, current_app, render_template

from kiosk import blueprint
from kiosk.menu import Page, page_of
from kiosk.pages import paired_screen, use
from kiosk.screen import Screen
from kiosk.ticket_pages import print_by
from queue_app.domain.access import Right
from queue_app.domain.office import label_in
from queue_app.domain.slip import Line, SlipFacts, date_text, offline_slip, time_text
from queue_app.services.board import kiosk_menu
from queue_app.services.hall import Hall, read_hall
from queue_app.store.database import reading
from queue_app.web.auth import needs
from queue_app.web.context import house
from queue_app.web.ruby import page_in_ruby

BLANK = "◇"
"""What the script puts a fact in the place of."""


@dataclass(frozen=True, slots=True)
class Blank:
    """A line of the slip; `fill` names the fact that the script puts in, if any."""

    role: str
    text: str
    language: str
    fill: str


@blueprint.get("/<office>/offline")
@needs(Right.READ_PUBLIC)
def outage(office: str) -> Response:
    """All screens of an outage as templates: one for each language and page of tiles, a number, a slip."""
    screen = paired_screen(office)
    with reading() as session:
        hall = read_hall(session, screen.office, house().ports)
    screens = [replace(screen, language=str(each["code"])) for each in screen.languages]
    parts = "".join(_screens_in(use(each), hall) for each in screens)
    return Response(f"<!doctype html><title>-</title>{parts}", content_type="text/html; charset=utf-8")


@blueprint.get("/<office>/worker.js")
@needs(Right.READ_PUBLIC)
def worker(office: str) -> Response:
    """The service worker, for this office's kiosk page and what lies below it."""
    file = Path(current_app.blueprints["kiosk"].static_folder or "") / "kiosk_worker.js"
    response = Response(file.read_bytes(), content_type="text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Service-Worker-Allowed"] = f"/kiosk/{office}"
    return response


def _screens_in(screen: Screen, hall: Hall) -> str:
    """All screens in one language, which is the one spoken at this moment."""
    made = render_template(
        "kiosk/outage.html",
        screen=screen,
        office_name=label_in(screen.office.name, screen.language),
        pages=_pages(screen, hall),
        now=house().ports.clock().astimezone(screen.office.zone),
        slip=_slip(screen),
        print_by=print_by(screen),
        blank=BLANK,
        lang=screen.language,
    )
    return page_in_ruby(made)


def _pages(screen: Screen, hall: Hall) -> list[tuple[str, Page]]:
    """Every page of tiles with the group it belongs to, "" for the first ones."""
    menu = kiosk_menu(hall, house().ports, screen.language)
    menu["services"] = [{**each, "refused": None} for each in menu["services"] if not each["paused"]]
    first = page_of(screen.office, menu, screen.language)
    groups = ["", *(tile.code for tile in first.tiles if tile.is_group)]
    return [(group, page) for group in groups for page in _pages_of(screen, menu, group)]


def _pages_of(screen: Screen, menu: dict[str, object], group: str) -> list[Page]:
    first = page_of(screen.office, menu, screen.language, group=group)
    rest = [page_of(screen.office, menu, screen.language, group=group, page=n) for n in range(2, first.count + 1)]
    return [first, *rest]


def _slip(screen: Screen) -> list[Blank]:
    now = house().ports.clock().astimezone(screen.office.zone)
    facts = SlipFacts(
        office=label_in(screen.office.name, "ja"),
        number=f"number{BLANK}",
        service=f"service{BLANK}",
        area=f"area{BLANK}",
        issued_at=now,
        language=screen.language,
        service_translated="" if screen.language.startswith("ja") else f"label{BLANK}",
        phone=screen.office.phone,
    )
    return [_blank(line, now) for line in offline_slip(facts).lines]


def _blank(line: Line, now: datetime) -> Blank:
    times = {f"{date_text(now.date())} {time_text(now)}": "issued", f"{now:%Y-%m-%d %H:%M}": "issued_plain"}
    fill = times.get(line.text) or (line.text.removesuffix(BLANK) if line.text.endswith(BLANK) else "")
    return Blank(line.role, BLANK if fill else line.text, line.language, fill)
