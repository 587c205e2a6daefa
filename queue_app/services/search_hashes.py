"""Keyed hashes beside sealed columns, for exact search: the text is made even first, so that one thing has one hash."""

from __future__ import annotations

from queue_app.domain.errors import Invalid
from queue_app.domain.person_name import normalise_kana
from queue_app.store.columns import KEYRING


def contact_hash_of(channel: str, address: str) -> str:
    """Equal for one address, however it was written."""
    return KEYRING.search_hash(f"{channel}|{address.casefold()}")


def code_hash_of(code: str) -> str:
    """Of the eight plain digits."""
    return KEYRING.search_hash(f"code|{code}")


def name_hash_of(text: str) -> str | None:
    """The same name however its parts were spaced; None for what is no name."""
    try:
        name = normalise_kana(text)
    except Invalid:
        return None
    return KEYRING.search_hash("name|" + name.replace(" ", "").replace("・", ""))
