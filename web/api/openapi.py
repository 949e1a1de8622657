"""The API described as OpenAPI 3.1, from the same table that serves it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from web.api.answers import JSON
from web.api.operations import Answer, Operation, Parameter
from web.api.schemas import components, refer

ROOT: Final = "/api/v1"
VERSION: Final = "1"

_ALWAYS: Final = (400, 401, 403, 404, 405, 429, 503)
REFUSALS: Final = {
    400: "The request itself is wrong: a parameter, an argument, a name.",
    401: "No token, or one that does not work (any more).",
    403: "The token's scope or the owner's role does not allow it.",
    404: "No such thing, or none that you see.",
    405: "This address does not take that method; `Allow` names those it takes.",
    408: "The body stopped arriving.",
    409: "The thing changed, was done already, or needs a run first.",
    413: "Larger than is taken.",
    415: "A body of a kind that is not read here.",
    422: "The data cannot be taken, or are too few for an honest answer.",
    429: "Too many requests or streams of this token; `Retry-After` says when to go on.",
    503: "The store is busy or away; nothing was changed. `Retry-After` says when to try again.",
    507: "The server's disk is nearly full; nothing was kept.",
}


def describe(operations: Iterable[Operation]) -> dict[str, Any]:
    """The OpenAPI document of these operations."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Plumbline",
            "version": VERSION,
            "description": "Reads and writes for programs. `docs/api.md` shows how.",
        },
        "servers": [{"url": ROOT}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": components(),
            "responses": {str(status): _refusal(status) for status in REFUSALS},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "A token: pl_…"}},
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    answers = {str(status): _answer(answer) for status, answer in operation.answers.items()}
    refused = sorted({*_ALWAYS, *operation.refusals})
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": f"Scope: {operation.scope}. {operation.description}".strip(),
        "tags": [operation.tag],
        "parameters": [_parameter(parameter) for parameter in operation.parameters],
        "responses": answers | {str(status): {"$ref": f"#/components/responses/{status}"} for status in refused},
    }
    if operation.body is not None:
        content = {kind: {"schema": schema} for kind, schema in operation.body.content.items()}
        required = operation.body.required
        described["requestBody"] = {"description": operation.body.description, "required": required, "content": content}
    return described


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.required,
        "description": parameter.description,
        "schema": parameter.schema,
    }


def _answer(answer: Answer) -> dict[str, Any]:
    content = {kind: {"schema": schema} for kind, schema in answer.content.items()}
    headers = {name: {"description": meaning, "schema": {"type": "string"}} for name, meaning in answer.headers.items()}
    described = {"description": answer.description, "content": content, "headers": headers}
    return {name: value for name, value in described.items() if value}


def _refusal(status: int) -> dict[str, Any]:
    return {"description": REFUSALS[status], "content": {JSON: {"schema": refer("Problem")}}}
