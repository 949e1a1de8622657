"""`/view/timeline/frames` and `/export/timeline.html`: all frames of a timeline at once; nothing is asked for later."""

from __future__ import annotations

from typing import Any, Final

import anyio
import orjson
from starlette.requests import Request
from starlette.responses import Response

from engine.errors import UsageError
from engine.figures.player import player
from engine.queries import datasets, timeline
from engine.reports import player as page
from engine.types import Who
from web.assets import OWN
from web.encoded import NEVER_KEPT, Encoded
from web.export import attachment
from web.view import Shared, asked

_KEPT: Final = 32
_frames: Final = Shared(_KEPT)


async def frames(request: Request) -> Response:
    """`GET /view/timeline/frames?dataset=…&of=…&chart=…` and any parameter of a timeline."""
    who: Who = request.state.who
    dataset, params = _asked(request)
    chart = params.pop("chart", "")
    version = (await anyio.to_thread.run_sync(datasets.get_dataset, who, dataset)).version

    def make() -> Encoded:
        found = timeline.frames(who, dataset, params, version)
        told = _told(found, chart)
        return Encoded.of(orjson.dumps(told, option=orjson.OPT_SERIALIZE_NUMPY), "application/json")

    key = ("timeline", dataset, version, chart, *sorted(params.items()))
    return (await _frames.get(key, make)).respond(request, NEVER_KEPT)


async def export(request: Request) -> Response:
    """`GET /export/timeline.html?…`: the player as one file that needs nothing else."""
    who: Who = request.state.who
    dataset, params = _asked(request)
    chart = params.pop("chart", "")

    def make() -> bytes:
        found = timeline.frames(who, dataset, params)
        return page.render(found.result, _told(found, chart), *_own())

    body = await anyio.to_thread.run_sync(make)
    return attachment(body, "text/html", f"plumbline-timeline-{dataset}.html")


def _own() -> tuple[str, str]:
    """The player as the page uses it: its script and its style sheet."""
    return (OWN / "player.js").read_text("utf-8"), (OWN / "player.css").read_text("utf-8")


def _told(found: timeline.Framed, chart: str) -> dict[str, Any]:
    notices = [notice.message for notice in found.result.warnings]
    said = {"sentence": found.result.sentence, "warnings": notices, "of": found.of, "by": found.by}
    return {**player(found.frames, found.of, chart), **said, "version": found.version, "event": found.event_id}


def _asked(request: Request) -> tuple[int, dict[str, str]]:
    ids, params = asked(request)
    if len(ids) != 1:
        raise UsageError("A timeline is of one dataset.")
    params.pop("mode", None)
    for own in ("frame", "speed", "loop"):
        params.pop(own, None)
    return ids[0], params
