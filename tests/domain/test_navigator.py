"""Evaluation: the condition table row by row, the order of visits against a naive twin, and what must always hold."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queue_app.domain.errors import FieldError, Invalid
from queue_app.domain.navigator import complete, evaluate, in_language, read_answers
from queue_app.domain.navigator.conditions import ALWAYS
from queue_app.domain.navigator.model import Kind, Minutes, Procedure, Rules, Stop
from queue_app.domain.navigator.route import Circular, in_visiting_order
from queue_app.services.navigator_file import load_navigator
from tests import navigator_oracle as oracle

RULES = load_navigator(oracle.RULES_TEXT)
any_answers = oracle.answers_to(oracle.RAW)

IN = [{"move_type": "in_domestic"}, {"move_type": "in_abroad"}]
OUT = [{"move_type": "out_domestic"}, {"move_type": "out_abroad"}]
IN_DOMESTIC, IN_ABROAD = [IN[0]], [IN[1]]
OUT_DOMESTIC, OUT_ABROAD = [OUT[0]], [OUT[1]]
WITHIN = [{"move_type": "within"}]
HOUSEHOLD = [{"move_type": "household"}]
PUPIL = {"children_elem_jhs": 1}
SMALL = {"children_preschool": 1}
CARD = {"mynumber_cards": 1}

# Moves, what makes the difference, the procedure, its counter, a document that it brings along.
TABLE: list[tuple[list[dict[str, Any]], dict[str, Any], str, str, str]] = [
    (IN_DOMESTIC, {}, "tennyu_domestic", "B", "tenshutsu_cert"),
    (IN_ABROAD, {}, "tennyu_abroad", "B", "passport_all"),
    (WITHIN, {}, "tenkyo", "B", "id_doc"),
    (OUT_DOMESTIC, {}, "tenshutsu_domestic", "B", "id_doc"),
    (OUT_ABROAD, {}, "tenshutsu_abroad", "B", "id_doc"),
    (HOUSEHOLD, {}, "setai_henko", "B", "id_doc"),
    (IN + WITHIN, {"foreign_nationals": 1}, "zairyu_address", "B", "residence_card"),
    (IN, {"seal_registration": 1}, "inkan_new", "B", "seal"),
    (IN_DOMESTIC, CARD, "mnc_continue", "C", "pin4"),
    (WITHIN, CARD, "mnc_address", "C", "pin4"),
    (IN_DOMESTIC + WITHIN, {"sign_cert_people": 1}, "mnc_sign_cert", "C", "pin_sign"),
    (OUT_ABROAD, CARD, "mnc_abroad", "C", "pin4"),
    (IN + WITHIN + HOUSEHOLD, {"wants_certificate": True}, "certificate", "A", "fee_cash"),
    (IN, {"nhi_members": 1}, "nhi_join", "E", "mynumber_doc"),
    (WITHIN, {"nhi_members": 1}, "nhi_address", "E", "nhi_proof"),
    (OUT, {"nhi_members": 1}, "nhi_leave", "E", "nhi_proof"),
    (HOUSEHOLD, {"nhi_members": 1}, "nhi_household", "E", "nhi_proof"),
    (IN_ABROAD, {"pension_type1": 1}, "pension_join_abroad", "F", "pension_no"),
    (OUT_ABROAD, {"pension_type1": 1}, "pension_out_abroad", "F", "pension_no"),
    (IN, {"seniors_75": 1}, "kouki_join", "G", "mynumber_doc"),
    (WITHIN, {"seniors_75": 1}, "kouki_address", "G", "kouki_proof"),
    (OUT, {"seniors_75": 1}, "kouki_leave", "G", "kouki_proof"),
    (IN_DOMESTIC, {"ltc_certified": 1}, "ltc_succession", "G", "ltc_cert"),
    (WITHIN, {"ltc_certified": 1}, "ltc_address", "G", "ltc_card"),
    (OUT, {"ltc_certified": 1}, "ltc_leave", "G", "ltc_card"),
    (IN, SMALL, "jido_teate_new", "H", "bank_book"),
    (IN, {"children_high": 1}, "kodomo_iryo_new", "H", "child_insurance"),
    (WITHIN, PUPIL, "kodomo_iryo_addr", "H", "child_med_card"),
    (OUT, PUPIL, "kodomo_iryo_return", "H", "child_med_card"),
    (OUT, PUPIL, "jido_teate_end", "H", "id_doc"),
    (IN, {"single_parent": True, "children_high": 1}, "single_parent_in", "H", "single_parent_docs"),
    (WITHIN, {"single_parent": True, "children_high": 1}, "single_parent_within", "H", "single_parent_docs"),
    (OUT, {"single_parent": True, "children_high": 1}, "single_parent_out", "H", "single_parent_docs"),
    (IN, {"wants_nursery": True} | SMALL, "hoiku_apply", "J", "work_cert"),
    (WITHIN, {"wants_nursery": True} | SMALL, "hoiku_within", "J", "id_doc"),
    (OUT, {"wants_nursery": True} | SMALL, "hoiku_leave", "J", "id_doc"),
    (IN, {"wants_gakudo": True} | PUPIL, "gakudo_apply", "J", "work_cert"),
    (IN, PUPIL, "school_in", "N", "id_doc"),
    (WITHIN, PUPIL, "school_within", "N", "textbook_cert"),
    (IN, {"disability_cert": 1}, "techo_in", "K", "techo_photo"),
    (WITHIN, {"disability_cert": 1}, "techo_within", "K", "techo"),
    (IN, {"disability_service": True}, "shogai_service_in", "K", "recipient_cards"),
    (WITHIN, {"disability_service": True}, "shogai_service_within", "K", "recipient_cards"),
    (OUT, {"disability_service": True}, "shogai_service_out", "K", "recipient_cards"),
    (IN, {"moped": 1}, "moped_in", "L", "moped_scrap"),
    (OUT, {"moped": 1}, "moped_out", "L", "moped_plate_out"),
    (OUT_ABROAD, {"owns_property_or_taxed": True}, "tax_agent", "L", "tax_agent_info"),
    (IN, {"dog": "tag"}, "dog_in", "P", "dog_tag"),
    (WITHIN, {"dog": "tag"}, "dog_within", "P", "id_doc"),
    (IN, {"pregnant": True}, "ninpu_in", "U", "ninpu_tickets"),
    (IN, SMALL, "yobo_in", "U", "boshi_techo"),
]
ALL_MOVES = [*IN, *WITHIN, *OUT, *HOUSEHOLD]


@pytest.mark.parametrize(("moves", "trigger", "procedure", "counter", "document"), TABLE, ids=[r[2] for r in TABLE])
def test_condition_table_gives_the_procedure_its_counter_and_its_document(
    moves: list[dict[str, Any]], trigger: dict[str, Any], procedure: str, counter: str, document: str
) -> None:
    for move in moves:
        result = evaluate(RULES, move | trigger)
        assert (procedure, counter) in [(visit.id, visit.counter) for visit in result.visits]
        assert document in ids(result.documents)


@pytest.mark.parametrize(("moves", "trigger", "procedure"), [r[:3] for r in TABLE], ids=[r[2] for r in TABLE])
def test_condition_table_keeps_the_procedure_away_from_every_other_case(
    moves: list[dict[str, Any]], trigger: dict[str, Any], procedure: str
) -> None:
    for move in ALL_MOVES:
        if move not in moves:
            assert procedure not in ids(evaluate(RULES, move | trigger).visits)
        if trigger:
            assert procedure not in ids(evaluate(RULES, move).visits)


def test_every_visit_of_the_rules_stands_in_the_condition_table() -> None:
    assert {row[2] for row in TABLE} == {p.id for p in RULES.procedures if p.kind is Kind.VISIT}


@pytest.mark.parametrize(("days", "is_online"), [(-31, False), (-30, True), (0, True), (10, True), (11, False)])
def test_moving_out_with_a_card_is_online_from_30_days_before_to_10_days_after(days: int, is_online: bool) -> None:
    result = evaluate(RULES, OUT[0] | CARD | {"days_since_move": days})
    assert ("tenshutsu_domestic" in ids(result.online)) is is_online
    assert ("tenshutsu_domestic" in ids(result.visits)) is not is_online


def test_a_visit_that_went_online_leaves_no_stop_and_holds_nobody_up() -> None:
    result = evaluate(RULES, OUT[0] | CARD | {"nhi_members": 1})
    assert result.route == ("E",)
    assert result.total_minutes == 10
    assert "seal_card" not in ids(evaluate(RULES, OUT[0] | CARD | {"seal_registration": 1}).documents)


def test_papers_of_the_former_municipality_are_asked_for_only_where_there_is_one() -> None:
    answers = {"seniors_75": 1} | PUPIL
    papers = {"kouki_burden", "zaigaku_cert", "textbook_cert"}
    assert papers <= set(ids(evaluate(RULES, IN[0] | answers).documents))
    assert not papers & set(ids(evaluate(RULES, IN[1] | answers).documents))


def test_a_public_servant_claims_child_allowance_at_work() -> None:
    result = evaluate(RULES, IN[0] | SMALL | {"public_servant": True})
    assert "jido_teate_new" not in ids(result.visits)
    assert "info_public_servant" in ids(result.info)


def test_a_registered_microchip_is_changed_on_the_web() -> None:
    for move in [*IN, *WITHIN]:
        result = evaluate(RULES, move | {"dog": "microchip"})
        assert "dog_microchip_online" in ids(result.online)
        assert "P" not in result.route


def test_a_city_option_is_not_for_people_to_answer() -> None:
    result = evaluate(RULES, IN[0] | {"dog": "microchip", "opt_dog_microchip_scheme": False})
    assert result.ignored == ("opt_dog_microchip_scheme",)
    assert "P" not in result.route


def test_one_foreign_national_moving_in_takes_the_published_40_minutes() -> None:
    assert evaluate(RULES, {"foreign_nationals": 1}).total_minutes == 40


@pytest.mark.parametrize(
    ("answers", "warning", "blocks"),
    [
        (IN[0] | {"days_since_move": -1}, "too_early", True),
        (WITHIN[0] | {"days_since_move": -1}, "too_early", True),
        (IN[0] | {"tenshutsu_method": "not_yet"}, "need_tenshutsu_first", True),
        (IN[0] | {"days_since_move": 15}, "late_14", False),
        (IN[0] | {"tenshutsu_method": "mynumber", "days_since_move": 15}, "tokurei_expired", False),
        (IN[0] | SMALL | {"days_since_move": 16}, "child_allowance_late", False),
        (IN[0] | {"ltc_certified": 1, "days_since_move": 15}, "ltc_late", False),
        (IN[0] | CARD | {"agent_visit": True}, "agent_card", False),
        (OUT[0] | CARD | {"days_since_move": 11}, "online_tenshutsu_expired", False),
        (OUT[0] | CARD, "can_do_online", False),
        (IN[0] | {"pregnant": True}, "separate_building", False),
    ],
)
def test_warnings_are_given_and_only_some_block_the_booking(
    answers: dict[str, Any], warning: str, blocks: bool
) -> None:
    result = evaluate(RULES, answers)
    assert warning in ids(result.warnings)
    assert result.blocked is blocks


@pytest.mark.parametrize(("days", "is_late"), [(14, False), (15, True)])
def test_lateness_begins_on_the_fifteenth_day(days: int, is_late: bool) -> None:
    assert ("late_14" in ids(evaluate(RULES, IN[0] | {"days_since_move": days}).warnings)) is is_late


@settings(deadline=None)
@given(any_answers)
def test_evaluation_agrees_with_the_naive_twin(answers: dict[str, Any]) -> None:
    result = evaluate(RULES, answers)
    for name, value in oracle.expected(oracle.RAW, answers).items():
        ours = getattr(result, name)
        if name not in ("route", "minutes", "walk_minutes", "total_minutes"):
            ours = ids(ours)
        assert (list(ours) if isinstance(ours, tuple) else ours) == value, name


@settings(deadline=None)
@given(any_answers)
def test_nothing_comes_before_what_it_waits_for(answers: dict[str, Any]) -> None:
    order = ids(evaluate(RULES, answers).visits)
    for place, id in enumerate(order):
        assert not set(RULES.procedures[RULES.position[id]].after) & set(order[place:])


@settings(deadline=None)
@given(any_answers)
def test_the_parts_of_a_result_fit_together(answers: dict[str, Any]) -> None:
    result = evaluate(RULES, answers)
    assert result.total_minutes == sum(result.minutes.values()) + result.walk_minutes
    assert all(a != b for a, b in zip(result.route, result.route[1:], strict=False))
    assert len(set(ids(result.documents))) == len(result.documents)
    assert set(result.route) == {visit.counter for visit in result.visits}
    assert set(result.minutes) == set(ids(result.visits))
    assert bool(result.booking_services) == bool(result.visits)


@settings(deadline=None)
@given(any_answers, st.randoms(use_true_random=False))
def test_the_order_in_which_questions_were_answered_changes_nothing(
    answers: dict[str, Any], dice: random.Random
) -> None:
    shuffled = list(answers.items())
    dice.shuffle(shuffled)
    assert evaluate(RULES, dict(shuffled)) == evaluate(RULES, answers)


COUNTS = [q.id for q in RULES.questions if q.minimum == 0]


@settings(deadline=None)
@given(any_answers, st.sampled_from(COUNTS))
def test_one_more_person_never_shortens_the_visit(answers: dict[str, Any], count: str) -> None:
    """With one exception that is the point of it: the first card lets people move out on the web."""
    more = answers | {count: answers.get(count, RULES.question[count].default) + 1}
    before, after = evaluate(RULES, answers), evaluate(RULES, more)
    if not (count == "mynumber_cards" and after.online):
        assert after.total_minutes >= before.total_minutes


@settings(deadline=None)
@given(any_answers, st.text(min_size=1).filter(lambda id: id not in RULES.question))
def test_an_unknown_question_is_named_and_changes_nothing_else(answers: dict[str, Any], unknown: str) -> None:
    result = evaluate(RULES, answers | {unknown: "x"})
    assert result.ignored == (unknown,)
    assert result.visits == evaluate(RULES, answers).visits


@pytest.mark.parametrize(
    ("answers", "field", "code", "expected"),
    [
        ({"num_people": "2"}, "num_people", "wrong_type", "integer"),
        ({"num_people": True}, "num_people", "wrong_type", "integer"),
        ({"num_people": 2.0}, "num_people", "wrong_type", "integer"),
        ({"num_people": None}, "num_people", "wrong_type", "integer"),
        ({"num_people": -1}, "num_people", "too_small", 0),
        ({"num_people": 100}, "num_people", "too_large", 99),
        ({"pregnant": 1}, "pregnant", "wrong_type", "boolean"),
        ({"dog": "cat"}, "dog", "unknown_option", ("none", "tag", "microchip")),
        ({"dog": ["tag"]}, "dog", "wrong_type", ("none", "tag", "microchip")),
    ],
)
def test_an_unusable_answer_is_refused_with_field_code_and_what_would_do(
    answers: dict[str, Any], field: str, code: str, expected: object
) -> None:
    with pytest.raises(Invalid) as refused:
        evaluate(RULES, answers)
    assert refused.value.errors == (FieldError(field, code, (("expected", expected),)),)


def test_all_unusable_answers_are_refused_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        evaluate(RULES, {"dog": 1, "pregnant": "yes", "moped": 1})
    assert [error.field for error in refused.value.errors] == ["pregnant", "dog"]


def test_computed_answers_follow_their_sources_whatever_was_sent() -> None:
    values = complete(RULES, {"num_people": 3, "foreign_nationals": 1, "japanese_nationals": 9}).values
    assert values["japanese_nationals"] == 2
    assert complete(RULES, PUPIL | {"children_high": 2}).values["children_u18"] == 3
    assert complete(RULES, {"foreign_nationals": 2}).values["japanese_nationals"] == 0


def test_a_computed_answer_that_is_given_without_its_sources_is_believed() -> None:
    assert complete(RULES, {"children_u18": 2}).values["children_u18"] == 2


def test_a_form_may_have_full_width_digits_and_blanks() -> None:
    form = {"num_people": "３", "days_since_move": "−2", "moped": " ", "pregnant": "on", "dog": "tag", "csrf": "x"}
    assert read_answers(RULES, form) == {"num_people": 3, "days_since_move": -2, "pregnant": True, "dog": "tag"}


def test_a_form_with_a_word_for_a_number_is_refused() -> None:
    for text in ("two", "1" * 5000, "--1", "1.5"):
        with pytest.raises(Invalid):
            read_answers(RULES, {"num_people": text})


def test_the_answer_for_the_interface_has_its_fields_in_the_language_asked_for() -> None:
    english = in_language(evaluate(RULES, IN[0] | {"zzz": 1}), "en")
    assert english["visits"][0]["label"] == "Move-in notice (from another municipality)"  # type: ignore[index]
    assert english["booking_services"] == ["moving"]
    assert english["ignored"] == ["zzz"]
    in_vietnamese = in_language(evaluate(RULES, {}), "vi")["visits"][0]["label"]  # type: ignore[index]
    assert in_vietnamese == "Move-in notice (from another municipality)"
    assert in_language(evaluate(RULES, {}), "zh-Hans")["visits"][0]["label"] == "転入届"  # type: ignore[index]
    assert {"route", "minutes", "walk_minutes", "total_minutes", "documents", "warnings"} <= set(english)
    assert {"online", "info", "external", "first_counter_procedures"} <= set(english)


def test_a_route_may_come_back_to_a_counter() -> None:
    rules = small_rules([visit("first", "A"), visit("middle", "B", "first"), visit("last", "A", "middle")])
    result = evaluate(rules, {})
    assert result.route == ("A", "B", "A")
    assert result.total_minutes == 3 + 2 + 1


def test_procedures_that_wait_for_one_another_are_refused_not_waited_for() -> None:
    rules = small_rules([visit("hen", "A", "egg"), visit("egg", "B", "hen")])
    with pytest.raises(Circular, match="egg, hen"):
        in_visiting_order(rules, rules.procedures)


def ids(things: Any) -> list[str]:
    return [thing.id for thing in things]


def visit(id: str, counter: str, *after: str) -> Procedure:
    return Procedure(id, {"ja": id}, Kind.VISIT, ALWAYS, counter=counter, minutes=Minutes(1), after=after)


def small_rules(procedures: list[Procedure]) -> Rules:
    stops = {id: Stop(id, order, order, {"ja": id}, {}, id) for order, id in enumerate("AB", start=1)}
    return Rules((), tuple(procedures), stops, {}, ())
