"""What people type, read kindly: full-width digits, eras, blanks. Never scolded, only asked again."""

from __future__ import annotations

from datetime import date

from queue_app.domain.eras import DateRefused, parse_date
from queue_app.web.i18n import t


def typed_date(text: str) -> date | None:
    """A date in any usual form; None for nothing. Raises `ValueError` with the sentence to show."""
    if not text.strip():
        return None
    try:
        return parse_date(text)
    except DateRefused:
        raise ValueError(t("errors.fields.not_a_date")) from None
