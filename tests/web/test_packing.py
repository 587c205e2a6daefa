"""Files go out packed to whoever can unpack them; pages, which hold their reader's tokens, never."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from flask import Flask

pytestmark = pytest.mark.any_database

PACKED = {"Accept-Encoding": "gzip, br"}


def test_a_style_sheet_is_packed_and_unpacks_to_itself(app: Flask) -> None:
    client = app.test_client()
    plain, packed = (
        client.get("/static/page.css?v=1", buffered=True),
        client.get("/static/page.css?v=1", headers=PACKED, buffered=True),
    )
    assert packed.headers["Content-Encoding"] == "gzip" and "Accept-Encoding" in packed.headers["Vary"]
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 2
    assert "Content-Encoding" not in plain.headers and "Accept-Encoding" in plain.headers["Vary"]


def test_sheets_of_a_surface_come_as_one_file_that_is_packed_and_kept(app: Flask) -> None:
    client = app.test_client()
    address = re.findall(r'<link rel="stylesheet" href="([^"]+)"', client.get("/", follow_redirects=True).text)
    answer = client.get(address[0], headers=PACKED, buffered=True)
    assert len(address) == 1
    assert answer.headers["Content-Encoding"] == "gzip" and "immutable" in answer.headers["Cache-Control"]
    sheet = gzip.decompress(answer.data).decode()
    static = Path(app.static_folder or "")
    places = [sheet.index((static / f"{each}.css").read_text("utf-8")) for each in ("app", "page", "resident")]
    assert places == sorted(places)


def test_pages_and_pictures_are_not_packed(app: Flask) -> None:
    client = app.test_client()
    for path in ("/", "/static/page.css", "/static/audio/chime.wav?v=1"):
        answer = client.get(path, headers=PACKED, follow_redirects=True, buffered=True)
        assert answer.status_code == 200 and "Content-Encoding" not in answer.headers, path
