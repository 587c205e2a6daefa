"""What a spoken sentence is put together from: phrases for a synthesiser, clips for recordings.

Decides which sentences are cut where, which clips a city records once, and how a number without a clip of its own is
said figure by figure. Leaves the words to `domain.announcement` and the files to `adapters.media`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

from queue_app.domain.announcement import (
    IN_KANA,
    LANGUAGES,
    Announcement,
    Called,
    CallKind,
    Form,
    announce,
    fixed_clips,
    place_said,
)
from queue_app.domain.office import Office
from queue_app.domain.spoken_number import LETTERS, number_parts

NUMBERS_AHEAD = 300
"""How many numbers of each series are spoken ahead of the day; a later one is made when it is called."""

KINDS = (CallKind.RECEPTION, CallKind.HANDOVER, CallKind.RECALL)
"""The kinds of call that a board makes."""

_SAID = (*(str(kind) for kind in KINDS), str(Form.REPEAT), str(Form.SHORT), "window")
_PHRASE = re.compile(r"[^、。]+[、。]?")


def phrases(sentence: str) -> tuple[str, ...]:
    """The sentence cut where a speaker breathes, so that a number and a window are each made once for all calls."""
    return tuple(_PHRASE.findall(sentence))


def phrases_ahead(office: Office) -> list[str]:
    """Every Japanese phrase that the calls of a usual day need, windows first: they are needed from the first call."""
    spoken = [each for each in LANGUAGES if each in IN_KANA and (each == "ja" or each in office.languages)]
    numbers = _numbers(office)
    counters = list(office.counters)
    at_all = [(code, numbers[0]) for code in counters] if numbers else []
    pairs = at_all + [(counters[0], number) for number in numbers] if counters else []
    calls = [called_at(office, counter=code, number=number, kind=CallKind.RECEPTION) for code, number in pairs]
    return list(dict.fromkeys(part for call in calls for language in spoken for part in _all_phrases(call, language)))


def pieces_of(said: Announcement, recorded: Mapping[str, str]) -> tuple[str, ...] | None:
    """The recorded clips that say the sentence, or None while one of them is missing."""
    pieces: list[str] = []
    for clip in (each for each in said.pieces if each not in _marks(said.language)):
        pieces += [clip] if clip in recorded else stand_ins(clip)
    return tuple(pieces) if pieces and all(clip in recorded for clip in pieces) else None


def stand_ins(clip: str) -> list[str]:
    """`en/number/A23` said figure by figure: en/figure/A, en/figure/2, en/figure/3. Others have none: themselves."""
    language, kind, number = clip.split("/", 2)
    if kind != "number" or language in IN_KANA:
        return [clip]
    return [f"{language}/figure/{sign}" for sign in number]


def clips_to_record(office: Office, language: str) -> dict[str, str]:
    """Clip id -> the words to be read into the microphone, for one language of this office."""
    fixed = {clip: text for clip, text in fixed_clips(language).items() if clip not in _marks(language)}
    said = {clip: text for clip, text in fixed.items() if clip.split("/")[1] in _SAID}
    letters = sorted({sign for service in office.services.values() for sign in service.series if sign.isalpha()})
    if language == "ja":
        said |= {f"ja/number/{part}": kana for part, kana in _kana_numbers(letters)}
    elif language not in IN_KANA:
        said |= {f"{language}/figure/{sign}": sign for sign in (*"0123456789", *letters)}
    return said | _named_places(office, language)


def speaks(office: Office, language: str, recorded: Iterable[str]) -> bool:
    """Whether the recordings of this language are whole, so that every call can be said."""
    needed = clips_to_record(office, language)
    if language in IN_KANA:  # easy Japanese borrows the numbers
        needed |= {clip: text for clip, text in clips_to_record(office, "ja").items() if clip.startswith("ja/number/")}
    return set(needed) <= set(recorded)


def called_at(office: Office, *, counter: str, number: str, kind: CallKind) -> Called:
    """The call as its words need it."""
    return Called(number=number, counter=counter, kind=kind, labels=office.counters[counter].label)


@cache
def _marks(language: str) -> frozenset[str]:
    """Parts of sentences without a word, which nobody can record: a full stop."""
    return frozenset(clip for clip, text in fixed_clips(language).items() if not any(map(str.isalnum, text)))


def _kana_numbers(letters: Iterable[str]) -> list[tuple[str, str]]:
    figures = [*range(10), *range(10, 100, 10), *range(100, 1000, 100), *range(1000, 10_000, 1000)]
    parts = [part for figure in figures for part in number_parts(str(figure))]
    return parts + [(letter, LETTERS.get(letter, letter) + "、") for letter in letters]


def _named_places(office: Office, language: str) -> dict[str, str]:
    calls = [called_at(office, counter=code, number="1", kind=CallKind.RECEPTION) for code in office.counters]
    named = [call for call in calls if any(clip.split("/")[1] == "place" for clip in announce(call, language).pieces)]
    return {f"{language}/place/{call.counter}": place_said(call, language) for call in named}


def _all_phrases(call: Called, language: str) -> Iterable[str]:
    for kind in KINDS:
        each = Called(number=call.number, counter=call.counter, kind=kind, labels=call.labels)
        for form in Form:
            yield from phrases(announce(each, language, form=form).spoken)


def _numbers(office: Office) -> list[str]:
    bands = sorted({int(service.series) for service in office.services.values() if service.series.isdecimal()})
    texts = []
    for series in dict.fromkeys(service.series for service in office.services.values()):
        low = int(series) if series.isdecimal() else 0
        end = next((band for band in bands if band > low), None) if series.isdecimal() else None
        last = NUMBERS_AHEAD if end is None else min(NUMBERS_AHEAD, end - low - 1)
        texts += [office.number_text(series, number) for number in range(1, last + 1)]
    return texts
