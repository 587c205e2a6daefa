"""Setting up the screens over the counters: what each is, how each waiting area speaks, what is shown beside.

Decides what may be set and what is wrong with the set-up as a whole: two voices in one area, none in an area that
should speak, a screen too small for its last seat. Leaves reports of running devices to `devices`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from queue_app.domain.access import Role
from queue_app.domain.errors import FieldError, Invalid, NotFound
from queue_app.domain.events import Event
from queue_app.domain.office import Office
from queue_app.domain.screen_size import DISTANCE, INCH, inch_needed, reach_m
from queue_app.domain.voice_plan import ZoneVoice, parse_voice, voice_of
from queue_app.services import offices
from queue_app.services.deed import Deed
from queue_app.store.access_tables import AccessToken
from queue_app.store.office_tables import OfficeRow

KINDS = ("calls", "handover")
MOST_SLIDES = 20
LONGEST_TEXT = 120
TOLERANCE = 1.05


@dataclass(frozen=True, slots=True)
class Screen:
    """A paired display as it is set up, and what is wrong with it: codes with their facts."""

    id: int
    name: str
    zone: str = ""
    kind: str = "calls"
    inch: float = INCH
    distance: float = DISTANCE
    voice: bool = False
    pane: bool = True
    status: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[tuple[str, Mapping[str, Any]], ...] = ()


def zones(office: Office) -> list[str]:
    """The waiting areas of the office, in the order of its counters."""
    return list(dict.fromkeys(counter.zone for counter in office.counters.values() if counter.zone))


def screens(session: Session, office: Office) -> list[Screen]:
    """All displays that are paired, by name, each with its warnings."""
    query = select(AccessToken).where(
        AccessToken.office_id == office.id, AccessToken.role == Role.DISPLAY, AccessToken.revoked_at.is_(None)
    )
    found = [_screen(row) for row in session.scalars(query.order_by(AccessToken.name))]
    return [_warned(each, found, zones(office)) for each in found]


def silent_zones(office: Office, found: Iterable[Screen]) -> list[str]:
    """Areas whose plan wants sound and in which no display speaks; none before the first display is there.

    Without areas the whole office is one: "".
    """
    found = list(found)
    if not found:
        return []
    spoken = {each.zone for each in found if each.voice}
    return [
        zone
        for zone in zones(office) or [""]
        if zone not in spoken and "" not in spoken and voice_of(office.voice, zone).mode != "off"
    ]


def change_screen(
    deed: Deed, token_id: int, *, zone: str, kind: str, inch: str, distance: str, voice: bool, pane: bool
) -> None:
    """Refuses wrong values by field. What a command has set beside these (mode, volume) stays."""
    row = deed.session.get(AccessToken, token_id)
    if row is None or row.office_id != deed.office.id or row.role != Role.DISPLAY or row.revoked_at is not None:
        raise NotFound()
    errors = [FieldError("zone", "not_an_option")] if zone and zone not in zones(deed.office) else []
    errors += [FieldError("kind", "not_an_option")] if kind not in KINDS else []
    sizes = {
        "inch": _number(inch, "inch", errors, least=10, most=200),
        "distance": _number(distance, "distance", errors, least=1, most=50),
    }
    if errors:
        raise Invalid(errors)
    on_off = {"voice": "on" if voice else "off", "pane": "on" if pane else "off"}
    row.settings = {**row.settings, "zone": zone, "kind": kind, **sizes, **on_off}
    _changed(deed, "screen", row.name)


def change_voice(deed: Deed, wanted: Mapping[str, Any]) -> None:
    """How one area speaks, as an entry of the office file's `voice`; refuses like `parse_voice`."""
    (entry,) = parse_voice([wanted])
    if entry.zone and entry.zone not in zones(deed.office):
        raise Invalid.field("zone", "not_an_option")
    row = deed.session.get_one(OfficeRow, deed.office.id)
    others = [each for each in parse_voice(row.settings.get("voice", [])) if each.zone != entry.zone]
    row.settings = {**row.settings, "voice": [each.to_value() for each in _in_order([*others, entry])]}
    _changed(deed, "voice", entry.zone or "all")


