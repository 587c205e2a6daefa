"""Sentences are put together from phrases that are made once, or from clips that people have recorded."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from queue_app.domain.announcement import LANGUAGES, Called, CallKind, Form, announce
from queue_app.domain.calendar import parse_hours
from queue_app.domain.office import Counter, Office, Service
from queue_app.domain.sound_parts import KINDS, clips_to_record, phrases, phrases_ahead, pieces_of, speaks

OFFICE = Office(
    id=1,
    code="aoba",
    name={"ja": "あおば市役所"},
    zone=ZoneInfo("Asia/Tokyo"),
    hours=parse_hours("always"),
    services={
        "a": Service(code="a", series="A", label={"ja": "証明"}),
        "b": Service(code="b", series="200", label={"ja": "国保"}),
        "c": Service(code="c", series="300", label={"ja": "税"}),
    },
    counters={
        "3": Counter(code="3", label={"ja": "3番窓口"}, services=("a", "b", "c")),
        "info": Counter(code="info", label={"ja": "総合案内", "en": "Information"}, services=("a",)),
    },
    languages=LANGUAGES,
)


def calls() -> list[Called]:
    numbers = ("A001", "A023", "A300", "201", "299")
    return [
        Called(number=number, counter=counter, kind=kind, labels=OFFICE.counters[counter].label)
        for number in numbers
        for counter in OFFICE.counters
        for kind in KINDS
    ]


@pytest.mark.parametrize("language", ["ja", "ja-x-easy"])
def test_what_is_made_ahead_says_every_call_of_a_usual_day(language: str) -> None:
    made = set(phrases_ahead(OFFICE))
    for called in calls():
        for form in Form:
            sentence = announce(called, language, form=form).spoken
            assert "".join(phrases(sentence)) == sentence
            assert set(phrases(sentence)) <= made


def test_a_day_is_some_thousand_phrases_and_none_twice() -> None:
    made = phrases_ahead(OFFICE)
    assert len(made) == len(set(made)) < 3500
    assert "さんばんまどぐちへおこしください。" in made[:40], "windows first: the first call needs one"


def test_easy_japanese_is_made_only_where_it_is_spoken() -> None:
    plain = replace(OFFICE, languages=("ja", "en"))
    assert not any("ひとは" in phrase for phrase in phrases_ahead(plain))


@pytest.mark.parametrize("language", LANGUAGES)
def test_recordings_that_are_whole_say_every_call_and_one_that_is_missing_says_none_by_halves(language: str) -> None:
    needed = clips_to_record(OFFICE, language) | {
        clip: text for clip, text in clips_to_record(OFFICE, "ja").items() if clip.startswith("ja/number/")
    }
    recorded = {clip: f"{clip}.wav" for clip in needed}
    assert speaks(OFFICE, language, recorded)
    for called in calls():
        for form in Form:
            said = announce(called, language, form=form)
            pieces = pieces_of(said, recorded)
            assert pieces is not None
            assert set(pieces) <= set(recorded)
            assert all(any(map(str.isalnum, needed.get(clip, clip))) for clip in pieces), "nobody records a full stop"
            less = {clip: name for clip, name in recorded.items() if clip != pieces[-1]}
            assert pieces_of(said, less) is None
            assert not speaks(OFFICE, language, less)


def test_a_number_without_a_clip_of_its_own_is_said_figure_by_figure() -> None:
    said = announce(Called(number="A023", counter="3", kind=CallKind.RECEPTION), "en")
    figures = clips_to_record(OFFICE, "en")
    assert {"en/figure/A", "en/figure/0", "en/figure/9"} <= set(figures)
    pieces = pieces_of(said, dict.fromkeys(figures, ""))
    assert pieces is not None
    assert pieces[1:4] == ("en/figure/A", "en/figure/2", "en/figure/3")
    whole = pieces_of(said, dict.fromkeys([*figures, "en/number/A23"], ""))
    assert whole is not None
    assert "en/number/A23" in whole


def test_a_language_takes_less_than_an_hour_at_the_microphone() -> None:
    assert all(len(clips_to_record(OFFICE, language)) < 70 for language in LANGUAGES)
