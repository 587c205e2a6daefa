"""Writes THIRD_PARTY_NOTICES.md: whose work Matazu stands on and under which licence. `make notices` runs it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from scripts.components import ROOT, Component, libraries, vendored

INTRODUCTION = """\
# Third-party notices

Written by `make notices`; do not edit by hand.

Matazu itself is under the Apache License 2.0. The works below belong to others and keep their own licences.
"""

LIBRARIES = """\
## Libraries installed beside it

`pip` installs these in exactly these versions, unchanged; each brings its own licence text. psycopg is under the LGPL:
it is used as a library, unchanged, and can be exchanged for another version of itself.
"""

SHIPPED = """\
## Files that stand in this repository

Served unchanged from `vendor/` folders; the licence texts lie beside them, the hashes in `MANIFEST.json`.
"""

CHECKING = """\
## Files used by the tests only

Never served and not needed to run.
"""


def main() -> None:
    Path(sys.argv[1]).write_text(notices(), "utf-8")


def notices() -> str:
    parts = [
        INTRODUCTION,
        SHIPPED,
        table(vendored(ROOT / "queue_app")),
        CHECKING,
        table(vendored(ROOT / "tests")),
        LIBRARIES,
        table(libraries()),
    ]
    return "\n".join(parts)


def table(components: Iterable[Component]) -> str:
    rows = "".join(row(component) for component in components)
    return f"| Work | Version | Licence | Home |\n|---|---|---|---|\n{rows}"


def row(component: Component) -> str:
    only_where = f" (only where `{component.condition}`)" if component.condition else ""
    return f"| {component.name}{only_where} | {component.version} | {component.licence} | {component.home} |\n"


if __name__ == "__main__":
    main()
