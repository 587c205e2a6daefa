"""The example city: loaded when there is no office yet, open around the clock so that it can be tried at any hour."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from queue_app.domain.access import Role
from queue_app.domain.audit import Act
from queue_app.services import accounts, audit, demo_bookings, office_file, offices, people
from queue_app.services.ports import Ports
from queue_app.store.access_tables import DEMO, UserRow
from queue_app.store.database import reading, writing
from queue_app.store.office_tables import OfficeRow

LOGINS = {
    Role.CLERK: ("clerk", "窓口 はな", "matazu-demo-clerk"),
    Role.MANAGER: ("manager", "責任者 みどり", "matazu-demo-manager"),
    Role.ADMIN: ("admin", "管理者 そら", "matazu-demo-admin"),
}
"""Role -> login, name and passphrase of the demo city's staff: fictional, printed at the start, demo city only."""

CODE = "aoba"


def load_if_empty(ports: Ports) -> bool:
    """Load the demo city into a database without an office; False if there is one."""
    with reading() as session:
        if session.scalar(select(OfficeRow.id).limit(1)) is not None:
            return False
    writing(lambda session: _load(session, ports))
    return True


def _load(session: Session, ports: Ports) -> None:
    now = ports.clock()
    office_file.load_office(session, office_file.demo_office_text(), "aoba.yaml", now, folder=office_file.OFFICES)
    office_id = session.scalars(select(OfficeRow.id)).one()
    audit.note_in(session, office_id, ports, audit.COMMAND, Act.OFFICE_LOADED, "office:aoba")
    for role, (login, name, passphrase) in LOGINS.items():
        user = accounts.add_user(session, office_id, login, name, role, people.new_passphrase(), now)
        user.password_hash = accounts.hash_passphrase(passphrase)  # printed for everybody, so its weakness is no matter
        user.settings = {DEMO: user.password_hash}
        audit.note_in(session, office_id, ports, audit.COMMAND, Act.PERSON_ADDED, f"user:{user.id}", role=role)
    session.flush()
    demo_bookings.seed_bookings(session, offices.office_by_id(session, office_id), ports)


def logins_to_show(session: Session) -> list[tuple[str, str, str]]:
    """Role, login and passphrase of the demo staff whose passphrase nobody has changed; for the login page.

    The hash of the demo passphrase is kept beside the real one, so that no passphrase is checked on each view.
    """
    names = {login: (role, passphrase) for role, (login, _name, passphrase) in LOGINS.items()}
    users = session.scalars(select(UserRow).where(UserRow.login.in_(names), UserRow.active).order_by(UserRow.id))
    return [
        (names[user.login][0], user.login, names[user.login][1])
        for user in users
        if user.settings.get(DEMO) == user.password_hash
    ]
