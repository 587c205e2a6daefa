"""Readings over kanji on pages: `<ruby>` where people read, plain words where a machine does.

Decides the last step of an answer: annotations become ruby in the text of a page; in attributes, titles, options and
scripts, and in everything that is no page, they become plain words. So a template says `{{ t("…") }}` everywhere and
need not know. Leaves the notation to `domain.furigana`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from flask import Flask, Response, g

from queue_app.domain.furigana import ANCHOR, END, SEPARATOR
from queue_app.web.i18n import EASY, reader_language

_ANNOTATION = re.compile(f"{ANCHOR}([^{ANCHOR}{SEPARATOR}{END}<>]*){SEPARATOR}([^{ANCHOR}{SEPARATOR}{END}<>]*){END}")
_ONLY_WORDS = re.compile(r"<(title|option|textarea|script|style)\b[^>]*>.*?</\1>|<[^>]*>", re.DOTALL)
"""Elements that hold nothing but words, and every tag with its attributes."""


def register(app: Flask) -> None:
    app.after_request(_write_out)


def page_in_ruby(page: str) -> str:
    """A page, or a part of one, as its reader wants it: for parts in several languages, each while it is spoken."""
    # Who asked for easy Japanese may not know the kanji; who reads Japanese would stumble over kana alone.
    return ruby_page(page, plain=only_kana if reader_language() == EASY else only_kanji)


def ruby_page(page: str, *, plain: Callable[[str], str]) -> str:
    """The page with its readings as ruby; `plain` makes words of what stands where no ruby can be."""
    parts, done = [], 0
    for found in _ONLY_WORDS.finditer(page):
        parts += [_ruby(page[done : found.start()]), plain(found.group())]
        done = found.end()
    return "".join([*parts, _ruby(page[done:])])


def only_kanji(text: str) -> str:
    return _ANNOTATION.sub(r"\1", text)


def only_kana(text: str) -> str:
    return _ANNOTATION.sub(r"\2", text)


def _write_out(response: Response) -> Response:
    """Only where a text with readings was asked for: other answers are not looked at."""
    if not g.get("has_readings") or response.direct_passthrough:
        return response
    text = response.get_data(as_text=True)
    plain = only_kana if reader_language() == EASY else only_kanji
    response.set_data(page_in_ruby(text) if response.mimetype == "text/html" else plain(text))
    return response


def _ruby(text: str) -> str:
    return _ANNOTATION.sub(r"<ruby>\1<rt>\2</rt></ruby>", text)
