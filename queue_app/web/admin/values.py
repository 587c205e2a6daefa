"""What the set-up forms share: the version they were made from, whole numbers, both values of a form that came late."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from queue_app.domain.errors import Conflict, Invalid
from queue_app.web.errors import field_sentence
from queue_app.web.forms import submit
from queue_app.web.i18n import t

Page = Callable[..., str]


def version_typed() -> int:
    """The version of the set-up that the form was made from; -1, which no set-up has, for anything else."""
    text = request.form.get("setup_version", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else -1


def whole(field: str) -> Any:
    """A typed whole number, or the text as it is: the rules refuse it by field."""
    text = request.form.get(field, "").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else text


def saved(act: Callable[[Session], str], page: Page) -> ResponseReturnValue:
    """Run the deed of a form. Wrong values come back by field (422), a late form with both values (412)."""
    try:
        return redirect(submit(act), 303)
    except Invalid as refusal:
        errors = {error.field: field_sentence(error.code, dict(error.facts)) for error in refusal.errors}
        return page(errors=errors), 422
    except Conflict as refusal:
        if refusal.code != "stale":
            raise
        return page(stale=True), 412


def changes(names: Mapping[str, str], typed: Mapping[str, Any], now: Mapping[str, Any]) -> list[dict[str, str]]:
    """Fields in which the typed values differ from those in force."""
    return [
        {"name": names[key], "yours": shown(typed[key]), "now": shown(now[key])}
        for key in now
        if typed[key] != now[key]
    ]


def shown(value: Any) -> str:
    """A value in words; an empty one is a dash."""
    if isinstance(value, bool):
        return t("admin.yes") if value else t("admin.no")
    return str(value) if value not in ("", None) else "—"
