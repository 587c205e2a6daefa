"""What the console says after a press that did not do what was meant: a code and two harmless facts in the address.

So the answer of every press is an address to go to, with or without a script. Only codes with a sentence of their own
are shown; numbers and counters are checked before they stand on the page. Nothing personal is ever in an address.
"""

from __future__ import annotations

import re
from typing import Any

from flask import request, url_for

from queue_app.domain.errors import Conflict, Invalid, NotFound, Refusal
from queue_app.domain.office import Office, label_in
from queue_app.services.holders import MOST_POSTPONED
from queue_app.web.i18n import has_text, reader_language, t

SHOWN = (Conflict, NotFound, Invalid)


def is_told_here(refusal: Refusal) -> bool:
    """Whether the console tells it in place. Missing rights and wrong addresses get a page of their own."""
    return refusal.code != "unknown_counter" and (isinstance(refusal, SHOWN) or has_text(f"staff.said.{refusal.code}"))


def console_address(counter: str, *, view: str = "", **said: str) -> str:
    """The console of a counter, or its small window, with what is to be said there."""
    endpoint = "staff.mini" if view == "mini" else "staff.console"
    facts: dict[str, Any] = {key: value for key, value in said.items() if value}
    return url_for(endpoint, counter=counter, **facts)


def said_of(refusal: Refusal) -> dict[str, str]:
    """A refusal as facts for the address."""
    code = refusal.errors[0].code if isinstance(refusal, Invalid) else refusal.code
    facts = {key: str(refusal.facts[key]) for key in ("number", "counter") if refusal.facts.get(key) is not None}
    return {"said": code if has_text(f"staff.said.{code}") else "changed", **{_SHORT[key]: facts[key] for key in facts}}


_SHORT = {"number": "number", "counter": "at"}


def sentence_here(office: Office) -> str | None:
    """The sentence that this request's address asks for."""
    code, number, at = (request.args.get(name, "") for name in ("said", "number", "at"))
    if not re.fullmatch(r"[a-z_]{1,30}", code) or not has_text(f"staff.said.{code}"):
        return None
    counter = label_in(office.counters[at].label, reader_language()) if at in office.counters else ""
    shown = number if re.fullmatch(r"[A-Z0-9]{1,12}", number) else ""
    return t(f"staff.said.{code}", number=shown, counter=counter, early=office.booking.early_min, most=MOST_POSTPONED)


def said_here() -> dict[str, str]:
    """The same facts again, for the address a region renews itself from."""
    names = ("said", "number", "at", "ask", "about")
    return {name: request.args[name] for name in names if request.args.get(name)}
