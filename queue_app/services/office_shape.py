"""Whether each value of an office file is of the right kind, and every key is one that Matazu knows.

Decides value by value; leaves the fit of the parts to `office_links`. A key that is not in the tables below is a
mistake, because a typing error must not pass in silence; keys that begin with `x_` are the city's own and are kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import partial
from zoneinfo import ZoneInfo

from queue_app.domain.discipline import HeadStarts
from queue_app.domain.errors import Invalid
from queue_app.domain.hours import parse_hours
from queue_app.domain.planning.shift_rules import parse_rota
from queue_app.domain.slot_plan import parse_slot_plan
from queue_app.domain.ticket import StageKind
from queue_app.domain.voice_plan import parse_voice
from queue_app.services.navigator_source import Path, Source
from queue_app.services.office_defaults import LANGUAGES

Check = Callable[[Source, Path, object], None]

OWN = "x_"
LONGEST_LABEL = 200
MOST_SLIDES = 20
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*", re.ASCII)
_SERIES = re.compile(r"[A-Z]{1,2}|0|[1-9]\d{0,3}", re.ASCII)
_FILE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,100}\.ya?ml", re.ASCII)
_PHONE = re.compile(r"[0-9+() -]{0,30}", re.ASCII)
_PICTURE = re.compile(r"[0-9a-f]{32}\.jpg", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9_-]{0,40}", re.ASCII)


def check_shape(source: Source) -> None:
    """Adds a finding for everything that is wrong with a value by itself."""
    if not isinstance(source.value, dict):
        source.add((), "not_a_mapping", "An office file is a mapping that begins with `code: ...`")
        return
    _entry(source, (), source.value, OFFICE, REQUIRED_OF_OFFICE)


def is_code(value: object, longest: int = 40) -> bool:
    """Codes may be numbers: window 3 is often written without quotation marks."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return isinstance(text, str) and len(text) <= longest and _CODE.fullmatch(text) is not None


def _entry(source: Source, path: Path, value: object, checks: Mapping[str, Check], required: tuple[str, ...]) -> None:
    if not isinstance(value, dict):
        source.add(path, "not_a_mapping", f"Write a mapping with {', '.join(required)}")
        return
    for key in required:
        if key not in value:
            source.add(path, "missing_key", f"{key} is missing")
    for key, held in value.items():
        if key in checks:
            checks[key](source, (*path, key), held)
        elif key.startswith(OWN):
            _own(source, (*path, key), held)
        else:
            known = f"the keys are {', '.join(checks)}, and x_... of your own"
            source.add((*path, key), "unknown_key", f"{key} is not known here; {known}")


def _entries(source: Source, path: Path, value: object, checks: Mapping[str, Check], required: tuple[str, ...]) -> None:
    if not isinstance(value, list):
        source.add(path, "not_a_list", "Write a list; each entry begins with a hyphen")
        return
    for place, entry in enumerate(value):
        _entry(source, (*path, place), entry, checks, required)


def _own(source: Source, path: Path, value: object) -> None:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        source.add(path, "not_plain", "Put dates into quotation marks; texts, numbers, lists and mappings are kept")


def _code(source: Source, path: Path, value: object, *, longest: int = 40) -> None:
    if not is_code(value, longest):
        source.add(path, "not_a_code", f"{value!r} is no code: up to {longest} letters a-z, digits, - and _")


def _labels(source: Source, path: Path, value: object) -> None:
    """A plain string is the Japanese text."""
    if isinstance(value, str):
        _sentence(source, path, value)
    elif not isinstance(value, dict):
        source.add(path, "not_a_label", "Write {ja: ..., en: ...}, or the Japanese text alone")
    else:
        if "ja" not in value:
            source.add(path, "missing_language", "The Japanese text (ja) is missing; the others fall back to it")
        for language, text in value.items():
            _language(source, (*path, language), language)
            _sentence(source, (*path, language), text)


def _sentence(source: Source, path: Path, value: object) -> None:
    if not isinstance(value, str) or not value.strip():
        source.add(path, "not_a_text", f"{value!r} is no text; put numbers and yes/no into quotation marks")
    elif len(value) > LONGEST_LABEL:
        source.add(path, "too_long", f"This text is longer than {LONGEST_LABEL} characters")
    elif any(not char.isprintable() for char in value):
        source.add(path, "not_printable", "This text holds a sign that cannot be shown")


