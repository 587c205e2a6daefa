"""Hours, booking places and previews in the browser: what a change would hit is seen before it is made."""

from __future__ import annotations

import re

import pytest

from queue_app.domain.access import Role
from queue_app.store.database import reading, writing
from queue_app.store.queue_tables import Delivery
from queue_app.store.reservation_tables import Reservation
from queue_app.web.admin.overview import missing_texts
from tests.bookings import BOOKABLE, body, free, reserve, slot
from tests.web.staff_browser import Browser, staff
from tests.world import OFFICE, World

pytestmark = pytest.mark.any_database

WEEK = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "08:30-17:15")


@pytest.fixture
def admin(world: World) -> Browser:
    world.open_office(BOOKABLE.replace("navigator: aoba-navigator.yaml\n", ""))
    browser = staff(world, Role.ADMIN)
    browser.open("/admin/hours")
    return browser


def save(admin: Browser, **typed: str) -> str:
    return admin.press("/admin/hours", **{**WEEK, "closed": "12-29..01-03", "holidays": "yes", **typed})


def states(world: World) -> list[str]:
    with world.app.app_context(), reading() as session:
        return [row.state for row in session.query(Reservation)]


def test_a_change_of_hours_lists_the_bookings_it_hits_and_saves_nothing_yet(world: World, admin: Browser) -> None:
    booked = [reserve(world, slot("10:00")), reserve(world, slot("16:00"))]
    page = save(admin, wed="08:30-12:00")
    assert admin.status == 409
    assert "1件の予約に影響します" in page
    assert "16:00" in page
    assert "10:00" not in page
    assert f"{booked[1]['code'][:4]}-" in page
    assert len(free(world)) > 8, "the hours were changed before anybody was asked"


def test_saving_after_the_list_changes_the_hours_and_cancels_nobody(world: World, admin: Browser) -> None:
    reserve(world, slot("16:00"))
    save(admin, wed="08:30-12:00")
    admin.press("/admin/hours", notices="no")
    assert admin.path.startswith("/admin/hours?saved=yes")
    assert states(world) == ["booked"]
    assert max(free(world)) < slot("12:00")


def test_holders_with_an_address_are_told_once_and_in_their_language(world: World, admin: Browser) -> None:
    made = reserve(world, slot("16:00"))
    with world.app.app_context():

        def give_address(session) -> None:  # type: ignore[no-untyped-def]
            row = session.query(Reservation).one()
            row.contact_channel, row.contact_address, row.language = "email", "hanako@aoba.example", "en"

        writing(give_address)
    save(admin, wed="08:30-12:00")
    assert "保存して1件にお知らせを送る" in admin.page
    admin.press("/admin/hours", notices="yes")
    assert "1件にお知らせを送ります" in admin.page
    with world.app.app_context(), reading() as session:
        sent = session.query(Delivery).filter_by(kind="hours_changed").all()
        assert [row.address for row in sent] == ["hanako@aoba.example"]
        assert "Your booking has not been cancelled" in sent[0].payload
        assert made["token"] in sent[0].payload


def test_a_booking_made_while_the_list_was_read_is_asked_about_again(world: World, admin: Browser) -> None:
    reserve(world, slot("16:00"))
    save(admin, wed="08:30-12:00")
    reserve(world, slot("15:00"))
    page = admin.press("/admin/hours", notices="no")
    assert admin.status == 409
    assert "2件の予約に影響します" in page


def test_a_late_form_of_hours_shows_both_values(world: World, admin: Browser) -> None:
    other = staff(world, Role.ADMIN, "other-admin")
    other.open("/admin/hours")
    save(other, fri="08:30-19:00")
    page = save(admin, fri="08:30-12:00")
    assert admin.status == 412
    assert "08:30-19:00" in page
    assert "08:30-12:00" in page


@pytest.mark.parametrize(("field", "typed"), [("mon", "8時から"), ("closed", "年末"), ("dates", "2026-12-12 ごぜん")])
def test_hours_that_cannot_be_read_are_refused_at_their_field(admin: Browser, field: str, typed: str) -> None:
    page = save(admin, **{field: typed})
    assert admin.status == 422
    assert f'id="{field}-error"' in page
    assert typed in page


def test_hours_come_back_as_they_were_typed(admin: Browser) -> None:
    save(admin, mon="8:30-12:00、13:00～17:15", dates="2026-12-12 09:00-12:00\n2026-12-11 休み")
    page = admin.open("/admin/hours")
    assert 'value="08:30-12:00, 13:00-17:15"' in page
    assert "2026-12-11 休み\n2026-12-12 09:00-12:00" in page.replace("\r", "")


