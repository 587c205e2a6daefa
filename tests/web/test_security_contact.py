"""Where to report a weakness: RFC 9116."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from config import WrongSetting
from tests.conftest import make_app, settings_for
from tests.world import Clock

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FILE = "/.well-known/security.txt"


def test_the_file_names_the_contact_and_has_not_run_out(database_url: str, tmp_path: Path, clock: Clock) -> None:
    settings = settings_for(tmp_path, DATABASE_URL=database_url, SECURITY_CONTACT="mailto:security@aoba.example")
    answer = make_app(settings, clock).test_client().get(FILE)
    assert answer.mimetype == "text/plain"
    fields = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert fields["Contact"] == "mailto:security@aoba.example"
    assert timedelta() < datetime.fromisoformat(fields["Expires"]) - clock() < timedelta(days=365)


def test_without_a_contact_there_is_no_file(database_url: str, tmp_path: Path, clock: Clock) -> None:
    assert make_app(settings_for(tmp_path, DATABASE_URL=database_url), clock).test_client().get(FILE).status_code == 404


@pytest.mark.parametrize(
    "contact", ["security@aoba.example", "mailto:a@b.example\nExpires: never", "http://aoba.example"]
)
def test_what_is_no_contact_is_refused_at_the_start(database_url: str, tmp_path: Path, contact: str) -> None:
    with pytest.raises(WrongSetting):
        settings_for(tmp_path, DATABASE_URL=database_url, SECURITY_CONTACT=contact)
