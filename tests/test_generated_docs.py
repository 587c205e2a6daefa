"""Pages that are written from the code, and pages that list what the code has, are as the code is now."""

from __future__ import annotations

import re
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import pytest

from config import Settings
from queue_app.domain.ticket import TRANSITIONS, StageKind, State, ticket_state
from scripts import lifecycle

ROOT = Path(__file__).parent.parent
OPERATING = (ROOT / "docs/operating.md").read_text("utf-8")
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text("utf-8")
NOT_BY_ITS_OWN_NAME = {"instance": "MATAZU_INSTANCE", "workers": "WEB_CONCURRENCY"}
"""Fields of the settings whose variable is called otherwise."""


def variables_read() -> set[str]:
    """Every environment variable that config.py names."""
    text = (ROOT / "config.py").read_text("utf-8")
    return set(re.findall(r'"([A-Z][A-Z0-9_]{3,})"', text)) - {"INFO", "DEBUG", "WARNING", "ERROR"}


def documented() -> dict[str, str]:
    """Setting -> its row in the table of docs/operating.md."""
    return dict(re.findall(r"^\| `([A-Z_]+)` \|(.*)$", OPERATING, re.MULTILINE))


def test_the_ticket_lifecycle_page_is_fresh() -> None:
    assert lifecycle.page() == lifecycle.PAGE.read_text("utf-8"), "run `python -m scripts.lifecycle`"


def test_the_lifecycle_page_has_every_transition() -> None:
    rows = re.findall(r"^\| `(\w+)` \S+ \| `(\w+)` \| `(\w+)` ", lifecycle.page(), re.MULTILINE)
    assert {(before, action): after for before, action, after in rows} == TRANSITIONS


def test_the_order_of_states_on_the_page_is_the_one_that_the_ticket_shows() -> None:
    order = lifecycle.order_of_states()
    for heavier, lighter in pairwise(order):
        assert ticket_state([(StageKind.RECEPTION, lighter), (StageKind.RECEPTION, heavier)]) is heavier
    assert set(order) == set(State) - {State.DONE, State.CANCELLED}


def test_every_setting_is_documented_and_nothing_else_is() -> None:
    assert set(documented()) == variables_read()


def test_every_field_of_the_settings_can_be_set() -> None:
    names = {NOT_BY_ITS_OWN_NAME.get(field.name, field.name.upper()) for field in fields(Settings)}
    assert names <= set(documented())


@pytest.mark.parametrize(
    "name", [field.name for field in fields(Settings) if isinstance(field.default, str | int) and field.default != ""]
)
def test_the_default_in_the_manual_is_the_one_in_the_code(name: str) -> None:
    default = next(field.default for field in fields(Settings) if field.name == name)
    variable = NOT_BY_ITS_OWN_NAME.get(name, name.upper())
    assert f"`{default}`" in documented()[variable]


def test_every_command_is_in_the_manual() -> None:
    from queue_app.commands import GROUPS

    there = [name for name in GROUPS if (ROOT / f"queue_app/commands/{name}.py").exists()]
    missing = [name for name in there if f"flask --app run {name.replace('_', '-')}" not in OPERATING]
    assert missing == []


def test_the_files_that_the_architecture_page_names_exist() -> None:
    named = set(re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.(?:py|yaml|md))`", ARCHITECTURE))
    homes = (ROOT, ROOT / "queue_app")
    assert [name for name in sorted(named) if not any((home / name).exists() for home in homes)] == []
