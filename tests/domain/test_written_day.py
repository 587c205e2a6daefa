"""Which texts are days to a program."""

from __future__ import annotations

from datetime import date

import pytest

from queue_app.domain.written_day import written_day
from tests import corpus


def test_a_plain_day_is_read() -> None:
    assert written_day("2028-02-29") == date(2028, 2, 29)
    assert (written_day("1900-01-01"), written_day("2199-12-31")) == (date(1900, 1, 1), date(2199, 12, 31))


@pytest.mark.parametrize("text", ["2027-02-29", "2026-W49-3", "20261202", "1899-12-31", "2200-01-01", "9999-12-31"])
def test_what_is_no_day_or_too_far_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        written_day(text)


def test_whatever_is_typed_is_a_day_of_two_centuries_or_none() -> None:
    for text in corpus.WORDS:
        try:
            found = written_day(text)
        except ValueError:
            continue
        assert text == found.isoformat()
        assert 1900 <= found.year < 2200
