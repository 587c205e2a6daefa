"""Phone numbers: one written form for many notations, and which kind of line it is.

Decides what a number is and whether a short message may go there. Leaves sending, and whether a number is in use, to
the channel. Only shapes are checked, so numbers kept for examples (090-0000-xxxx) pass.

Source: Japan's telephone numbering plan (Ministry of Internal Affairs and Communications); ITU-T E.164.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from queue_app.domain.errors import Invalid
from queue_app.domain.typed_digits import LONGEST_TYPED, without_separators

JAPAN = "+81"
_EMERGENCY = frozenset({"110", "118", "119", "112", "911", "999"})


class PhoneKind(StrEnum):
    """What answers at the other end."""

    MOBILE = "mobile"
    LANDLINE = "landline"
    TOLL_FREE = "toll_free"
    PREMIUM = "premium"
    EMERGENCY = "emergency"
    FOREIGN = "foreign"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Phone:
    """`e164` is empty for emergency calls and for what is no number at all."""

    e164: str
    kind: PhoneKind


# Tried from the top: 0800 is toll-free although 080 is mobile, and 0120 would pass for a landline.
# 050 (internet telephony) takes no short messages, which is all that matters here. 060 joins the mobile ranges in 2026.
_NATIONAL = (
    (re.compile(r"0120\d{6}|0800\d{7}"), PhoneKind.TOLL_FREE),
    (re.compile(r"0(?:570|990|180|170)\d{6}"), PhoneKind.PREMIUM),
    (re.compile(r"0[6-9]0\d{8}"), PhoneKind.MOBILE),
    (re.compile(r"050\d{8}|0[36]\d{8}|0[1-9][1-9]\d{7}"), PhoneKind.LANDLINE),
)
_FOREIGN = re.compile(r"\+(?!81)[1-9]\d{6,14}")


def read_phone(text: str) -> Phone:
    """Any text: what is no phone number comes back as `invalid`, never as an error."""
    typed = _typed(text)
    if typed in _EMERGENCY:
        return Phone("", PhoneKind.EMERGENCY)
    if _FOREIGN.fullmatch(typed):
        return Phone(typed, PhoneKind.FOREIGN)
    national = _national(typed)
    for shape, kind in _NATIONAL:
        if shape.fullmatch(national):
            return Phone(JAPAN + national[1:], kind)
    return Phone("", PhoneKind.INVALID)


def accepts_sms(phone: Phone) -> bool:
    """Japanese mobiles only: messages abroad and to paid lines are how others make money from a form."""
    return phone.kind is PhoneKind.MOBILE


def sms_address(text: str, field: str = "address") -> str:
    """The number in E.164. Refuses whatever cannot take a short message; the code says what it is instead."""
    phone = read_phone(text)
    if not accepts_sms(phone):
        raise Invalid.field(field, "not_a_phone" if phone.kind is PhoneKind.INVALID else f"no_sms_{phone.kind}")
    return phone.e164


def national_format(e164: str) -> str:
    """How people here write it; mobiles in groups, other lines in one piece because area codes differ in length."""
    if not e164.startswith(JAPAN):
        return e164
    national = "0" + e164[len(JAPAN) :]
    return f"{national[:3]}-{national[3:7]}-{national[7:]}" if len(national) == 11 else national


def _typed(text: str) -> str:
    """Digits with at most a leading plus; empty for anything else."""
    if len(text) > LONGEST_TYPED:
        return ""
    plain = without_separators(text)
    if plain[:4].lower() == "tel:":
        plain = plain[4:].partition(";")[0]
    return plain if re.fullmatch(r"\+?\d+", plain, re.ASCII) else ""


def _national(typed: str) -> str:
    """With the leading zero of a call inside Japan, from +81, 0081, 010-81 or, for mobiles, a bare 81."""
    abroad = re.fullmatch(r"(?:\+|00|010)81(\d+)|81([6-9]0\d{8})", typed)
    if not abroad:
        return typed
    return "0" + (abroad[1] or abroad[2]).removeprefix("0")
