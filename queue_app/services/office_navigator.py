"""Finding the navigator rules that an office file names: beside the file, in the tables, or among the examples."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

OFFICES = Path(__file__).parent.parent / "offices"


def navigator_rules(name: str, folder: Path | None, kept: Mapping[str, str]) -> str | None:
    """The text of the rules, or None. What the office has already (`kept`, by file name) goes before an example of the
    same name, so that an export can be loaded from any folder without changing anything."""
    beside = folder / name if folder else None
    if beside and beside.is_file():
        return beside.read_text(encoding="utf-8-sig")
    if name in kept:
        return kept[name]
    example = OFFICES / name
    return example.read_text(encoding="utf-8-sig") if example.is_file() else None
