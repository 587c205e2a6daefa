"""Where everything meets: settings, adapters, front-ends, server, relay.

`python run.py` starts the server; `run:app` is the application for gunicorn; `flask --app run` gives the commands.
Exactly two set-ups exist (docs/decisions/0001-two-set-ups.md): SQLite in one process with threads, or PostgreSQL and
Redis with gevent workers.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from config import Settings, read_settings

if TYPE_CHECKING:
    from flask import Flask


def make_app(settings: Settings) -> Flask:
    """The application with the real adapters, not yet serving."""
    from display import blueprint as display
    from kiosk import blueprint as kiosk
    from queue_app.adapters.aside import run_aside
    from queue_app.adapters.clock import system_clock
    from queue_app.adapters.holidays import japanese_holiday
    from queue_app.adapters.line import LineMessages
    from queue_app.adapters.logs import set_up_logs
    from queue_app.app import create_app
    from queue_app.services.ports import Nudge, Ports
    from queue_app.web.context import KEY

    set_up_logs(settings.log_level, settings.log_format)
    nudges: list[Nudge] = []
    ports = Ports(
        clock=system_clock,
        nudge=lambda office_id, version, *, urgent: nudges[0](office_id, version, urgent=urgent),  # filled below
        holidays=japanese_holiday,
        aside=run_aside,
        secret=settings.secret_key.encode(),
        line_reply=LineMessages(settings.line_channel_token, base=settings.line_api_base).reply,
    )
    made = create_app(settings, ports, frontends=(kiosk, display))
    house = made.extensions[KEY]
    if settings.redis_url:
        from queue_app.adapters.bus import RedisBus

        bus = RedisBus(settings.redis_url, house.relay.nudge)
        nudges.append(bus.nudge)
        house.bus, house.bus_is_heard = bus, bus.is_heard
    else:
        nudges.append(house.relay.nudge)
    return made


def __getattr__(name: str) -> Flask:
    """`run:app`, made when somebody asks for it: a worker of gunicorn, or the flask command."""
    if name != "app":
        raise AttributeError(name)
    made = make_app(read_settings())
    globals()["app"] = made
    return made


if __name__ == "__main__":
    from queue_app.server import serve

    sys.exit(serve(read_settings()))
