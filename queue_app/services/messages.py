"""What is to be sent to a person: recorded with its cause, sent by the relay after the commit.

Decides who can be written to and what a message is called. Leaves its words to the texts and the sending to `relay`.
"""

from __future__ import annotations

from dataclasses import dataclass

from queue_app.domain.errors import Invalid

CHANNELS = ("sms", "email", "line", "push", "none")


@dataclass(frozen=True, slots=True)
class Contact:
    """Where somebody wants to hear from us. Kept sealed, never shown to the counters."""

    channel: str
    address: str


def contact_from(
    channel: str | None, address: str | None, offered: frozenset[str], *, prefix: str = "notify."
) -> Contact | None:
    """The contact somebody typed; None for `none`. Refuses a channel that is not set up here, by field."""
    if channel is None or channel == "none":
        return None
    if channel not in offered:
        raise Invalid.field(f"{prefix}channel", "channel_not_offered", value=channel)
    if not address or not address.strip():
        raise Invalid.field(f"{prefix}address", "missing")
    return Contact(channel, address.strip())
