"""Readings over kanji: how a text carries them, `{番号|ばんごう}札`, and its three faces.

Decides the notation only. Readings are written and reviewed with the text; none is ever worked out from the kanji, and
names carry none. Between a sentence and its page the readings travel as Unicode's interlinear annotations, characters
made for that and for nothing else. Leaves the page to `web.ruby`. Source: The Unicode Standard, section 23.8.
"""

from __future__ import annotations

import re

ANCHOR, SEPARATOR, END = "\ufff9", "\ufffa", "\ufffb"
_NOTATION = re.compile(r"\{([^{}|]+)\|([^{}|]+)\}")


def written(text: str) -> str:
    """As newspapers write it: kanji alone."""
    return _NOTATION.sub(r"\1", text)


def in_kana(text: str) -> str:
    """As it is read out: every annotated word by its reading."""
    return _NOTATION.sub(r"\2", text)


def annotated(text: str) -> str:
    """Both, for a page that shows one above the other. Facts can be put in afterwards."""
    return _NOTATION.sub(rf"{ANCHOR}\1{SEPARATOR}\2{END}", text)
