"""The words of the screens: one catalogue per language, keys with dots, facts put in by name.

A key missing in a language falls back along `FALLBACKS`; a test counts what is missing, and a key missing everywhere
shows itself. Texts may carry readings (`{番号|ばんごう}`, see `domain.furigana`): easy Japanese always shows them,
Japanese where the reader asked for it. Leaves dates of other languages to Babel, eras to `domain.eras`, ruby to
`web.ruby`. A whole number chooses between two words where it is not written: `{count} {count:person/people}`.
"""

from __future__ import annotations

from collections.abc import Mapping

from flask import g, has_request_context, request

from queue_app.domain.furigana import annotated, in_kana, written
from queue_app.services.words import TEXTS, catalogue

DEFAULT = "ja"
EASY = "ja-x-easy"
LANGUAGES: dict[str, str] = {
    "ja": "日本語",
    "ja-x-easy": "やさしいにほんご",
    "en": "English",
    "zh-Hans": "简体中文",
    "zh-Hant": "繁體中文",
    "ko": "한국어",
    "vi": "Tiếng Việt",
    "ne": "नेपाली",
    "fil": "Filipino",
    "pt": "Português",
    "es": "Español",
}
FALLBACKS = {"ja-x-easy": ("ja",), "zh-Hant": ("zh-Hans", "en", "ja")}
ALIASES = {"zh": "zh-Hans", "zh-cn": "zh-Hans", "zh-tw": "zh-Hant", "zh-hk": "zh-Hant", "tl": "fil"}
LANGUAGE_COOKIE = "matazu_language"


def t(key: str, /, *, language: str | None = None, facts: Mapping[str, object] | None = None, **named: object) -> str:
    """The text of a key in the reader's language, with the facts put in.

    On a page its readings are still in it; the answer as a whole turns them into ruby, or into plain words.
    """
    said = {name: _Fact(fact) for name, fact in {**(facts or {}), **named}.items()}
    wanted = language or reader_language()
    for each in (wanted, *FALLBACKS.get(wanted, ("en", "ja"))):
        found = catalogue(each).get(key)
        if found is not None:
            shown = with_readings(found, each)
            return shown.format_map(_Facts(said)) if said else shown
    return key


def has_text(key: str) -> bool:
    return key in catalogue(DEFAULT)


def texts_under(prefix: str, language: str) -> dict[str, str]:
    """All texts of a section, for a script that needs them; keys without the prefix."""
    keys = (key for key in catalogue(DEFAULT) if key.startswith(prefix + "."))
    return {key.removeprefix(prefix + "."): t(key, language=language) for key in keys}


def show_furigana() -> None:
    """The reader of this page wants readings over Japanese kanji."""
    g.furigana = True


def with_readings(text: str, language: str) -> str:
    """The face of a text: with its readings on a page that shows them, else in words that its reader knows."""
    if "|" not in text:
        return text
    if has_request_context() and language == reader_language() and (language == EASY or g.get("furigana")):
        g.has_readings = True
        return annotated(text)
    return in_kana(text) if language == EASY else written(text)


def known_language(tag: str | None) -> str | None:
    """Our name of a language tag (`pt-BR` is `pt`, `zh-TW` is `zh-Hant`), or None."""
    if not tag:
        return None
    plain = tag.strip().lower()
    if plain in ALIASES:
        return ALIASES[plain]
    by_lower = {code.lower(): code for code in LANGUAGES}
    return by_lower.get(plain) or by_lower.get(plain.split("-")[0]) or ALIASES.get(plain.split("-")[0])


def reader_language() -> str:
    """What the reader asked for: `?lang=`, then the cookie, then the browser; Japanese otherwise."""
    if not has_request_context():
        return DEFAULT
    if "language" not in g:
        g.language = _asked_for() or DEFAULT
    found: str = g.language
    return found


def awaiting_review() -> list[tuple[str, int]]:
    """Each language whose lines nobody who grew up with it has read, by name, with how many lines that are.

    A catalogue says so itself in its first line; whoever has read it takes the line away.
    """
    unread = [code for code in LANGUAGES if _first_line(code).startswith("# Needs review")]
    return [(LANGUAGES[code], len(catalogue(code))) for code in unread]


def _first_line(language: str) -> str:
    with (TEXTS / f"{language}.yaml").open(encoding="utf-8") as file:
        return file.readline()


def _asked_for() -> str | None:
    chosen = known_language(request.args.get("lang")) or known_language(request.cookies.get(LANGUAGE_COOKIE))
    if chosen:
        return chosen
    return next((found for tag, _ in request.accept_languages if (found := known_language(tag))), None)


class _Fact:
    """What is put into a text. A number also says one word or the other: `{count:person/people}`."""

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        self._value = value

    def __format__(self, wish: str) -> str:
        one, chooses, many = wish.partition("/")
        return (one if str(self._value) == "1" else many) if chooses else format(self._value, wish)


class _Facts(dict[str, object]):
    """A fact that a sentence names and nobody gave stays visible as its name."""

    def __missing__(self, key: str) -> _Fact:
        return _Fact("{" + key + "}")
