"""What a command says when it cannot do what it was told: one sentence on stderr, exit code 1, never a stack trace."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import click
from sqlalchemy.exc import DBAPIError

from queue_app.domain.errors import FieldError, Invalid, Refusal
from queue_app.services import schema

P = ParamSpec("P")
T = TypeVar("T")

SENTENCES = {
    "unknown_office": "There is no office {office}; `office load` adds one.",
    "unknown_user": "There is nobody with the login {login}.",
    "unknown_token": "There is no token named {name} in this office.",
    "unknown_counter": "There is no counter {counter} in this office.",
    "counter_needs_clerk": "Only the token of a clerk or a button can be bound to a counter, not one of a {role}.",
    "button_needs_counter": "A button belongs to one counter: name it with --counter.",
    "already_used": "{field}: {value} is used already; choose another.",
    "too_short": "{field}: use at least {shortest} characters.",
    "too_guessable": "{field}: choose one that does not lean on the city's name, the login or rows of keys.",
    "not_a_text": "{field}: use 1 to {longest} characters that can be printed.",
}


def in_sentences(command: Callable[P, T]) -> Callable[P, T]:
    """Decorator: refusals and a database that cannot be used become a `ClickException`."""

    @wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return command(*args, **kwargs)
        except Refusal as refusal:
            raise click.ClickException(sentence(refusal)) from None
        except DBAPIError as error:
            raise click.ClickException(_database(error)) from None

    return guarded


def sentence(refusal: Refusal) -> str:
    """The refusal in plain English; a code without a sentence is shown with its facts."""
    if isinstance(refusal, Invalid):
        return " ".join(_of_field(error) for error in refusal.errors)
    if refusal.code in SENTENCES:
        return SENTENCES[refusal.code].format(**refusal.facts)
    return str(refusal)


def _of_field(error: FieldError) -> str:
    facts = {"field": error.field, **dict(error.facts)}
    found = SENTENCES.get(error.code)
    return found.format(**facts) if found else f"{error.field}: {error.code}."


def _database(error: DBAPIError) -> str:
    """Without the statement: its parameters may be personal."""
    try:
        current = schema.schema_is_current()
    except DBAPIError:
        return f"The database does not answer: {error.orig}"
    if not current:
        return "The database does not have the tables of this version; run `flask --app run db upgrade` first."
    return f"The database refused: {type(error.orig).__name__}. Nothing has changed."
