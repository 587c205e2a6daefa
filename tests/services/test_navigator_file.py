"""The checker: every seeded mistake is found on its line, all at once, and nothing that people upload breaks it."""

import copy
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from queue_app.domain.navigator import Kind, evaluate, visible_pages
from queue_app.services.navigator_file import NavigatorFileRefused, check_navigator, load_navigator, rules_in
from tests import navigator_oracle as oracle

SMALL = """\
city_options:
  opt_scheme: true
pages:
  - {id: one, label: {ja: ひとつめ}}
  - {id: two, label: {ja: ふたつめ}}
questions:
  - id: move
    type: choice
    default: in
    page: one
    label: {ja: どれですか, en: Which}
    easy_ja: どれ ですか
    options:
      - {value: in, label: {ja: 転入}}
      - {value: out, label: {ja: 転出}}
  - {id: people, type: integer, default: 1, min: 0, page: one, label: {ja: 人数}}
  - {id: dog, type: boolean, default: false, page: two, show_when: {q: people, gte: 1}, label: {ja: 犬}}
conditions:
  moving_in: {q: move, is: in}
  with_dog: {all: [{c: moving_in}, {q: dog, is: true}]}
counters:
  B: {order: 10, walk_minutes: 3, service: moving, label: {ja: 住民異動}}
  P: {order: 20, walk_minutes: 3, label: {ja: 犬}}
documents:
  id_doc: {label: {ja: 本人確認書類}}
  dog_tag: {label: {ja: 鑑札}}
procedures:
  - id: notice
    label: {ja: 届}
    kind: visit
    counter: B
    when: {q: people, gte: 0}
    count: people
    minutes: {first: 10, each_extra: 2}
    after: []
    deadline: {days: 14, from: move_date, note: {ja: すぐに}}
    documents: [id_doc]
    documents_if:
      - {when: {c: with_dog}, add: [dog_tag]}
  - id: dog_change
    label: {ja: 犬の届}
    kind: visit
    counter: P
    url: https://dog.example/change
    when: {c: with_dog}
    online_if: {q: opt_scheme, is: false}
    minutes: {first: 5}
    after: [notice]
    documents: [dog_tag]
warnings:
  - {id: far, level: info, when: {not: {c: moving_in}}, label: {ja: お気をつけて}}
"""

