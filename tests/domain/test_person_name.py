"""Names survive as their owners write them; what only looks like a name does not get in."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queue_app.domain.errors import Invalid
from queue_app.domain.person_name import LONGEST_NAME, clean_name, is_kana, normalise_kana, visible_length


@pytest.mark.parametrize(
    "name",
    [
        "髙橋 﨑子",
        "𠮷田",
        "辻\U000e0100 花子",
        "葛\U000e0101城",
        "神\ufa19 太郎",
        "福\ufa1b田",
        "羽\ufa1e",
        "\U0002f800田",
        "Nguyễn Văn An",
        "O’Neill-García",
        "김민준",
        "王 小明",
        "นรินทร์",
        "山々",
    ],
)
def test_names_in_rare_forms_and_other_scripts_survive_unchanged(name: str) -> None:
    assert clean_name(name) == name


def test_unicodes_own_forms_would_have_changed_them() -> None:
    for form in ("NFC", "NFKC"):
        assert unicodedata.normalize(form, "福\ufa1b田") != "福\ufa1b田"


@pytest.mark.parametrize(
    ("typed", "kana"),
    [
        ("あおば たろう", "アオバ タロウ"),
        ("アオバ　タロウ", "アオバ タロウ"),
        ("ｱｵﾊﾞ ﾊﾟﾙｺ", "アオバ パルコ"),
        ("ｶﾞ\uff70ﾈｯﾄ･ｼﾞｮｰ", "ガーネット・ジョー"),
        ("か\u3099もう", "ガモウ"),
        ("カﾞモウ", "ガモウ"),
        ("ゔぃくとりあ", "ヴィクトリア"),
        ("みすゞ", "ミスヾ"),
        ("  あ\u00a0\u3000い ", "ア イ"),
        ("じょー", "ジョー"),
        ("ジョ-", "ジョー"),
        ("じょ\u2212じ", "ジョージ"),
        ("ＮＧＵＹＥＮ　van", "NGUYEN VAN"),
        ("Nguyễn", "NGUYỄN"),
        ("Smith-Jones", "SMITH-JONES"),
        ("髙﨑𠮷", "髙﨑𠮷"),
        ("神\ufa19", "神\ufa19"),
    ],
)
def test_kana_is_made_even_whatever_the_keyboard_sent(typed: str, kana: str) -> None:
    assert normalise_kana(typed) == kana


@pytest.mark.parametrize(
    ("name", "kana"),
    [("アオバ タロウ", True), ("ジョン・スミス", True), ("NGUYEN", False), ("青葉", False), ("ー", False), ("", False)],
)
def test_it_is_known_when_to_ask_for_a_reading(name: str, kana: bool) -> None:
    assert is_kana(name) is kana


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "empty"),
        ("　 \n", "empty"),
        ("アオ\x00バ", "control_character"),
        ("アオ\nバ", "control_character"),
        ("アオ\tバ", "control_character"),
        ("アオ\x7fバ", "control_character"),
        ("アオ\u2028バ", "control_character"),
        ("アオ\u202eバ", "direction_mark"),
        ("アオ\u2066バ", "direction_mark"),
        ("アオ\u200fバ", "direction_mark"),
        ("アオ\u200bバ", "invisible_character"),
        ("アオ\u200dバ", "invisible_character"),
        ("アオ\ufeffバ", "invisible_character"),
        ("アオ\u00adバ", "invisible_character"),
        ("アオ\U000e0041バ", "invisible_character"),
        ("\u3164", "invisible_character"),
        ("\u2800", "invisible_character"),
        ("アオ\ud83dバ", "not_a_character"),
        ("アオ\ue000バ", "not_a_character"),
        ("アオ\uffffバ", "not_a_character"),
        ("アオ\ufffcバ", "not_a_character"),
        ("・・・", "no_letter"),
        ("ーー", "no_letter"),
        ("-", "no_letter"),
        ("12345", "no_letter"),
        ("\U000e0100", "no_letter"),
        ("🙂", "no_letter"),
        ("a" + "\u0301" * 20, "too_many_marks"),
        ("ア" * (LONGEST_NAME + 1), "too_long"),
        ("ア" * 1_000_000, "too_long"),
    ],
)
def test_what_is_no_name_is_refused_with_a_code(name: str, code: str) -> None:
    for read in (clean_name, normalise_kana):
        with pytest.raises(Invalid) as refusal:
            read(name, field="name_kana")
        assert [(error.field, error.code) for error in refusal.value.errors] == [("name_kana", code)]


def test_selectors_and_marks_do_not_count_as_characters() -> None:
    assert visible_length("辻\U000e0100か\u3099𠮷") == 3
    assert clean_name("辻\U000e0100" * LONGEST_NAME)


@given(st.text(max_size=80))
def test_a_name_let_in_once_is_let_in_again_unchanged(text: str) -> None:
    for read in (clean_name, normalise_kana):
        try:
            name = read(text, longest=400)
        except Invalid:
            continue
        assert read(name, longest=400) == name
        assert name == name.strip()
        assert name.isprintable() or any(unicodedata.category(char) == "Zs" for char in name)


def katakana_by_name(char: str) -> str:
    """A second way to the same letter: the Unicode names of the two syllabaries differ in one word."""
    return unicodedata.lookup(unicodedata.name(char).replace("HIRAGANA", "KATAKANA"))


HIRAGANA = [chr(code) for code in (*range(0x3041, 0x3097), 0x309D, 0x309E)]


def test_every_hiragana_becomes_the_katakana_of_the_same_name() -> None:
    wrong = [char for char in HIRAGANA if normalise_kana("ア" + char) != "ア" + katakana_by_name(char)]
    assert wrong == []


def test_the_names_catch_a_table_that_is_one_letter_short() -> None:
    def twin(text: str) -> str:
        return text.translate({code: code + 0x60 for code in range(0x3041, 0x3094)})

    assert [char for char in HIRAGANA if twin("ア" + char) != "ア" + katakana_by_name(char)]
