"""Every language says what Japanese says: the same keys, the same facts, and all of it where residents read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from string import Formatter

import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient

from queue_app.domain.furigana import in_kana, written
from queue_app.services.words import Reader
from queue_app.web.i18n import DEFAULT, LANGUAGES, TEXTS, awaiting_review, catalogue, t
from tests.world import World

pytestmark = pytest.mark.any_database

FOR_RESIDENTS = (
    *("common", "kiosk", "resident", "booking", "display", "crowd", "messages", "telling"),
    *("accessibility", "privacy"),
)
READING = re.compile(r"\{([^{}|]+)\|([^{}|]+)\}")
PHONE = re.compile(r"\b0\d{1,3}-\d{2,4}-\d{4}\b")
READ_IN_TWO_WAYS = {"人", "方", "出", "分", "開"}
# Staff book for others on these pages; staff read Japanese or English.
OF_STAFF = "booking.desk_"
# Japanese puts "until" behind the date; a language that needs no word there says nothing.
MAY_SAY_NOTHING = {"booking.until"}
PRESENT = sorted(file.stem for file in TEXTS.glob("*.yaml"))
TRANSLATED = [language for language in PRESENT if language not in (DEFAULT, "en")]
# What a resident can meet: the refusals of tickets and bookings, not those of counters, devices and programs.
REFUSALS = """
400 403 foreign_site proof_needed 404 409 422 429 500 503 what_next to_start not_found unknown_office unknown_service invalid office_closed
already_has_number share_full fields.wrong_way
service_closed service_paused no_tickets_from_home postponed_enough too_many_tries form_token_missing
hold_expired hold_not_extendable no_navigator slot_full hold_used already_booked moved_enough too_early
already_checked_in cancelled booking_over arrival_window_over fields.not_a_slot fields.not_offered fields.past
fields.not_yet_open fields.too_long_for_slot fields.too_early_for_move fields.visit_blocked fields.not_bookable
fields.service_or_answers fields.slot_or_hold fields.unknown_hold fields.code_or_token fields.not_a_phone
fields.no_sms_landline fields.no_sms_foreign fields.not_an_email fields.no_letter fields.empty fields.missing
fields.invalid fields.not_a_date fields.unknown_option
"""


def test_every_language_offered_has_its_catalogue_and_no_other() -> None:
    assert set(PRESENT) == set(LANGUAGES)


@pytest.mark.parametrize("language", PRESENT)
def test_a_language_has_no_key_that_japanese_lacks(language: str) -> None:
    assert set(catalogue(language)) - set(catalogue(DEFAULT)) == set()


@pytest.mark.parametrize("language", PRESENT)
def test_a_language_names_the_same_facts_as_japanese(language: str) -> None:
    japanese = catalogue(DEFAULT)
    said = {key: (facts(text), facts(japanese[key])) for key, text in catalogue(language).items() if key in japanese}
    assert {key: pair for key, pair in said.items() if pair[0] != pair[1]} == {}


@pytest.mark.parametrize("language", PRESENT)
def test_no_key_stands_twice(language: str) -> None:
    """YAML takes the last one and says nothing; a sentence of somebody else's would be shown."""
    with (TEXTS / f"{language}.yaml").open(encoding="utf-8") as file:
        assert list(twice(yaml.compose(file, Loader=Reader))) == []


def twice(node: yaml.Node, path: str = "") -> Iterator[str]:
    if isinstance(node, yaml.MappingNode):
        names = [path + key.value for key, _inner in node.value]
        yield from {name for name in names if names.count(name) > 1}
        for name, (_key, inner) in zip(names, node.value, strict=True):
            yield from twice(inner, f"{name}.")


def test_a_refusal_says_no_word_of_the_program() -> None:
    """The names of states, actions and roles are English in every language; they stand beside the sentence."""
    said = {key for key, text in catalogue(DEFAULT).items() if key.startswith("errors.")}
    assert {key for key in said if {"state", "action", "role"} & set(facts(catalogue(DEFAULT)[key]))} == set()


@pytest.mark.parametrize("language", PRESENT)
def test_no_key_was_taken_for_something_else_than_a_word(language: str) -> None:
    """YAML reads a bare `on` as true; the page would then show the key."""
    assert {key for key in catalogue(language) if {"True", "False", "None"} & set(key.split("."))} == set()


@pytest.mark.parametrize("language", PRESENT)
def test_no_text_is_empty(language: str) -> None:
    empty = {key for key, text in catalogue(language).items() if not text.strip()}
    assert empty <= MAY_SAY_NOTHING


