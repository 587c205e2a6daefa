"""Phone numbers in the notations people use, and which of them may get a short message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queue_app.domain.errors import Invalid
from queue_app.domain.phone import Phone, PhoneKind, accepts_sms, national_format, read_phone, sms_address

MOBILE = "+819000001234"

NOTATIONS = [
    "090-0000-1234",
    "09000001234",
    "090 0000 1234",
    "０９０－００００－１２３４",
    "０９０　００００　１２３４",
    "090\u22120000\u22121234",
    "090\u30fc0000\u30fc1234",
    "090\uff700000\uff701234",
    "090\u20100000\u20111234",
    "090\u20130000\u20141234",
    "090\u20150000\u25001234",
    "(090) 0000-1234",
    "（０９０）００００‐１２３４",
    "090.0000.1234",
    "+81 90-0000-1234",
    "+81(0)90-0000-1234",
    "＋８１ ９０ ００００ １２３４",
    "+819000001234",
    "tel:090-0000-1234",
    "TEL:+81-90-0000-1234",
    "tel:+81-90-0000-1234;ext=5",
    "0081 90 0000 1234",
    "010-81-90-0000-1234",
    "81 90 0000 1234",
    "  090-0000-1234\n",
    "\u202d090-0000-1234\u202c",
    "090\u00a00000\u00a01234",
]


@pytest.mark.parametrize("typed", NOTATIONS)
def test_every_notation_means_the_same_mobile(typed: str) -> None:
    assert read_phone(typed) == Phone(MOBILE, PhoneKind.MOBILE)
    assert sms_address(typed) == MOBILE


@pytest.mark.parametrize(
    ("typed", "kind", "e164"),
    [
        ("060-0000-1234", PhoneKind.MOBILE, "+816000001234"),
        ("070-0000-1234", PhoneKind.MOBILE, "+817000001234"),
        ("080-1000-1234", PhoneKind.MOBILE, "+818010001234"),
        ("042-000-1234", PhoneKind.LANDLINE, "+81420001234"),
        ("03-0000-1234", PhoneKind.LANDLINE, "+81300001234"),
        ("04992-0-1234", PhoneKind.LANDLINE, "+81499201234"),
        ("0460-00-1234", PhoneKind.LANDLINE, "+81460001234"),
        ("050-0000-1234", PhoneKind.LANDLINE, "+815000001234"),
        ("0120-000-123", PhoneKind.TOLL_FREE, "+81120000123"),
        ("0800-000-1234", PhoneKind.TOLL_FREE, "+818000001234"),
        ("0570-000-123", PhoneKind.PREMIUM, "+81570000123"),
        ("0990-000-123", PhoneKind.PREMIUM, "+81990000123"),
        ("0180-000-123", PhoneKind.PREMIUM, "+81180000123"),
        ("+81 570 000 123", PhoneKind.PREMIUM, "+81570000123"),
        ("110", PhoneKind.EMERGENCY, ""),
        ("１１９", PhoneKind.EMERGENCY, ""),
        ("1-1-8", PhoneKind.EMERGENCY, ""),
        ("+1 202 555 0123", PhoneKind.FOREIGN, "+12025550123"),
        ("+82-10-0000-1234", PhoneKind.FOREIGN, "+821000001234"),
    ],
)
def test_the_kind_of_line_follows_from_the_number(typed: str, kind: PhoneKind, e164: str) -> None:
    assert read_phone(typed) == Phone(e164, kind)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "-",
        "+",
        "+81",
        "090-0000-123",
        "090-0000-12345",
        "020-0000-1234",
        "00-0000-0000",
        "0000000000",
        "1234567890",
        "104",
        "+0 90 0000 1234",
        "+81 110",
        "++81 90 0000 1234",
        "090-0000-1234 内線5",
        "090-0000-l234",
        "٠٩٠٠٠٠٠١٢٣٤",
        "電話なし",
        "tel:",
        "0" * 100_000,
        "\ud800090-0000-1234",
        "090\x000000-1234",
        "+1" + "2" * 20,
    ],
)
def test_what_is_no_number_is_invalid_and_breaks_nothing(typed: str) -> None:
    assert read_phone(typed) == Phone("", PhoneKind.INVALID)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("090-0000", "not_a_phone"),
        ("042-000-1234", "no_sms_landline"),
        ("0120-000-123", "no_sms_toll_free"),
        ("0570-000-123", "no_sms_premium"),
        ("119", "no_sms_emergency"),
        ("+1 202 555 0123", "no_sms_foreign"),
    ],
)
def test_a_short_message_goes_to_japanese_mobiles_only(typed: str, code: str) -> None:
    assert not accepts_sms(read_phone(typed))
    with pytest.raises(Invalid) as refusal:
        sms_address(typed, "contact.address")
    assert [(error.field, error.code) for error in refusal.value.errors] == [("contact.address", code)]


@given(
    st.sampled_from(["060", "070", "080", "090"]),
    st.integers(1000, 9999),
    st.integers(0, 9999),
    st.sampled_from(["", "-", " ", "\u2212", "\u30fc", "\u2010", "\u3000", "."]),
    st.booleans(),
)
def test_a_mobile_survives_every_mixture_of_writing(prefix: str, middle: int, end: int, gap: str, wide: bool) -> None:
    written = f"{prefix}{gap}{middle}{gap}{end:04}"
    if wide:
        written = written.translate({ord(digit): 0xFF10 + int(digit) for digit in "0123456789"})
    phone = read_phone(written)
    assert phone == Phone(f"+81{prefix[1:]}{middle}{end:04}", PhoneKind.MOBILE)
    assert read_phone(phone.e164) == phone
    assert read_phone(national_format(phone.e164)) == phone


@given(st.text(max_size=30))
def test_any_text_gets_an_answer_and_a_found_number_is_stable(typed: str) -> None:
    phone = read_phone(typed)
    assert bool(phone.e164) == (phone.kind not in (PhoneKind.INVALID, PhoneKind.EMERGENCY))
    if phone.e164:
        assert read_phone(phone.e164) == phone


@pytest.mark.parametrize(
    ("e164", "shown"),
    [(MOBILE, "090-0000-1234"), ("+81420001234", "0420001234"), ("+12025550123", "+12025550123")],
)
def test_numbers_are_shown_as_people_write_them(e164: str, shown: str) -> None:
    assert national_format(e164) == shown
