"""The office file: what is refused and on which line, what loading changes, and that an export is the same again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from queue_app.domain.calendar import is_open, no_holidays
from queue_app.domain.office import Office
from queue_app.domain.ticket import StageKind
from queue_app.services import offices
from queue_app.services.office_defaults import LANGUAGES, NEEDS
from queue_app.services.office_file import (
    LARGEST_FILE,
    OFFICES,
    OfficeFileRefused,
    check_office_file,
    demo_office_text,
    export_office,
    is_mistake,
    load_office,
)
from queue_app.services.office_shape import BOOKING, COUNTER, HEAD_STARTS, OFFICE, SERVICE
from queue_app.services.office_values import RULES
from queue_app.services.stops import place_of_counter
from queue_app.store.database import reading, writing
from queue_app.store.office_tables import CounterRow, OfficeLog, OfficeRow, ServiceRow
from queue_app.store.queue_tables import EventRow
from tests.world import Clock, World

MINIMAL = """\
code: aoba
name: {ja: あおば市役所, en: Aoba City Hall}
zone: Asia/Tokyo
hours: always
services:
  - code: certificate
    series: A
    label: {ja: 証明書, en: Certificates}
    minutes: 5
    stages: [reception, back_office, handover]
    slots: {length_min: 15, capacity: 2}
  - {code: moving, series: B, label: 引っ越し}
counters:
  - {code: "3", label: {ja: 3番窓口, en: Window 3}, services: [certificate, moving], stages: [reception, handover]}
  - {code: desk, label: 審査, services: [certificate], stages: [back_office]}
