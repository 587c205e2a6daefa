"""`db ...`: Flask-Migrate's commands. Loaded by whoever calls them, so that a running server does without Alembic."""

from __future__ import annotations

from typing import Any

import click
from flask import Flask


class Migrations(click.Command):
    """Stands for Flask-Migrate's group until it is called, and then hands over to it."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        from flask_migrate.cli import db

        group: click.Group = db
        return group.make_context(info_name, args, parent, **extra)


def register(app: Flask) -> None:
    app.cli.add_command(Migrations("db", help="Bring the database to this version's tables, or back."))
