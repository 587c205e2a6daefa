"""Passphrases: length counts, and what is left without the words that everybody would try first."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queue_app.domain.passphrase import LONGEST, SHORTEST, normalised, weakness

FAMILIAR = ["hana", "窓口 はな", "aoba", "あおば市役所"]


@pytest.mark.parametrize(
    "passphrase",
    [
        "夕立のあとに自転車で坂を下りた",
        "four grey herons by the canal",
        "ゆうだちの あとの にじ 七色",
        "x7-kk-Lm-92-pq-0v",
    ],
)
def test_long_and_uncommon_is_enough(passphrase: str) -> None:
    assert weakness(passphrase, FAMILIAR) is None


@pytest.mark.parametrize(
    ("passphrase", "why"),
    [
        ("short", "too_short"),
        ("", "too_short"),
        ("x" * 14, "too_short"),
        ("a1 b2 c3 d4 e5 " * 20, "too_long"),
        ("passwordpassword1234", "too_guessable"),
        ("matazu-2026-password", "too_guessable"),
        ("あおば市役所パスワード2026年", "too_guessable"),
        ("ＡＯＢＡ−hana−ＰＡＳＳＷＯＲＤ", "too_guessable"),
        ("hana hana hana hana hana", "too_guessable"),
        ("aaaaaaaaaaaaaaaaaaaa", "too_guessable"),
        ("abababababababababab", "too_guessable"),
        ("qwertyuiop1234567890", "too_guessable"),
    ],
)
def test_what_others_would_try_first_is_refused(passphrase: str, why: str) -> None:
    assert weakness(passphrase, FAMILIAR) == why


@given(st.text(min_size=0, max_size=220))
def test_a_passphrase_is_the_same_however_the_keyboard_composes_it(passphrase: str) -> None:
    apart, together = (unicodedata.normalize(form, passphrase) for form in ("NFD", "NFC"))
    assert normalised(apart) == normalised(together)
    assert weakness(apart, FAMILIAR) == weakness(together, FAMILIAR)


@given(st.text(max_size=SHORTEST - 1))
def test_nothing_short_passes(passphrase: str) -> None:
    assert len(normalised(passphrase)) >= SHORTEST or weakness(passphrase) == "too_short"


def test_a_manager_of_passwords_may_use_all_the_room() -> None:
    assert weakness("".join(chr(0x4E00 + step * 37) for step in range(LONGEST))) is None
