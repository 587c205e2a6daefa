"""What people, machines and attackers put into a field: one list for fields of bodies, forms, addresses and sockets.

Everything is a value, never a verdict: what is right for one field is wrong for the next. The tests that use it say what
must hold for all of it. Numbers are of the kinds kept for examples (090-0000-xxxx); names are nobody's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

NAMES: Final = ("髙﨑𠮷", "葛\U000e0100飾", "ｱｵﾊﾞ ﾊﾅｺ", "か\u3099き\u3099", "ガギ", "ＡＢＣ太郎", "O’Neill")
"""Names that people have: rare forms, selectors, half-width kana, marks typed apart, full-width letters."""

TEXTS: Final = (
    *NAMES,
    *("", " ", "\u3000", "   \u3000", "。、・", "-", "A" * 255, "A" * 256, "か\u3099" * 257, "A" * 20_000),
    *("👩‍👩‍👧", "🇯🇵", "👍🏽", "\u202eabc", "\u2066abc\u2069", "\u200b", "\ufeffabc", "a\u00adb", "a\u2028b"),
    *("a\x00b", "\x01\x1b[31m", "\x85", "Z" + "\u0300\u0317" * 5_000),
    *("<script>alert(1)</script>", "{{7*7}}", "${jndi:ldap://x.example}", "%s%n%(a)s", "' OR 1=1 --", "=HYPERLINK()"),
    *("a\r\nBcc: x@example.com", "../../etc/passwd", "..\\..\\x", "CON", "https://evil.example/", "//evil.example"),
    *("javascript:alert(1)", "__proto__", "constructor", "null", "None", "true", "١٢٣"),
)
PHONES: Final = (
    *("09000001234", "090-0000-1234", "０９０－００００－１２３４", "+81 90 0000 1234", "+81(0)90-0000-1234"),
    *("090−0000−1234", "090ー0000ー1234", "090‐0000‐1234", "tel:+819000001234", "  09000001234  "),
    *("0900000123a", "110", "119", "0120000000", "0990000000", "+15550000000", "09000001", "0900000123456789"),
)
SAME_PHONE: Final = PHONES[:10]
"""One number in ten notations."""

NUMBERS: Final[tuple[Any, ...]] = (
    *(-1, 0, 10**9, 2**31, 2**63, 2**64, -(2**63) - 1, 1.5, 1e-9, 1e300, "１２", "٣", "1_000", "0x10", "1e3", "-0"),
    *("NaN", "Infinity", " 1", "1 ", "9" * 5_000),
)
DATES: Final = (
    *("2027-02-29", "2028-02-29", "2100-02-29", "2027-04-31", "2027-13-01", "2027-00-00", "2026-12-02T24:00"),
    *(
        "23:59:60",
        "24:00",
        "令和8年12月2日",
        "R8.12.2",
        "㋿8年",
        "令和元年",
        "昭和100年",
        "26-12-02",
        "2026-12-02+14:00",
    ),
    *("2026-12-02T10:00-12:00", "2026-12-02T10:00+09:60", "2026-12-02T10:00Z", "2026-03-08T02:30", "2026-11-01T01:30"),
    *("2026-12-31T23:59:59.999", "0000-01-01", "0001-01-01", "9999-12-31", "10000-01-01", "-0001-01-01", "2026-W49-3"),
    *("20261202", "1970-01-01", "-1", "2026-11-30", "2036-12-02", "2026-12-31", "２０２６-１２-０２"),
)
SLOTS: Final = (
    *("moving", "moving~", "~", "moving~20261202T0100Z~", "moving~2026-12-02", "moving~00000000T0000Z"),
    *("moving~99991231T2359Z", "moving~00010101T0000Z", "nothing~20261202T0100Z", "moving~20261202T0107Z"),
    *("moving~２０２６１２０２T0100Z", "insurance~20261202T0100Z", "moving~20261231T0100Z"),
)
SHAPES: Final[tuple[Any, ...]] = (
    None,
    True,
    False,
    [],
    {},
    [[]],
    [None],
    {"a": None},
    ["a"] * 500,
    {"__proto__": {"x": 1}},
)
"""What is of another kind than text."""

WORDS: Final[tuple[str, ...]] = (*TEXTS, *PHONES, *DATES, *SLOTS, *(n for n in NUMBERS if isinstance(n, str)))
"""Everything that a form can send."""

VALUES: Final[tuple[Any, ...]] = (*WORDS, *(n for n in NUMBERS if not isinstance(n, str)), *SHAPES)
"""Everything that a JSON body can hold."""

RAW_WORDS: Final = (b"%FF%FE", b"%C0%AF", b"%ED%A0%80", b"%88%DA%93%AE", b"%00", b"%", b"%zz", b"+" * 3_000)
"""Form bytes that are no UTF-8: broken, overlong, a lone surrogate, Shift_JIS; and broken escapes."""

XSS: Final = (
    "<script>window.owned=1</script>",
    '"><img src=x onerror=owned=1>',
    "'><svg/onload=owned=1>",
    "</textarea></title></style><script>owned=1</script>",
    "javascript:owned=1",
    '" autofocus onfocus="owned=1" x="',
    "<iframe srcdoc='<script>parent.owned=1</script>'>",
    "{{constructor.constructor('owned=1')()}}",
    "<a href=javascript:owned=1>押す</a>",
    "<math><mi//xlink:href='data:x,<script>owned=1</script>'>",
)
"""Each sets `owned` where it is run. The shortest fields (40 characters) take all but the longest."""

FOREIGN_URLS: Final = (
    *(
        "https://evil.example/",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/%5Cevil.example",
    ),
    *(
        "http:evil.example",
        "https:/evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "javascript:alert(1)",
        "/..//evil.example",
    ),
    *(
        "data:text/html,x",
        "/.//evil.example",
        "https://aoba.example@evil.example/",
        "http://[::1]/",
        "http://169.254.169.254/",
    ),
)
"""Ways to lead somebody, or the server, away from here."""


def share(values: Sequence[Any], number: int, of: int) -> Iterator[Any]:
    """Every `of`-th value, beginning elsewhere for each `number`: together they leave none out."""
    yield from values[number % of :: of]