# What is written there, what is written instead, the code, and a part of the line that must be named (in the new text).
DEFECTS = [
    ("https://dog.example/change", "http://dog.example/change", "not_https", "http://dog"),
    ("https://dog.example/change", "javascript:alert(1)", "not_https", "javascript"),
    ("https://dog.example/change", "https://me:secret@dog.example/", "not_https", "me:secret"),
    ("counter: P", "counter: X", "unknown_counter", "counter: X"),
    ("add: [dog_tag]", "add: [cat_tag]", "unknown_document", "add: [cat_tag]"),
    ("documents: [id_doc]", "documents: [id_card]", "unknown_document", "[id_card]"),
    ("after: [notice]", "after: [nothing]", "unknown_procedure", "after: [nothing]"),
    ("count: people", "count: persons", "unknown_question", "count: persons"),
    ("count: people", "count: dog", "wrong_type", "count: dog"),
    ("{q: opt_scheme, is: false}", "{q: opt_shceme, is: false}", "unknown_question", "opt_shceme"),
    ("when: {c: with_dog}\n", "when: {c: with_cat}\n", "unknown_condition", "with_cat"),
    ("page: two", "page: three", "unknown_page", "page: three"),
    ("is: in}", "is: inn}", "unknown_option", "is: inn}"),
    ("default: in\n", "default: inn\n", "unknown_option", "default: inn"),
    ("default: false", "default: 0", "wrong_type", "id: dog,"),
    ("default: 1", "default: one", "wrong_type", "id: people"),
    ("{q: dog, is: true}", "{q: dog, is: 1}", "wrong_type", "with_dog:"),
    ("{q: dog, is: true}", "{q: dog, gte: 1}", "wrong_type", "with_dog:"),
    ("{q: dog, is: true}", "{q: dog}", "not_a_condition", "with_dog:"),
    ("{q: dog, is: true}", "{q: dog, is: true, in: [true]}", "not_a_condition", "with_dog:"),
    ("{q: dog, is: true}", "{all: []}", "wrong_type", "with_dog:"),
    ("{q: people, gte: 1}", "{q: people, gte: one}", "wrong_type", "gte: one"),
    ("{q: people, gte: 1}", "{q: people, in: 1}", "wrong_type", "in: 1}"),
    ("{q: move, is: in}", "{c: with_dog}", "condition_loop", "with_dog: {all"),
    ("after: []", "after: [dog_change]", "after_loop", "after: [notice]"),
    ("after: []", "after: [notice]", "after_loop", "after: [notice]\n    deadline"),
    ("{ja: 犬の届}", "{en: Dog}", "missing_ja", "{en: Dog}"),
    ("{ja: すぐに}", "{en: Soon}", "missing_ja", "{en: Soon}"),
    ("{value: out, label: {ja: 転出}}", "{value: out, label: {ja: ''}}", "missing_ja", "value: out"),
    ("label: {ja: 鑑札}", "label: 鑑札", "wrong_type", "label: 鑑札"),
    ("id: dog_change", "id: notice", "duplicate_id", "- id: notice\n    label: {ja: 犬の届}"),
    ("{id: dog,", "{id: people,", "duplicate_id", "page: two, show_when"),
    ("{value: out,", "{value: in,", "duplicate_id", "{value: in, label: {ja: 転出"),
    ("  P: {order", "  B: {order", "duplicate_key", "B: {order: 20"),
    ("order: 20", "order: second", "wrong_type", "order: second"),
    ("first: 5", "first: -5", "wrong_type", "first: -5"),
    ("days: 14", "days: two weeks", "wrong_type", "two weeks"),
    ("from: move_date", "from: moon", "unknown_value", "from: moon"),
    ("level: info", "level: loud", "unknown_value", "level: loud"),
    ("kind: visit\n    counter: P", "kind: vist\n    counter: P", "unknown_value", "kind: vist"),
    ("kind: visit\n    counter: P", "kind: info\n    counter: P", "no_visit", "counter: P"),
    ("    minutes: {first: 5}\n", "", "missing_key", "- id: dog_change"),
    ("    when: {q: people, gte: 0}\n", "", "missing_key", "- id: notice"),
    ("online_if:", "onlin_if:", "unknown_key", "onlin_if:"),
    ("  P: {order", "  1: {order", "wrong_key", "1: {order"),
    ("gte: 0}", "lte: -1}", "never_true", "lte: -1}"),
    ("{q: opt_scheme, is: false}", "{not: {c: moving_in}}", "never_true", "online_if:"),
    ("{not: {c: moving_in}}", "{all: [{c: moving_in}, {q: move, is: out}]}", "never_true", "id: far"),
    ("show_when: {q: people, gte: 1}", "show_when: {q: people, lte: -1}", "never_true", "id: dog,"),
    ("min: 0, page: one", "min: 0, page: two", "ok", ""),
    (
        "{id: people,",
        "{id: unused, type: boolean, default: true, label: {ja: ？}}\n  - {id: people,",
        "unused_question",
        "unused",
    ),
    ("{value: out,", "{value: other, label: {ja: ？}}\n      - {value: out,", "ok", ""),
    ("{q: people, gte: 1}", "{q: dog, is: true}", "ok", ""),
    ("{q: people, gte: 0}", "{q: move, in: [in, out]}", "ok", ""),
    ("min: 0, page: one", "min: 0, page: two, show_when: {q: dog, is: true}", "asked_later", "id: people"),
    ("min: 0,", "min: 0, derived_from: [dog],", "unknown_question", "id: people"),
    ("min: 0,", "min: 0, derived_from: [moon_date],", "unknown_date", "id: people"),
    ("min: 0,", "min: 0, derived_from: [people],", "unknown_computation", "id: people"),
    ("warnings:", "warnings: &all\n  - *all\nx:", "alias", "*all"),
    ("warnings:\n", "warnings: [\n", "not_yaml", "- {id: far"),
]


@pytest.mark.parametrize(("old", "new", "code", "named"), DEFECTS, ids=[f"{d[2]}:{d[1][:30]!r}" for d in DEFECTS])
def test_a_seeded_mistake_is_found_on_its_line(old: str, new: str, code: str, named: str) -> None:
    assert SMALL.count(old) >= 1
    text = SMALL.replace(old, new, 1)
    findings = check_navigator(text, "small.yaml")
    if code == "ok":
        assert findings == []
    else:
        line = text[: text.index(named)].count("\n") + 1
        assert (line, code) in [(finding.line, finding.code) for finding in findings], findings


def test_all_mistakes_are_reported_at_once_and_by_line() -> None:
    text = SMALL
    for old, new in [
        ("is: in}", "is: inn}"),
        ("counter: P", "counter: X"),
        ("first: 5", "first: x"),
        ("{ja: 犬の届}", "{}"),
    ]:
        text = text.replace(old, new, 1)
    findings = check_navigator(text, "small.yaml")
    assert {"unknown_option", "unknown_counter", "wrong_type", "missing_ja"} == {finding.code for finding in findings}
    assert findings == sorted(findings)
    assert str(findings[0]).startswith("small.yaml:19: ")


