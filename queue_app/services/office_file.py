"""The office file: how a city starts, copies and reviews its set-up.

Decides what a file does to the tables: all of it in one transaction, or nothing. Leaves single values to
`office_shape`, the fit of the parts to `office_links`, and writing a file to `office_export`. The tables are the home
of these facts; the file is a way in and out.

Source: interface version 1, section 7.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from queue_app.domain.errors import Refusal
from queue_app.services.demo_office import demo_office_text
from queue_app.services.navigator_file import check_navigator, checked_source
from queue_app.services.navigator_source import Finding, Source, read_source
from queue_app.services.office_export import export_office, state_named
from queue_app.services.office_links import HINTS, check_links, check_navigator_services, check_translations
from queue_app.services.office_navigator import OFFICES, navigator_rules
from queue_app.services.office_rows import check_in_use, write_office
from queue_app.services.office_shape import check_shape
from queue_app.services.office_values import RULES, office_values
from queue_app.store.office_tables import OfficeRow

__all__ = [
    "OFFICES",
    "Finding",
    "OfficeFileRefused",
    "check_office_file",
    "demo_office_text",
    "export_office",
    "is_mistake",
    "load_office",
    "state_named",
]

LARGEST_FILE = 512 * 1024
"""A city with a hundred services stays far below; more is somebody else's table."""


class OfficeFileRefused(Refusal):
    """The file cannot be taken over. `findings` holds everything that is wrong with it, by line."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("office_file", findings=[str(finding) for finding in findings])
        self.findings = tuple(findings)

    def __str__(self) -> str:
        return "\n".join(str(finding) for finding in self.findings)


def check_office_file(
    text: str, name: str, *, folder: Path | None = None, kept: Mapping[str, str] | None = None
) -> list[Finding]:
    """Everything that can be said against the file, by line; see `is_mistake`.

    `folder` is where the navigator file is looked for; `kept` are rules that the office has already, by file name.
    """
    source = _read(text, name)
    _check(source, _rules(source, folder, kept or {}))
    return _by_line(source)


def is_mistake(finding: Finding) -> bool:
    """Whether the finding refuses the file. The others are hints."""
    return finding.code not in HINTS


def load_office(session: Session, text: str, name: str, now: datetime, folder: Path | None = None) -> str:
    """Add or update the office of the file and return its code. Raises `OfficeFileRefused` and has changed nothing.

    Services and counters that the file no longer names are switched off, not deleted: tickets of earlier days refer
    to them. A running server follows, because the change is an event of the office's history.
    """
    source = _read(text, name)
    rules = _rules(source, folder, _kept(session, source))
    _check(source, rules)
    _refuse_mistakes(source)
    values = office_values(_mapping(source), rules)
    check_in_use(session, source, values)
    _refuse_mistakes(source)
    write_office(session, values, now)
    return str(_mapping(source)["code"])


def _read(text: str, name: str) -> Source:
    if len(text) > LARGEST_FILE:
        source = Source(name)
        source.add((), "too_large", f"An office file has at most {LARGEST_FILE // 1024} KiB")
        return source
    return read_source(text, name)


def _check(source: Source, rules: str | None) -> None:
    if source.value is None and source.findings:
        return
    check_shape(source)
    check_links(source)
    named = _mapping(source).get("navigator")
    if not isinstance(named, str):
        return
    if rules is None:
        source.add(("navigator",), "no_such_file", f"There is no file {named} beside this one")
        return
    source.findings.extend(check_navigator(rules, named))
    read = checked_source(rules, named)
    check_navigator_services(source, read)
    check_translations(source, read)


def _rules(source: Source, folder: Path | None, kept: Mapping[str, str]) -> str | None:
    named = _mapping(source).get("navigator")
    # A wrong name is a finding of its own; it must not lead anywhere outside the folder.
    if not isinstance(named, str) or "/" in named or "\\" in named or "\0" in named or named.startswith("."):
        return None
    return navigator_rules(named, folder, kept)


def _kept(session: Session, source: Source) -> dict[str, str]:
    code = str(_mapping(source).get("code"))
    settings = session.scalars(select(OfficeRow.settings).where(OfficeRow.code == code)).first() or {}
    return {settings["navigator"]: settings[RULES]} if RULES in settings else {}


def _mapping(source: Source) -> dict[str, Any]:
    return source.value if isinstance(source.value, dict) else {}


def _refuse_mistakes(source: Source) -> None:
    mistakes = [finding for finding in _by_line(source) if is_mistake(finding)]
    if mistakes:
        raise OfficeFileRefused(mistakes)


def _by_line(source: Source) -> list[Finding]:
    """Of this file first, then of the rules it names."""
    return sorted(set(source.findings), key=lambda finding: (finding.file != source.name, finding))
