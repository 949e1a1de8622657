"""JSON Schemas of what the API answers, made from the views themselves."""

from __future__ import annotations

from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from engine.types import DatasetView, DecisionView, ProjectView, Result, RunView, VersionView
from web.api.operations import Schema

_REFERENCE: Final = "#/components/schemas/{model}"
_MODE: Final[JsonSchemaMode] = "serialization"
_VIEWS: Final = (DatasetView, DecisionView, ProjectView, Result, RunView, VersionView)

TEXT: Final[Schema] = {"type": "string"}
ID: Final[Schema] = {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}


def refer(name: str) -> Schema:
    """A reference to a named schema."""
    return {"$ref": _REFERENCE.format(model=name)}


def record(**properties: Schema) -> Schema:
    """An object with exactly these properties."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def array(items: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": items}


def maybe(schema: Schema) -> Schema:
    """Such a value, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def page(of: str) -> Schema:
    """One page of a list."""
    return record(items=array(refer(of)), next=maybe(ID))


def components() -> dict[str, Schema]:
    """Every named schema."""
    adapters = [(view.__name__, _MODE, TypeAdapter(view)) for view in _VIEWS]
    _, found = TypeAdapter.json_schemas(adapters, ref_template=_REFERENCE)
    named: dict[str, Any] = found["$defs"]
    result = named["Result"]
    del result["properties"]["worst"], named["RowReference"]
    result["required"] = list(result["properties"])
    return {**named, "Problem": PROBLEM, "Event": EVENT, "Received": RECEIVED}


PROBLEM: Final[Schema] = {
    "type": "object",
    "properties": {
        "code": {"type": "string", "description": "Stable, for programs."},
        "message": {"type": "string", "description": "What happened, what was kept, what to do next."},
        "request_id": {"type": "string", "description": "Under which the server logged the request."},
        "field": {"type": "string", "description": "The parameter or field that is meant."},
        "line": {"type": "integer", "description": "The line of the body that is meant, from 1."},
        "run": {"type": "integer", "description": "The run that has to end first."},
    },
    "required": ["code", "message", "request_id"],
    "additionalProperties": False,
}

EVENT: Final[Schema] = record(
    id=ID,
    project=maybe(TEXT),
    topic={"type": "string", "description": "What it is about: project/…, dataset/…, run/… or user/…."},
    kind=TEXT,
    body={"type": "object"},
    at={"type": "string", "format": "date-time"},
)

RECEIVED: Final[Schema] = record(dataset=ID, run=maybe(ID))