def _language(source: Source, path: Path, value: object) -> None:
    if value not in LANGUAGES:
        source.add(path, "unknown_language", f"{value!r} is not one of {', '.join(LANGUAGES)}")


def _languages(source: Source, path: Path, value: object) -> None:
    if not isinstance(value, list) or not value:
        source.add(path, "not_a_list", "Write a list like [ja, ja-x-easy, en]")
        return
    for place, language in enumerate(value):
        _language(source, (*path, place), language)
    if "ja" not in value:
        source.add(path, "missing_language", "ja must be among the languages")
    _no_repeats(source, path, value)


def _no_repeats(source: Source, path: Path, value: list[object]) -> None:
    seen: set[str] = set()
    for place, entry in enumerate(value):
        if repr(entry) in seen:
            source.add((*path, place), "repeated", f"{entry} stands here twice")
        seen.add(repr(entry))


def _zone(source: Source, path: Path, value: object) -> None:
    try:
        ZoneInfo(value)  # type: ignore[arg-type]
    except (LookupError, ValueError, OSError, TypeError):  # what a wrong name raises differs with its spelling
        source.add(path, "unknown_zone", f"{value!r} is no time zone like Asia/Tokyo")


def _hours(source: Source, path: Path, value: object) -> None:
    _by_domain(source, path, parse_hours, value)


def _slots(source: Source, path: Path, value: object) -> None:
    _by_domain(source, path, parse_slot_plan, value)
    if isinstance(value, dict) and value.get("capacity") == 0:
        source.add((*path, "capacity"), "wrong_value", "Nobody could book; leave slots out, or write at least 1")


def _rota(source: Source, path: Path, value: object) -> None:
    _by_domain(source, path, parse_rota, value)


def _by_domain(source: Source, path: Path, parse: Callable[[object], object], value: object) -> None:
    try:
        parse(value)
    except Invalid as refusal:
        for error in refusal.errors:
            source.add((*path, *_steps(error.field)), error.code, str(dict(error.facts)["message"]))