def test_the_share_kept_for_walk_ins_shows_in_what_a_resident_sees(world: World, admin: Browser) -> None:
    admin.open("/admin/booking/moving?day=2026-12-02")
    assert "残り2" in admin.page
    admin.press("/admin/booking/moving", bookable="yes", length_min="30", capacity="4", walk_in_share="75")
    admin.open("/admin/booking/moving?day=2026-12-02")
    assert "残り1" in admin.page
    assert "残り2" not in admin.page
    assert set(free(world).values()) == {1}


def test_a_day_without_places_says_why(admin: Browser) -> None:
    assert "この日は休みです。" in admin.open("/admin/booking/moving?day=2026-12-05")
    assert "予約を受け付けていない用件です。" in admin.open("/admin/booking/certificate")


def test_a_service_that_is_no_longer_booked_keeps_its_bookings(world: World, admin: Browser) -> None:
    reserve(world, slot("16:00"))
    admin.open("/admin/booking/moving")
    admin.press("/admin/booking/moving", length_min="30", capacity="2", walk_in_share="0")
    assert world.as_(None).post("/offices/aoba/reservations", body(slot("10:00"))).status_code == 422
    assert states(world) == ["booked"]


def test_rules_of_booking_are_saved_and_wrong_ones_refused_by_field(world: World, admin: Browser) -> None:
    admin.open("/admin/booking")
    rules = {"ahead_days": "7", "cutoff_min": "60", "hold_min": "10", "early_min": "10", "late_min": "15"}
    admin.press("/admin/booking", **rules)
    assert "保存しました" in admin.page
    assert free(world, day="2026-12-10") == {}
    page = admin.press("/admin/booking", **rules | {"late_min": "999"})
    assert admin.status == 422
    assert 'id="late_min-error"' in page


def test_missing_translations_are_counted_per_service_and_on_the_overview(world: World) -> None:
    text = OFFICE.replace("tickets_from_home", "languages: [ja, en, ko]\ntickets_from_home")
    world.open_office(
        text.replace(
            "label: {ja: 国民健康保険, en: Insurance}", "label: {ja: 国民健康保険}, note: {ja: 保険証, en: Card}"
        )
    )
    admin = staff(world, Role.ADMIN)
    page = admin.open("/admin/")
    assert "翻訳が足りないもの（4件）" in page
    page = admin.open("/admin/services/insurance")
    chips = re.findall(
        r"<li>([^<]+?) <span class=\"dads-chip-label\"[^>]*>(?:<span[^>]*>[^<]*</span>)?([^<]+)</span>", page
    )
    assert [(name.strip(), said) for name, said in chips[:3]] == [
        ("日本語", "そろっています"),
        ("English", "あと1"),
        ("한국어", "あと2"),
    ]
    with world.app.app_context(), reading() as session:
        from queue_app.services import offices

        lacking = {each["code"]: each["languages"] for each in missing_texts(offices.office_by_code(session, "aoba"))}
    assert lacking["insurance"] == ["en", "ko"]
    assert lacking["moving"] == ["ko"]
    assert lacking["9"] == ["ko"]
    assert "1" not in lacking, "every language has words for a number"


def test_a_service_shows_tile_slip_call_and_completion_page(admin: Browser) -> None:
    page = admin.open("/admin/services/moving")
    assert re.search(r"preview-tile\" lang=\"en\">Moving<", page)
    assert "data-say=" in page
    assert re.search(r"data-role=\"number\"[^>]*>B001<", page)
    done = admin.open("/admin/services/moving/completion")
    assert "予約が完了しました" in done
    assert "住民異動" in done


def test_the_checklist_counts_what_is_done_and_says_what_is_missing(admin: Browser) -> None:
    page = admin.open("/admin/")
    assert "7のうち" in page
    assert "発券機か表示を登録してください。" in page
    assert "30日後" in page


def test_a_reader_of_statistics_is_added_and_sees_no_counter(world: World, admin: Browser) -> None:
    admin.open("/admin/people")
    admin.press("/admin/people", login="toukei", name="統計 係", role="statistics")
    reader = staff(world, Role.STATISTICS, "reader")
    reader.open("/staff/counters/1")
    assert reader.status == 403
    assert reader.open("/staff/account")
    assert reader.status == 200
