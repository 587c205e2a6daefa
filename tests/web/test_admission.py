"""When everybody comes at once: who waits, who is let through, and what those hear who are turned away."""

from __future__ import annotations

import hashlib
import json
import threading
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import Client, TestResponse, create_environ
from werkzeug.wrappers import Response

from queue_app.domain.access import Role
from queue_app.web import admission as admission_module
from queue_app.web.admission import Admission, Comer, Gate, usual_gates
from queue_app.web.auth import SESSION_COOKIE
from tests.conftest import make_app, settings_for
from tests.world import Clock, World

SHORT = 0.01
GENUINE = {"Authorization": "Bearer genuine"}


class Desk:
    """A WSGI application that keeps everybody inside until the door opens, and counts how many that were at most."""

    def __init__(self) -> None:
        self.door, self.lock = threading.Event(), threading.Lock()
        self.inside = self.most = 0
        self.somebody = threading.Semaphore(0)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        self.somebody.release()
        self.door.wait()
        with self.lock:
            self.inside -= 1
        return Response("served")(environ, start_response)


@contextmanager
def crowd(app: Any, count: int, path: str = "/crowd/aoba") -> Iterator[list[int]]:
    """So many people from the street at once; their statuses are complete after the block."""
    statuses: list[int] = []

    def come() -> None:
        statuses.append(Client(app).get(path).status_code)

    threads = [threading.Thread(target=come) for _ in range(count)]
    for thread in threads:
        thread.start()
    yield statuses
    for thread in threads:
        thread.join()


def gates(**more: Gate) -> dict[Comer, Gate]:
    return usual_gates() | {Comer.ANONYMOUS: Gate(inside=2, waiting=3, patience_s=SHORT)} | more


def test_no_more_are_served_at_a_time_than_the_gate_lets_in() -> None:
    desk = Desk()
    with crowd(Admission(desk, gates()), 12) as statuses:
        for _ in range(2):
            assert desk.somebody.acquire(timeout=10)
        desk.door.set()
    assert desk.most <= 2
    assert set(statuses) <= {200, 503}
    assert statuses.count(200) >= 2


def test_without_a_gate_they_would_all_be_inside() -> None:
    """The twin: what the gate is for."""
    desk = Desk()
    with crowd(Admission(desk, {}), 12) as statuses:
        for _ in range(12):
            assert desk.somebody.acquire(timeout=10)
        desk.door.set()
    assert desk.most == 12
    assert statuses == [200] * 12


def test_a_full_street_does_not_keep_the_counters_waiting() -> None:
    desk = Desk()
    admission = Admission(desk, gates())
    admission.has_seen(shown(GENUINE))
    with crowd(admission, 6):
        for _ in range(2):
            assert desk.somebody.acquire(timeout=10)
        answers: list[TestResponse] = []
        clerk = threading.Thread(target=lambda: answers.append(Client(admission).get("/staff/", headers=GENUINE)))
        clerk.start()
        assert desk.somebody.acquire(timeout=10), "the clerk is inside beside the two from the street"
        desk.door.set()
        clerk.join()
    assert answers[0].status_code == 200


