"""The application: settings, adapters and front-ends put together.

Leaves choosing the adapters to `run.py`; tests hand in recording doubles.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask
from flask_wtf.csrf import CSRFProtect
from werkzeug.local import LocalProxy
from werkzeug.middleware.proxy_fix import ProxyFix

from queue_app import commands
from queue_app.adapters.media import Media
from queue_app.adapters.speech import local_speech
from queue_app.services.day import past_days_chore
from queue_app.services.ports import MediaFiles, Ports
from queue_app.services.relay import Relay
from queue_app.services.schema import MIGRATIONS
from queue_app.store import (  # noqa: F401 - they declare the tables
    access_tables,
    audit_tables,
    guess_tables,
    key_table,
    linking_tables,
    office_tables,
    planning_tables,
    queue_tables,
    reservation_tables,
    statistics_tables,
)
from queue_app.store.checkpoints import Checkpoints
from queue_app.store.columns import KEYRING
from queue_app.store.database import db, prepare_engine
from queue_app.web import admission, errors, hooks, pages, security
from queue_app.web.api import (  # noqa: F401 - they declare endpoints
    checkins,
    counters,
    devices,
    health,
    kiosk_outages,
    navigator,
    offices,
    openapi,
    reservations,
    slots,
    statistics,
    tickets,
)
from queue_app.web.api.endpoint import api
from queue_app.web.context import KEY, House
from queue_app.web.sockets import Sockets

if TYPE_CHECKING:
    from config import Settings

LARGEST_BODY = 64 * 1024
csrf = CSRFProtect()


def create_app(settings: Settings, ports: Ports, frontends: Iterable[Blueprint] = ()) -> Flask:
    """One application. The relay is made here and started by `run.py`."""
    app = Flask(__name__, static_folder="web/static", template_folder="web/templates")
    ports = replace(
        ports,
        public_url=ports.public_url or settings.public_url,
        channels=settings.channels,
        checkpoints=Checkpoints(settings.instance / "audit", ports.secret),
        media=_media(settings, ports),
    )
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(settings),
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        WTF_CSRF_TIME_LIMIT=None,  # a console stays open all day; the token lives as long as its session
        WTF_CSRF_CHECK_DEFAULT=True,
        SESSION_COOKIE_NAME="__Host-matazu_form" if settings.is_secure else "matazu_form",
        SESSION_COOKIE_SECURE=settings.is_secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    KEYRING.use(settings.data_keys, settings.secret_key)
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)
    app.extensions["migrate"] = LocalProxy(lambda: _migrations(app))
    security.register(app)  # before the forms' tokens: another site's form is not read at all
    csrf.init_app(app)
    csrf.exempt(api)
    csrf.exempt(health.health)
    csrf.exempt(hooks.hooks)
    _bind_house(app, settings, ports)
    errors.register(app)
    pages.register(app)
    app.register_blueprint(api)
    app.register_blueprint(health.health)
    app.register_blueprint(hooks.hooks)
    for frontend in frontends:
        app.register_blueprint(frontend)
    commands.register(app)
    admission.register(app)
    return app


def _migrations(app: Flask) -> Any:
    """What `flask db` works with, made when somebody migrates (`services.schema`)."""
    from flask_migrate import Migrate

    Migrate(app, db, directory=str(MIGRATIONS), render_as_batch=True)
    return app.extensions["migrate"]


def _bind_house(app: Flask, settings: Settings, ports: Ports) -> None:
    sockets = Sockets()
    sockets.bind(
        app,
        async_mode="threading" if settings.is_embedded else "gevent",
        origins=None,
        websocket_only=not settings.is_embedded,
    )
    relay = Relay(ports, sockets, app.app_context)
    relay.every_second(sockets.close_ended(ports))
    relay.every_second(past_days_chore(ports))
    app.extensions[KEY] = House(settings, ports, relay, sockets)


def _media(settings: Settings, ports: Ports) -> MediaFiles:
    given: MediaFiles | None = ports.media
    if given is not None:
        return given
    return Media(settings.instance, local_speech(settings.instance / "speech", settings.voice_python))


def _engine_options(settings: Settings) -> dict[str, object]:
    quiet = {"hide_parameters": True}  # an error must not quote what a statement would have stored
    if settings.is_embedded:
        # The connection that wrote last still knows the pages; any other would have to read them again.
        return {**quiet, "pool_size": 20, "max_overflow": 40, "pool_use_lifo": True}
    return {**quiet, "pool_size": 10, "max_overflow": 10}