@pytest.mark.parametrize("language", TRANSLATED)
def test_all_that_residents_read_is_there_in_their_language(language: str) -> None:
    missing = resident_keys() - set(catalogue(language))
    share = 1 - len(missing) / len(resident_keys())
    assert not missing, f"{language} has {share:.0%} of what residents read; missing: {sorted(missing)}"


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_says_that_nobody_has_reviewed_it(language: str) -> None:
    first = (TEXTS / f"{language}.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first == "# Needs review by a native speaker: every line."


@pytest.mark.parametrize(
    ("language", "count", "said"),
    [
        ("en", 1, "1 person"),
        ("en", 2, "2 people"),
        ("en", 0, "0 people"),
        ("en", "1", "1 person"),
        ("ja", 1, "1人"),
    ],
)
def test_one_person_is_not_people(language: str, count: object, said: str) -> None:
    assert t("staff.people", language=language, count=count) == said


def test_english_says_one_minute_and_two_minutes() -> None:
    """Units chosen by their number: `{minutes} {minutes:minute/minutes}`."""
    units = re.compile(r"\{\w+\} (people|minutes|seconds|hours|days|times|bookings|characters|metres|inches)\b")
    assert [key for key, text in catalogue("en").items() if units.search(text)] == []


def test_phone_numbers_in_examples_are_nobodys() -> None:
    said = {number for each in PRESENT for text in catalogue(each).values() for number in PHONE.findall(text)}
    assert said == {"090-0000-0000"}


def test_administration_counts_the_lines_nobody_has_reviewed() -> None:
    assert awaiting_review() == [(name, len(catalogue(code))) for code, name in LANGUAGES.items() if code in TRANSLATED]
    assert all(count > len(resident_keys()) for _, count in awaiting_review())


@pytest.mark.parametrize("language", ["ja", "ja-x-easy"])
def test_a_reading_is_kana_over_kanji(language: str) -> None:
    pairs = [pair for text in catalogue(language).values() for pair in READING.findall(text)]
    assert pairs
    assert [pair for pair in pairs if not any(is_kanji(sign) for sign in pair[0]) or not is_kana(pair[1])] == []


def test_japanese_of_the_kiosk_has_a_reviewed_reading_over_every_kanji() -> None:
    kiosk = {key: text for key, text in catalogue(DEFAULT).items() if key.startswith("kiosk.")}
    assert {key for key, text in kiosk.items() if has_bare_kanji(text)} == set()


def test_a_word_is_read_the_same_way_wherever_it_stands() -> None:
    """Readings that differ by what stands beside them are listed, so that a slip of the pen is found."""
    readings: dict[str, set[str]] = {}
    for language in ("ja", "ja-x-easy"):
        for text in catalogue(language).values():
            for kanji, kana in READING.findall(text):
                readings.setdefault(kanji, set()).add(kana)
    assert {kanji for kanji, found in readings.items() if len(found) > 1} <= READ_IN_TWO_WAYS


def test_easy_japanese_uses_kanji_only_with_their_reading() -> None:
    bare = {key: text for key, text in catalogue("ja-x-easy").items() if has_bare_kanji(text)}
    assert set(bare) == {"booking.moved_on_help"}, "an example of a date as papers write it may keep its kanji"


@pytest.mark.parametrize("language", PRESENT)
def test_the_first_page_speaks_the_language_asked_for(language: str, app: Flask) -> None:
    page = page_in(language, app.test_client())
    assert f'lang="{language}"' in page
    assert catalogue(language)["common.skip_to_main"] in page


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_page_of_a_number_speaks_the_language_asked_for(language: str, world: World) -> None:
    number = world.issue("moving")
    page = page_in(language, world.app.test_client(), f"/t/{number['token']}")
    for key in ("resident.next", "resident.cancel", "resident.fairness"):
        assert catalogue(language)[key] in page


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_machine_not_set_up_sends_people_to_staff_in_their_language(language: str, world: World) -> None:
    page = page_in(language, world.app.test_client(), "/kiosk/aoba")
    assert catalogue(language)["devices.lead_kiosk"] in page


def page_in(language: str, client: FlaskClient, path: str = "/") -> str:
    answer = client.get(path, query_string={"lang": language}, follow_redirects=True)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def resident_keys() -> set[str]:
    sections = {key for key in catalogue(DEFAULT) if key.split(".")[0] in FOR_RESIDENTS}
    return {key for key in sections if not key.startswith(OF_STAFF)} | {f"errors.{code}" for code in REFUSALS.split()}


def facts(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(written(text)) if name}


def has_bare_kanji(text: str) -> bool:
    """Kanji with neither a reading of the notation nor one in brackets behind them."""
    text = in_kana(text)
    following = list(zip(text, [*text[1:], ""], strict=True))
    return any(is_kanji(sign) and not (is_kanji(after) or after == "（") for sign, after in following)


def is_kana(text: str) -> bool:
    return all("\u3041" <= sign <= "\u30ff" for sign in text)


def is_kanji(sign: str) -> bool:
    return "\u4e00" <= sign <= "\u9fff"
