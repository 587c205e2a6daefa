"""What is asked: nothing irrelevant, nothing computed, never more than twelve pages."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queue_app.domain.navigator import evaluate, next_page, relevant_answers, visible_pages, visible_questions
from queue_app.domain.navigator.conditions import AllOf, AnyOf, AtLeast, AtMost, Is, Not, OneOf
from queue_app.domain.navigator.model import Question, QuestionType, Rules
from queue_app.domain.navigator.questions import MOST_PAGES
from queue_app.domain.navigator.reach import Declared, can_be_true
from queue_app.services.navigator_file import load_navigator
from tests import navigator_oracle as oracle

RULES = load_navigator(oracle.RULES_TEXT)
any_answers = oracle.answers_to(oracle.RAW)
MOVES = [option.value for option in RULES.question["move_type"].options]


def asked(answers: dict[str, Any]) -> list[str]:
    return [question.id for question in visible_questions(RULES, answers)]


@settings(deadline=None)
@given(any_answers)
def test_there_are_never_more_than_twelve_pages(answers: dict[str, Any]) -> None:
    assert len(visible_pages(RULES, answers)) <= MOST_PAGES


@settings(deadline=None)
@given(any_answers)
def test_every_visible_question_is_on_exactly_one_page(answers: dict[str, Any]) -> None:
    on_pages = [question.id for page in visible_pages(RULES, answers) for question in page.questions]
    assert sorted(on_pages) == sorted(asked(answers))


@settings(deadline=None)
@given(any_answers)
def test_computed_answers_are_never_asked_for(answers: dict[str, Any]) -> None:
    assert not {"japanese_nationals", "children_u18"} & set(asked(answers))


@settings(deadline=None)
@given(any_answers, st.data())
def test_a_hidden_question_could_not_have_changed_the_result(answers: dict[str, Any], data: st.DataObject) -> None:
    """Other answers to hidden questions, on top of the relevant ones, lead to the same place."""
    relevant = relevant_answers(RULES, answers)
    hidden = [q.id for q in RULES.questions if q.id not in asked(answers) and not q.show_when and not q.derived_from]
    other = {id: answer for id, answer in data.draw(any_answers).items() if id in hidden}
    full = relevant | {q.id: q.default for q in visible_questions(RULES, relevant) if q.id not in relevant}
    ours, theirs = evaluate(RULES, full), evaluate(RULES, full | other)
    for part in ("visits", "minutes", "documents", "warnings", "online", "info", "external"):
        assert getattr(ours, part) == getattr(theirs, part), part


@settings(deadline=None)
@given(any_answers)
def test_dropping_hidden_answers_twice_is_dropping_them_once(answers: dict[str, Any]) -> None:
    once = relevant_answers(RULES, answers)
    assert relevant_answers(RULES, once) == once


def test_a_change_of_household_asks_very_little() -> None:
    assert asked({"move_type": "household"}) == [
        "move_type",
        "days_since_move",
        "agent_visit",
        "nhi_members",
        "wants_certificate",
    ]


@pytest.mark.parametrize(
    ("answers", "opens"),
    [
        ({"mynumber_cards": 1}, "sign_cert_people"),
        ({"num_people": 2, "foreign_nationals": 2}, "foreign_relation_doc_needed"),
        ({"children_high": 1}, "public_servant"),
        ({"children_preschool": 1}, "wants_nursery"),
        ({"children_elem_jhs": 1}, "public_school"),
        ({"move_type": "within", "children_elem_jhs": 1}, "school_zone_changes"),
        ({"move_type": "out_abroad"}, "owns_property_or_taxed"),
    ],
)
def test_an_answer_opens_its_follow_up(answers: dict[str, Any], opens: str) -> None:
    assert opens in asked(answers)
    assert opens not in asked({})


def test_a_school_zone_is_not_asked_about_for_a_private_school() -> None:
    within = {"move_type": "within", "children_elem_jhs": 1, "public_school": False}
    assert "school_zone_changes" not in asked(within)


def test_an_answer_to_a_question_that_went_away_is_dropped() -> None:
    assert relevant_answers(RULES, {"move_type": "within", "tenshutsu_method": "not_yet"}) == {"move_type": "within"}


@pytest.mark.parametrize("move", MOVES)
def test_answering_page_after_page_comes_to_an_end_and_never_goes_back(move: str) -> None:
    answers: dict[str, Any] = {}
    seen: list[str] = []
    while page := next_page(RULES, answers):
        assert page.page is not None
        seen.append(page.page.id)
        for question in page.questions:
            answers.setdefault(question.id, 1 if question.type is QuestionType.INTEGER else question.default)
        answers["move_type"] = move
        assert len(seen) < 40
    order = [page.id for page in RULES.pages]
    assert [order.index(id) for id in seen] == sorted(order.index(id) for id in seen)


def test_a_file_without_pages_gets_its_questions_dealt_out() -> None:
    questions = tuple(Question(f"q{n}", QuestionType.BOOLEAN, False, {"ja": "?"}) for n in range(30))
    rules = Rules(questions, (), {}, {}, ())
    assert visible_pages(rules, {}) == ()  # Nothing hangs on them.
    flat = Rules(RULES.questions, RULES.procedures, RULES.counters, RULES.documents, RULES.warnings)
    assert 1 < len(visible_pages(flat, {})) <= MOST_PAGES


LIMITED = Declared(
    values={"kind": ("a", "b"), "yes": (False, True)},
    limits={"n": (0, None), "m": (None, None), "small": (0, None), "big": (0, None), "children_u18": (None, None)},
    sources={"children_u18": ("small", "big")},
)


@pytest.mark.parametrize(
    ("condition", "possible"),
    [
        (Is("kind", "a"), True),
        (Is("kind", "c"), False),
        (AllOf((Is("kind", "a"), Is("kind", "b"))), False),
        (AnyOf((Is("kind", "a"), Is("kind", "b"))), True),
        (AllOf((AtLeast("n", 3), AtMost("n", 2))), False),
        (AllOf((AtLeast("n", 3), AtMost("n", 3))), True),
        (AtMost("n", -1), False),
        (AtMost("m", -1), True),
        (Not(AnyOf((Is("yes", value=True), Not(Is("yes", value=True))))), False),
        (Not(OneOf("kind", ("a", "b"))), False),
        (AllOf((AtLeast("small", 1), AtMost("children_u18", 0))), False),
        (AllOf((AtLeast("children_u18", 2), AtMost("small", 0))), True),
    ],
)
def test_the_checker_knows_which_conditions_can_come_true(condition: Any, possible: bool) -> None:
    assert can_be_true(condition, LIMITED) is possible
