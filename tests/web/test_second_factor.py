"""The second proof: who needs it, what a half open login can reach, and the ways out when the phone is lost."""

from __future__ import annotations

import re
from datetime import timedelta

import pyotp
import pytest

from queue_app.domain.access import Role
from queue_app.services import accounts, second_factor
from queue_app.store.access_tables import StaffSession, UserRow
from queue_app.store.audit_tables import AuditEntry
from queue_app.store.database import reading, writing
from queue_app.web.auth import SESSION_COOKIE
from queue_app.web.staff.login import browser_words
from tests.web.staff_browser import PASSPHRASE, Browser, logged_in, person, staff
from tests.world import Clock, World

TITLE = "2段階の確認"


def phone_of(world: World, login: str) -> pyotp.TOTP:
    with world.app.app_context(), reading() as session:
        secret = accounts.user_by_login(session, login).totp_secret
    assert secret is not None
    return pyotp.TOTP(secret)


def with_phone(world: World, role: Role, login: str = "") -> tuple[str, list[str]]:
    """Somebody whose second proof is set up; the login and the recovery codes."""
    login = person(world, role, login)

    def set_up(session: object) -> list[str]:
        user = accounts.user_by_login(session, login)  # type: ignore[arg-type]
        second_factor.begin(user)
        assert user.totp_secret is not None
        code = pyotp.TOTP(user.totp_secret).at(world.clock() - timedelta(minutes=5))
        return second_factor.confirm(session, user, code, world.clock() - timedelta(minutes=5))  # type: ignore[arg-type]

    with world.app.app_context():
        return login, writing(set_up)


def acts(world: World) -> list[str]:
    with world.app.app_context(), reading() as session:
        return [row.action for row in session.query(AuditEntry).order_by(AuditEntry.seq)]


def test_a_login_with_a_phone_asks_for_its_code_and_opens_nothing_before(world: World, clock: Clock) -> None:
    login, _ = with_phone(world, Role.MANAGER)
    browser = Browser(world)
    page = browser.log_in(login, then="/staff/floor")
    assert TITLE in page and browser.path.startswith("/staff/login/code")
    for address in ("/staff/", "/staff/floor", "/staff/account", "/admin/"):
        browser.open(address)
        assert browser.path.startswith("/staff/login"), address
    assert "logged_in" not in acts(world)
    browser.open("/staff/login/code?next=/staff/floor")
    browser.press("/staff/login/code", code=phone_of(world, login).at(clock()))
    assert browser.path == "/staff/floor" and browser.status == 200
    assert acts(world)[-1] == "logged_in"


def test_the_whole_session_has_another_secret_than_the_half_open_one(world: World, clock: Clock) -> None:
    login, _ = with_phone(world, Role.MANAGER)
    browser = Browser(world)
    browser.log_in(login)
    half = browser.client.get_cookie(SESSION_COOKIE)
    browser.press("/staff/login/code", code=phone_of(world, login).at(clock()))
    whole = browser.client.get_cookie(SESSION_COOKIE)
    assert half is not None and whole is not None and half.value != whole.value
    stranger = Browser(world)
    stranger.client.set_cookie(SESSION_COOKIE, half.value)
    stranger.open("/staff/")
    assert stranger.path.startswith("/staff/login")


def test_a_code_counts_once(world: World, clock: Clock) -> None:
    login, _ = with_phone(world, Role.MANAGER)
    code = phone_of(world, login).at(clock())
    first, second = Browser(world), Browser(world)
    first.log_in(login)
    second.log_in(login)
    first.press("/staff/login/code", code=code)
    assert first.path == "/staff/"
    assert "コードが違う" in second.press("/staff/login/code", code=code)


@pytest.mark.parametrize(("off_s", "in_time"), [(-30, True), (30, True), (-90, False), (90, False)])
def test_a_phone_may_be_half_a_minute_off(world: World, clock: Clock, off_s: int, in_time: bool) -> None:
    login, _ = with_phone(world, Role.MANAGER)
    browser = Browser(world)
    browser.log_in(login)
    browser.press("/staff/login/code", code=phone_of(world, login).at(clock() + timedelta(seconds=off_s)))
    assert (browser.path == "/staff/") is in_time


