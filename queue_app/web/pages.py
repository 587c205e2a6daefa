"""What all pages share: their globals, the language a reader chose, and the blueprints of the house."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from flask import Flask, Response, current_app, has_request_context, request, url_for

from queue_app.domain.office import label_in
from queue_app.web import admin, booking, devices, i18n, packing, resident, ruby, staff, styleguide, surfaces
from queue_app.web.api.openapi import docs_page
from queue_app.web.context import KEY, house
from queue_app.web.row_number import RowNumber

YEAR_S = 31_536_000


def register(app: Flask) -> None:
    app.url_map.converters["int"] = RowNumber
    app.jinja_env.globals.update(
        t=i18n.t, asset=asset, surface_sheet=surfaces.surface_sheet, label_in=label_in, idempotency_key=idempotency_key
    )
    app.jinja_env.filters["clock"] = clock
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.context_processor(_shared)
    app.after_request(_remember_language)
    app.after_request(_keep_versioned_files)
    ruby.register(app)
    packing.register(app)
    app.add_url_rule("/api/docs", "api_docs", docs_page)
    docs_page.is_open = True  # type: ignore[attr-defined]
    app.register_blueprint(surfaces.blueprint)
    app.register_blueprint(resident.blueprint)
    app.register_blueprint(booking.blueprint)
    app.register_blueprint(devices.blueprint)
    app.register_blueprint(staff.blueprint)
    app.register_blueprint(admin.blueprint)
    if urlsplit(app.extensions[KEY].settings.public_url).hostname in ("127.0.0.1", "localhost"):
        app.register_blueprint(styleguide.blueprint)  # for those who build screens, on their own machine


def asset(path: str, blueprint: str = "") -> str:
    """The address of a static file, with its content in the query: cached for a year, new when the server starts."""
    known: dict[tuple[str, str, str], str] = current_app.extensions.setdefault("matazu_assets", {})
    asked = (request.script_root if has_request_context() else "", blueprint, path)
    if asked not in known:
        known[asked] = _address_of(path, blueprint)
    return known[asked]


def idempotency_key() -> str:
    """A fresh key for a form: however often it is sent, it has one effect."""
    return uuid.uuid4().hex


def clock(at: datetime | None, zone: str = "") -> str:
    """The time on the wall of the office, `14:05`."""
    if at is None:
        return ""
    from zoneinfo import ZoneInfo

    return at.astimezone(ZoneInfo(zone) if zone else None).strftime("%H:%M")


def _address_of(path: str, blueprint: str) -> str:
    endpoint = f"{blueprint}.static" if blueprint else "static"
    folder = current_app.blueprints[blueprint].static_folder if blueprint else current_app.static_folder
    return url_for(endpoint, filename=path, v=_fingerprint(str(Path(folder or "") / path)))


@lru_cache(maxsize=512)
def _fingerprint(file: str) -> str:
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()[:12]


def _shared() -> dict[str, object]:
    """In the context of every page."""
    language = i18n.reader_language()
    return {
        "lang": language,
        "languages": [
            {"code": code, "label": name, "url": _in_language(code), "current": code == language}
            for code, name in i18n.LANGUAGES.items()
        ],
        "settings": house().settings,
    }


def _in_language(code: str) -> str:
    """This page in another language; everything else in its address is kept."""
    query = {**request.args.to_dict(), "lang": code}
    return f"{request.path}?{urlencode(query)}"


def _keep_versioned_files(response: Response) -> Response:
    """A file whose address names its content never changes; every other one is asked for again (ETag)."""
    if request.endpoint and request.endpoint.endswith("static") and "v" in request.args:
        response.headers["Cache-Control"] = f"public, max-age={YEAR_S}, immutable"
    return response


def _remember_language(response: Response) -> Response:
    chosen = i18n.known_language(request.args.get("lang"))
    if chosen and response.mimetype == "text/html":
        response.set_cookie(
            i18n.LANGUAGE_COOKIE,
            chosen,
            max_age=YEAR_S,
            samesite="Lax",
            httponly=True,
            secure=house().settings.is_secure,
        )
    return response
