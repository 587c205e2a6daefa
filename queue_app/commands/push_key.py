"""`push-key`: makes the key with which notifications to phones are signed."""

from __future__ import annotations

import click
from flask import Flask

from queue_app.services.push_subscription import new_private_key


def register(app: Flask) -> None:
    app.cli.add_command(push_key)


@click.command("push-key")
def push_key() -> None:
    """Print a new key for VAPID_PRIVATE_KEY. With another key than before, phones have to be asked again."""
    click.echo(new_private_key())
