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


VOICE = """\
## The optional Japanese voice

Only on machines where somebody has run `make voice`; then announcements are spoken by it, and the city that plays them
names it like this: "Voice: HTS Voice "Mei", Copyright (c) 2009-2013 Nagoya Institute of Technology, Department of
Computer Science (MMDAgent Project Team), CC BY 3.0, https://creativecommons.org/licenses/by/3.0/". The sound is cut and
made as loud as the chime; nothing else is changed.

| Work | Licence | Home |
|---|---|---|
| pyopenjtalk-plus | MIT | https://github.com/tsukumijima/pyopenjtalk-plus |
| Open JTalk and its dictionary, HTS Engine API (in it) | BSD-3-Clause | https://open-jtalk.sourceforge.net/ |
| HTS Voice "Mei" (in it) | CC BY 3.0 | https://www.mmdagent.jp/ |
| SudachiPy and SudachiDict | Apache-2.0 | https://github.com/WorksApplications/Sudachi |
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
        VOICE,
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