def test_wrong_codes_slow_the_next_try_down_even_with_the_passphrase_known(world: World, clock: Clock) -> None:
    login, _ = with_phone(world, Role.MANAGER)
    browser = Browser(world)
    browser.log_in(login)
    for _ in range(4):
        browser.press("/staff/login/code", code="000000")
    assert "秒たってから" in browser.press("/staff/login/code", code=phone_of(world, login).at(clock()))
    clock.pass_(minutes=1)
    browser.press("/staff/login/code", code=phone_of(world, login).at(clock()))
    assert browser.path == "/staff/"


def test_typing_the_passphrase_again_does_not_give_codes_a_fresh_start(world: World) -> None:
    login, _ = with_phone(world, Role.MANAGER)
    for _ in range(4):
        browser = Browser(world)
        browser.log_in(login)
        browser.press("/staff/login/code", code="000000")
    assert "秒たってから" in Browser(world).log_in(login)


def test_a_recovery_code_stands_in_for_the_phone_once_however_it_is_typed(world: World) -> None:
    login, codes = with_phone(world, Role.ADMIN)
    assert len(set(codes)) == 10
    browser = Browser(world)
    browser.log_in(login)
    browser.press("/staff/login/code", code=codes[3].upper().replace("-", " "))
    assert browser.path == "/admin/"
    assert "使っていない予備コードは9個" in browser.open("/staff/account")
    again = Browser(world)
    again.log_in(login)
    assert "コードが違う" in again.press("/staff/login/code", code=codes[3])


def test_recovery_codes_cannot_be_read_from_the_database(world: World) -> None:
    _, codes = with_phone(world, Role.ADMIN)
    with world.app.app_context(), reading() as session:
        held = str(session.connection().exec_driver_sql("SELECT code_hash FROM recovery_code").all())
        sealed = bytes(session.connection().exec_driver_sql('SELECT totp_secret FROM "user"').scalar_one())
    assert not any(code in held or code.replace("-", "") in held for code in codes)
    with world.app.app_context(), reading() as session:
        secret = session.query(UserRow.totp_secret).scalar()
    assert secret is not None and secret.encode() not in sealed


def test_a_login_waits_ten_minutes_for_its_second_proof(world: World, clock: Clock) -> None:
    login, _ = with_phone(world, Role.MANAGER)
    browser = Browser(world)
    browser.log_in(login)
    clock.pass_(minutes=11)
    browser.press("/staff/login/code", code=phone_of(world, login).at(clock()))
    assert browser.path == "/staff/login"


@pytest.mark.parametrize(("role", "days", "asked"), [
    (Role.CLERK, 400, False), (Role.MANAGER, 13, False), (Role.MANAGER, 14, True), (Role.ADMIN, 14, True),
])  # fmt: skip
def test_managers_and_admins_have_two_weeks_to_set_it_up(
    world: World, clock: Clock, role: Role, days: int, asked: bool
) -> None:
    login = person(world, role)
    clock.pass_(days=days)
    browser = Browser(world)
    browser.log_in(login)
    assert browser.path.startswith("/staff/login/set-up") is asked


def test_whoever_must_set_it_up_does_so_at_the_login_and_is_in(world: World, clock: Clock) -> None:
    login = person(world, Role.MANAGER)
    clock.pass_(days=20)
    browser = Browser(world)
    page = browser.log_in(login)
    assert "data:image/svg+xml" in page and phone_of(world, login).secret in page
    assert "コードが違う" in browser.press("/staff/login/set-up", code="000000")
    page = browser.press("/staff/login/set-up", code=phone_of(world, login).at(clock()))
    assert len(re.findall(r"<code class=\"secret\">", page)) == 10
    assert browser.open("/staff/floor") and browser.path == "/staff/floor"
    assert acts(world)[-2:] == ["second_factor_set", "logged_in"]