def test_one_mistake_in_a_shared_condition_is_reported_once() -> None:
    findings = check_navigator(SMALL.replace("is: in}", "is: inn}", 1))
    assert [(finding.line, finding.code) for finding in findings] == [(19, "unknown_option")]


def test_too_many_pages_are_refused() -> None:
    extra = "".join(f"  - {{id: p{n}, label: {{ja: 頁}}}}\n" for n in range(11))
    findings = check_navigator(SMALL.replace("questions:\n", extra + "questions:\n", 1))
    assert [finding.code for finding in findings] == ["too_many_pages"]


def test_the_same_text_is_read_once() -> None:
    assert rules_in(SMALL) is rules_in(SMALL)


def test_a_file_with_mistakes_is_not_loaded() -> None:
    with pytest.raises(NavigatorFileRefused) as refused:
        load_navigator(SMALL.replace("counter: P", "counter: X", 1), "small.yaml")
    assert [finding.code for finding in refused.value.findings] == ["unknown_counter"]


@pytest.mark.parametrize("text", ["[" * 100_000, "{" * 100_000, "- " * 5_000, "a: " + "[" * 50 + "]" * 50])
def test_nesting_without_end_is_refused_and_harms_nobody(text: str) -> None:
    assert [finding.code for finding in check_navigator(text)] == ["too_deep"]


@pytest.mark.parametrize("text", ["", "[]", "1", "a: b", "\x00", "a: 1\n---\nb: 2", "? [a]\n: 1", "x: !!python/none"])
def test_a_text_that_is_no_rule_file_is_refused(text: str) -> None:
    assert check_navigator(text)


def test_the_example_city_has_no_mistake() -> None:
    assert check_navigator(oracle.RULES_TEXT, oracle.RULES_PATH.name) == []


def test_every_entry_of_the_example_city_is_in_japanese_and_english() -> None:
    rules = load_navigator(oracle.RULES_TEXT)
    things = [*rules.questions, *rules.procedures, *rules.warnings, *rules.pages]
    things += [*rules.counters.values(), *rules.documents.values()]
    assert not [thing.id for thing in things if not (thing.label.get("ja") and thing.label.get("en"))]


def test_the_counter_gives_its_service_and_a_procedure_may_name_another() -> None:
    rules = load_navigator(SMALL)
    assert [procedure.service for procedure in rules.procedures] == ["moving", "P"]
    named = load_navigator(SMALL.replace("counter: P", "counter: P\n    service: pets", 1))
    assert named.procedures[1].service == "pets"
    assert evaluate(named, {"dog": True}).booking_services == ("moving",)


def test_a_city_switch_changes_the_result_like_an_answer() -> None:
    off = load_navigator(SMALL.replace("opt_scheme: true", "opt_scheme: false", 1))
    assert [p.id for p in evaluate(off, {"dog": True}).online] == ["dog_change"]
    assert evaluate(load_navigator(SMALL), {"dog": True}).route == ("B", "P")


def test_easy_japanese_is_one_more_language_of_the_question() -> None:
    assert load_navigator(SMALL).question["move"].label["ja-x-easy"] == "どれ ですか"


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(below for key, child in children for below in _paths(child, (*path, key)))]


PLAIN = yaml.safe_load(SMALL)
JUNK = st.sampled_from(
    [None, True, 0, -1, 3.5, "", "x", "notice", "people", [], {}, ["x"], [[1]], {"q": "dog"}, {"ja": 1}]
)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(_paths(PLAIN)[1:]), JUNK), min_size=1, max_size=3))
def test_junk_anywhere_is_reported_or_harmless(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    """The checker never falls over, and what it lets through can be loaded, asked and evaluated."""
    value = copy.deepcopy(PLAIN)
    for path, junk in changes:
        _put(value, path, copy.deepcopy(junk))
    text = yaml.safe_dump(value, allow_unicode=True, sort_keys=False)
    if not check_navigator(text):
        rules = load_navigator(text)
        visible_pages(rules, {})
        assert set(evaluate(rules, {}).minutes) <= {p.id for p in rules.procedures if p.kind is Kind.VISIT}


def _put(value: Any, path: tuple[Any, ...], junk: Any) -> None:
    """Put junk where the path leads, if an earlier piece of junk has not cut the way."""
    try:
        for step in path[:-1]:
            value = value[step]
        value[path[-1]] = junk
    except (KeyError, IndexError, TypeError):
        return
