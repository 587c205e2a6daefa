"""The page of a lobby display: the board of now, drawn at once, and what this screen is.

Decides which zone and kind of board a screen shows, and whether it may speak: only a paired one that is set up to.
Leaves drawing, sound and reconnecting to the scripts in static/. What a device is comes from its token's settings:
`zone, kind, inch, distance, voice (on|off), pane (on|off)`; how a loudspeaker speaks is the office's plan for its zone
(`domain.voice_plan`), which a device's own `mode, volume (0 to 1), bands` overrule.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

from flask import Response, make_response, render_template, request, url_for
from markupsafe import Markup
from sqlalchemy.orm import Session

from display import blueprint
from queue_app.domain.access import Right, Role
from queue_app.domain.office import Office, label_in
from queue_app.domain.voice_plan import voice_of
from queue_app.services import devices, offices
from queue_app.services.board import board
from queue_app.services.call_sounds import served_languages
from queue_app.services.hall import read_hall
from queue_app.store.database import reading
from queue_app.web.auth import identity, needs
from queue_app.web.context import house
from queue_app.web.i18n import texts_under
from queue_app.web.wire import to_json

KINDS = ("calls", "handover")
INCHES, METRES = 55.0, 10.0
"""The screen that is meant when nobody says which: 55 inches, read from ten metres."""


@blueprint.get("/<office>")
@needs(Right.READ_PUBLIC)
def show(office: str) -> Response:
    """The screen of one zone, complete with the calls of this moment."""
    with reading() as session:
        here = offices.office_by_code(session, office)
        settings = settings_here(session, here)
        snapshot = board(read_hall(session, here, house().ports))
    facts = {
        "snapshot": snapshot,
        "screen": screen_of(here, settings),
        "texts": {language: texts_under("display", language) for language in ("ja", "en")},
    }
    page = render_template("display/board.html", facts=_as_script(facts), name=label_in(here.name, "ja"))
    return make_response(page)


@blueprint.get("/<office>/screen")
@needs(Right.READ_PUBLIC)
def screen(office: str) -> Response:
    """What this screen is, asked again each minute: a change of the set-up reaches a wall without a keyboard."""
    with reading() as session:
        here = offices.office_by_code(session, office)
        facts = screen_of(here, settings_here(session, here))
    answer = make_response(to_json(facts))
    answer.content_type = "application/json"
    return answer


def settings_here(session: Session, here: Office) -> dict[str, Any] | None:
    """The settings of the paired screen that asks; None for every other browser."""
    who = identity()
    is_paired = who.role is Role.DISPLAY and who.office_id == here.id
    return devices.settings_of(session, who) if is_paired else None


def screen_of(here: Office, held: dict[str, Any] | None) -> dict[str, Any]:
    """The address decides for this visit, else the device's settings, else what is usual."""
    settings = held or {}
    wish = {**settings, **request.args.to_dict()}
    kind, zone = wish.get("kind"), str(wish.get("zone") or "")
    is_known = zone in {counter.zone for counter in here.counters.values()}
    zone = zone if is_known else ""
    return {
        "office": here.code,
        "name": label_in(here.name, "ja"),
        "time_zone": here.zone.key,
        "zone": zone,
        "zone_unknown": bool(wish.get("zone")) and not is_known,
        "kind": kind if kind in KINDS else "calls",
        "inch": _number(wish.get("inch"), INCHES, least=10, most=200),
        "distance": _number(wish.get("distance"), METRES, least=1, most=50),
        "paired": held is not None,
        "voice": held is not None and settings.get("voice") == "on",
        **_speech(here, zone, settings),
        "served": served_languages(here, house().ports.media),
        "pane": _pane(here) if wish.get("pane", "on") == "on" else [],
    }


def _speech(here: Office, zone: str, settings: dict[str, Any]) -> dict[str, Any]:
    """The plan of the zone, with volumes as a player wants them: 0 to 1."""
    plan = voice_of(here.voice, zone)
    bands = [
        {"from": band.start, "to": band.end}
        | ({"mode": band.mode} if band.mode is not None else {})
        | ({"volume": band.volume / 100} if band.volume is not None else {})
        for band in plan.bands
    ]
    return {
        "mode": settings.get("mode", plan.mode),
        "volume": _number(settings.get("volume"), plan.volume / 100, least=0, most=1),
        "bands": settings.get("bands", bands),
    }


def _pane(here: Office) -> list[dict[str, Any]]:
    """Slides that can be shown: a picture that is not on this machine is left out."""
    slides = [(slide.text, _picture(here, slide.image)) for slide in here.pane]
    return [{"text": dict(text), "image": address} for text, address in slides if text or address]


def _picture(here: Office, name: str) -> str:
    is_here = bool(name) and house().ports.media.file(here.code, "picture", name) is not None
    return url_for("display.media", office=here.code, kind="picture", name=name) if is_here else ""


def _number(text: object, usual: float, *, least: float, most: float) -> float:
    try:
        number = float(str(text))
    except ValueError:
        return usual
    return min(most, max(least, number)) if isfinite(number) else usual


def _as_script(facts: dict[str, Any]) -> Markup:
    """JSON that cannot end its own script block, whatever a notice says."""
    return Markup(to_json(facts).replace("<", "\\u003c").replace("&", "\\u0026"))  # noqa: S704
