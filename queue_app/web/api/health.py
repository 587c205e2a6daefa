"""Alive, ready, and figures for the monitoring: at the root, not under the API."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, request
from sqlalchemy import text

from queue_app import __version__
from queue_app.domain.errors import NotFound
from queue_app.services.schema import schema_is_current
from queue_app.store.database import reading
from queue_app.web.auth import identity
from queue_app.web.context import house
from queue_app.web.wire import to_json

health = Blueprint("health", __name__)
OLDEST_BEAT = timedelta(seconds=15)
CONTACT_HOLDS = timedelta(days=180)


@health.get("/healthz")
def alive() -> Response:
    """The process answers."""
    return _json({"status": "alive", "version": __version__}, 200)


@health.get("/readyz")
def ready() -> Response:
    """Whether people can be served, part by part; 503 while a part is not ready."""
    here = house()
    beat = here.relay.beat_at
    parts = {
        "database": _database_answers(),
        "schema": schema_is_current(),
        "bus": here.bus_is_heard(),
        "relay": beat is not None and here.ports.clock() - beat < OLDEST_BEAT,
    }
    is_ready = all(parts.values())
    shown = {name: "ok" if good else "failed" for name, good in parts.items()}
    return _json({"status": "ready" if is_ready else "not_ready", "parts": shown}, 200 if is_ready else 503)


@health.get("/metrics")
def metrics() -> Response:
    """Prometheus text; for this machine, or with a token."""
    from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

    if request.remote_addr not in ("127.0.0.1", "::1") and identity().role is None:
        return _json({"code": "unauthenticated"}, 401)
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def _database_answers() -> bool:
    try:
        with reading() as session:
            return bool(session.execute(text("SELECT 1")).scalar())
    except Exception:  # noqa: BLE001 - whatever is wrong with it, it is not ready
        return False


@health.get("/.well-known/security.txt")
def security_contact() -> Response:
    """Where to report a weakness (RFC 9116), good for half a year from now; nothing where the city names nobody."""
    here = house()
    contact = here.settings.security_contact
    if not contact:
        raise NotFound()
    until = (here.ports.clock() + CONTACT_HOLDS).strftime("%Y-%m-%dT00:00:00Z")
    said = ("Contact", contact), ("Expires", until), ("Preferred-Languages", "ja, en")
    own = ("Canonical", f"{here.settings.public_url}/.well-known/security.txt")
    return Response(
        "".join(f"{name}: {value}\n" for name, value in (*said, own)), content_type="text/plain; charset=utf-8"
    )


def _json(value: object, status: int) -> Response:
    response = Response(to_json(value), status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


for _view in (alive, ready, metrics, security_contact):
    _view.is_open = True  # type: ignore[attr-defined]  # no right needed; the guard test wants it said
