"""The paper: what stands on it, and what never does."""

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from queue_app.domain.announcement import LANGUAGES
from queue_app.domain.slip import Role, SlipFacts, Stop, date_text, offline_slip, reprint, slip
from queue_app.domain.slip_words import SECOND_LINES

JST = ZoneInfo("Asia/Tokyo")

FACTS = SlipFacts(
    office="あおば市役所 市民課",
    number="A023",
    service="住民票・証明書",
    area="1階 3〜5番窓口",
    issued_at=datetime(2026, 4, 1, 1, 23, tzinfo=UTC).astimezone(JST),
    order_at=datetime(2026, 4, 1, 10, 3, tzinfo=JST),
    waiting=6,
    wait_min=(20, 30),
    status_url="https://queue.example/t/Zm9v",
    phone="042-000-0000",
)


def test_the_paper_tells_number_service_place_and_wait():
    paper = slip(FACTS)
    assert paper.text(Role.NUMBER) == paper.number == "A023"
    assert paper.text(Role.SERVICE) == "住民票・証明書"
    assert paper.text(Role.AREA) == "1階 3〜5番窓口"
    assert paper.text(Role.QUEUE) == "待ち 6人　目安 約20〜30分"
    assert paper.text(Role.ORDER) == "お呼びする順の時刻 10時03分"
    assert paper.qr == "https://queue.example/t/Zm9v"


def test_the_order_time_is_printed_with_its_reason():
    at = datetime(2026, 4, 1, 10, 30, tzinfo=JST)
    booked = slip(replace(FACTS, order_at=at.replace(minute=0), counts_at=at, is_booked=True))
    assert booked.text(Role.ORDER) == "お呼びする順の時刻 10時00分\n（予約 10時30分の30分前として）"
    walk_in = slip(replace(FACTS, order_at=at, counts_at=at))
    assert walk_in.text(Role.ORDER) == "お呼びする順の時刻 10時30分\n（受付 10時30分）"
    assert not offline_slip(replace(FACTS, order_at=at, counts_at=at)).text(Role.ORDER)


def test_the_date_stands_in_the_era_and_in_plain_figures():
    paper = slip(FACTS)
    assert paper.text(Role.ISSUED) == "令和8年4月1日(水) 10時23分"
    assert "2026-04-01 10:23" in paper.text(Role.SECOND)


def test_the_first_year_of_an_era_is_gannen_and_older_days_have_plain_years():
    assert date_text(date(2019, 12, 2)) == "令和元年12月2日(月)"
    assert date_text(date(2019, 4, 30)) == "2019年4月30日(火)"


def test_what_is_not_known_is_not_printed():
    paper = slip(replace(FACTS, waiting=None, wait_min=None, order_at=None, phone=""))
    assert {line.role for line in paper.lines}.isdisjoint({Role.QUEUE, Role.ORDER, Role.PHONE, Role.STOPS})


def test_a_wait_without_a_range_is_one_figure():
    assert "約5分" in slip(replace(FACTS, wait_min=(5, 5))).text(Role.QUEUE)


def test_nobody_waiting_is_said_and_not_left_out():
    assert "待ち 0人" in slip(replace(FACTS, waiting=0)).text(Role.QUEUE)


def test_a_japanese_ticket_has_english_as_second_language():
    second = slip(FACTS).text(Role.SECOND).replace("\u00a0", " ")
    assert second.startswith("Please wait until your number is called. 6 waiting. About 20–30 min.")


def test_the_second_language_is_that_of_the_ticket_with_english_in_reserve():
    line = next(line for line in slip(replace(FACTS, language="ne")).lines if line.role is Role.SECOND)
    assert line.language == "ne"
    assert line.instead.startswith("Please wait")


def test_every_language_of_the_announcements_has_a_line_on_paper():
    assert set(SECOND_LINES) == set(LANGUAGES) - {"ja"}


def test_a_reprint_is_the_same_paper_with_a_mark_on_top():
    paper = slip(FACTS)
    again = reprint(paper)
    assert again.lines[0].role is Role.MARK
    assert "再発行" in again.lines[0].text
    assert (again.number, again.qr, again.lines[1:]) == (paper.number, paper.qr, paper.lines)


def test_a_slip_made_without_the_server_shows_nothing_only_the_server_knows():
    paper = offline_slip(FACTS)
    assert "番号は有効です" in paper.text(Role.MARK)
    assert paper.qr is None
    assert {line.role for line in paper.lines}.isdisjoint({Role.QUEUE, Role.ORDER, Role.QR})
    assert "waiting" not in paper.text(Role.SECOND)


def test_remaining_counters_are_numbered_and_done_ones_told_apart():
    stops = (Stop("1階3番窓口", "転入届", done=True), Stop("2階21番窓口", "国民健康保険"))
    paper = slip(replace(FACTS, stops=stops))
    assert paper.text(Role.STOP_DONE) == "① 1階3番窓口　転入届"
    assert paper.text(Role.STOP) == "② 2階21番窓口　国民健康保険"


def test_second_visit_to_a_counter_says_that_it_is_for_the_papers():
    stops = (Stop("1階3番窓口", "転入届"), Stop("1階3番窓口", "転入届", why="お渡し"))
    assert slip(replace(FACTS, stops=stops)).text(Role.STOP).endswith("② 1階3番窓口　転入届　お渡し")
