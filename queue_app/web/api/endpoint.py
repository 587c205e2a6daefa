"""How an endpoint is declared and run: right, body, one transaction, kept answer, and its page in the OpenAPI document.

A change runs in one write transaction together with its Idempotency-Key, so that neither can exist without the other;
validation lies inside, because refused bodies are kept too. That is why no ready-made API layer is used here
(docs/decisions/0004-own-endpoint-layer.md).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from flask import Blueprint, Response, request
from pydantic import BaseModel, ValidationError
from sqlalchemy.orm import Session

from queue_app.domain.access import Identity, Right, check_office
from queue_app.domain.errors import FieldError, Invalid, Refusal
from queue_app.services.deed import Deed, begin
from queue_app.services.offices import office_by_code
from queue_app.services.ports import Ports
from queue_app.store.database import reading, writing
from queue_app.store.queue_tables import Answer
from queue_app.store.rows import append
from queue_app.web.auth import check_form_token, identity, needs
from queue_app.web.context import house
from queue_app.web.errors import problem, problem_response
from queue_app.web.key_scope import key_scope
from queue_app.web.limits import check_public_rate
from queue_app.web.wire import read_json, to_json

api = Blueprint("api", __name__, url_prefix="/api/v1")
LONGEST_KEY = 255
KEPT = (409, 422)
KEY_REUSED = "idempotency_key_reused"
Body = TypeVar("Body", bound=BaseModel)


@dataclass
class Call:
    """One request to one endpoint, inside its transaction."""

    session: Session
    identity: Identity
    ports: Ports

    def begin(self, office: str, right: Right) -> Deed:
        return begin(self.session, office, right, self.identity, self.ports)


@dataclass(frozen=True)
class Reply:
    """What an endpoint answers. `personal` ones are never stored by anybody on the way."""

    value: Any = None
    status: int = 200
    personal: bool = False
    text: str | bytes | None = None
    content_type: str = "application/json"


Handler = Callable[..., Reply]


@dataclass(frozen=True)
class Endpoint:
    """What the OpenAPI document says about one endpoint."""

    method: str
    path: str
    handler: Handler
    right: Right
    body: type[BaseModel] | None
    answer: type[BaseModel] | None
    status: int
    codes: tuple[str, ...] = ()
    query: type[BaseModel] | None = None

    @property
    def name(self) -> str:
        return self.handler.__name__

    @property
    def summary(self) -> str:
        return (self.handler.__doc__ or "").strip().split("\n", maxsplit=1)[0]

    @property
    def tag(self) -> str:
        """The module it stands in: offices, tickets, counters ..."""
        return self.handler.__module__.rpartition(".")[2]


ENDPOINTS: list[Endpoint] = []


def read(
    path: str,
    *,
    right: Right,
    answer: type[BaseModel] | None,
    query: type[BaseModel] | None = None,
    codes: tuple[str, ...] = (),
) -> Callable[[Handler], Handler]:
    """A GET endpoint: one consistent look at the database, with an ETag."""

    def declare(handler: Handler) -> Handler:
        ENDPOINTS.append(Endpoint("GET", path, handler, right, None, answer, 200, codes, query))

        @needs(right)
        @wraps(handler)
        def view(**path_facts: str) -> Response:
            check_public_rate()
            facts: dict[str, Any] = dict(path_facts)
            if query is not None:
                facts["query"] = _parsed(query, request.args.to_dict())
            with reading() as session:
                reply = handler(Call(session, identity(), house().ports), **facts)
            response = _response(reply)
            response.set_etag(_tag(reply, response))
            response.vary.add("Accept-Language")
            return response.make_conditional(request)  # type: ignore[return-value]

        api.add_url_rule(path, endpoint=handler.__name__, view_func=view, methods=["GET"])
        return handler

    return declare


def change(
    path: str,
    *,
    right: Right,
    body: type[BaseModel] | None,
    answer: type[BaseModel] | None,
    status: int = 200,
    codes: tuple[str, ...] = (),
    alone: Callable[[Callable[[Session], Reply]], Reply] = writing,
    first: Callable[[], None] = check_public_rate,
) -> Callable[[Handler], Handler]:
    """A POST endpoint: one transaction, one effect per Idempotency-Key, the first answer again for a repeat.

    `first` may refuse before the transaction begins.
    """

    def declare(handler: Handler) -> Handler:
        ENDPOINTS.append(Endpoint("POST", path, handler, right, body, answer, status, codes))

        @needs(right)
        @wraps(handler)
        def view(**path_facts: str) -> Response:
            first()
            check_form_token()
            raw = _json_body()
            who, ports = identity(), house().ports

            def act(session: Session) -> Reply:
                facts: dict[str, Any] = dict(path_facts)
                if body is not None:
                    said = _said(session, body, raw, who, right, path_facts.get("office"))
                    facts |= {"body": said} if body.model_fields else {}
                return handler(Call(session, who, ports), **facts)

            key = request.headers.get("Idempotency-Key")
            if key is None:
                return _response(alone(act))
            if len(key) > LONGEST_KEY or not key:
                raise Refusal("idempotency_key_too_long", longest=LONGEST_KEY)
            asked = hashlib.sha256(f"{request.method} {request.path}\n".encode() + raw).hexdigest()
            scope = key_scope(who, key, path_facts)
            try:
                return writing(lambda session: _once(session, scope, key, asked, act))
            except Refusal as refusal:
                return _refused_once(refusal, scope, key, asked)

        api.add_url_rule(path, endpoint=handler.__name__, view_func=view, methods=["POST"])
        return handler

    return declare


def _said(session: Session, body: type[Body], raw: bytes, who: Identity, right: Right, office: str | None) -> Body:
    """The body as its model. Somebody of another office hears that first, whatever the body is like."""
    try:
        return _parsed(body, read_json(raw))
    except Refusal:
        if office is not None:
            check_office(who, right, office_by_code(session, office).id)
        raise


def looking(act: Callable[[Session], Reply]) -> Reply:
    """For a POST that asks and changes nothing: without a key it takes no writer's turn (`change(alone=looking)`)."""
    with reading() as session:
        return act(session)


