"""Who may: roles, identities, and the one table that says which role may do what.

Decides nothing about how somebody proves who they are (`services.access`) or how a route asks (`web.auth`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from queue_app.domain.errors import Forbidden


class Role(StrEnum):
    """A role belongs to a person, a device or a program, always in one office."""

    KIOSK = "kiosk"
    DISPLAY = "display"
    CLERK = "clerk"
    MANAGER = "manager"
    ADMIN = "admin"
    STATISTICS = "statistics"
    BUTTON = "button"
    INTEGRATION = "integration"


class Right(StrEnum):
    """What can be allowed. One word for each kind of deed, not one for each route."""

    READ_PUBLIC = "read_public"
    RESERVE = "reserve"
    ISSUE = "issue"
    CHECK_IN = "check_in"
    HOLD_TICKET = "hold_ticket"
    SERVE = "serve"
    SEE_FLOOR = "see_floor"
    SEE_STATISTICS = "see_statistics"
    RUN_DAY = "run_day"
    SET_UP = "set_up"
    REPORT_DEVICE = "report_device"
    PRESS_BUTTON = "press_button"
    SEE_AUDIT = "see_audit"
    OWN_ACCOUNT = "own_account"


_EVERYBODY = {Right.READ_PUBLIC, Right.RESERVE, Right.HOLD_TICKET}
_STAFF = _EVERYBODY | {Right.OWN_ACCOUNT}
_CLERK = _STAFF | {Right.ISSUE, Right.CHECK_IN, Right.SERVE}

RIGHTS: dict[Role | None, frozenset[Right]] = {
    None: frozenset(_EVERYBODY),
    Role.DISPLAY: frozenset({Right.READ_PUBLIC, Right.REPORT_DEVICE}),
    Role.KIOSK: frozenset(_EVERYBODY | {Right.ISSUE, Right.CHECK_IN, Right.REPORT_DEVICE}),
    Role.INTEGRATION: frozenset(_EVERYBODY),
    Role.BUTTON: frozenset({Right.READ_PUBLIC, Right.REPORT_DEVICE, Right.PRESS_BUTTON}),
    Role.STATISTICS: frozenset(_STAFF | {Right.SEE_STATISTICS}),
    Role.CLERK: frozenset(_CLERK),
    Role.MANAGER: frozenset(_CLERK | {Right.SEE_FLOOR, Right.SEE_STATISTICS, Right.RUN_DAY, Right.SEE_AUDIT}),
    Role.ADMIN: frozenset(
        _STAFF | {Right.SEE_FLOOR, Right.SEE_STATISTICS, Right.SET_UP, Right.RUN_DAY, Right.SEE_AUDIT}
    ),
}
"""The matrix. A button calls at its one counter and nothing else; a reader of statistics sees no person.

None is a resident without an account; what somebody holds a capability for is checked by the deed."""

STAFF = (Role.CLERK, Role.MANAGER, Role.ADMIN, Role.STATISTICS)
"""Roles of people who log in."""

ONE_COUNTER = (Role.CLERK, Role.BUTTON)
"""Roles whose token may be bound to one counter."""

NOT_OFFICE_BOUND = frozenset({Right.READ_PUBLIC, Right.RESERVE, Right.HOLD_TICKET, Right.OWN_ACCOUNT})
"""Rights that do not need a role, and so hold in every office."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks. `name` goes into the history (`user:3`, `token:7`); it is never a resident's."""

    name: str = "resident"
    role: Role | None = None
    office_id: int | None = None
    counter: str | None = None
    session_id: int | None = None
    label: str = ""

    @property
    def is_staff(self) -> bool:
        """Acts for residents: a reader of statistics does not."""
        return self.role in (Role.CLERK, Role.MANAGER, Role.ADMIN)

    def may(self, right: Right) -> bool:
        return right in RIGHTS[self.role]


RESIDENT = Identity()
SYSTEM = Identity(name="system", role=None)


def check_right(identity: Identity, right: Right) -> None:
    """`forbidden` unless the role has the right."""
    if not identity.may(right):
        raise Forbidden("forbidden")


def check_office(identity: Identity, right: Right, office_id: int) -> None:
    """`forbidden` without the right, `other_office` where the right needs a role and the role is another office's."""
    check_right(identity, right)
    if right not in NOT_OFFICE_BOUND and identity.office_id != office_id:
        raise Forbidden("other_office")


def check_counter(identity: Identity, counter: str) -> None:
    """`wrong_counter` for a clerk's token made for one counter and used at another."""
    if identity.counter is not None and identity.counter != counter:
        raise Forbidden("wrong_counter", counter=identity.counter)
