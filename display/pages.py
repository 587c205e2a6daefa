"""The page of a lobby display: the board of now, drawn at once, and what this screen is.

Decides which zone and kind of board a screen shows, and whether it may speak: only a paired one that is set up to.
Leaves drawing, sound and reconnecting to the scripts in static/. What a device is comes from its token's settings:
`zone, kind, inch, distance, voice (on|off), mode (full|short|chime|off), volume, bands: [{from, to, mode?, volume?}]`.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

from flask import Response, make_response, render_template, request
from markupsafe import Markup

from display import blueprint
from queue_app.domain.access import Identity, Right, Role
from queue_app.domain.office import Office, label_in
from queue_app.services import devices, offices
from queue_app.services.board import board
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
    who = identity()
    with reading() as session:
        here = offices.office_by_code(session, office)
        settings = devices.settings_of(session, who) if _is_paired(who, here) else None
        snapshot = board(read_hall(session, here, house().ports))
    facts = {
        "snapshot": snapshot,
        "screen": _screen(here, settings or {}, is_paired=settings is not None),
        "texts": {language: texts_under("display", language) for language in ("ja", "en")},
    }
    page = render_template("display/board.html", facts=_as_script(facts), name=label_in(here.name, "ja"))
    return make_response(page)


def _is_paired(who: Identity, here: Office) -> bool:
    return who.role is Role.DISPLAY and who.office_id == here.id


def _screen(here: Office, settings: dict[str, Any], *, is_paired: bool) -> dict[str, Any]:
    """The address decides for this visit, else the device's settings, else what is usual."""
    wish = {**settings, **request.args.to_dict()}
    kind, zone = wish.get("kind"), str(wish.get("zone") or "")
    is_known = zone in {counter.zone for counter in here.counters.values()}
    return {
        "office": here.code,
        "name": label_in(here.name, "ja"),
        "time_zone": here.zone.key,
        "zone": zone if is_known else "",
        "zone_unknown": bool(zone) and not is_known,
        "kind": kind if kind in KINDS else "calls",
        "inch": _number(wish.get("inch"), INCHES, least=10, most=200),
        "distance": _number(wish.get("distance"), METRES, least=1, most=50),
        "paired": is_paired,
        "voice": is_paired and settings.get("voice") == "on",
        "mode": settings.get("mode", "full"),
        "volume": _number(settings.get("volume"), 1.0, least=0, most=1),
        "bands": settings.get("bands", []),
    }


def _number(text: object, usual: float, *, least: float, most: float) -> float:
    try:
        number = float(str(text))
    except ValueError:
        return usual
    return min(most, max(least, number)) if isfinite(number) else usual


def _as_script(facts: dict[str, Any]) -> Markup:
    """JSON that cannot end its own script block, whatever a notice says."""
    return Markup(to_json(facts).replace("<", "\\u003c").replace("&", "\\u0026"))  # noqa: S704