def begun_beside_a_counter(gates_of: dict[Comer, Gate], aside_s: float, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Who is being worked for, in the order of their beginning, when somebody comes from the street beside a clerk."""
    monkeypatch.setattr(admission_module, "STANDS_ASIDE_S", aside_s)
    desk, begun = Desk(), []

    def inner(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        begun.append(environ["PATH_INFO"])
        if environ["PATH_INFO"] == "/staff/":
            return desk(environ, start_response)
        begun.append("clerk still there" if desk.inside else "clerk gone")
        desk.door.set()
        return Response("served")(environ, start_response)

    admission = Admission(inner, gates_of)
    admission.has_seen(shown(GENUINE))
    # A server closes each answer, and so does a buffered one: only then the clerk has been served.
    clerk = threading.Thread(target=lambda: Client(admission).get("/staff/", headers=GENUINE, buffered=True))
    clerk.start()
    assert desk.somebody.acquire(timeout=10)
    with crowd(admission, 1):
        if aside_s > 1:
            desk.door.set()  # after the street has come, or before: it begins when the clerk is gone in either case
    clerk.join(timeout=10)
    return begun


def test_while_a_counter_is_served_nobody_from_the_street_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the counters waited for in a rush: each of their steps was followed by a turn of everybody inside."""
    assert begun_beside_a_counter(gates(), 60, monkeypatch) == ["/staff/", "/crowd/aoba", "clerk gone"]
    assert begun_beside_a_counter(gates(), 0, monkeypatch)[2] == "clerk still there", "the twin: they never stand aside"


def test_counters_that_never_pause_do_not_shut_the_street_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert begun_beside_a_counter(gates(), SHORT, monkeypatch) == ["/staff/", "/crowd/aoba", "clerk still there"]


def test_made_up_credentials_go_through_a_gate_of_their_own() -> None:
    admission = Admission(Desk(), gates())
    for headers in (GENUINE, {"Cookie": f"{SESSION_COOKIE}=made-up"}, {"Cookie": "matazu_device_kiosk=made-up"}):
        assert admission.comer(create_environ("/", headers=headers)) is Comer.NEWCOMER
    admission.has_seen(shown(GENUINE))
    assert admission.comer(create_environ("/", headers=GENUINE)) is Comer.HOUSE
    admission.no_longer(shown(GENUINE))
    assert admission.comer(create_environ("/", headers=GENUINE)) is Comer.NEWCOMER


@pytest.mark.parametrize(
    ("path", "comer"),
    [
        ("/", Comer.ANONYMOUS),
        ("/static/app.css", Comer.ANONYMOUS),
        ("/t/some-token", Comer.RESIDENT),
        ("/api/v1/reservations/some-token", Comer.RESIDENT),
        ("/readyz", Comer.PROBE),
        ("/socket.io/", Comer.HOUSE),
    ],
)
def test_a_request_without_credentials_is_known_by_its_address(path: str, comer: Comer) -> None:
    assert Admission(Desk(), gates()).comer(create_environ(path)) is comer


def test_a_place_is_given_back_when_the_application_fails() -> None:
    def fails(_environ: Any, _start_response: Any) -> Iterable[bytes]:
        raise RuntimeError("of the application")

    admission = Admission(fails, gates(**{Comer.ANONYMOUS: Gate(inside=1, waiting=0)}))
    for _ in range(3):
        with pytest.raises(RuntimeError, match="of the application"):
            Client(admission).get("/")


@pytest.mark.parametrize(
    ("language", "words"), [("ja", "混み合って"), ("vi", "Hiện đang rất đông"), ("xx", "混み合って")]
)
def test_whoever_is_turned_away_hears_when_to_come_again_in_their_language(language: str, words: str) -> None:
    admission = Admission(Desk(), {Comer.ANONYMOUS: Gate(inside=0, waiting=0)})
    page = Client(admission).get("/book/aoba", headers={"Accept-Language": language})
    document = Client(admission).get("/api/v1/offices/aoba/slots", headers={"Accept-Language": language})
    for answer in (page, document):
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.headers["Cache-Control"] == "no-store"
    assert words in page.text
    style = page.text.partition("<style>")[2].partition("</style>")[0]
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}';" in page.headers["Content-Security-Policy"], "or the page is bare"
    problem = json.loads(document.text)
    assert (problem["code"], problem["status"]) == ("busy", 503)
    assert words in problem["detail"]


def shown(headers: dict[str, str]) -> str:
    from queue_app.web.admission import shown_credential

    found = shown_credential(create_environ("/", headers=headers))
    assert found is not None
    return found


@pytest.fixture
def guarded(tmp_path: Path, migrated_file: Path, clock: Clock) -> Flask:
    """The application with its public limits switched on."""
    database = tmp_path / "matazu.db"
    database.write_bytes(migrated_file.read_bytes())
    return make_app(settings_for(tmp_path, DATABASE_URL=f"sqlite:///{database}", RATE_LIMIT_PUBLIC="600/minute"), clock)


def test_the_application_learns_from_its_answers_whose_token_is_genuine(guarded: Flask, clock: Clock) -> None:
    world = World(guarded, clock)
    world.open_office()
    admission: Admission = guarded.wsgi_app  # type: ignore[assignment]
    token = world.token(Role.CLERK)
    for secret, comer in ((token, Comer.HOUSE), ("made up", Comer.NEWCOMER)):
        headers = {"Authorization": f"Bearer {secret}"}
        FlaskClient(guarded, guarded.response_class).get("/api/v1/offices/aoba", headers=headers)
        assert admission.comer(create_environ("/", headers=headers)) is comer


def test_limits_switched_off_means_no_gates_either(app: Flask) -> None:
    assert not isinstance(app.wsgi_app, Admission)
