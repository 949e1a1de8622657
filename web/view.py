"""`/view/…`: a dataset's conclusion as figures, tables, words and rows; one serves every open browser."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Final, cast, get_args

import anyio
import orjson
from starlette.requests import Request
from starlette.responses import Response

from engine import cohort
from engine.errors import UsageError
from engine.figures.pairs import chosen_rows, worst_rows
from engine.figures.theme import Mode
from engine.figures.view import view_of
from engine.queries import belonging, datasets, results, several
from engine.types import Concluded, Who
from engine.words import whole
from web.encoded import NEVER_KEPT, Encoded

Ids = tuple[int, ...]

_KEPT: Final = 256
_JSON: Final = "application/json"


class Shared:
    """A cache of answers as bytes in which each is made once, however many ask while it is being made."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._made: OrderedDict[Hashable, Encoded] = OrderedDict()
        self._making: dict[Hashable, asyncio.Task[Encoded]] = {}

    async def get(self, key: Hashable, make: Callable[[], Encoded]) -> Encoded:
        """The answer of this key; `make` runs in a thread. What fails is not kept."""
        if key in self._made:
            self._made.move_to_end(key)
            return self._made[key]
        task = self._making.get(key)
        if task is None:
            task = self._making[key] = asyncio.create_task(self._make(key, make))
        return await asyncio.shield(task)

    async def _make(self, key: Hashable, make: Callable[[], Encoded]) -> Encoded:
        try:
            made = await anyio.to_thread.run_sync(make)
        finally:
            del self._making[key]
        self._made[key] = made
        while len(self._made) > self._kept:
            self._made.popitem(last=False)
        return made


_views: Final = Shared(_KEPT)


async def analysis(request: Request) -> Response:
    """`GET /view/{analysis}?dataset=…&mode=…` and any parameter of the analysis."""
    ids, params = asked(request)
    mode = params.pop("mode", "light")
    name = request.path_params["analysis"]
    return (await newest(request.state.who, name, ids, params, mode)).respond(request, NEVER_KEPT)


async def newest(who: Who, name: str, ids: Ids, params: dict[str, str], mode: str) -> Encoded:
    """The newest answer of datasets as JSON. Raises what `conclude` raises, UsageError for a mode that is none."""
    if mode not in get_args(Mode):
        raise UsageError(f"The mode is one of {', '.join(get_args(Mode))}.")
    version = await versions_of(who, ids)

    def make() -> Encoded:
        view = view_of(_conclude(who, name, ids, params, version, rows=False), cast(Mode, mode))
        return Encoded.of(orjson.dumps(view, option=orjson.OPT_SERIALIZE_NUMPY), _JSON)

    return await _views.get((name, *ids, version, mode, *sorted(params.items())), make)


async def worst(request: Request) -> Response:
    """`GET /view/{analysis}/worst?dataset=…&version=…`: the most confidently wrong rows with their texts.

    They lie in the segments and take longer to find than the answer, so that the page does not wait for them.
    """
    who: Who = request.state.who
    name = request.path_params["analysis"]
    ids, params = asked(request)
    version = numbered(params.pop("version", ""), await versions_of(who, ids))

    def make() -> Encoded:
        result = _conclude(who, name, ids, params, version).result
        return Encoded.of(orjson.dumps({"rows": worst_rows(result)}, option=orjson.OPT_SERIALIZE_NUMPY), _JSON)

    rows = await _views.get((name, "worst", *ids, version, *sorted(params.items())), make)
    return rows.respond(request, NEVER_KEPT)


async def rows(request: Request) -> Response:
    """`GET /view/rows?dataset=…&where=…`: the first rows of a cohort with their texts, and how many belong to it.

    The rest of the query may be that of a page: its slice and its cohort, `within`, narrow further.
    """
    who: Who = request.state.who
    ids, params = asked(request)
    within = params.get("within", ""), cohort.of_slice(params.get("slice", ""))
    where = cohort.together(*within, params.get("where", ""))
    version = await versions_of(who, ids)

    def make() -> Encoded:
        found = belonging.rows_of(who, ids, where)
        told = {"rows": chosen_rows(found.rows), "total": found.total}
        return Encoded.of(orjson.dumps(told, option=orjson.OPT_SERIALIZE_NUMPY), _JSON)

    return (await _views.get(("rows", *ids, version, where), make)).respond(request, NEVER_KEPT)


def numbered(named: str, newest: int) -> int:
    """The version that an address names, the newest where it names none. Raises UsageError."""
    if not named:
        return newest
    version = whole(named)
    if version is None:
        raise UsageError("A version is a number.")
    return version


def asked(request: Request) -> tuple[Ids, dict[str, str]]:
    """The datasets an address names, and every other part of its query as parameters in text."""
    params: dict[str, str] = dict(request.query_params)
    named = [params.pop("dataset", ""), *filter(None, params.pop("beside", "").split("."))]
    ids = [number for one in named if (number := whole(one)) is not None]
    if len(ids) < len(named):
        raise UsageError("Say which dataset: ?dataset=<its number>, and &beside=<numbers with dots between>.")
    return tuple(ids), params


async def versions_of(who: Who, ids: Ids) -> int:
    """The sum of the newest versions: it grows whenever one of the datasets does."""
    found = [await anyio.to_thread.run_sync(datasets.get_dataset, who, dataset_id) for dataset_id in ids]
    return sum(dataset.version for dataset in found)


def _conclude(
    who: Who, name: str, ids: Ids, params: dict[str, str], version: int | None = None, *, rows: bool = True
) -> Concluded:
    if len(ids) > 1:
        return several.conclude(who, ids, name, params, rows=rows)
    return results.conclude(who, ids[0], name, params, version, rows=rows)


async def concluded(request: Request, *own: str) -> tuple[Concluded, dict[str, str]]:
    """The newest conclusion with the asked parameters, and the parts of the query named in `own`."""
    who: Who = request.state.who
    ids, params = asked(request)
    kept = {name: params.pop(name) for name in own if name in params}
    name = request.path_params.get("analysis", "calibration")
    found: Any = await anyio.to_thread.run_sync(lambda: _conclude(who, name, ids, params))
    return cast(Concluded, found), kept
