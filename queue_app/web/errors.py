"""The one place where a refusal becomes a status and a sentence in the reader's language (RFC 9457).

The API answers `application/problem+json`; pages show the same sentence. Nothing here tells more than code and facts.
"""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, Response, g, render_template, request
from gunicorn.http.errors import NoMoreData, ParseException
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection
from werkzeug.exceptions import BadRequest, HTTPException

from queue_app.domain.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from queue_app.web.auth import Unauthenticated
from queue_app.web.i18n import has_text, reader_language, t
from queue_app.web.wire import Unreadable, to_json

log = logging.getLogger("matazu.web")

STATUS: dict[type[Refusal], int] = {
    Unauthenticated: 401,
    Unreadable: 400,
    Invalid: 422,
    NotFound: 404,
    Forbidden: 403,
    Conflict: 409,
}
SPECIAL_STATUS = {
    "too_many_tries": 429,
    "proof_needed": 429,
    "idempotency_key_reused": 422,
    "idempotency_key_too_long": 400,
    "not_acceptable_media": 415,
    "stale": 412,
}
HTTP_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    429: "too_many_requests",
    503: "unavailable",
}

PASSING = (429, 500, 503)
"""What may go well the next time."""

RESIDENTS = ("booking", "resident")


def status_of(refusal: Refusal) -> int:
    """The HTTP status of a refusal."""
    if refusal.code in SPECIAL_STATUS:
        return SPECIAL_STATUS[refusal.code]
    return next((status for kind, status in STATUS.items() if isinstance(refusal, kind)), 409)


def problem(refusal: Refusal) -> tuple[int, dict[str, Any]]:
    """Status and problem document of a refusal."""
    status = status_of(refusal)
    document: dict[str, Any] = {
        "type": f"/problems/{refusal.code}",
        "title": t(f"errors.{status}"),
        "status": status,
        "detail": sentence(refusal),
        "code": refusal.code,
    }
    if isinstance(refusal, Invalid):
        document["errors"] = [
            {"field": error.field, "code": error.code, "message": field_sentence(error.code, dict(error.facts))}
            for error in refusal.errors
        ]
    document |= {key: value for key, value in refusal.facts.items() if key not in document}
    return status, document


def sentence(refusal: Refusal) -> str:
    """What to tell the reader."""
    key = f"errors.{refusal.code}"
    return t(key, facts=refusal.facts) if has_text(key) else t(f"errors.{status_of(refusal)}")


def field_sentence(code: str, facts: dict[str, object]) -> str:
    """What to tell about one field."""
    key = f"errors.fields.{code}"
    return t(key, facts=facts) if has_text(key) else t("errors.fields.invalid")


def problem_response(status: int, document: dict[str, Any]) -> Response:
    response = Response(to_json(document), status, content_type="application/problem+json")
    response.headers["Cache-Control"] = "no-store"
    if "retry_after_s" in document:
        response.headers["Retry-After"] = str(document["retry_after_s"])
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def register(app: Flask) -> None:
    """Answer every error of the application in one way."""
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(ParseException, _broken_body)
    app.register_error_handler(NoMoreData, _broken_body)
    app.register_error_handler(DBAPIError, _database)
    app.register_error_handler(NoConnection, _no_connection)
    app.register_error_handler(Exception, _unexpected)


def _refused(refusal: Refusal) -> Response:
    status, document = problem(refusal)
    if isinstance(refusal, Forbidden) and "identity" in g and g.identity.role is not None:
        log.warning("%s was refused %s: %s", g.identity.name, request.endpoint, refusal.code)
    return _answer(status, document)


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return error.get_response()  # type: ignore[return-value]
    code = HTTP_CODES.get(status, f"http_{status}")
    key = f"errors.{code}" if has_text(f"errors.{code}") else f"errors.{status}"
    detail = t(key) if has_text(key) else t("errors.400" if status < 500 else "errors.500")
    document = {"type": f"/problems/{code}", "title": detail, "status": status, "detail": detail, "code": code}
    response = _answer(status, document)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _broken_body(_error: Exception) -> Response:
    """The pieces of the body do not fit together, or it ended in the middle: the server sees it when we read on."""
    return _http(BadRequest())


def _database(error: DBAPIError) -> Response:
    """The database did not take it: nothing was written, and the reader may try again."""
    log.error("database refused a statement", extra={"kind": type(error.orig).__name__})
    return _unavailable()


def _no_connection(_error: NoConnection) -> Response:
    """More people than connections for half a minute: nothing was begun."""
    log.error("no database connection came free")
    return _unavailable()


def _unexpected(error: Exception) -> Response:
    log.error("unexpected error", exc_info=error)
    detail = t("errors.500")
    return _answer(
        500, {"type": "/problems/internal", "title": detail, "status": 500, "detail": detail, "code": "internal"}
    )


def _unavailable() -> Response:
    detail = t("errors.503")
    document = {
        "type": "/problems/unavailable",
        "title": detail,
        "status": 503,
        "detail": detail,
        "code": "unavailable",
    }
    return _answer(503, {**document, "retry_after_s": 5})


def _answer(status: int, document: dict[str, Any]) -> Response:
    if request.path.startswith("/api/"):
        return problem_response(status, document)
    wait_s = document.get("retry_after_s", 0)
    facts = {"wait_s": wait_s, "passes": status in PASSING, "sent": _sent_by_resident(status)}
    page = render_template("error.html", status=status, problem=document, language=reader_language(), **facts)
    response = Response(page, status, content_type="text/html; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    if wait_s:
        response.headers["Retry-After"] = str(wait_s)
    return response


def _sent_by_resident(status: int) -> list[tuple[str, str]]:
    """What a resident had typed, for the same press once more: a minute of typing must not be lost with an answer.

    Never for staff, whose forms carry passphrases.
    """
    if status not in PASSING or request.method != "POST" or request.blueprint not in RESIDENTS:
        return []
    return [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]
