"""What a request needs of the application: settings, ports, relay.

Kept in `app.extensions["matazu"]`, so that two applications in one process share nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flask import current_app

from queue_app.services.ports import Ports
from queue_app.web.moments import Moments

if TYPE_CHECKING:
    from config import Settings
    from queue_app.services.relay import Relay
    from queue_app.web.sockets import Sockets

KEY = "matazu"


@dataclass
class House:
    """One running application."""

    settings: Settings
    ports: Ports
    relay: Relay
    sockets: Sockets
    bus_is_heard: Callable[[], bool] = lambda: True
    is_rushed: Callable[[], bool] = lambda: False
    """Whether people from the street were turned away within the last minute (`web.admission`)."""
    turn_away: Callable[[bytes], bytes | None] = lambda _head: None
    """The answer to the head of a request whose gate is full, or None (`web.admission`)."""
    moments: Moments = field(default_factory=Moments)


def house() -> House:
    """The application that handles this request."""
    found: House = current_app.extensions[KEY]
    return found
