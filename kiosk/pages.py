"""The kiosk before the number: tiles, languages, calling staff. Plain pages that the script exchanges in place.

Decides what an unpaired browser sees and which kiosk a request comes from. What a device is set up as comes from its
token's settings: `inch` (diagonal of the glass), `place`, `print` (auto | button | none), `printer` (as PRINTER_URL).
"""

from __future__ import annotations

from typing import Any

from flask import Response, g, jsonify, make_response, redirect, render_template, request

from kiosk import blueprint
from kiosk.menu import Page, page_of
from kiosk.qr import qr_picture
from kiosk.screen import Screen, screen_of
from queue_app.domain.access import Identity, Right, Role
from queue_app.domain.discipline import SAFETY
from queue_app.domain.office import Office, label_in
from queue_app.services import alarms, devices, offices
from queue_app.services.board import kiosk_menu
from queue_app.services.deed import begin
from queue_app.services.guidance import is_served
from queue_app.services.hall import read_hall
from queue_app.store.database import reading, writing
from queue_app.web.auth import Unauthenticated, browser_of, identity, needs
from queue_app.web.context import house
from queue_app.web.devices import pairing_page
from queue_app.web.forms import submit
from queue_app.web.i18n import DEFAULT, show_furigana, t
from queue_app.web.opening import opening_sentence

HELP = "help"
GUIDE_SILENT = "guide_silent"
"""Somebody wanted to hear the screens, and neither the server nor the browser has a voice for their language."""


@blueprint.get("/<office>")
@needs(Right.READ_PUBLIC)
def menu(office: str) -> Response:
    """What one can take a number for, right now."""
    here, settings = kiosk_of(office)
    if settings is None:
        return pairing_page(Role.KIOSK, here)
    screen = use(screen_of(here, settings))
    with reading() as session:
        hall = read_hall(session, here, house().ports)
        snapshot = kiosk_menu(hall, house().ports, screen.language)
    page = page_of(here, snapshot, screen.language, group=request.args.get("group", ""), page=_page_asked_for())
    is_closed = bool(snapshot["services"]) and all(each["refused"] == "office_closed" for each in snapshot["services"])
    return shown(
        "menu",
        screen,
        page=page,
        group=request.args.get("group", "") if page.group else "",
        emergency=next((label_in(each["text"], screen.language) for each in hall.notices if is_emergency(each)), None),
        closed=opening_sentence(here, house().ports) if is_closed else None,
        book=qr_picture(f"{house().settings.public_url}/book/{here.code}")
        if is_closed and screen.takes_bookings
        else None,
        version=hall.version,
    )


def is_emergency(notice: dict[str, Any]) -> bool:
    """What stands over everything else. Numbers are given all the same: whoever comes in keeps a place."""
    return bool(notice["level"] == "emergency")


@blueprint.get("/<office>/why/<service>")
@needs(Right.READ_PUBLIC)
def why(office: str, service: str) -> Response:
    """Why a tile gives no number now, and what helps."""
    screen = paired_screen(office)
    with reading() as session:
        found = kiosk_menu(read_hall(session, screen.office, house().ports), house().ports, screen.language)["services"]
    reason = next((each["refused"] for each in found if each["service"] == service), "unknown_service")
    return refused(screen, str(reason or ""), service)


@blueprint.get("/<office>/languages")
@needs(Right.READ_PUBLIC)
def languages(office: str) -> Response:
    """All languages as tiles."""
    return shown("languages", paired_screen(office))


