"""The page about personal data: its periods are those the house works by, and every resident's page leads to it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from queue_app.services import forgetting
from queue_app.web.i18n import LANGUAGES
from tests.bookings import BOOKABLE
from tests.web.plain_browser import PlainBrowser
from tests.world import World

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def phone(world: World) -> PlainBrowser:
    world.open_office(BOOKABLE)
    return PlainBrowser(world.app.test_client())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_periods_are_told_in_every_language(phone: PlainBrowser, language: str) -> None:
    page = phone.open(f"/privacy?office=aoba&lang={language}")
    assert phone.answer.status_code == 200
    for figure in ("30", "24"):
        assert figure in page.text


def test_another_period_makes_another_page(phone: PlainBrowser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "BOOKINGS_KEPT", timedelta(days=47))
    assert "47" in phone.open("/privacy").text


@pytest.mark.parametrize("path", ["/", "/crowd/aoba", "/aoba/order", "/book/find", "/t/nothing"])
def test_residents_find_it_at_the_foot_of_every_page(phone: PlainBrowser, path: str) -> None:
    assert any(url.startswith("/privacy") for url in phone.open(path).links.values())