def test_a_clerk_may_set_one_up_and_needs_the_passphrase_for_it(world: World, clock: Clock) -> None:
    browser = staff(world, Role.CLERK)
    browser.open("/staff/account")
    assert "いまのパスフレーズが違います" in browser.press(
        "/staff/second-factor/begin", passphrase_now="not it at all, no"
    )
    browser.press("/staff/second-factor/begin", passphrase_now=PASSPHRASE)
    assert browser.path == "/staff/second-factor"
    page = browser.press("/staff/second-factor/confirm", code=phone_of(world, "clerk").at(clock()))
    assert "予備コード" in page
    assert "second-factor" not in browser.open("/staff/second-factor") or browser.path == "/staff/account"
    fresh = Browser(world)
    fresh.log_in("clerk")
    assert fresh.path.startswith("/staff/login/code")


def test_an_admin_takes_the_second_proof_off_somebody_whose_phone_is_lost(world: World) -> None:
    login, _ = with_phone(world, Role.MANAGER)
    lost = logged_in(world, login)
    admin = staff(world, Role.ADMIN, "sora")
    admin.open("/admin/people")
    number = next(action for action in admin.actions() if action.endswith("/second-factor"))
    admin.press(number)
    lost.open("/staff/")
    assert lost.path.startswith("/staff/login"), "sessions of before are over"
    browser = Browser(world)
    browser.log_in(login)
    assert browser.path == "/staff/"


def test_a_person_sees_where_they_are_logged_in_and_ends_it(world: World) -> None:
    here, there = staff(world, Role.CLERK), logged_in(world, "clerk")
    page = here.open("/staff/account")
    assert len(re.findall(r"sessions/\d+/end\"", page)) == 1, "not of the screen one sits at"
    end = next(action for action in here.actions() if re.search(r"/account/sessions/\d+/end$", action))
    here.press(end)
    there.open("/staff/")
    assert there.path.startswith("/staff/login")
    assert here.open("/staff/") and here.path == "/staff/"


def test_ending_all_others_leaves_this_one(world: World) -> None:
    here = staff(world, Role.CLERK)
    others = [logged_in(world, "clerk") for _ in range(2)]
    here.open("/staff/account")
    here.press("/staff/account/sessions/end-others")
    for other in others:
        other.open("/staff/")
        assert other.path.startswith("/staff/login")
    assert here.path == "/staff/account"


def test_nobody_ends_the_session_of_somebody_else(world: World) -> None:
    hana, other = staff(world, Role.CLERK, "hana"), staff(world, Role.CLERK, "other")
    with world.app.app_context(), reading() as session:
        number = session.query(StaffSession.id).join(UserRow).filter(UserRow.login == "other").scalar()
    hana.open("/staff/account")
    hana.send(f"/staff/account/sessions/{number}/end", hana.fields("/staff/account/passphrase"))
    assert other.open("/staff/") and other.path == "/staff/"


def test_locking_ends_the_session_and_the_next_login_comes_back_to_the_page(world: World) -> None:
    hana = staff(world, Role.CLERK, "hana")
    hana.open("/staff/")
    hana.press("/staff/counters/1/open")
    counter = hana.path
    stolen = hana.client.get_cookie(SESSION_COOKIE)
    hana.press("/staff/lock", next=counter.split("?")[0])
    assert hana.path.startswith("/staff/login") and counter.split("?")[0] in hana.page
    thief = Browser(world)
    assert stolen is not None
    thief.client.set_cookie(SESSION_COOKIE, stolen.value)
    thief.open("/staff/")
    assert thief.path.startswith("/staff/login")
    person(world, Role.CLERK, "sora")
    hana.press("/staff/login", login="sora", passphrase=PASSPHRASE, next=counter.split("?")[0])
    assert hana.path.split("?")[0] == counter.split("?")[0]


def test_a_day_at_the_counter_ends_after_ten_hours(world: World, clock: Clock) -> None:
    browser = staff(world, Role.CLERK)
    for _ in range(60):
        clock.pass_(minutes=10)
        browser.open("/staff/")
    assert browser.path.startswith("/staff/login")


def test_a_browser_is_told_in_two_words() -> None:
    agent = (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36"
    )
    assert browser_words(agent) == "Chrome · Windows"
    assert browser_words(agent + " Edg/156.0") == "Edge · Windows"
    assert browser_words("<script>") == ""
