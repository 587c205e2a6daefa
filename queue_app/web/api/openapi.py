"""The OpenAPI 3.1 document, made from the declared endpoints, and a readable page of it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from flask import Response, render_template
from pydantic.json_schema import models_json_schema

from queue_app import __version__
from queue_app.domain.access import Right
from queue_app.web.api.endpoint import ENDPOINTS, Endpoint, api
from queue_app.web.wire import to_json

PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("field", "code", "message")},
            },
        },
    },
}
ALWAYS = {"GET": (400, 401, 403, 404, 422, 429, 503), "POST": (400, 401, 403, 404, 409, 413, 415, 422, 429, 503)}
MEANINGS = {
    400: "Unreadable request",
    401: "No token, or an unknown one",
    403: "The role may not",
    404: "Nothing there that the asker may know of",
    409: "Another state, or somebody else was first",
    413: "Too large",
    415: "Not JSON",
    422: "A field cannot be used",
    429: "Too many requests; see Retry-After",
    503: "Not now; see Retry-After",
}


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The whole API as OpenAPI 3.1."""
    models = [m for e in ENDPOINTS for m in (e.body, e.answer) if m is not None]
    unique = list(dict.fromkeys(models))
    refs, definitions = models_json_schema(
        [(m, "validation") for m in unique], ref_template="#/components/schemas/{model}"
    )
    schemas = {**definitions.get("$defs", {}), "Problem": PROBLEM}
    names = {m: refs[m, "validation"]["$ref"] for m in unique}
    paths: dict[str, Any] = {}
    for endpoint in ENDPOINTS:
        paths.setdefault(_path(endpoint), {})[endpoint.method.lower()] = _operation(endpoint, names)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Matazu",
            "version": __version__,
            "description": "Counter appointments and queues of a city hall. Errors are RFC 9457 problem documents.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/api/v1"}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": schemas,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


@api.get("/openapi.json")
def openapi_json() -> Response:
    """The document itself."""
    return Response(to_json(document()), content_type="application/json")


def docs_page() -> str:
    """The API to read, without scripts."""
    return render_template(
        "api_docs.html", document=document(), endpoints=sorted(ENDPOINTS, key=lambda e: (e.tag, e.path))
    )


openapi_json.is_open = True  # type: ignore[attr-defined]


def _path(endpoint: Endpoint) -> str:
    return re.sub(r"<(\w+)>", r"{\1}", endpoint.path)


def _operation(endpoint: Endpoint, names: dict[Any, str]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "tags": [endpoint.tag],
        "parameters": [*_path_parameters(endpoint), *_query_parameters(endpoint), *_headers(endpoint)],
        "responses": _responses(endpoint, names),
        "x-right": endpoint.right,
    }
    if endpoint.codes:
        operation["description"] = "Codes: " + ", ".join(f"`{code}`" for code in endpoint.codes)
    public = endpoint.right in (Right.READ_PUBLIC, Right.HOLD_TICKET, Right.RESERVE)
    operation["security"] = [{}, {"bearer": []}] if public else [{"bearer": []}]
    if endpoint.body is not None:
        operation["requestBody"] = {
            "required": False,
            "content": {"application/json": {"schema": {"$ref": names[endpoint.body]}}},
        }
    return operation


def _path_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"<(\w+)>", endpoint.path)
    ]


def _query_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    if endpoint.query is None:
        return []
    schema = endpoint.query.model_json_schema(by_alias=True)
    required = set(schema.get("required", ()))
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "schema": {k: v for k, v in value.items() if k != "title"},
        }
        for name, value in schema["properties"].items()
    ]


def _headers(endpoint: Endpoint) -> list[dict[str, Any]]:
    if endpoint.method == "GET":
        return []
    key = {"type": "string", "minLength": 1, "maxLength": 255}
    said = "One press, one key: a repeat gets the first answer. Without a bearer token, use a random one (a UUID)."
    return [{"name": "Idempotency-Key", "in": "header", "required": False, "description": said, "schema": key}]


NOTHING_TO_SAY = {"call_somebody": "Nobody waits", "report_device": "Noted"}


def _responses(endpoint: Endpoint, names: dict[Any, str]) -> dict[str, Any]:
    good: dict[str, Any] = {"description": "Done"}
    if endpoint.answer is not None:
        good["content"] = {"application/json": {"schema": {"$ref": names[endpoint.answer]}}}
    responses: dict[str, Any] = {str(endpoint.status): good}
    if endpoint.name in NOTHING_TO_SAY:
        responses["204"] = {"description": NOTHING_TO_SAY[endpoint.name]}
    if endpoint.method == "GET":
        responses["304"] = {"description": "Not changed"}
    for status in ALWAYS[endpoint.method]:
        responses[str(status)] = {
            "description": MEANINGS[status],
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    return responses
