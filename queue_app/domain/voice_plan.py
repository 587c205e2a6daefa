"""How loudspeakers speak in each waiting area: how much, how loud, and at which time of day.

Decides what a value for `voice` in the office file may look like, and which entry holds for an area: its own, else the
one without an area, else the usual. Times are of the office's wall clock, `from` is included and `to` is not; a band
may pass midnight. Bands stand in order; the first that fits holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from queue_app.domain.errors import FieldError, Invalid

MODES = ("full", "short", "chime", "off")
USUAL_VOLUME = 80
MOST_BANDS = 12
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00", re.ASCII)
_ZONE = re.compile(r"[A-Za-z0-9_-]{0,40}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Band:
    """A part of the day that sounds different. None keeps what the area has."""

    start: str
    end: str
    mode: str | None = None
    volume: int | None = None

    def to_value(self) -> dict[str, Any]:
        held = {"from": self.start, "to": self.end, "mode": self.mode, "volume": self.volume}
        return {name: each for name, each in held.items() if each is not None}


@dataclass(frozen=True, slots=True)
class ZoneVoice:
    """One waiting area. `volume` is in percent; a zone of "" stands for all areas without an entry."""

    zone: str = ""
    mode: str = "full"
    volume: int = USUAL_VOLUME
    bands: tuple[Band, ...] = ()

    def to_value(self) -> dict[str, Any]:
        """What `parse_voice` reads back to the same entry."""
        value: dict[str, Any] = {"zone": self.zone, "mode": self.mode, "volume": self.volume}
        return value | ({"bands": [band.to_value() for band in self.bands]} if self.bands else {})


def voice_of(plan: Iterable[ZoneVoice], zone: str) -> ZoneVoice:
    """How this waiting area speaks."""
    entries = {each.zone: each for each in plan}
    return entries.get(zone) or entries.get("") or ZoneVoice()


def parse_voice(value: object) -> tuple[ZoneVoice, ...]:
    """The plan, or `Invalid` with every mistake by its place: `[0].bands[1].from`."""
    if not isinstance(value, list):
        raise Invalid.field("", "not_a_list", message="Write a list like [{zone: hall, mode: full, volume: 80}]")
    errors: list[FieldError] = []
    plan = [_zone_voice(entry, f"[{place}]", errors) for place, entry in enumerate(value)]
    zones = [each.zone for each in plan]
    twice = [(at, zone) for at, zone in enumerate(zones) if zone in zones[:at]]
    errors += [_error(f"[{at}].zone", "repeated", f"{zone!r} stands here twice") for at, zone in twice]
    if errors:
        raise Invalid(errors)
    return tuple(plan)


def _zone_voice(entry: object, at: str, errors: list[FieldError]) -> ZoneVoice:
    if not isinstance(entry, dict):
        errors.append(_error(at, "not_a_mapping", "Write a mapping like {zone: hall, mode: full, volume: 80}"))
        return ZoneVoice()
    _check_keys(entry, ("zone", "mode", "volume", "bands"), at, errors)
    zone = entry.get("zone", "")
    if not isinstance(zone, str) or not _ZONE.fullmatch(zone):
        errors.append(_error(f"{at}.zone", "wrong_form", f"{zone!r} is not one plain word"))
        zone = ""
    bands = entry.get("bands", [])
    if not isinstance(bands, list) or len(bands) > MOST_BANDS:
        errors.append(_error(f"{at}.bands", "not_a_list", f"Write a list of at most {MOST_BANDS} parts of the day"))
        bands = []
    return ZoneVoice(
        zone=zone,
        mode=_mode(entry.get("mode", "full"), f"{at}.mode", errors),
        volume=_volume(entry.get("volume", USUAL_VOLUME), f"{at}.volume", errors),
        bands=tuple(_band(band, f"{at}.bands[{place}]", errors) for place, band in enumerate(bands)),
    )


def _band(band: object, at: str, errors: list[FieldError]) -> Band:
    if not isinstance(band, dict):
        errors.append(_error(at, "not_a_mapping", 'Write a mapping like {from: "12:00", to: "13:00", mode: chime}'))
        return Band("00:00", "24:00")
    _check_keys(band, ("from", "to", "mode", "volume"), at, errors)
    start, end = (_time(band.get(name), f"{at}.{name}", errors) for name in ("from", "to"))
    if start == end:
        errors.append(_error(f"{at}.to", "wrong_value", "A part of the day ends at another time than it begins"))
    return Band(
        start,
        end,
        _mode(band["mode"], f"{at}.mode", errors) if "mode" in band else None,
        _volume(band["volume"], f"{at}.volume", errors) if "volume" in band else None,
    )


def _check_keys(entry: Mapping[Any, Any], known: Sequence[str], at: str, errors: list[FieldError]) -> None:
    hint = f"the keys are {', '.join(known)}"
    errors += [_error(f"{at}.{key}", "unknown_key", hint) for key in entry if key not in known]


def _mode(value: object, at: str, errors: list[FieldError]) -> str:
    if value is False:  # YAML reads an unquoted off as no
        return "off"
    if isinstance(value, str) and value in MODES:
        return value
    errors.append(_error(at, "not_an_option", f"{value!r} is not one of {', '.join(MODES)}"))
    return "full"


def _volume(value: object, at: str, errors: list[FieldError]) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 100:
        return value
    errors.append(_error(at, "wrong_number", f"{value!r} is no whole number from 0 to 100"))
    return USUAL_VOLUME


def _time(value: object, at: str, errors: list[FieldError]) -> str:
    if isinstance(value, str) and _TIME.fullmatch(value):
        return value
    errors.append(_error(at, "wrong_form", f'{value!r} is no time like "08:30", in quotation marks'))
    return at


def _error(field: str, code: str, message: str) -> FieldError:
    return FieldError(field, code, (("message", message),))