booking: {ahead_days: 30, cutoff_min: 0, hold_min: 10, early_min: 10, late_min: 10}
tickets_from_home: false
"""

Loader = Callable[..., str]


@pytest.fixture
def load(app: Flask, clock: Clock) -> Loader:
    """Load a text in a transaction of its own."""

    def loaded(text: str = MINIMAL, folder: Path | None = None) -> str:
        with app.app_context():
            return writing(lambda session: load_office(session, text, "city.yaml", clock(), folder))

    return loaded


def office(app: Flask, code: str = "aoba") -> Office:
    with app.app_context(), reading() as session:
        return offices.office_by_code(session, code)


def exported(app: Flask, code: str = "aoba") -> str:
    with app.app_context(), reading() as session:
        return export_office(session, code)


def versions(app: Flask) -> tuple[int, int]:
    with app.app_context(), reading() as session:
        log = session.scalars(select(OfficeLog)).one()
        return log.version, log.setup_version


def found(text: str, folder: Path | None = None) -> list[tuple[int, str]]:
    return [(finding.line, finding.code) for finding in check_office_file(text, "city.yaml", folder=folder)]


def changed(old: str, new: str) -> str:
    assert old in MINIMAL
    return MINIMAL.replace(old, new)


def test_what_is_left_out_is_filled_in(app: Flask, load: Loader) -> None:
    load(changed(", stages: [reception, handover]", "").replace("    stages: [reception, back_office, handover]\n", ""))
    made = office(app)
    assert made.services["moving"].label == {"ja": "引っ越し"}
    assert made.services["moving"].stages == made.services["certificate"].stages == (StageKind.RECEPTION,)
    assert made.counters["3"].stages == (StageKind.RECEPTION, StageKind.HANDOVER)
    assert made.languages == LANGUAGES
    assert made.needs == NEEDS
    assert made.services["moving"].slots is None


def test_a_sound_file_has_no_findings() -> None:
    assert found(MINIMAL) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "code"),
    [
        ("code: aoba\n", "code: あおば\n", 1, "not_a_code"),
        ("code: aoba\n", "code: a/../b\n", 1, "not_a_code"),
        ("name: {ja: あおば市役所, en: Aoba City Hall}", "name: {en: Aoba}", 2, "missing_language"),
        ("en: Aoba City Hall", "xx: Aoba", 2, "unknown_language"),
        ("en: Aoba City Hall", 'en: "a\\0b"', 2, "not_printable"),
        ("zone: Asia/Tokyo", "zone: Asia/Edo", 3, "unknown_zone"),
        ("zone: Asia/Tokyo", "zone: ../../etc/passwd", 3, "unknown_zone"),
        ("zone: Asia/Tokyo", "zone: [Asia/Tokyo]", 3, "unknown_zone"),
        ("hours: always", "hours: sometimes", 4, "not_hours"),
        ("hours: always", 'hours: {mon: ["17:15-08:30"]}', 4, "reversed"),
        ("hours: always", 'hours: {mon: ["22:00-02:00"]}', 4, "crosses_midnight"),
        ("hours: always", 'hours:\n  tue: []\n  mon: ["08:30-12:00", "11:00-17:15"]', 6, "overlap"),
        ("hours: always", 'hours:\n  mon: ["08:30-12:00"]\n  dates:\n    "2027-02-30": []', 7, "not_a_date"),
        ("hours: always\n", "", 1, "missing_key"),
        ("    series: A\n", "    series: a\n", 7, "not_a_series"),
        ("    series: A\n", "", 6, "missing_key"),
        ("    minutes: 5", "    minutes: 0", 9, "wrong_number"),
        ("    minutes: 5", "    minutes: 5.5", 9, "wrong_number"),
        ("    minutes: 5", "    minutes: true", 9, "wrong_number"),
        ("    minutes: 5", "    minuets: 5", 9, "unknown_key"),
        ("[reception, back_office, handover]", "[reception, cashier]", 10, "unknown_stage"),
        ("[reception, back_office, handover]", "[]", 10, "not_a_list"),
        ("length_min: 15", "length_min: 0", 11, "wrong_value"),
        ("capacity: 2", "capacity: 0", 11, "wrong_value"),
        ("capacity: 2", "capacity: many", 11, "wrong_value"),
        ("code: moving", "code: certificate", 12, "duplicate_code"),
        ("services: [certificate, moving]", "services: [certificate, movign]", 14, "unknown_service"),
        ("services: [certificate, moving]", "services: [certificate, certificate]", 14, "repeated"),
        ("code: desk", 'code: "3"', 15, "duplicate_code"),
        ("hold_min: 10", "hold_min: 0", 16, "wrong_number"),
        ("hold_min: 10", "holdmin: 10", 16, "unknown_key"),
        ("tickets_from_home: false", "tickets_from_home: maybe", 17, "not_yes_or_no"),
        ("tickets_from_home: false", "head_starts: {booked_min: soon}", 17, "wrong_number"),
        ("tickets_from_home: false", "navigator: nowhere.yaml", 17, "no_such_file"),
        ("tickets_from_home: false", "navigator: ../aoba-navigator.yaml", 17, "wrong_form"),
        ("tickets_from_home: false", "zone: Asia/Tokyo", 17, "duplicate_key"),
        ("tickets_from_home: false", "x_opened: 2027-01-01", 17, "not_plain"),
        ("code: aoba\n", "code: &city aoba\nx_again: *city\n", 2, "alias"),
        ("code: aoba\n", "code: !!python/object:os.system aoba\n", 1, "not_yaml"),
        ("code: aoba\n", "code: [aoba\n", 2, "not_yaml"),
    ],
)
def test_a_mistake_is_named_with_its_line(old: str, new: str, line: int, code: str) -> None:
    assert (line, code) in found(changed(old, new))


def test_all_mistakes_are_named_at_once() -> None:
    text = changed("zone: Asia/Tokyo", "zone: Asia/Edo").replace("minutes: 5", "minutes: -5").replace("A\n", "a\n")
    assert found(text) == [(3, "unknown_zone"), (7, "not_a_series"), (9, "wrong_number")]


@pytest.mark.parametrize(("low", "high"), [("200", "205"), ("0", "9")])
def test_number_bands_that_run_into_each_other_are_refused(low: str, high: str) -> None:
    text = changed("series: A", f'series: "{low}"').replace("series: B", f"series: {high}")
    assert found(text) == [(12, "bands_overlap")]


def test_number_bands_with_room_between_them_are_fine() -> None:
    assert found(changed("series: A", 'series: "0"').replace("series: B", "series: 200")) == []


def test_letters_that_look_like_other_signs_are_a_hint_and_load(app: Flask, load: Loader) -> None:
    text = changed("series: A", "series: O")
    assert [is_mistake(finding) for finding in check_office_file(text, "city.yaml")] == [False]
    load(text)
    assert office(app).services["certificate"].series == "O"


def test_a_stage_that_no_counter_does_is_a_hint() -> None:
    text = changed("stages: [back_office]}", "stages: [reception]}")
    assert found(text) == [(6, "nobody_serves")]


def test_a_bomb_of_aliases_is_refused_before_it_grows() -> None:
    bomb = "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*{'a' if n == 0 else f'b{n - 1}'}, *a]\n" for n in range(60))
    assert found(bomb) == [(2, "alias")]


@pytest.mark.parametrize("text", ["", "[]", "aoba", "null", "- code: aoba", "code: aoba\n---\ncode: b\n"])
def test_a_file_that_is_no_office_is_refused(text: str) -> None:
    assert found(text)


def test_a_huge_file_is_refused_unread() -> None:
    assert found("#" * (LARGEST_FILE + 1)) == [(1, "too_large")]


def test_rules_of_the_navigator_are_checked_with_their_own_lines(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("schema_version: 1\nquestions: 5\n", encoding="utf-8")
    findings = check_office_file(MINIMAL + "navigator: rules.yaml\n", "city.yaml", folder=tmp_path)
    assert {finding.file for finding in findings} == {"rules.yaml"}
    assert all(is_mistake(finding) for finding in findings)


def test_a_service_that_the_rules_name_and_the_office_lacks_is_a_hint() -> None:
    codes = found(MINIMAL + "navigator: aoba-navigator.yaml\n", OFFICES)
    assert {code for _, code in codes} == {"unknown_navigator_service"}


def test_rules_that_say_something_in_japanese_only_are_a_hint_with_their_line(tmp_path: Path) -> None:
    rules = (OFFICES / "aoba-navigator.yaml").read_text("utf-8")
    (tmp_path / "rules.yaml").write_text(rules.replace(', en: "What kind of change is it?"', "", 1), encoding="utf-8")
    findings = check_office_file(MINIMAL + "navigator: rules.yaml\n", "city.yaml", folder=tmp_path)
    line = rules[: rules.index(', en: "What kind of change is it?"')].count("\n") + 1
    assert [(f.file, f.line) for f in findings if f.code == "untranslated"] == [("rules.yaml", line)]
    assert not any(is_mistake(finding) for finding in findings)


def test_a_refused_file_changes_nothing(app: Flask, load: Loader) -> None:
    load()
    before = exported(app), versions(app)
    with pytest.raises(OfficeFileRefused) as refusal:
        load(changed("Aoba City Hall", "Aoba Town Hall").replace("minutes: 5", "minutes: 0"))
    assert str(refusal.value).startswith("city.yaml:9: ")
    assert (exported(app), versions(app)) == before


def test_a_refused_new_office_leaves_no_rows(app: Flask, load: Loader) -> None:
    with pytest.raises(OfficeFileRefused):
        load(changed("minutes: 5", "minutes: 0"))
    with app.app_context(), reading() as session:
        assert session.scalars(select(OfficeRow)).all() == []


def test_an_export_loaded_again_changes_nothing(app: Flask, load: Loader) -> None:
    load(MINIMAL + "x_own: {b: [1, 2], a: 窓口}\nneeds: {dog: 盲導犬}\nhead_starts: {booked_min: 20}\n")
    first, before = exported(app), versions(app)
    load(first)
    assert exported(app) == first
    assert versions(app) == before
    assert office(app).extra["x_own"] == {"b": [1, 2], "a": "窓口"}


def test_the_example_city_comes_back_byte_for_byte(app: Flask, load: Loader) -> None:
    load((OFFICES / "aoba.yaml").read_text(encoding="utf-8"), OFFICES)
    first, before = exported(app), versions(app)
    load(first)
    assert (exported(app), versions(app)) == (first, before)


def test_an_export_is_the_same_city_in_another_installation(app: Flask, load: Loader) -> None:
    load((OFFICES / "aoba.yaml").read_text(encoding="utf-8"), OFFICES)
    first = exported(app)
    load(first.replace("code: aoba\n", "code: midori\n"))
    assert exported(app, "midori") == first.replace("code: aoba\n", "code: midori\n")


def test_an_export_loaded_elsewhere_keeps_the_rules_of_the_city(app: Flask, load: Loader, tmp_path: Path) -> None:
    own = (OFFICES / "aoba-navigator.yaml").read_text(encoding="utf-8") + "# our own copy\n"
    (tmp_path / "aoba-navigator.yaml").write_text(own, encoding="utf-8")
    load(MINIMAL + "navigator: aoba-navigator.yaml\n", tmp_path)
    load(exported(app), tmp_path / "elsewhere")
    assert office(app).extra[RULES] == own


labels = st.dictionaries(
    st.sampled_from(LANGUAGES), st.text("あ窓AZ09 :#{}[],'\"&*!-", min_size=1, max_size=12).map(lambda t: t + "x")
)


@settings(max_examples=60, deadline=None)
@given(label=labels, minutes=st.integers(1, 480), series=st.sampled_from(["A", "0", "200", "NO", "Y", "E"]))
def test_whatever_can_be_checked_can_be_written_and_read_again(
    label: dict[str, str], minutes: int, series: str
) -> None:
    file = yaml.safe_load(MINIMAL)
    file["services"][1] |= {
        "label": {"ja": "x", **label},
        "minutes": minutes,
        "series": series,
        "area": label | {"ja": "y"},
    }
    text = yaml.safe_dump(file, allow_unicode=True)
    assert [finding for finding in check_office_file(text, "city.yaml") if is_mistake(finding)] == []


def test_an_update_is_an_event_that_a_running_server_sees(app: Flask, load: Loader) -> None:
    load()
    assert versions(app) == (0, 1)
    held = office(app)
    load(changed("minutes: 5", "minutes: 7"))
    assert versions(app) == (1, 2)
    assert (held.services["certificate"].minutes, office(app).services["certificate"].minutes) == (5, 7)
    with app.app_context(), reading() as session:
        assert [row.name for row in session.scalars(select(EventRow))] == ["setup_changed"]


def without_moving(text: str = MINIMAL) -> str:
    line = "  - {code: moving, series: B, label: 引っ越し}\n"
    return text.replace(line, "").replace("[certificate, moving]", "[certificate]")


def test_what_the_file_no_longer_names_is_switched_off_and_kept(app: Flask, load: Loader) -> None:
    load()
    load(without_moving().replace("  - {code: desk", "  - {code: desk2"))
    assert set(office(app).services) == {"certificate"}
    assert set(office(app).counters) == {"3", "desk2"}
    with app.app_context(), reading() as session:
        assert session.scalars(select(ServiceRow.active).where(ServiceRow.code == "moving")).one() is False
        assert session.scalars(select(CounterRow.active).where(CounterRow.code == "desk")).one() is False
    load()
    assert set(office(app).services) == {"certificate", "moving"}


def test_a_service_with_people_waiting_cannot_be_taken_out(app: Flask, clock: Clock, load: Loader) -> None:
    load()
    World(app, clock).issue("moving")
    before = exported(app), versions(app)
    with pytest.raises(OfficeFileRefused) as refusal:
        load(without_moving())
    assert [(finding.line, finding.code) for finding in refusal.value.findings] == [(5, "in_use")]
    assert (exported(app), versions(app)) == before


def test_the_time_zone_stays_while_tickets_are_open(app: Flask, clock: Clock, load: Loader) -> None:
    load()
    World(app, clock).issue("moving")
    with pytest.raises(OfficeFileRefused) as refusal:
        load(changed("Asia/Tokyo", "Asia/Seoul"))
    assert [(finding.line, finding.code) for finding in refusal.value.findings] == [(3, "in_use")]


@pytest.mark.parametrize("part", [OFFICE, SERVICE, COUNTER, BOOKING, HEAD_STARTS])
def test_every_key_of_the_file_is_in_the_manual(part: dict[str, object]) -> None:
    manual = (Path(__file__).parents[2] / "docs" / "office-file.md").read_text(encoding="utf-8")
    assert [key for key in part if f"`{key}`" not in manual] == []


def test_the_example_city_has_nothing_to_be_said_against_it() -> None:
    text = (OFFICES / "aoba.yaml").read_text(encoding="utf-8")
    assert check_office_file(text, "aoba.yaml", folder=OFFICES) == []


def test_the_example_city_speaks_every_language_and_fits_the_kiosk() -> None:
    file = yaml.safe_load((OFFICES / "aoba.yaml").read_text(encoding="utf-8"))
    groups: dict[str, list[int]] = {}
    for service in file["services"]:
        for part in ("label", "group", "area"):
            assert set(service[part]) == set(LANGUAGES), service["code"]
        groups.setdefault(service["group"]["ja"], []).append(service["tile"])
    assert all(tiles == list(range(1, len(tiles) + 1)) and len(tiles) <= 6 for tiles in groups.values())
    named = [each["label"] for each in file["counters"] if each["label"]["ja"] != f"{each['code']}番窓口"]
    assert named and all(set(label) == set(LANGUAGES) for label in named)


def test_easy_japanese_of_the_example_city_has_no_kanji() -> None:
    file = yaml.safe_load((OFFICES / "aoba.yaml").read_text(encoding="utf-8"))
    for service in file["services"]:
        said = "".join(service[part]["ja-x-easy"] for part in ("label", "group", "area"))
        assert not [char for char in said if "\u4e00" <= char <= "\u9fff"], service["code"]
    said = "".join(counter["label"].get("ja-x-easy", "") for counter in file["counters"])
    assert not [char for char in said if "\u4e00" <= char <= "\u9fff"], said


def test_easy_japanese_names_floor_and_counter_without_kanji(app: Flask, load: Loader) -> None:
    load(demo_office_text(), OFFICES)
    assert place_of_counter(office(app), "21", "ja-x-easy") == "2かい 21ばん まどぐち"


def test_the_demo_city_is_open_at_any_hour_and_says_that_it_is_a_demo(app: Flask, clock: Clock, load: Loader) -> None:
    load(demo_office_text(), OFFICES)
    made = office(app)
    for _ in range(7):
        assert is_open(made.hours, clock(), made.zone, no_holidays)
        clock.pass_(hours=29)
    assert made.tickets_from_home
    assert made.extra["demo"] is True
    assert made.navigator == "aoba-navigator.yaml"