def add_slide(deed: Deed, text: Mapping[str, str], image: str) -> None:
    """One more text or picture for people who wait. `image` is the name of a picture that is kept already, or empty."""
    kept = {language: " ".join(words.split()) for language, words in text.items() if words.strip()}
    if not kept and not image:
        raise Invalid.field("text_ja", "missing")
    if kept and "ja" not in kept:
        raise Invalid.field("text_ja", "missing")
    if any(len(words) > LONGEST_TEXT for words in kept.values()):
        raise Invalid.field("text_ja", "too_long", longest=LONGEST_TEXT)
    row = deed.session.get_one(OfficeRow, deed.office.id)
    slides = row.settings.get("pane", [])
    if len(slides) >= MOST_SLIDES:
        raise Invalid.field("text_ja", "too_many_slides", most=MOST_SLIDES)
    slide = ({"text": kept} if kept else {}) | ({"image": image} if image else {})
    row.settings = {**row.settings, "pane": [*slides, slide]}
    _changed(deed, "pane", str(len(slides) + 1))


def remove_slide(deed: Deed, place: int) -> None:
    """Nothing happens for a place where no slide stands any more."""
    row = deed.session.get_one(OfficeRow, deed.office.id)
    slides = row.settings.get("pane", [])
    if 0 <= place < len(slides):
        row.settings = {**row.settings, "pane": [*slides[:place], *slides[place + 1 :]]}
        _changed(deed, "pane", str(place + 1))


def sounds_changed(deed: Deed, language: str) -> None:
    """Recordings were brought or taken away: displays ask what the server can say."""
    _changed(deed, "sounds", language)


def _screen(row: AccessToken) -> Screen:
    held = row.settings
    return Screen(
        id=row.id,
        name=row.name,
        zone=held.get("zone", ""),
        kind=held.get("kind", "calls"),
        inch=_float(held.get("inch"), INCH),
        distance=_float(held.get("distance"), DISTANCE),
        voice=held.get("voice") == "on",
        pane=held.get("pane", "on") == "on",
        status=row.status,
    )


def _warned(screen: Screen, found: Iterable[Screen], known: list[str]) -> Screen:
    warnings: list[tuple[str, Mapping[str, Any]]] = []
    others = [each.name for each in found if each.voice and each.zone == screen.zone and each.id != screen.id]
    if screen.voice and others:
        warnings.append(("two_voices", {"others": "、".join(others)}))
    if reach_m(screen.inch) * TOLERANCE < screen.distance:
        facts = {"reach": int(reach_m(screen.inch)), "needed": inch_needed(screen.distance)}
        warnings.append(("too_small", facts))
    if screen.zone and screen.zone not in known:
        warnings.append(("unknown_zone", {"zone": screen.zone}))
    held = {name: getattr(screen, name) for name in Screen.__slots__}
    return Screen(**{**held, "warnings": tuple(warnings)})


def _in_order(entries: Iterable[ZoneVoice]) -> list[ZoneVoice]:
    return sorted(entries, key=lambda each: each.zone)


def _number(text: str, name: str, errors: list[FieldError], *, least: float, most: float) -> float:
    number = _float(text, 0)
    if not least <= number <= most:
        errors.append(FieldError(name, "not_between", (("least", least), ("most", most))))
    return number


def _float(value: object, usual: float) -> float:
    try:
        return float(str(value))
    except ValueError:
        return usual


def _changed(deed: Deed, part: str, code: str) -> None:
    if (deed.session.dirty and any(deed.session.is_modified(row) for row in deed.session.dirty)) or part == "sounds":
        offices.setup_changed(deed.session, deed.office.id)
        deed.record(Event.SETUP_CHANGED, part=part, code=code)
