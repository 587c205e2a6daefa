"""What an operator reads when the server is ready."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException

from queue_app.services import demo
from queue_app.services.ports import Ports
from queue_app.store.access_tables import UserRow
from queue_app.store.database import writing
from queue_app.welcome import screens, welcome
from tests.world import Clock, World

pytestmark = pytest.mark.any_database


def load_demo(app: Flask, clock: Clock) -> None:
    with app.app_context():
        assert demo.load_if_empty(Ports(clock=clock))


def test_each_address_named_leads_to_a_page(app: Flask, world: World) -> None:
    paths = re.findall(r"http://\S+?:\d+(/\S*)", welcome(app))
    assert "/api/docs" in paths
    for path in paths:
        try:
            app.url_map.bind("localhost").match(path.partition("?")[0])
        except HTTPException as missing:
            raise AssertionError(path) from missing


def test_a_page_that_this_version_does_not_have_is_not_named(world: World) -> None:
    empty = Flask("empty")
    empty.add_url_rule("/crowd/<office>", "crowd", str)
    assert screens(empty, "aoba") == [("Crowd page", "/crowd/aoba")]


def test_the_demo_city_tells_its_logins(app: Flask, clock: Clock) -> None:
    load_demo(app, clock)
    told = welcome(app)
    for login, _name, passphrase in demo.LOGINS.values():
        assert re.search(rf"{login} +{passphrase}", told)


def test_a_login_that_was_taken_away_is_not_told(app: Flask, clock: Clock) -> None:
    load_demo(app, clock)
    with app.app_context():
        writing(lambda session: session.query(UserRow).filter_by(login="manager").update({"active": False}))
    assert "matazu-demo-manager" not in welcome(app)
    assert "matazu-demo-clerk" in welcome(app)


def test_a_real_city_is_told_no_logins(app: Flask, world: World) -> None:
    told = welcome(app)
    assert "あおば市役所 (aoba)" in told
    assert "matazu-demo" not in told
    assert "demo" not in told


def test_without_an_office_the_next_step_is_named(app: Flask) -> None:
    assert "office load FILE" in welcome(app)
