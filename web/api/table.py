"""Every operation of the API, once: served by `app.py`, described by `openapi.py`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from engine import registry
from engine.actions.runs import KINDS
from engine.queries.results import every_parameter
from engine.registry import Action, Argument
from engine.types import Scope
from web.api import read, stream, write
from web.api.answers import JSON
from web.api.bodies import LINES
from web.api.operations import Answer, Body, Operation, Parameter, Schema
from web.api.schemas import COUNT, ID, TEXT, array, page, record, refer

_PROJECT: Final = Parameter("project", "path", {"type": "string", "maxLength": 64}, "Short name of a project.", True)
_DATASET: Final = Parameter("dataset", "path", ID, "Number of a dataset.", True)
_RUN: Final = Parameter("run", "path", ID, "Number of a run.", True)
_DECISION: Final = Parameter("decision", "path", ID, "Number of a decision.", True)
_LIMIT: Final = Parameter(
    "limit", "query", {"type": "integer", "minimum": 1, "maximum": 500, "default": 100}, "Most items of the page."
)
_AFTER: Final = Parameter("after", "query", ID, "`next` of the page before: this one goes on there.")
_SINCE: Final = Parameter(
    "since",
    "query",
    {"type": "integer", "minimum": 0, "maximum": 2**31 - 1},
    "Id of the last event known. Without it a page begins with the oldest event kept, a stream with the next one.",
)

ANALYSIS: Final = (
    Parameter("version", "query", ID, "Version of the dataset; the newest where none is named."),
    Parameter("bins", "query", {"type": "integer", "minimum": 2, "maximum": 120}, "Bins: a divisor of 960."),
    Parameter("slice", "query", {"type": "string", "maxLength": 500}, "`column=value`: of these rows only."),
    Parameter("level", "query", {"type": "number", "minimum": 0.5, "maximum": 0.999}, "Level of every interval."),
    Parameter("seed", "query", {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}, "Seed of what is simulated."),
    Parameter("scale", "query", {"type": "number", "exclusiveMinimum": 0}, "Divisor of raw scores."),
    Parameter("recalibrator", "query", TEXT, "temperature, isotonic, flexible, platt or beta."),
)


_SCHEMAS: Final[dict[type, Schema]] = {
    int: {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    float: {"type": "number"},
    str: {"type": "string", "maxLength": 500},
}
_NUMBERS: Final = {"type": "string", "maxLength": 200, "pattern": r"^[0-9]{1,9}(\.[0-9]{1,9})*$"}


def _of_analyses() -> Iterator[Parameter]:
    """What further analyses take: the datasets beside, and each parameter with the analyses that have it."""
    yield Parameter("beside", "query", _NUMBERS, "Further datasets to conclude with it, numbers with dots between.")
    known = {parameter.name for parameter in ANALYSIS}
    for name, (kind, analyses) in every_parameter().items():
        if name not in known:
            yield Parameter(name, "query", _SCHEMAS[kind], f"Of {', '.join(analyses)}.")


def _json(description: str, schema: Schema, **headers: str) -> Answer:
    return Answer(description, {JSON: schema}, headers)


_READS: Final = (
    Operation(
        "GET",
        "/projects",
        "listProjects",
        "The projects you see",
        "read",
        read.list_projects,
        {200: _json("All of them.", record(items=array(refer("ProjectView")), next={"type": "null"}))},
    ),
    Operation(
        "GET",
        "/projects/{project}/datasets",
        "listDatasets",
        "Datasets of a project, newest first",
        "read",
        read.list_datasets,
        {200: _json("One page.", page("DatasetView"))},
        parameters=(_PROJECT, _LIMIT, _AFTER),
    ),
    Operation(
        "GET",
        "/datasets/{dataset}",
        "getDataset",
        "One dataset: what was read and what was not",
        "read",
        read.get_dataset,
        {200: _json("The dataset.", refer("DatasetView"))},
        parameters=(_DATASET,),
    ),
    Operation(
        "GET",
        "/datasets/{dataset}/versions",
        "listVersions",
        "Versions of a dataset, newest first, each with its answer",
        "read",
        read.list_versions,
        {200: _json("One page.", page("VersionView"))},
        parameters=(_DATASET, _LIMIT, _AFTER),
    ),
    Operation(
        "GET",
        "/datasets/{dataset}/results/{analysis}",
        "getResult",
        "What an analysis concludes, with its evidence",
        "read",
        read.get_result,
        {
            200: _json(
                "The object that `python -m jobs analyse --json` prints.",
                refer("Result"),
                ETag="Changes with the data and the parameters.",
            ),
            304: Answer("You have it already (If-None-Match)."),
        },
        parameters=(
            _DATASET,
            Parameter(
                "analysis",
                "path",
                {"type": "string", "maxLength": 64},
                "The name of an analysis, such as `calibration`, `ranking` or `agreement`.",
                True,
            ),
            *ANALYSIS,
            *_of_analyses(),
        ),
        refusals=(409, 422),
        description="409 `state_pending` says that `run` is looking at the data first: ask again when it is done.",
    ),
    Operation(
        "GET",
        "/projects/{project}/runs",
        "listRuns",
        "Runs of a project, newest first",
        "read",
        read.list_runs,
        {200: _json("One page.", page("RunView"))},
        parameters=(_PROJECT, _LIMIT, _AFTER),
    ),
    Operation(
        "GET",
        "/runs/{run}",
        "getRun",
        "One run",
        "read",
        read.get_run,
        {200: _json("The run.", refer("RunView"))},
        parameters=(_RUN,),
    ),
    Operation(
        "GET",
        "/projects/{project}/decisions",
        "listDecisions",
        "The journal of a project, newest first",
        "read",
        read.list_decisions,
        {200: _json("One page.", page("DecisionView"))},
        parameters=(_PROJECT, _LIMIT, _AFTER),
    ),
    Operation(
        "GET",
        "/decisions/{decision}",
        "getDecision",
        "One decision with the answer that it rests on",
        "read",
        read.get_decision,
        {200: _json("The decision.", refer("DecisionView"))},
        parameters=(_DECISION,),
    ),
    Operation(
        "GET",
        "/events",
        "getEvents",
        "What happened, or as it happens",
        "read",
        stream.get_events,
        {
            200: Answer(
                "A page of events, or a stream of them (`Accept: text/event-stream`).",
                {
                    JSON: record(events=array(refer("Event")), next=COUNT, missed={"type": "boolean"}),
                    stream.EVENTS: TEXT,
                },
            )
        },
        parameters=(
            _SINCE,
            Parameter("project", "query", {"type": "string", "maxLength": 64}, "Events of this project only."),
            _LIMIT,
            Parameter("Last-Event-ID", "header", {"type": "string", "pattern": "^[0-9]{0,10}$"}, "Resumes a stream."),
        ),
        description=(
            "`next` of a page is the `since` of the next one; `missed` says that some after `since` are gone already. "
            "A stream sends `resync` where it cannot go on without a gap, comments while nothing happens, and `end` "
            "where the token ended or the listener could not keep up."
        ),
    ),
)

_ROWS: Final = Operation(
    "POST",
    "/projects/{project}/datasets/{name}/rows",
    "addRows",
    "Append rows to a dataset that grows",
    "write",
    write.add_rows,
    {
        201: _json(
            "The rows are on disk and wait to be read.",
            record(dataset=ID, name=TEXT, rows=COUNT),
            Location="The dataset.",
        )
    },
    scope="write",
    parameters=(
        _PROJECT,
        Parameter(
            "name",
            "path",
            {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"},
            "Name of the dataset, made where new.",
            True,
        ),
        Parameter(
            "Idempotency-Key",
            "header",
            {"type": "string", "pattern": "^[!-~]{1,200}$"},
            "Sent again with the same rows within a week, the answer is the same and the rows are there once.",
        ),
    ),
    body=Body(
        dict.fromkeys(LINES, TEXT), "JSON objects, one a line, packed with gzip where `Content-Encoding` says so."
    ),
    refusals=(408, 409, 413, 415, 422, 507),
    description="All rows of a request are taken, or none: 413 and 422 name the first line that cannot be.",
)

_FILE: Final = Operation(
    "PUT",
    "/projects/{project}/files/{name}",
    "putFile",
    "Send a whole file",
    "write",
    write.put_file,
    {201: _json("The file is on disk and waits to be read; `run` is null where it had been read.", refer("Received"))},
    scope="write",
    parameters=(
        _PROJECT,
        Parameter("name", "path", {"type": "string", "minLength": 1, "maxLength": 1000}, "Name of the file.", True),
        Parameter("map", "query", array(TEXT), "`field=column`: which column a field is in."),
    ),
    body=Body({"application/octet-stream": {"type": "string", "format": "binary"}}, "The file as it is."),
    refusals=(408, 409, 413, 422, 507),
)

_STARTED: Final = Answer("The run that does it.", {JSON: record(run=ID)}, {"Location": "The run."})

_RUNS: Final = (
    Operation(
        "POST",
        "/datasets/{dataset}/runs",
        "requestRun",
        "Read a dataset again, or observe it with other parameters",
        "write",
        write.request_run,
        {202: _STARTED},
        scope="write",
        parameters=(_DATASET,),
        body=Body(
            {
                JSON: {
                    "type": "object",
                    "properties": {
                        "kind": {"type": "string", "enum": list(KINDS), "default": "read"},
                        "params": {"type": "object", "additionalProperties": TEXT},
                    },
                    "additionalProperties": False,
                }
            },
            "What to do; nothing means reading again.",
            required=False,
        ),
        refusals=(408, 409, 413, 415, 422),
    ),
    Operation(
        "POST",
        "/runs/{run}/cancel",
        "cancelRun",
        "Stop a run that waits or runs",
        "write",
        write.cancel_run,
        {200: _json("The run as it is now.", refer("RunView"))},
        scope="write",
        parameters=(_RUN,),
        refusals=(409,),
    ),
    Operation(
        "POST",
        "/runs/{run}/retry",
        "retryRun",
        "Queue a failed or cancelled run again",
        "write",
        write.retry_run,
        {202: _STARTED},
        scope="write",
        parameters=(_RUN,),
        refusals=(409, 422),
    ),
)


def _action(action: Action) -> Operation:
    """The operation that does one action of the registry."""
    scope: Scope = "admin" if action.role == "admin" else "write"
    arguments = {argument.name: _schema(argument) for argument in action.arguments}
    required = [argument.name for argument in action.arguments if argument.required]
    taken = {"type": "object", "properties": arguments, "required": required, "additionalProperties": False}
    return Operation(
        "POST",
        f"/actions/{action.name}",
        action.name.replace(".", "_"),
        action.title,
        "actions",
        write.doing(action.name),
        {200: _json("Done. `result` is what it returns, null where that is nothing.", record(result={}))},
        scope=scope,
        body=Body({JSON: taken}, "Its arguments.", required=bool(required)),
        refusals=(408, 409, 413, 415, 422),
    )


def _schema(argument: Argument) -> Schema:
    if argument.type == "integer":
        return {"type": "integer", "description": argument.title}
    if argument.type == "integers":
        return {"type": "array", "items": {"type": "integer"}, "description": argument.title}
    if argument.type == "pairs":
        return {"type": "object", "additionalProperties": TEXT, "description": argument.title}
    if argument.type == "lists":
        names = {"type": "array", "items": TEXT}
        return {"type": "object", "additionalProperties": names, "description": argument.title}
    choices = {"enum": list(argument.choices)} if argument.choices else {}
    return {"type": "string", "description": argument.title, **choices}


OPERATIONS: Final[tuple[Operation, ...]] = (
    *_READS,
    _ROWS,
    _FILE,
    *_RUNS,
    *(_action(action) for action in registry.ACTIONS.values()),
)