def _steps(field: str) -> Path:
    """`mon[0]` and `dates.2027-03-28` as a path of this file."""
    return tuple(int(index) if index else key for key, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", field))


def _whole(source: Source, path: Path, value: object, *, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        source.add(path, "wrong_number", f"{value!r} is no whole number from {low} to {high}")


def _yes_or_no(source: Source, path: Path, value: object) -> None:
    if not isinstance(value, bool):
        source.add(path, "not_yes_or_no", f"{value!r} is neither true nor false")


def _matches(source: Source, path: Path, value: object, *, form: re.Pattern[str], hint: str) -> None:
    if not isinstance(value, str) or not form.fullmatch(value):
        source.add(path, "wrong_form", f"{value!r} is not {hint}")


def _series(source: Source, path: Path, value: object) -> None:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _SERIES.fullmatch(text):
        hint = "one or two capital letters (A), or a number band by its first number less one (200)"
        source.add(path, "not_a_series", f"{value!r} is not {hint}")


def _stages(source: Source, path: Path, value: object) -> None:
    if not isinstance(value, list) or not value:
        source.add(path, "not_a_list", "Write a list like [reception, back_office, handover]")
        return
    for place, stage in enumerate(value):
        if stage not in [str(kind) for kind in StageKind]:
            source.add((*path, place), "unknown_stage", f"{stage!r} is not one of {', '.join(StageKind)}")
    _no_repeats(source, path, value)


def _codes(source: Source, path: Path, value: object) -> None:
    if not isinstance(value, list):
        source.add(path, "not_a_list", "Write a list of service codes like [certificate, moving]")
        return
    for place, code in enumerate(value):
        _code(source, (*path, place), code)
    _no_repeats(source, path, value)


def _needs(source: Source, path: Path, value: object) -> None:
    if not isinstance(value, dict):
        source.add(path, "not_a_mapping", "Write a mapping like wheelchair: {ja: 車いす, en: Wheelchair}")
        return
    for code, label in value.items():
        _code(source, (*path, code), code)
        _labels(source, (*path, code), label)


def _part(source: Source, path: Path, value: object, *, checks: Mapping[str, Check]) -> None:
    _entry(source, path, value, checks, ())


def _floor(source: Source, path: Path, value: object) -> None:
    if not is_code(value, 10):
        source.add(path, "wrong_form", f"{value!r} is no floor like 1 or B1")


def _voice(source: Source, path: Path, value: object) -> None:
    _by_domain(source, path, parse_voice, value)


def _pane(source: Source, path: Path, value: object) -> None:
    """Slides of the city-information pane. A picture is named; it is brought on the admin page."""
    if isinstance(value, list) and len(value) > MOST_SLIDES:
        source.add(path, "too_many", f"At most {MOST_SLIDES} slides take turns")
    _entries(source, path, value, SLIDE, ())
    for place, slide in enumerate(value if isinstance(value, list) else []):
        if isinstance(slide, dict) and not slide.get("text") and not slide.get("image"):
            source.add((*path, place), "empty", "A slide has a text, an image, or both")


BOOKING: dict[str, Check] = {
    "ahead_days": partial(_whole, low=0, high=366),
    "cutoff_min": partial(_whole, low=0, high=14 * 24 * 60),
    "hold_min": partial(_whole, low=1, high=60),
    "early_min": partial(_whole, low=0, high=240),
    "late_min": partial(_whole, low=0, high=240),
    "reoffer_max_min": partial(_whole, low=0, high=24 * 60),
    "by_previous_business_day": _yes_or_no,
}
HEAD_STARTS: dict[str, Check] = {field.name: partial(_whole, low=0, high=240) for field in fields(HeadStarts)}
SERVICE: dict[str, Check] = {
    "code": _code,
    "series": _series,
    "label": _labels,
    "minutes": partial(_whole, low=1, high=480),
    "stages": _stages,
    "slots": _slots,
    "hours": _hours,
    "area": _labels,
    "group": _labels,
    "icon": partial(_matches, form=_WORD, hint="one plain word"),
    "tile": partial(_whole, low=1, high=999),
    "note": _labels,
    "wait_target": partial(_whole, low=1, high=240),
    "walk_in": _yes_or_no,
    "from_home": _yes_or_no,
    "before_visit": _yes_or_no,
    "walk_ins_per_day": partial(_whole, low=0, high=100_000),
}
"""`tile` is the place among the kiosk's tiles, `walk_in: false` means by booking only, `before_visit`
that the papers of a booked visit can be done before it, `walk_ins_per_day` holds until enough days are recorded."""

COUNTER: dict[str, Check] = {
    "code": partial(_code, longest=20),
    "label": _labels,
    "services": _codes,
    "stages": _stages,
    "floor": _floor,
    "zone": partial(_matches, form=_WORD, hint="one plain word"),
    "direction": partial(_matches, form=_WORD, hint="one plain word"),
}
SLIDE: dict[str, Check] = {
    "text": _labels,
    "image": partial(_matches, form=_PICTURE, hint="the name of a picture brought on the admin page"),
}
OFFICE: dict[str, Check] = {
    "code": _code,
    "name": _labels,
    "zone": _zone,
    "hours": _hours,
    "services": partial(_entries, checks=SERVICE, required=("code", "series", "label")),
    "counters": partial(_entries, checks=COUNTER, required=("code", "label", "services")),
    "booking": partial(_part, checks=BOOKING),
    "head_starts": partial(_part, checks=HEAD_STARTS),
    "languages": _languages,
    "needs": _needs,
    "phone": partial(_matches, form=_PHONE, hint="a telephone number"),
    "tickets_from_home": _yes_or_no,
    "from_home_share": partial(_whole, low=1, high=100),
    "rota": _rota,
    "navigator": partial(_matches, form=_FILE_NAME, hint="the name of a file beside this one, like rules.yaml"),
    "voice": _voice,
    "pane": _pane,
    "demo": _yes_or_no,
}
"""Every key a file may have, in the order in which they are written. The admin pages keep to the same keys."""

REQUIRED_OF_OFFICE = ("code", "name", "hours", "services", "counters")