def _once(session: Session, scope: str, key: str, asked: str, act: Callable[[Session], Reply]) -> Response:
    """The first answer to this key, or the deed and its answer in one transaction."""
    return _kept(session, scope, key, asked) or _keep(session, scope, key, asked, _response(act(session)))


def _refused_once(refusal: Refusal, scope: str, key: str, asked: str) -> Response:
    """Keep a refusal that a repeat is to get again. The deed has left nothing behind, so this may come after it."""
    status, document = problem(refusal)
    if status not in KEPT or refusal.code == KEY_REUSED:
        raise refusal
    response = problem_response(status, document)
    return writing(lambda session: _kept(session, scope, key, asked) or _keep(session, scope, key, asked, response))


def _kept(session: Session, scope: str, key: str, asked: str) -> Response | None:
    """The answer that was given to this key before. Refuses a key that came with other content."""
    kept = session.get(Answer, (scope, key))
    if kept is None:
        return None
    if kept.request_hash != asked:
        raise Refusal(KEY_REUSED)
    return _replayed(kept)


def _keep(session: Session, scope: str, key: str, asked: str, response: Response) -> Response:
    append(
        session,
        Answer(
            scope=scope,
            key=key,
            request_hash=asked,
            status=response.status_code,
            content_type=response.content_type,
            body=response.get_data(as_text=True),
            at=house().ports.clock(),
        ),
    )
    return response


def _replayed(kept: Answer) -> Response:
    response = Response(kept.body, kept.status, content_type=kept.content_type)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Idempotent-Replayed"] = "true"
    return response


def _tag(reply: Reply, response: Response) -> str:
    """The same tag as long as the thing is the same: `at`, the moment of looking, does not count."""
    shown = response.get_data()
    if isinstance(reply.value, dict) and "at" in reply.value:
        shown = to_json({name: value for name, value in reply.value.items() if name != "at"}).encode()
    return hashlib.sha256(shown).hexdigest()[:40]


def _json_body() -> bytes:
    raw = request.get_data()
    if raw and request.mimetype != "application/json":
        raise Refusal("not_acceptable_media", given=request.mimetype[:80])
    return raw


def _parsed(model: type[Body], value: dict[str, Any]) -> Body:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        found = [_field_error(one) for one in error.errors(include_url=False, include_input=False)]
        raise Invalid(list({one.field: one for one in reversed(found)}.values())[::-1]) from None


NOT_FIELDS = ("function-", "constrained-")
"""Beginnings of pydantic's own names for steps and branches, which are not part of a field's name."""

PYDANTIC_CODES = {
    "missing": "missing",
    "extra_forbidden": "unknown_field",
    "string_too_long": "too_long",
    "string_too_short": "missing",
    "literal_error": "not_an_option",
    "enum": "not_an_option",
    "greater_than_equal": "too_small",
    "less_than_equal": "too_large",
    "too_long": "too_many",
    "too_short": "too_few",
}


def _field_error(error: Any) -> FieldError:
    path = ".".join(str(part) for part in error["loc"] if not str(part).startswith(NOT_FIELDS))
    code = PYDANTIC_CODES.get(
        error["type"], "wrong_type" if error["type"].endswith(("_type", "_parsing")) else "invalid"
    )
    if error["type"].startswith("datetime") or error["type"].startswith("date"):
        code = "not_a_date"
    limits = {key: value for key, value in error.get("ctx", {}).items() if isinstance(value, int | str)}
    return FieldError(path or "body", code, tuple(limits.items()))


def _response(reply: Reply) -> Response:
    text = reply.text if reply.text is not None else "" if reply.value is None else to_json(reply.value)
    response = Response(text, reply.status, content_type=reply.content_type)
    if reply.personal:
        response.headers["Cache-Control"] = "no-store"
    return response
