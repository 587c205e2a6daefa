"""Who is at work in the tests of pages."""

from __future__ import annotations

import pytest

from queue_app.domain.access import Role
from tests.web.staff_browser import Browser, staff
from tests.world import World


@pytest.fixture
def clerk(world: World) -> Browser:
    """A clerk sitting at counter 1."""
    browser = staff(world, Role.CLERK)
    browser.open("/staff/")
    browser.press("/staff/counters/1/open")
    return browser