@blueprint.get("/<office>/order")
@needs(Right.READ_PUBLIC)
def order(office: str) -> Response:
    """Who is called when."""
    return shown("order", paired_screen(office), safety=int(SAFETY.total_seconds() // 60))


@blueprint.get("/<office>/help")
@needs(Right.READ_PUBLIC)
def helping(office: str) -> Response:
    """Somebody is coming."""
    return shown("help", paired_screen(office))


@blueprint.post("/<office>/help")
@needs(Right.REPORT_DEVICE)
def ask_help(office: str) -> Response:
    """Call staff to this kiosk."""
    screen = paired_screen(office)
    who = identity()

    def act(session: Any) -> str:
        alarms.ask_help(begin(session, office, Right.REPORT_DEVICE, who, house().ports), HELP, who.label)
        return screen.url("/help")

    return make_response(redirect(submit(act), 303))


@blueprint.get("/<office>/pulse")
@needs(Right.READ_PUBLIC)
def pulse(office: str) -> Response:
    """Is the server there, and has anything changed? Also how staff learn that the kiosk lives and what it lacks."""
    here, settings = kiosk_of(office)
    if settings is None:
        raise Unauthenticated()
    who, status = identity(), {"alarms": [GUIDE_SILENT]} if request.args.get("wrong") == GUIDE_SILENT else {}
    writing(lambda session: devices.report(session, who, house().ports, status=status, browser=browser_of(request)))
    with reading() as session:
        return jsonify(version=read_hall(session, here, house().ports).version)


@blueprint.get("/<office>/size.css")
@needs(Right.READ_PUBLIC)
def size(office: str) -> Response:
    """The diagonal of this kiosk's glass as a style sheet: pages may hold no style of their own."""
    here, settings = kiosk_of(office)
    rule = f":root {{ --inch: {screen_of(here, settings or {}).inches:g}; }}\n"
    response = Response(rule, content_type="text/css; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    return response


def kiosk_of(code: str) -> tuple[Office, dict[str, Any] | None]:
    """The office, and the settings of the kiosk that asks; None if it is not paired with this office."""
    who = identity()
    with reading() as session:
        here = offices.office_by_code(session, code)
        return here, devices.settings_of(session, who) if _is_paired(who, here) else None


def paired_screen(code: str) -> Screen:
    """The screen of a paired kiosk, or `unauthenticated`."""
    here, settings = kiosk_of(code)
    if settings is None:
        raise Unauthenticated()
    return use(screen_of(here, settings))


def refused(screen: Screen, code: str, service: str = "") -> Response:
    """No number: the reason in words for residents, and the way on."""
    found = screen.office.services.get(service)
    if code == "service_paused":
        return shown("refused", screen, heading=t("kiosk.paused_heading"), lead=t("kiosk.paused_lead"))
    if code == "service_closed" and found is not None:
        label, opens = (
            label_in(found.label, screen.language),
            opening_sentence(screen.office, house().ports, found.hours),
        )
        return shown("refused", screen, heading=t("kiosk.not_today", service=label), lead=opens)
    if code == "office_closed":
        return shown(
            "refused", screen, heading=opening_sentence(screen.office, house().ports), lead=t("kiosk.ask_staff")
        )
    return shown("refused", screen, heading=t("kiosk.not_now"), lead=t("kiosk.ask_staff"))


def use(screen: Screen) -> Screen:
    """Speak the kiosk's language on this page, whatever the browser or an earlier reader prefers."""
    g.language = screen.language
    if (screen.ruby or screen.say) and screen.language == DEFAULT:
        show_furigana()  # those who listen: readings are spoken and not shown
    return screen


def shown(name: str, screen: Screen, **facts: Any) -> Response:
    """One screen as a whole page."""
    return make_response(
        render_template(
            f"kiosk/{name}.html",
            screen=screen,
            name=name,
            served=screen.say and is_served(screen.office, screen.language, house().ports.media),
            office_name=label_in(screen.office.name, screen.language),
            now=house().ports.clock().astimezone(screen.office.zone),
            **facts,
        )
    )


def _is_paired(who: Identity, here: Office) -> bool:
    return who.role is Role.KIOSK and who.office_id == here.id


def _page_asked_for() -> int:
    text = request.args.get("page", "1")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else 1


__all__ = ["Page", "kiosk_of", "paired_screen", "refused", "shown", "use"]
