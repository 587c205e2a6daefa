"""The cast of the tests: an office, its staff and devices, a clock that stands until it is moved.

`World` speaks the public interface, so that a test reads like a day at the counter.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from queue_app.domain.access import Role
from queue_app.services import bearers, office_file
from queue_app.store.database import writing
from queue_app.store.office_tables import OfficeRow

OPENING = datetime(2026, 12, 1, 8, 30, tzinfo=UTC) - timedelta(hours=9)
"""A Tuesday, 8:30 in Tokyo."""

OFFICE = """
code: aoba
name: {ja: あおば市役所, en: Aoba City Hall}
zone: Asia/Tokyo
hours: {mon: ["08:30-17:15"], tue: ["08:30-17:15"], wed: ["08:30-17:15"], thu: ["08:30-17:15"], fri: ["08:30-17:15"],
        closed: [holidays, "12-29..01-03"]}
services:
  - {code: certificate, series: A, label: {ja: 証明書, en: Certificates}, minutes: 5, stages: [reception, back_office, handover]}
  - {code: moving, series: B, label: {ja: 住民異動, en: Moving}, minutes: 14}
  - {code: insurance, series: "200", label: {ja: 国民健康保険, en: Insurance}, minutes: 12}
counters:
  - {code: "1", label: {ja: 1番窓口, en: Window 1}, services: [certificate, moving], stages: [reception, handover]}
  - {code: "2", label: {ja: 2番窓口, en: Window 2}, services: [certificate, moving], stages: [reception, handover]}
  - {code: "3", label: {ja: 3番窓口, en: Window 3}, services: [insurance], stages: [reception]}
  - {code: "9", label: {ja: 審査, en: Back office}, services: [certificate], stages: [back_office]}
booking: {ahead_days: 30, cutoff_min: 0, hold_min: 10, early_min: 10, late_min: 10}
tickets_from_home: false
"""


class Clock:
    """Stands still until a test moves it."""

    def __init__(self, now: datetime = OPENING) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Caller:
    """Somebody with a bearer token, or nobody in particular."""

    client: FlaskClient
    token: str | None = None
    language: str = "en"
    keys: int = field(default=0)

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(f"/api/v1{path}", headers=self._headers(options.pop("headers", {})), **options)

    def post(self, path: str, body: dict[str, Any] | None = None, **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(f"/api/v1{path}", json=body or {}, headers=self._headers(named))

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        mine = {"Accept-Language": self.language, **more}
        if self.token is not None:
            mine["Authorization"] = f"Bearer {self.token}"
        return mine


class World:
    """One office with everybody in it."""

    def __init__(self, app: Flask, clock: Clock) -> None:
        self.app, self.clock = app, clock

    def open_office(self, text: str = OFFICE) -> str:
        """Load an office file; returns the office's code."""
        with self.app.app_context():
            return writing(lambda session: office_file.load_office(session, text, "test.yaml", self.clock()))

    def token(self, role: Role, *, office: str = "aoba", counter: str | None = None, name: str = "") -> str:
        def make(session: Any) -> str:
            office_id = session.query(OfficeRow.id).filter_by(code=office).scalar()
            shown = name or f"{role} {counter or ''} {self._count()}"
            return bearers.issue_token(session, office_id, role, shown, self.clock(), counter=counter).secret

        with self.app.app_context():
            return writing(make)

    def as_(self, role: Role | None, **options: Any) -> Caller:
        """A caller with a fresh token of that role; None is a resident."""
        return Caller(self.app.test_client(), None if role is None else self.token(role, **options))

    def issue(self, service: str = "certificate", **facts: Any) -> dict[str, Any]:
        """A ticket from the kiosk."""
        answer = self.kiosk.post("/offices/aoba/tickets", {"service": service, **facts})
        assert answer.status_code == 201, answer.text
        ticket: dict[str, Any] = answer.get_json()
        return ticket

    @property
    def kiosk(self) -> Caller:
        return self._once("kiosk", Role.KIOSK)

    @property
    def clerk(self) -> Caller:
        return self._once("clerk", Role.CLERK)

    @property
    def manager(self) -> Caller:
        return self._once("manager", Role.MANAGER)

    def open(self, *counters: str) -> None:
        for counter in counters:
            assert self.clerk.post(f"/offices/aoba/counters/{counter}/open").status_code == 200

    def call(self, counter: str = "1", **body: Any) -> TestResponse:
        return self.clerk.post(f"/offices/aoba/counters/{counter}/calls", body)

    def act(self, ticket: dict[str, Any], action: str, **body: Any) -> TestResponse:
        """A staff action on a ticket, known by its id or its token."""
        return self.clerk.post(f"/tickets/{ticket.get('id') or self.id_of(ticket)}/{action}", body)

    def id_of(self, ticket: dict[str, Any]) -> int:
        answer = self.clerk.get(f"/tickets/{ticket['token']}")
        found: int = answer.get_json()["id"]
        return found

    def state(self, ticket: dict[str, Any]) -> str:
        answer = self.clerk.get(f"/tickets/{ticket.get('token') or ticket['id']}")
        found: str = answer.get_json()["state"]
        return found

    def board(self) -> dict[str, Any]:
        answer: dict[str, Any] = Caller(self.app.test_client()).get("/offices/aoba/board").get_json()
        return answer

    def _once(self, name: str, role: Role) -> Caller:
        held: dict[str, Caller] = self.__dict__.setdefault("_callers", {})
        if name not in held:
            held[name] = self.as_(role)
        return held[name]

    def _count(self) -> int:
        self.__dict__["_made"] = self.__dict__.get("_made", 0) + 1
        return int(self.__dict__["_made"])
