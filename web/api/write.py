"""Writes: rows, files, runs, and every action of the registry."""

from __future__ import annotations

from typing import Any, Final

import anyio
from starlette.responses import Response

from engine import registry
from engine.access.roles import require
from engine.actions import rows
from engine.queries import runs
from engine.settings import get_settings
from web import upload
from web.api.answers import told
from web.api.bodies import lines_of, object_of
from web.api.operations import Asked, Handler

_ROOT: Final = "/api/v1"
_at_once: Final = anyio.CapacityLimiter(4)
"""Requests with rows that are in memory at the same time; the others wait with their bodies unread."""


async def add_rows(asked: Asked) -> Response:
    """`POST /projects/{project}/datasets/{name}/rows`."""
    require(asked.who, asked.project, "analyst")
    key = asked.request.headers.get("idempotency-key", "")
    async with _at_once:
        lines = await lines_of(asked.request, get_settings().api_request_bytes)
        arguments = (asked.who, asked.project, asked.path["name"], lines, key)
        taken = await anyio.to_thread.run_sync(rows.append, *arguments)
    headers = {"location": f"{_ROOT}/datasets/{taken.dataset_id}"}
    if taken.repeated:
        headers["idempotent-replayed"] = "true"
    return told(taken.answer, 201, headers)


async def put_file(asked: Asked) -> Response:
    """`PUT /projects/{project}/files/{name}`."""
    require(asked.who, asked.project, "analyst")
    pairs = [pair.partition("=") for pair in asked.query.get("map", [])]
    mapping = {field: column for field, _, column in pairs}
    return await upload.receive(asked.request, asked.who, asked.project, asked.path["name"], mapping)


async def request_run(asked: Asked) -> Response:
    """`POST /datasets/{dataset}/runs`."""
    given = {"kind": "read", **await object_of(asked.request), "dataset_id": asked.path["dataset"]}
    return _started(await _done(asked, "run.request", given))


async def cancel_run(asked: Asked) -> Response:
    """`POST /runs/{run}/cancel`."""
    await _done(asked, "run.cancel", {"run_id": asked.path["run"]})
    return told(await anyio.to_thread.run_sync(runs.get_run, asked.who, asked.path["run"]))


async def retry_run(asked: Asked) -> Response:
    """`POST /runs/{run}/retry`."""
    return _started(await _done(asked, "run.retry", {"run_id": asked.path["run"]}))


def doing(name: str) -> Handler:
    """`POST /actions/{name}` of one action of the registry."""

    async def do(asked: Asked) -> Response:
        return told({"result": await _done(asked, name, await object_of(asked.request))})

    return do


async def _done(asked: Asked, name: str, given: dict[str, Any]) -> Any:
    return await anyio.to_thread.run_sync(registry.run, asked.who, name, given)


def _started(run_id: int) -> Response:
    return told({"run": run_id}, 202, {"location": f"{_ROOT}/runs/{run_id}"})
