"""The pages of planning: load of a day, the rota, and questions to the simulator. Without a script."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from queue_app.domain.access import Role
from queue_app.domain.errors import Refusal
from queue_app.domain.planning.change import Change, Ground, changed_rota, compare, recorded_days, standard_days
from queue_app.domain.planning.rota import Duty
from queue_app.domain.planning.whatif import RecordedStage, RecordedVisit
from queue_app.services import offices, what_if
from queue_app.store.database import reading
from queue_app.store.planning_tables import WhatIfRun
from queue_app.web.context import KEY
from tests.services.test_planned import PLANNED
from tests.web.staff_browser import Browser, staff
from tests.world import World

pytestmark = pytest.mark.any_database


@pytest.fixture
def manager(world: World) -> Browser:
    world.open_office(PLANNED.replace("{more}", ""))
    return staff(world, Role.MANAGER)


@pytest.fixture
def admin(world: World) -> Browser:
    world.open_office(PLANNED.replace("{more}", ""))
    return staff(world, Role.ADMIN)


def work(world: World) -> str:
    """What the process beside the server does."""
    with world.app.app_context():
        with reading() as session:
            run_id = session.query(WhatIfRun.id).order_by(WhatIfRun.id.desc()).limit(1).scalar()
        return what_if.work(run_id, world.app.extensions[KEY].ports)


def test_a_day_shows_load_against_clerks_and_why_a_time_is_not_offered(manager: Browser) -> None:
    page = manager.open("/staff/plan?day=2026-12-15")
    assert manager.status == 200
    for words in ("職員の時間の4割", "出しています", "<polyline", "必要な人数"):
        assert words in page
    assert "まだ公開していない分" in page or "延びるため" in page


def test_a_closed_day_says_so(manager: Browser) -> None:
    assert "閉庁です" in manager.open("/staff/plan?day=2026-12-13")
    assert manager.open("/staff/plan?day=nonsense") and manager.status == 200


def test_the_best_lunch_is_taken_over_with_one_press(world: World, manager: Browser) -> None:
    manager.open("/staff/plan?day=2026-12-15")
    held = manager.page[manager.page.index('name="group" value="1"') :]
    starts = held[: held.index("</form>")].split('name="lunch" value="')[1:]
    lunch = [each[:5] for each in starts]
    manager.press("/staff/plan/lunch", group="1", lunch=lunch, day="2026-12-15")
    assert "取り入れました" in manager.page
    with world.app.app_context(), reading() as session:
        assert offices.office_by_code(session, "aoba").extra["rota"] == [{"group": "1", "clerks": 2, "lunch": lunch}]


def test_the_rota_is_written_in_the_set_up_and_wrong_rows_are_named(world: World, admin: Browser) -> None:
    admin.open("/admin/rota")
    admin.press(
        "/admin/rota", group_0="1", clerks_0="2", lunch_0="11:30, 12:30", group_1="3", clerks_1="1", to_1="12:00"
    )
    assert "11:30, 12:30" in admin.page
    admin.press("/admin/rota", group_0="1", clerks_0="1", lunch_0="11:30, 12:30")
    assert admin.status == 422
    assert "昼休みの数が職員数より多い" in admin.page
    admin.press("/admin/rota", group_0="1", clerks_0="100")
    assert "0から99までの数を入力してください。" in admin.page
    with world.app.app_context(), reading() as session:
        kept: Any = offices.office_by_code(session, "aoba").extra["rota"]
    assert [entry["clerks"] for entry in kept] == [2, 1]


def test_a_question_is_worked_on_and_answered_as_table_and_plot(world: World, manager: Browser) -> None:
    manager.open("/staff/plan/what-if")
    manager.press(
        "/staff/plan/what-if", basis="sw1", group="B", clerks="1", days="2", **{"from": "10:00", "to": "14:00"}
    )
    assert "計算中：0 / 2日" in manager.page
    assert "staff_progress.js" in manager.page
    again = manager.path
    manager.open("/staff/plan/what-if")
    manager.press("/staff/plan/what-if", basis="sw1", group="B", clerks="1", days="2")
    assert manager.status == 409
    assert "別の試算" in manager.page
    assert work(world) == "done"
    page = manager.open(again)
    for words in ("変えた場合", "いまのまま", "予約の方", "95 %", "plan-plot__interval", " ± ", "閉庁後の延長"):
        assert words in page
    assert "staff_progress.js" not in page, "nothing is asked for any more"


def test_the_clerks_needed_are_worked_out_with_lunch_waves_and_more_movers(world: World, manager: Browser) -> None:
    manager.open("/staff/plan/what-if")
    manager.press(
        "/staff/plan/what-if",
        basis="sw1",
        clerks="0",
        days="2",
        staffing="yes",
        waves="11:30, 12:30",
        busier="30",
        who="movers",
    )
    again = manager.path
    assert work(world) == "done"
    page = manager.open(again)
    for words in ("昼休み 11:30, 12:30", "住民異動のみ", "10人のうち9人", "試算の後", "08:30"):
        assert words in page


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"basis": "own"}, "記録がまだ足りません"),
        ({"basis": "sw1", "group": "B", "clerks": "-9"}, "減らすことはできません"),
        ({"basis": "sw1", "group": "no such", "clerks": "1"}, "まとまりは"),
        ({"basis": "sw1", "group": "K", "clerks": "-3"}, "だれも勤務していない窓口"),
        ({"basis": "sw1", "waves": "17:00"}, "開庁時間の中に"),
        ({"basis": "sw1", "group": "C", "clerks": "1", "from": "18:00", "to": "19:00"}, "その時間は開庁時間の外です"),
        ({"basis": "sw1", "busier": "30", "who": "moving"}, "その用件の方は"),
    ],
)
def test_what_cannot_be_tried_is_answered_in_a_sentence(
    world: World, manager: Browser, asked: dict[str, str], said: str
) -> None:
    manager.open("/staff/plan/what-if")
    manager.press("/staff/plan/what-if", days="2", **{"clerks": "0", **asked})
    assert work(world) == "refused"
    assert said in manager.open(manager.path)


@pytest.mark.parametrize(
    "wrong",
    [
        {"from": "25:00"},
        {"waves": "noon"},
        {"days": "0"},
        {"days": "9999"},
        {"clerks": "many"},
        {"busier": "-100"},
        {"day": "2026-02-30"},
        {"day": "20261201"},
        {"day": "2026-W49-2"},
        {"from": "14:00", "to": "10:00"},
    ],
)
def test_wrong_values_are_named_at_their_field(manager: Browser, wrong: dict[str, str]) -> None:
    manager.open("/staff/plan/what-if")
    manager.press("/staff/plan/what-if", **{"basis": "sw1", "days": "2", **wrong})
    assert manager.status == 422


def test_every_window_can_be_chosen_by_its_own_name_and_the_answer_speaks_of_it(world: World, manager: Browser) -> None:
    """A manager thinks of window 2, not of the group that it shares its queues with."""
    page = manager.open("/staff/plan/what-if")
    assert '<option value="2"' in page
    assert "2番窓口（1番窓口 ほか計2窓口の中）" in page
    assert "標準の一日：審査・入力" in page
    manager.press(
        "/staff/plan/what-if", basis="own", group="2", clerks="1", days="2", day="2026-12-15",
        **{"from": "10:00", "to": "14:00"},
    )  # fmt: skip
    assert "2番窓口：+1人 10:00–14:00" in manager.page
    assert "2026-12-15の配置" in manager.page
    assert work(world) == "refused"
    assert "記録がまだ足りません（0日）" in manager.open(manager.path)


def test_an_answer_says_shorter_longer_or_that_no_difference_can_be_told(world: World, manager: Browser) -> None:
    for asked, said in (
        ({"group": "B", "clerks": "1"}, "短くなります"),
        ({"group": "B", "clerks": "-1"}, "長くなります"),
        ({"clerks": "0"}, "はっきりした差はありません"),
    ):
        manager.open("/staff/plan/what-if")
        manager.press("/staff/plan/what-if", basis="sw1", days="12", **{"clerks": "0", **asked})
        assert work(world) == "done"
        page = manager.open(manager.path)
        assert said in page
        assert "標準の一日：審査・入力の稼働" in page


def test_an_office_that_is_never_open_is_told_so(world: World, manager: Browser) -> None:
    hours = PLANNED.replace("{more}", "")
    begin, end = hours.index("hours:"), hours.index("services:")
    world.open_office(hours[:begin] + "hours: {closed: [holidays]}\n" + hours[end:])
    manager.open("/staff/plan/what-if")
    manager.press("/staff/plan/what-if", basis="own", group="1", clerks="1", days="2")
    assert work(world) == "refused"
    assert "60日間、開庁日がありません" in manager.open(manager.path)


def test_a_worker_that_died_does_not_block_the_next_question(world: World, manager: Browser) -> None:
    manager.open("/staff/plan/what-if")
    manager.press("/staff/plan/what-if", basis="sw1", days="2")
    first = manager.path
    world.clock.pass_(minutes=3)
    assert "途中で止まりました" in manager.open(first)
    manager.open("/staff/plan/what-if")
    manager.press("/staff/plan/what-if", basis="sw1", days="2")
    assert "計算中" in manager.page


def test_clerks_at_the_counter_do_not_see_planning(world: World) -> None:
    browser = staff(world, Role.CLERK)
    browser.open("/staff/plan")
    assert browser.status == 403


def visit(at: float, minutes: float = 10.0) -> RecordedVisit:
    return RecordedVisit("moving", at, (RecordedStage("1", minutes),))


BUSY = [[visit(float(at)) for at in range(0, 480, 4)] for _ in range(6)]
GROUND = Ground((Duty("1"), Duty("1")), 525.0, {"1": np.full(129, 1.6)})


def test_one_more_clerk_never_makes_people_wait_longer_here() -> None:
    found = compare(GROUND, recorded_days(BUSY, 6), Change("1", 1), lambda _done: None)
    assert found["saved_hours"] > 0
    assert found["after"]["moving"]["idle"]["mean"] < found["before"]["moving"]["idle"]["mean"]


def test_nothing_changed_changes_nothing() -> None:
    found = compare(GROUND, recorded_days(BUSY, 6), Change(), lambda _done: None)
    assert found["before"] == found["after"]
    assert found["saved_hours"] == 0


def test_more_people_wait_longer_and_progress_is_told() -> None:
    told: list[int] = []
    found = compare(GROUND, recorded_days(BUSY, 4), Change(busier=1.3), told.append)
    assert told == [1, 2, 3, 4]
    assert found["saved_hours"] < 0


def test_a_window_closed_for_some_hours_takes_one_clerk_away_then() -> None:
    duties = changed_rota(GROUND, Change("1", -1, 60, 120))
    assert [duty.away for duty in duties] == [(), ((60, 120),)]


@pytest.mark.parametrize("change", [Change("1", -3), Change("9", 1), Change("1", 1, 600, 700), Change("1", 1, 60, 60)])
def test_an_impossible_rota_is_refused(change: Change) -> None:
    with pytest.raises(Refusal):
        changed_rota(GROUND, change)


def test_nobody_on_duty_or_no_days_are_refused() -> None:
    with pytest.raises(Refusal):
        changed_rota(Ground((), 525.0, {}), Change())
    with pytest.raises(Refusal):
        recorded_days(BUSY[:2], 10)
    with pytest.raises(Refusal):
        standard_days(0)


def test_days_are_compared_on_the_same_people() -> None:
    one, other = recorded_days(BUSY, 5), recorded_days(BUSY, 5)
    assert [[v.wish_min for v in day] for day, _ in one] == [[v.wish_min for v in day] for day, _ in other]
