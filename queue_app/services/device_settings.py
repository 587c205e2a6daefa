"""What a kiosk or a display is set up as: which settings each knows, and which values are right.

Decides only the shape. What they mean is read by `kiosk` and `display`; leaves tokens to `bearers`, `pairing`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from queue_app.domain.access import Role
from queue_app.domain.errors import FieldError, Invalid, NotFound
from queue_app.store.access_tables import AccessToken

LONGEST = 120
PRINTERS = ("browser:", "dummy:", "tcp://", "file:/")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: a choice, a number in a span, or a text."""

    name: str
    choices: tuple[str, ...] = ()
    span: tuple[float, float] | None = None


SETTINGS: dict[Role, tuple[Setting, ...]] = {
    Role.KIOSK: (
        Setting("inch", span=(7, 100)),
        Setting("place"),
        Setting("print", choices=("auto", "button", "none")),
        Setting("printer"),
    ),
    Role.DISPLAY: (
        Setting("zone"),
        Setting("kind", choices=("calls", "handover")),
        Setting("inch", span=(7, 200)),
        Setting("distance", span=(1, 50)),
        Setting("voice", choices=("on", "off")),
        Setting("mode", choices=("full", "short", "chime", "off")),
        Setting("volume", span=(0, 1)),
    ),
}


def device_of(session: Session, office_id: int, token_id: int) -> AccessToken:
    """A kiosk or display of the office that is not revoked; `not_found` otherwise."""
    row = session.get(AccessToken, token_id)
    if row is None or row.office_id != office_id or row.role not in SETTINGS or row.revoked_at is not None:
        raise NotFound()
    return row


def set_up(row: AccessToken, said: Mapping[str, str]) -> dict[str, Any]:
    """Put the settings in force; an empty one goes back to its default, unknown ones stay as they were.

    Refuses wrong values by field and changes nothing then. Returns what changed, for the audit trail.
    """
    known = SETTINGS[Role(row.role)]
    told = {setting.name: said.get(setting.name, "").strip()[:LONGEST] for setting in known}
    errors = [error for setting in known if (error := _error(setting, told[setting.name]))]
    if errors:
        raise Invalid(errors)
    kept = {name: value for name, value in row.settings.items() if name not in told}
    after = {**kept, **{name: value for name, value in told.items() if value}}
    changed = {name: after.get(name) for name in told if after.get(name) != row.settings.get(name)}
    row.settings = after
    return changed


def _error(setting: Setting, value: str) -> FieldError | None:
    if not value:
        return None
    if setting.choices and value not in setting.choices:
        return FieldError(setting.name, "not_an_option")
    if setting.name == "printer" and not value.startswith(PRINTERS):
        return FieldError(setting.name, "not_a_printer")
    return _span_error(setting, value) if setting.span else None


def _span_error(setting: Setting, value: str) -> FieldError | None:
    assert setting.span is not None
    try:
        number = float(value)
    except ValueError:
        return FieldError(setting.name, "not_a_number")
    low, high = setting.span
    return None if low <= number <= high else FieldError(setting.name, "out_of_span", (("low", low), ("high", high)))
