"""Logs to standard output, as text or JSON. No personal data and no capability is ever handed to a log call.

As a second fence, addresses with a capability in them are cut before they are written.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

_OURS = "matazu"
_ALWAYS_THERE = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_SECRETS = re.compile(r"(/(?:t|r|tickets|reservations)/)[A-Za-z0-9_\-]{16,}|(token=)[^&\s]+", re.ASCII)


def set_up_logs(level: str, form: str) -> None:
    """Called once by the process."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Json() if form == "json" else _Text("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("engineio", "socketio", "alembic", "werkzeug", "twilio"):
        logging.getLogger(noisy).setLevel("WARNING")


def without_secrets(text: str) -> str:
    """The text with every capability in it cut, and without line breaks that would fake a second entry."""
    cut = _SECRETS.sub(lambda found: f"{found.group(1) or found.group(2)}…", text)
    return cut.replace("\r", "\\r")


def trace_of(error: BaseException) -> str:
    """Where an error came from: kinds of errors and lines of code, along the whole chain.

    What the errors say is left out: a sentence of Python or of the database quotes the very value that broke it, which
    may be somebody's name, a statement's parameters or a link.
    """
    told: traceback.TracebackException | None = traceback.TracebackException.from_exception(error)
    lines: list[str] = []
    while told is not None:
        lines.append("".join((*told.stack.format(), f"{_kind(told)} (its words are left out)")))
        told = told.__cause__ or (None if told.__suppress_context__ else told.__context__)
    return "\n\ncaused by:\n".join(lines)


def _kind(told: traceback.TracebackException) -> str:
    return next(told.format_exception_only()).partition(":")[0].strip()


class _Wordless(logging.Formatter):
    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name is logging's
        return trace_of(ei[1]) if ei[1] is not None else ""


class _Text(_Wordless):
    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is logging's
        return " ".join(
            [super().formatMessage(record), *(f"{name}={fact}" for name, fact in _facts_of(record).items())]
        )

    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))


class _Json(_Wordless):
    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": without_secrets(record.getMessage()),
            **{name: without_secrets(str(fact)) for name, fact in _facts_of(record).items()},
        }
        if record.exc_info:
            entry["error"] = without_secrets(self.formatException(record.exc_info))
        return json.dumps(entry, ensure_ascii=False)


def _facts_of(record: logging.LogRecord) -> dict[str, Any]:
    """What a call of ours told beside its sentence (`extra`). A library may say anything there and is left out."""
    if record.name.partition(".")[0] != _OURS:
        return {}
    return {name: fact for name, fact in vars(record).items() if name not in _ALWAYS_THERE}
