"""Calls become words: the number first, readings that cannot be mistaken, clips that add up to the sentence."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queue_app.domain.announcement import (
    LANGUAGES,
    NEEDS_REVIEW,
    Called,
    CallKind,
    Form,
    announce,
    fixed_clips,
    sayings,
)
from queue_app.domain.spoken_number import LETTERS, figure_parts, number_parts, reading_of_floor, reading_of_number

numbers = st.from_regex(r"[A-Z]?[0-9]{1,4}", fullmatch=True)
counters = st.integers(1, 99).map(str)
floors = st.none() | st.integers(1, 60) | st.integers(-5, -1)
calls = st.builds(Called, number=numbers, counter=counters, kind=st.sampled_from(CallKind), floor=floors)


def spoken(number, counter="3", **more):
    return announce(Called(number=number, counter=counter, **more)).spoken


def shown(number, language="ja", form=Form.FULL, **more):
    return announce(Called(number=number, counter=more.pop("counter", "3"), **more), language, form=form).shown


def test_the_sentence_on_the_screen_begins_with_the_number():
    assert shown("205") == "205番の方、3番窓口へお越しください。"


def test_the_repeat_and_the_short_form_say_number_and_place_only():
    assert shown("205", form=Form.REPEAT) == "205番の方、3番窓口です。"
    assert shown("205", form=Form.SHORT) == "205番、3番窓口。"


def test_the_spoken_sentence_is_kana_that_cannot_be_misread():
    assert spoken("205") == "にひゃくごばんのかた、さんばんまどぐちへおこしください。"


def test_a_letter_is_named_and_leading_zeros_are_not_read():
    assert spoken("A023").startswith("エー、にじゅうさんばんのかた、")
    assert spoken("A-023") == spoken("Ａ０２３") == spoken("a23")


def test_ticket_and_place_are_told_apart_in_handover_recall_and_transfer():
    assert shown("205", kind=CallKind.HANDOVER) == "205番の方、お渡しの準備ができました。3番窓口へお越しください。"
    assert "番号札" in shown("205", kind=CallKind.RECALL)
    assert "ばんごうふだ" in spoken("205", kind=CallKind.RECALL)
    onward = shown("205", kind=CallKind.TRANSFER, floor=2, counter="21")
    assert onward == "205番の方、続いて2階21番窓口の順番をお待ちください。"


@pytest.mark.parametrize(
    ("number", "kana"),
    [
        ("4", "よん"), ("7", "なな"), ("9", "きゅう"), ("14", "じゅうよん"), ("100", "ひゃく"), ("205", "にひゃくご"),
        ("300", "さんびゃく"), ("601", "ろっぴゃくいち"), ("800", "はっぴゃく"), ("8000", "はっせん"), ("1000", "せん"),
        ("999", "きゅうひゃくきゅうじゅうきゅう"), ("3333", "さんぜんさんびゃくさんじゅうさん"),
        ("0", "ゼロ"), ("10000", "いちゼロゼロゼロゼロ"),
        ("R901", "アール、きゅうひゃくいち"), ("A000", "エー、ゼロ"),
    ],
)  # fmt: skip
def test_numbers_are_read_as_at_a_counter(number, kana):
    assert reading_of_number(number) == kana


def test_no_two_numbers_of_a_day_sound_alike():
    assert len({reading_of_number(str(number)) for number in range(1, 10_000)}) == 9_999


def test_no_number_is_read_with_shi_or_shichi():
    readings = "".join(reading_of_number(str(number)) + "|" for number in range(1, 10_000))
    assert "し" not in readings


def test_eight_before_ban_is_katakana_which_no_synthesiser_takes_for_a_particle():
    assert spoken("208", "8") == "にひゃくハチばんのかた、ハチばんまどぐちへおこしください。"
    assert reading_of_floor(8) == "ハチかい"


def test_the_parts_of_a_number_add_up_to_it():
    for number in range(1, 10_000):
        assert sum(int(part) for part, _ in figure_parts(str(number))) == number


def test_every_letter_has_its_own_name():
    assert len(set(LETTERS.values())) == 26


@pytest.mark.parametrize(
    ("floor", "kana"),
    [
        (1, "いっかい"), (2, "にかい"), (3, "さんがい"), (6, "ろっかい"), (10, "じゅっかい"), (13, "じゅうさんがい"),
        (20, "にじゅっかい"), (-1, "ちかいっかい"),
    ],
)  # fmt: skip
def test_floors_have_their_own_counting_words(floor, kana):
    assert reading_of_floor(floor) == kana


@given(calls, st.sampled_from(LANGUAGES), st.sampled_from(Form))
def test_the_number_is_among_the_first_words_in_every_language(called, language, form):
    words = announce(called, language, form=form)
    assert called.number in words.shown[: len("Numero ") + len(called.number)]
    assert "{" not in words.shown + words.spoken


@given(calls, st.sampled_from(Form))
def test_spoken_japanese_holds_neither_kanji_nor_figures(called, form):
    for language in ("ja", "ja-x-easy"):
        text = announce(called, language, form=form).spoken
        assert all("ぁ" <= sign <= "ー" or sign in "、。" for sign in text), text


@given(calls, st.sampled_from(LANGUAGES), st.sampled_from(Form))
def test_the_clips_put_together_say_the_sentence(called, language, form):
    words = announce(called, language, form=form)
    texts = fixed_clips(language) | clips_of_numbers(called, language)
    assert "".join(texts[clip] for clip in words.pieces) == words.spoken


@given(calls, calls, st.sampled_from(LANGUAGES))
def test_different_tickets_or_places_never_share_a_sentence(one, other, language):
    first, second = announce(one, language), announce(other, language)
    assert (first.spoken == second.spoken) == (heard(one) == heard(other))


def test_easy_japanese_uses_kana_words_with_spaces():
    assert shown("205", "ja-x-easy") == "205ばんの 人は、3ばん まどぐちに きて ください。"


def test_other_languages_say_the_same_call():
    assert shown("205", "en") == "Number 205, please come to window 3."
    assert shown("205", "zh-Hans") == "205号，请到3号窗口。"
    assert shown("205", "ko") == "205번 고객님, 3번 창구로 오시기 바랍니다."
    assert shown("205", "pt") == "Senha 205, dirija-se ao guichê 3."


def test_english_is_spoken_without_leading_zeros_and_with_the_letter_apart():
    assert announce(Called(number="A023", counter="3"), "en").spoken == "Number A 23, please come to window 3."


def test_an_unknown_language_is_called_in_english():
    assert announce(Called(number="205", counter="3"), "tlh").language == "en"


def test_a_counter_without_a_number_is_called_by_its_name():
    labels = {"ja": "総合案内", "en": "Information", "zh": "综合咨询"}
    called = Called(number="205", counter="info", labels=labels, label_spoken="そうごうあんない")
    assert announce(called).shown == "205番の方、総合案内へお越しください。"
    assert announce(called).spoken == "にひゃくごばんのかた、そうごうあんないへおこしください。"
    assert announce(called, "en").spoken == "Number 205, please come to Information."
    assert announce(called, "zh-Hant").spoken == "205號，請到综合咨询。"


def test_a_voice_is_never_handed_the_label_of_another_language():
    named = Called(number="205", counter="K1", labels={"ja": "総合案内"})
    for language in set(LANGUAGES) - {"ja", "ja-x-easy"}:
        assert announce(named, language).spoken == announce(replace(named, labels={}), language).spoken
    assert announce(named, "vi").spoken == "Số 205, xin mời đến quầy số K1."
    assert announce(named, "vi").shown == "Số 205, xin mời đến 総合案内.", "a sign over the counter says it so"
    assert "総合案内" in announce(named, "ja-x-easy").spoken


def test_a_board_gets_japanese_first_and_the_language_of_the_ticket():
    said = sayings(Called(number="205", counter="3"), "en")
    assert list(said) == ["ja", "en"]
    assert set(said["ja"]) == {"full", "repeat", "short"}
    assert list(sayings(Called(number="205", counter="3"), "ja")) == ["ja"]


def test_every_language_is_worded_and_the_unchecked_ones_are_named():
    assert {"zh-Hans", "zh-Hant", "ko", "vi", "ne", "fil", "pt", "es"} <= NEEDS_REVIEW
    assert set(LANGUAGES) >= NEEDS_REVIEW | {"ja", "en"}
    assert all(announce(Called(number="1", counter="1"), language).language == language for language in LANGUAGES)


def clips_of_numbers(called, language):
    if language in ("ja", "ja-x-easy"):
        parts = number_parts(called.number) + number_parts(called.counter)
        floor = {f"ja/floor/{called.floor}": reading_of_floor(called.floor)} if called.floor else {}
        return {f"ja/number/{part}": kana for part, kana in parts} | floor
    bare = called.number.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    letter = called.number.removesuffix(bare)
    spoken_figures = {called.counter, str(abs(called.floor or 0))}
    figures = {f"{language}/number/{figure}": figure for figure in spoken_figures}
    return figures | {f"{language}/number/{letter}{int(bare)}": f"{letter} {int(bare)}".strip()}


def heard(called):
    bare = called.number.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return called.number.removesuffix(bare), int(bare), called.counter, called.kind, called.floor
