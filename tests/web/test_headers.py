"""What goes out with every answer: the page's policy and its nonce, the headers around it, cookies, and what TLS adds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from queue_app.domain.access import Role
from queue_app.services import accounts
from tests.bookings import reserve
from tests.real_server import ROOT
from tests.standing import standing_world
from tests.web.staff_browser import PASSPHRASE, Browser, person, staff
from tests.world import World

PAGES = (
    "/",
    "/offices",
    "/crowd/aoba",
    "/book/aoba",
    "/kiosk/aoba",
    "/display/aoba",
    "/staff/login",
    "/privacy",
    "/nothing",
)
OF_STAFF = ("/staff/", "/staff/floor", "/admin/", "/admin/tokens", "/staff/audit")
AROUND = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
STRICT = ("default-src 'none'", "base-uri 'none'", "form-action 'self'", "require-trusted-types-for 'script'")


@pytest.fixture
def plain(tmp_path: Path, migrated_file: Path) -> Iterator[World]:
    with standing_world(tmp_path, migrated_file) as world:
        yield world


@pytest.fixture
def behind_tls(tmp_path: Path, migrated_file: Path) -> Iterator[World]:
    with standing_world(tmp_path, migrated_file, PUBLIC_URL="https://madoguchi.example.jp") as world:
        yield world


def faults(answer: TestResponse) -> list[str]:
    """What an answer with a page lacks."""
    policy = answer.headers.get("Content-Security-Policy", "")
    wrong = [name for name, value in AROUND.items() if answer.headers.get(name) != value]
    wrong += [part for part in STRICT if part not in policy]
    wrong += ["unsafe"] if "unsafe" in policy or "*" in policy or "http:" in policy else []
    wrong += ["frames"] if not re.search(r"frame-ancestors '(none|self)'", policy) else []
    nonces = set(re.findall(r"<script[^>]* nonce=\"([^\"]+)\"", answer.text))
    wrong += ["a script without this page's nonce"] if nonces - set(re.findall(r"'nonce-([^']+)'", policy)) else []
    wrong += (
        ["a script without any nonce"]
        if re.search(r"<script(?![^>]*(?:nonce=|type=\"application/json\"))", answer.text)
        else []
    )
    may_be_kept = answer.request.path.startswith("/crowd/")  # the same for everybody, for some seconds
    wrong += [] if may_be_kept or answer.headers.get("Cache-Control") == "no-store" else ["kept"]
    return wrong


def test_every_page_has_its_policy_and_nothing_that_loosens_it(plain: World) -> None:
    manager, admin = staff(plain, Role.MANAGER).client, staff(plain, Role.ADMIN, "admin-1").client
    links = (f"/r/{reserve(plain, caller=plain.clerk)['token']}", f"/t/{plain.issue('moving')['token']}")
    asked = [(plain.app.test_client(), path) for path in (*PAGES, *links)]
    asked += [(admin if path.startswith("/admin") else manager, path) for path in OF_STAFF]
    for client, path in asked:
        answer = client.get(path, follow_redirects=True)
        assert answer.mimetype == "text/html", path
        assert faults(answer) == [], path


def test_twin_a_page_that_is_looser_in_any_way_is_noticed(plain: World) -> None:
    answer = plain.app.test_client().get("/")
    strict = answer.headers["Content-Security-Policy"]
    for looser in (
        "",
        strict.replace("'none'", "*"),
        strict.replace("'self'", "'unsafe-inline'", 1),
        strict.replace("nonce-", "nonce-x"),
    ):
        answer.headers["Content-Security-Policy"] = looser
        assert faults(answer) != [], looser


def test_no_nonce_is_used_twice(plain: World) -> None:
    client = plain.app.test_client()
    policies = [client.get("/").headers["Content-Security-Policy"] for _ in range(20)]
    nonces = {found[1] for policy in policies if (found := re.search(r"'nonce-([^']+)'", policy))}
    assert len(nonces) == 20
    assert min(map(len, nonces)) >= 22, "128 bits"


def test_files_and_answers_to_programs_are_taken_for_nothing_else(plain: World) -> None:
    for path in ("/api/v1/offices/aoba/board", "/api/v1/openapi.json", "/robots.txt", "/healthz"):
        answer = plain.app.test_client().get(path)
        assert {name: answer.headers.get(name) for name in AROUND} == AROUND, path
        assert "charset" in answer.content_type or "json" in answer.content_type, path


def cookies_of_a_login(world: World) -> list[str]:
    """Every cookie that a browser is given until somebody is logged in."""
    browser = Browser(world)
    page = browser.client.get("/staff/login", base_url="https://madoguchi.example.jp")
    browser.page = page.text
    fields = browser.fields("/staff/login") | {"login": person(world, Role.CLERK), "passphrase": PASSPHRASE}
    headers = {"Referer": "https://madoguchi.example.jp/staff/login"}
    answer = browser.client.post("/staff/login", data=fields, base_url="https://madoguchi.example.jp", headers=headers)
    assert answer.status_code == 303
    return page.headers.getlist("Set-Cookie") + answer.headers.getlist("Set-Cookie")


def test_behind_tls_a_year_of_tls_is_asked_for_and_cookies_hold_to_this_host(behind_tls: World) -> None:
    answer = behind_tls.app.test_client().get("/")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert behind_tls.app.test_client().get("/styleguide").status_code == 404, "for builders of screens alone"
    cookies = cookies_of_a_login(behind_tls)
    assert len(cookies) >= 2
    for cookie in cookies:
        parts = {part.strip().casefold() for part in cookie.split(";")}
        assert cookie.startswith("__Host-"), cookie.split("=")[0]
        assert {"secure", "httponly", "path=/", "samesite=lax"} <= parts
        assert not [part for part in parts if part.startswith("domain")]


def test_twin_without_tls_neither_is_promised(plain: World) -> None:
    assert "Strict-Transport-Security" not in plain.app.test_client().get("/").headers
    assert not [cookie for cookie in cookies_of_a_login(plain) if cookie.startswith("__Host-")]


def test_logging_out_empties_the_cache(plain: World) -> None:
    clerk = staff(plain, Role.CLERK)
    clerk.open("/staff/")
    answer = clerk.client.post("/staff/logout", data=clerk.fields("/staff/logout"))
    assert answer.headers["Clear-Site-Data"] == '"cache"'


KEEPS = re.compile(r"localStorage|sessionStorage|indexedDB|\bcaches\.|document\.cookie")


def kept_by(folder: str) -> list[str]:
    return [file.name for file in sorted((ROOT / folder).rglob("*.js")) if KEEPS.search(file.read_text("utf-8"))]


def test_pages_of_residents_and_staff_keep_nothing_in_the_browser() -> None:
    """So that nothing of anybody is left there when the session ends. Kiosks and displays keep numbers and sounds."""
    assert kept_by("queue_app/web/static") == []
    assert "kiosk_store.js" in kept_by("kiosk/static"), "the twin: what keeps something is seen"


def test_figures_of_the_process_are_for_this_machine_or_a_token(plain: World) -> None:
    client = plain.app.test_client()
    spoofed = {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1"}
    from_outside = {"REMOTE_ADDR": "192.0.2.1"}
    assert client.get("/metrics", environ_base=from_outside, headers=spoofed).status_code == 401
    assert client.get("/metrics").status_code == 200


def test_passphrases_are_hashed_by_a_slow_function_with_a_salt_of_their_own() -> None:
    first, second = accounts.hash_passphrase(PASSPHRASE), accounts.hash_passphrase(PASSPHRASE)
    assert first != second
    assert first.startswith("$argon2id$")
