"""Statistics for managers and admins: one source for chart, table, CSV and Excel; the usual load for residents."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import Counter
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from queue_app.domain.access import Role
from queue_app.domain.history import End, Stop, Visit
from queue_app.services import bookkeeping, history, wishes
from queue_app.store.database import writing
from queue_app.web.context import KEY
from queue_app.web.sheets import csv_of, harmless
from tests.web.staff_browser import Browser, staff
from tests.world import OPENING, World


def put_down(world: World, weeks: int = 3, *, booked_every: int = 4) -> None:
    """Recorded weeks: Mondays full, the other days quiet, a tenth gives up."""
    rng = Random(7)

    def visit(number: int, day: int) -> Visit:
        at = OPENING - timedelta(days=day, minutes=-60 - number % 400)
        wait = rng.uniform(20, 40) if (OPENING - timedelta(days=day - 1)).weekday() == 0 else rng.uniform(0, 10)
        kind = "booked" if number % booked_every == 0 else "walk_in"
        made = Visit(-(day * 1000 + number), "moving", kind, at, at)
        stop = Stop(-(day * 1000 + number), "moving", "reception", at, at, 0.0, counter="1")
        called = at + timedelta(minutes=round(wait, 2))
        made.stops[stop.stage] = stop
        if number % 10 == 0:
            stop.end = made.end = End.LEFT
            stop.ended_at = made.ended_at = called
            return made
        stop.called_at = made.first_called_at = called
        stop.served_s, stop.end = 600, End.DONE
        stop.ended_at = made.ended_at = called + timedelta(minutes=10)
        made.end = End.DONE
        made.told = {"by": "passes-1", "shown": [0, 10, 20], "raw": [2.0, 10.0, 19.0], "busy": True}
        return made

    def act(session: Any) -> None:
        for day in range(1, weeks * 7):
            on = (OPENING - timedelta(days=day - 1)).date()
            if on.weekday() < 5:
                history.write(session, 1, [(on, visit(number, day)) for number in range(30)])

    with world.app.app_context():
        writing(act)


@pytest.fixture
def manager(world: World) -> Browser:
    return staff(world, Role.MANAGER)


def table_of(page: str, id: str) -> list[list[str]]:
    body = re.findall(rf'<table[^>]*id="{id}".*?<tbody>(.*?)</tbody>', page, flags=re.DOTALL)[0]
    rows = re.findall(r"<tr>(.*?)</tr>", body, flags=re.DOTALL)
    return [re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", row) for row in rows]


def test_without_any_history_the_page_says_so(manager: Browser) -> None:
    manager.open("/staff/statistics")
    assert manager.status == 200
    assert "この期間の記録はまだありません" in manager.page
    assert "<table" not in manager.page


def test_chart_table_csv_and_excel_tell_the_same(world: World, manager: Browser) -> None:
    put_down(world)
    manager.open("/staff/statistics")
    (row,) = table_of(manager.page, "services")
    link = re.findall(r'href="(/staff/statistics\.csv[^"]*report=services[^"]*)"', manager.page)[0]
    answer = manager.client.get(link.replace("&amp;", "&"))
    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert answer.headers["Cache-Control"] == "no-store"
    _, (service, *figures) = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
    assert service == row[0] == "住民異動"
    shown = [f"{float(each):.1f}" if "." in each else each for each in figures]
    assert shown == row[1:]
    chart = re.findall(r'<svg class="chart".*?</svg>', manager.page, flags=re.DOTALL)[0]
    bars = re.findall(r">(\d+)</text>\s*<rect", chart) + re.findall(r"<text[^>]*>(\d+)</text>\s*</svg>", chart)
    assert f">{float(figures[2]):.0f}</text>" in chart and f">{float(figures[3]):.0f}</text>" in chart, bars
    book = manager.client.get("/staff/statistics.xlsx")
    sheet = zipfile.ZipFile(io.BytesIO(book.data)).read("xl/worksheets/sheet1.xml").decode()
    assert f"<v>{figures[2]}</v>" in sheet


def test_booked_and_walk_in_stand_beside_each_other_with_idle_time(world: World, manager: Browser) -> None:
    put_down(world)
    manager.open("/staff/statistics")
    assert [row[0] for row in table_of(manager.page, "classes")] == ["予約", "予約なし"]
    manager.open("/staff/statistics?class=booked")
    assert [row[0] for row in table_of(manager.page, "classes")] == ["予約"]


def test_what_cannot_be_asked_for_is_said_beside_the_field(manager: Browser) -> None:
    for asked, said in (
        ("from=tomorrow", "日付は2026-12-01のように"),
        ("from=2026-12-02&to=2026-12-01", "終了日は開始日以後"),
        ("from=2020-01-01&to=2026-12-01", "400日以内"),
        ("service=nothing&kind=nothing&class=nothing", "この期間の記録はまだありません"),
    ):
        manager.open(f"/staff/statistics?{asked}")
        assert manager.status == 200
        assert said in manager.page, asked


def test_only_managers_admins_and_readers_of_statistics_see_them(world: World) -> None:
    for role, status in ((Role.ADMIN, 200), (Role.STATISTICS, 200), (Role.CLERK, 403)):
        browser = staff(world, role)
        for path in ("/staff/statistics", "/staff/statistics.csv", "/staff/statistics.xlsx"):
            assert browser.client.get(path).status_code == status, (role, path)


def test_an_unknown_table_is_not_found(manager: Browser) -> None:
    assert manager.client.get("/staff/statistics.csv?report=people").status_code == 404


def test_no_figure_is_about_a_member_of_staff(world: World, manager: Browser) -> None:
    put_down(world)
    manager.open("/staff/statistics")
    assert not re.search("担当者|職員ごと|窓口ごと", manager.page)


def test_the_api_tells_waits_beside_the_counts(world: World) -> None:
    put_down(world)
    asked = {"from": "2026-11-10", "to": "2026-12-01", "by": "service"}
    answer = world.manager.get("/offices/aoba/statistics", query_string=asked).get_json()
    moving = next(row for row in answer["rows"] if row["service"] == "moving")
    tax = next(row for row in answer["rows"] if row["service"] == "insurance")
    assert moving["wait_median_min"] > 0
    assert moving["left_unserved"] == answer["totals"]["left_unserved"] > 0
    assert (tax["wait_median_min"], tax["left_unserved"]) == (None, 0)


def test_looks_for_a_time_are_counted_by_what_they_found(
    world: World, manager: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.bookings import BOOKABLE, free, reserve, slot

    world.open_office(BOOKABLE)
    monkeypatch.setattr(wishes, "_looked", Counter())  # not what other tests of this process looked for
    free(world)
    reserve(world, slot("10:00"))
    reserve(world, slot("10:00"))
    answer = world.as_(None).post("/offices/aoba/holds", {"slot": slot("10:00"), "service": "moving"})
    assert answer.status_code == 409
    with world.app.app_context():
        assert wishes.put_down() >= 2
    manager.open("/staff/statistics")
    (row,) = table_of(manager.page, "bookings")
    assert row[0] == "住民異動"
    assert row[6:] == ["2", "1", "50%"]


def test_the_crowd_page_tells_the_usual_load_in_words(world: World) -> None:
    put_down(world)
    with world.app.app_context():
        bookkeeping.learn_now(world.app.extensions[KEY].ports, 1)
    answer = world.app.test_client().get("/crowd/aoba", headers={"Accept-Language": "ja"})
    assert "max-age=15" in answer.headers["Cache-Control"]
    assert re.search("月曜日の(午前|午後)は混みます（ふだんの待ち時間 約(30|35)分）。", answer.text)
    assert table_of(answer.text.replace('id="usual-heat"', 'id="usual"'), "usual") != []
    assert 'data-level="busy"' in answer.text and "混雑" in answer.text


def test_a_new_office_says_that_it_does_not_know_its_usual_load_yet(world: World) -> None:
    answer = world.app.test_client().get("/crowd/aoba", headers={"Accept-Language": "ja"})
    assert "まだ記録が少ないため" in answer.text


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_a_cell_that_begins_like_a_formula_is_text(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"
    assert f"'{cell[0]}" in csv_of(["head"], [[cell]])
    assert harmless(-1.5) == -1.5
