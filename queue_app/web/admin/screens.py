"""Screens and loudspeakers: what each display is, how each waiting area speaks, and what is wrong with it all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.errors import Invalid, NotFound
from queue_app.domain.office import Office
from queue_app.domain.screen_size import inch_needed, reach_m
from queue_app.domain.voice_plan import MODES, ZoneVoice, voice_of
from queue_app.services import screens
from queue_app.services.call_sounds import served_languages
from queue_app.services.deed import Deed
from queue_app.store.database import reading
from queue_app.web.admin.frame import blueprint
from queue_app.web.auth import needs
from queue_app.web.context import house
from queue_app.web.errors import field_sentence
from queue_app.web.forms import submit
from queue_app.web.i18n import t
from queue_app.web.staff.frame import my_deed, my_office, show

BANDS_OFFERED = 4
ALL = "all"
"""How the entry for every area without its own is named in addresses."""


@blueprint.get("/screens")
@needs(Right.SET_UP, page=True)
def screens_page() -> ResponseReturnValue:
    with reading() as session:
        office = my_office(session)
        found = screens.screens(session, office)
        served = served_languages(office, house().ports.media)
    return show(
        "admin/screens.html",
        office,
        screens=found,
        no_voice=no_voice(screens.silent_zones(office, found)),
        voices=[(zone, voice_of(office.voice, zone)) for zone in (*screens.zones(office), "")],
        served=served,
        speaks=house().ports.media.speaks(),
        saved=t("admin.saved") if request.args.get("saved") else None,
    )


@blueprint.get("/screens/<int:screen_id>")
@needs(Right.SET_UP, page=True)
def screen(screen_id: int) -> ResponseReturnValue:
    return _screen_form(screen_id)


@blueprint.post("/screens/<int:screen_id>")
@needs(Right.SET_UP, page=True)
def change_screen(screen_id: int) -> ResponseReturnValue:
    typed = request.form

    def act(deed: Deed) -> None:
        screens.change_screen(
            deed,
            screen_id,
            zone=typed.get("zone", ""),
            kind=typed.get("kind", ""),
            inch=typed.get("inch", ""),
            distance=typed.get("distance", ""),
            voice=typed.get("voice") == "yes",
            pane=typed.get("pane") == "yes",
        )

    return change(act, "admin.screens_page", lambda errors: _screen_form(screen_id, errors))


@blueprint.get("/voices/<zone>")
@needs(Right.SET_UP, page=True)
def voice(zone: str) -> ResponseReturnValue:
    return _voice_form(zone)


@blueprint.post("/voices/<zone>")
@needs(Right.SET_UP, page=True)
def change_voice(zone: str) -> ResponseReturnValue:
    return change(
        lambda deed: screens.change_voice(deed, _typed_voice(zone)),
        "admin.screens_page",
        lambda errors: _voice_form(zone, errors),
    )


def change(
    act: Callable[[Deed], Any], then: str, again: Callable[[dict[str, str]], str], **address: Any
) -> ResponseReturnValue:
    """One change of the set-up: to the page `then`, or the form again with what is wrong by field."""

    def once(session: Session) -> str:
        act(my_deed(session, Right.SET_UP))
        return url_for(then, saved="yes", **address)

    try:
        return redirect(submit(once), 303)
    except Invalid as refusal:
        return again({error.field: field_sentence(error.code, dict(error.facts)) for error in refusal.errors}), 422


def _screen_form(screen_id: int, errors: dict[str, str] | None = None) -> str:
    with reading() as session:
        office = my_office(session)
        found = next((each for each in screens.screens(session, office) if each.id == screen_id), None)
    if found is None:
        raise NotFound()
    typed = request.form if errors else {}
    held = {"zone": found.zone, "kind": found.kind, "inch": f"{found.inch:g}", "distance": f"{found.distance:g}"}
    return show(
        "admin/screen.html",
        office,
        screen=found,
        values={name: typed.get(name, value) for name, value in held.items()},
        voice=typed.get("voice") == "yes" if errors else found.voice,
        pane=typed.get("pane") == "yes" if errors else found.pane,
        zones=screens.zones(office),
        kinds=screens.KINDS,
        reach=int(reach_m(found.inch)),
        needed=inch_needed(found.distance),
        errors=errors or {},
    )


def _typed_voice(zone: str) -> dict[str, Any]:
    """The form as an entry of the office file; lines without times are left out."""
    bands = []
    for place in _lines_used():
        band: dict[str, Any] = {name: request.form.get(f"{name}_{place}", "").strip() for name in ("from", "to")}
        mode, volume = request.form.get(f"mode_{place}", ""), request.form.get(f"volume_{place}", "").strip()
        band |= {"mode": mode} if mode else {}
        band |= {"volume": _whole(volume)} if volume else {}
        bands.append(band)
    return {
        "zone": "" if zone == ALL else zone,
        "mode": request.form.get("mode", ""),
        "volume": _whole(request.form.get("volume", "").strip()),
        "bands": bands,
    }


def _lines_used() -> list[int]:
    lines = range(1, BANDS_OFFERED + 1)
    return [place for place in lines if any(request.form.get(f"{name}_{place}", "").strip() for name in ("from", "to"))]


def _voice_form(zone: str, errors: dict[str, str] | None = None) -> str:
    with reading() as session:
        office = my_office(session)
    name = "" if zone == ALL else zone
    if name and name not in screens.zones(office):
        raise NotFound()
    found = voice_of(office.voice, name)
    return show(
        "admin/voice.html",
        office,
        area=name,
        address=zone,
        values=request.form if errors else _held(found),
        modes=MODES,
        lines=range(1, BANDS_OFFERED + 1),
        errors=_by_field(errors or {}),
    )


def _held(found: ZoneVoice) -> dict[str, str]:
    values = {"mode": found.mode, "volume": str(found.volume)}
    for place, band in enumerate(found.bands, start=1):
        held = {"from": band.start, "to": band.end, "mode": band.mode, "volume": band.volume}
        values |= {f"{name}_{place}": "" if each is None else str(each) for name, each in held.items()}
    return values


def _by_field(errors: dict[str, str]) -> dict[str, str]:
    """`[0].bands[1].from` is the field `from` of the second line that was filled in."""
    named = {}
    for path, sentence in errors.items():
        _, _, rest = path.partition("].")
        if rest.startswith("bands["):
            place, _, name = rest.removeprefix("bands[").partition("].")
            rest = f"{name or 'from'}_{_lines_used()[int(place)]}"
        named[rest or path] = sentence
    return named


def _whole(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else text


def warning_sentences(office: Office, found: list[screens.Screen]) -> list[str]:
    """What is wrong with the set-up of the screens, for the overview of the set-up."""
    wrong = [
        f"{each.name}: {t(f'admin.screens.warnings.{code}', facts=dict(facts))}"
        for each in found
        for code, facts in each.warnings
    ]
    silent = no_voice(screens.silent_zones(office, found))
    return [*wrong, silent] if silent else wrong


def no_voice(silent: Sequence[str]) -> str:
    """One sentence for all waiting areas without a loudspeaker; nothing where there is none."""
    names = [zone or t("admin.screens.everywhere") for zone in silent]
    return t("admin.screens.no_voice", zone=t("resident.list_separator").join(names)) if names else ""
