"""Reads: projects, datasets, versions, results, runs."""

from __future__ import annotations

from typing import Any, Final

import anyio
from starlette.responses import Response

from engine.errors import UsageError
from engine.queries import datasets, decisions, projects, results, runs, several
from engine.reports.data import to_json
from web.api.answers import JSON, paged, told
from web.api.operations import Asked
from web.encoded import ASK_AGAIN, Encoded
from web.view import Shared

DEFAULT_LIMIT: Final = 100

_results: Final = Shared(256)


async def list_projects(asked: Asked) -> Response:
    """`GET /projects`."""
    return told({"items": await anyio.to_thread.run_sync(projects.list_projects, asked.who), "next": None})


async def list_datasets(asked: Asked) -> Response:
    """`GET /projects/{project}/datasets`."""
    return await _page(asked, datasets.page, asked.project)


async def get_dataset(asked: Asked) -> Response:
    """`GET /datasets/{dataset}`."""
    return told(await anyio.to_thread.run_sync(datasets.get_dataset, asked.who, asked.path["dataset"]))


async def list_versions(asked: Asked) -> Response:
    """`GET /datasets/{dataset}/versions`."""
    return await _page(asked, datasets.versions, asked.path["dataset"], key="number")


async def list_runs(asked: Asked) -> Response:
    """`GET /projects/{project}/runs`."""
    return await _page(asked, runs.page, asked.project)


async def get_run(asked: Asked) -> Response:
    """`GET /runs/{run}`."""
    return told(await anyio.to_thread.run_sync(runs.get_run, asked.who, asked.path["run"]))


async def list_decisions(asked: Asked) -> Response:
    """`GET /projects/{project}/decisions`."""
    return await _page(asked, decisions.list_decisions, asked.project)


async def get_decision(asked: Asked) -> Response:
    """`GET /decisions/{decision}`."""
    return told(await anyio.to_thread.run_sync(decisions.get_decision, asked.who, asked.path["decision"]))


async def get_result(asked: Asked) -> Response:
    """`GET /datasets/{dataset}/results/{analysis}`: the one JSON object of the command line's `--json`."""
    who, dataset, analysis = asked.who, asked.path["dataset"], asked.path["analysis"]
    params = dict(asked.query)
    if beside := params.pop("beside", ""):
        return await _together(asked, (dataset, *map(int, beside.split("."))), params)
    wanted = params.pop("version", None)
    newest = (await anyio.to_thread.run_sync(datasets.get_dataset, who, dataset)).version
    version = newest if wanted is None else wanted

    def make() -> Encoded:
        concluded = results.conclude(who, dataset, analysis, params, version)
        return Encoded.of(to_json(concluded.result), JSON)

    made = await _results.get((dataset, analysis, version, *sorted(params.items())), make)
    return made.respond(asked.request, ASK_AGAIN)


async def _together(asked: Asked, ids: tuple[int, ...], params: dict[str, Any]) -> Response:
    """The newest versions of several datasets as one; which those are is not for the asker to say."""
    if params.pop("version", None) is not None:
        raise UsageError("A version is of one dataset: leave it out where others stand beside it.", code="bad_argument")
    analysis = asked.path["analysis"]
    found: Any = await anyio.to_thread.run_sync(lambda: several.conclude(asked.who, ids, analysis, params))
    return Encoded.of(to_json(found.result), JSON).respond(asked.request, ASK_AGAIN)


async def _page(asked: Asked, query: Any, of: str | int, key: str = "id") -> Response:
    limit = asked.query.get("limit", DEFAULT_LIMIT)
    found: Any = await anyio.to_thread.run_sync(query, asked.who, of, limit + 1, asked.query.get("after"))
    return paged(found, limit, key)
