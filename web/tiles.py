"""`/view/surface/tiles`: the fine grid of a surface in parts, for the browser to lay over the coarse one it has.

The surface is fitted where conclusions are made, in a thread of this process, once for its points; a part of the grid
is then some milliseconds away.
"""

from __future__ import annotations

import base64
from typing import Any, Final

import anyio
import numpy as np
import orjson
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import Response

from engine.errors import UsageError
from engine.queries import datasets, surfaces
from engine.types import Who
from engine.words import whole
from web.encoded import NEVER_KEPT, Encoded
from web.view import Shared, asked, numbered

FORMS: Final = ("uint16", "float32")
OUTSIDE: Final = 65535
"""What stands for "nothing is said here" in whole numbers of 16 bits."""
_MOST_ROWS: Final = 500
_tiles: Final = Shared(128)


async def tiles(request: Request) -> Response:
    """`GET /view/surface/tiles?dataset=…&version=…&layer=value&form=uint16&from=0&rows=50` and any parameter.

    Rows from … to … of the grid as base64: 16-bit numbers of which value = low + step · number (65535: outside of what
    was tried), or 32-bit floats (NaN: outside); little-endian, row by row.
    """
    who: Who = request.state.who
    ids, params = asked(request)
    if len(ids) > 1:
        raise UsageError("A surface is of one dataset.")
    dataset = await anyio.to_thread.run_sync(datasets.get_dataset, who, ids[0])
    version = numbered(params.pop("version", ""), dataset.version)
    layer, form = params.pop("layer", "value"), params.pop("form", FORMS[0])
    first, count = (_whole(params.pop(name, usual), name) for name, usual in (("from", "0"), ("rows", "50")))
    if form not in FORMS:
        raise UsageError(f"The form is one of {', '.join(FORMS)}.")

    def make() -> Encoded:
        grid = surfaces.grid(who, ids[0], params, layer, version)
        return Encoded.of(orjson.dumps(tile(grid, form, first, count)), "application/json")

    key = ("tiles", ids[0], version, layer, form, first, count, *sorted(params.items()))
    return (await _tiles.get(key, make)).respond(request, NEVER_KEPT)


def tile(grid: NDArray[np.float32], form: str, first: int, count: int) -> dict[str, Any]:
    """Rows of a grid as the browser takes them. Raises UsageError for rows that there are not."""
    if first >= len(grid):
        raise UsageError(f"The grid has {len(grid)} rows.")
    rows = grid[first : first + count]
    told: dict[str, Any] = {"from": first, "rows": len(rows), "of": len(grid), "form": form}
    if form == "float32":
        return {**told, "data": _text(rows.astype("<f4"))}
    low, high = float(np.fmin.reduce(grid, axis=None)), float(np.fmax.reduce(grid, axis=None))
    if not np.isfinite(high - low):
        low = high = 0.0
    step = (high - low) / (OUTSIDE - 1) or 1.0
    codes = (rows - np.float32(low)) * np.float32(1 / step) + np.float32(0.5)
    np.copyto(codes, OUTSIDE, where=np.isnan(rows))
    codes = codes.astype("<u2")
    return {**told, "low": low, "step": step, "data": _text(codes)}


def _text(values: NDArray[Any]) -> str:
    return base64.b64encode(values.tobytes()).decode()


def _whole(text: str, name: str) -> int:
    number = whole(text, _MOST_ROWS + 1)
    if number is None:
        raise UsageError(f"{name} is a number up to {_MOST_ROWS}.")
    return number
