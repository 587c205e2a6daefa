"""Statistics and the usual load in a real browser: for everybody, on a desk and on a phone."""

from __future__ import annotations

import pytest

from queue_app.domain.access import Role
from queue_app.services import demo_history, learning, offices
from queue_app.store.database import reading, writing
from queue_app.store.office_tables import OfficeRow
from queue_app.web.context import KEY
from tests.journeys.accessibility import faults, sideways, too_small, with_axe
from tests.journeys.conftest import City


@pytest.fixture
def recorded(city: City) -> City:
    """The office with some recorded weeks."""
    with city.door.app_context():
        ports = city.door.extensions[KEY].ports
        with reading() as session:
            office_id = session.query(OfficeRow.id).filter_by(code=city.code).scalar()
            office = offices.office_by_id(session, office_id)
        days = demo_history.working_days(office.today(ports.clock()), ports)[-10:]
        for number, day in enumerate(days):
            visits = list(demo_history.day_of(office, day, ports, number=number * 1000))
            writing(
                lambda session, day=day, visits=visits: demo_history.put_down(
                    session, office_id=office_id, day=day, visits=visits
                )
            )
        with reading() as session:
            learnt = learning.learn(session, office, ports.clock())
        writing(lambda session: learning.keep(session, office_id, learnt, ports.clock()))
    return city


def test_a_manager_reads_the_statistics_at_the_desk(recorded: City) -> None:
    page = with_axe(recorded.window(Role.MANAGER))
    page.goto(f"{recorded.url}/staff/statistics")
    assert page.locator("svg.chart").count() >= 3
    assert page.locator("#services tbody tr").count() == 2
    assert (faults(page), sideways(page)) == ([], 0)
    page.select_option("#service", "moving")
    page.get_by_role("button", name="表示する").click()
    page.wait_for_url("**service=moving**")
    assert page.locator("#services tbody tr").count() == 1


def test_the_crowd_page_tells_the_usual_load_on_a_phone_without_scripts(recorded: City) -> None:
    plain = recorded.window(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    plain.goto(f"{recorded.url}/crowd/{recorded.code}")
    assert plain.locator("#usual-heat tbody tr").count() >= 8
    page = with_axe(recorded.window(viewport={"width": 390, "height": 844}))
    page.goto(f"{recorded.url}/crowd/{recorded.code}")
    assert (faults(page), sideways(page), too_small(page, "main", 44)) == ([], 0, [])
