"""Tables for spreadsheets: CSV that opens with the right characters, and Excel with one sheet per table.

Decides how a cell is kept from being a formula: whatever begins like one is text. Words come in with the rows.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

BYTE_ORDER_MARK = "\ufeff"
CSV_TYPE = "text/csv; charset=utf-8"
EXCEL_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table in words: a title, its heads, and rows of texts and numbers (None is an empty cell)."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Any]]


def csv_of(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """UTF-8 with a byte order mark, so that spreadsheets read the characters right."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([harmless(head) for head in heads])
    writer.writerows([[harmless(value) for value in row] for row in rows])
    return BYTE_ORDER_MARK + out.getvalue()


def excel_of(sheets: Iterable[Sheet]) -> bytes:
    """A workbook. Texts are written as texts whatever they begin with; numbers stay numbers."""
    import xlsxwriter  # only who asks for a workbook waits for it

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        bold, number = book.add_format({"bold": True, "text_wrap": True}), book.add_format({"num_format": "0.0##"})
        for sheet in sheets:
            page = book.add_worksheet(sheet.title[:31])
            page.freeze_panes(1, 1)
            page.set_column(0, 0, 28)
            page.set_column(1, max(1, len(sheet.heads) - 1), 13)
            for column, head in enumerate(sheet.heads):
                page.write_string(0, column, head, bold)
            for place, row in enumerate(sheet.rows, start=1):
                for column, value in enumerate(row):
                    if isinstance(value, str):
                        page.write_string(place, column, value)
                    elif isinstance(value, float):
                        page.write_number(place, column, value, number)
                    elif value is not None:
                        page.write_number(place, column, value)
    return out.getvalue()


def harmless(value: object) -> object:
    """A cell that begins like a formula is text; a number is a number."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
