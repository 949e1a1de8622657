"""`/share/…` and `/embed/…`: one answer for whoever has its address, without a session, and nothing else.

What opens nothing (any more) is answered in one way, whatever the reason, and writes nothing.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from typing import Final

import anyio
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from engine.access import shares as access
from engine.errors import NotFound, PlumblineError
from engine.figures import css_variables
from engine.queries import shares
from engine.reports import shared
from engine.types import Shared, ShareKind, Who
from web import assets, forms
from web.encoded import ASK_AGAIN, FOR_EVER, NEVER_KEPT, Encoded
from web.errors import answer
from web.headers import UNSEEN
from web.view import Shared as Once

ASSETS: Final = ("plotly.js", "plumb.js", "shared.js", "shared.css")
"""What the page of a share is drawn with; everybody may read it."""

_TITLE: Final = "This link does not open anything"
_LEAD: Final = "It may have ended, or have been cut short on its way. Ask who sent it."
_HEADERS: Final = {**UNSEEN, "cache-control": "no-store"}

_ENDED: Final = frozenset({"no_share", "no_dataset", "blob_missing"})
"""Codes of what ends a share; for other reasons there may be an answer again."""

_views: Final = Once(256)


async def link(request: Request) -> Response:
    """`GET /share/{token}`: the page of a link."""
    return await _page(request, "link")


async def embed(request: Request) -> Response:
    """`GET /embed/{token}`: the page of an embed, which only the sites it was made for may show."""
    return await _page(request, "embed")


async def link_view(request: Request) -> Response:
    """`GET /share/{token}/view?version=…`: what the page shows as JSON; 204 where it has that version already."""
    return await _view(request, "link")


async def embed_view(request: Request) -> Response:
    """`GET /embed/{token}/view?version=…`, as `link_view`."""
    return await _view(request, "embed")


async def asset(request: Request) -> Response:
    """`GET /share/assets/{name}`: the script, the style and the drawing library."""
    found = await anyio.to_thread.run_sync(_assets)
    name = request.path_params["name"]
    if name not in found:
        return gone(request)
    return found[name].respond(request, FOR_EVER if "v" in request.query_params else ASK_AGAIN)


async def nothing(request: Request) -> Response:
    """Everything else below `/share/` and `/embed/`."""
    return gone(request)


def gone(request: Request) -> Response:
    """The answer to whatever opens nothing (any more)."""
    if request.headers.get("sec-fetch-mode", "navigate") == "navigate" and not request.url.path.endswith("/view"):
        made = forms.page(404, title=_TITLE, lead=_LEAD)
    else:
        made = answer(404, "no_share", f"{_TITLE}. {_LEAD}")
    made.headers.update(_HEADERS)
    return made


async def _page(request: Request, kind: ShareKind) -> Response:
    opened = await _opened(request, kind)
    if opened is None:
        return gone(request)
    who, share = opened
    try:
        told = await _told(who, share)
    except NotFound:  # ended this very moment
        return gone(request)
    body = await anyio.to_thread.run_sync(lambda: shared.page(told.body, share, _addresses()))
    headers = {**_HEADERS, "content-security-policy": policy(share)}
    noted = BackgroundTask(access.note_opening, who) if request.method == "GET" else None
    return Response(body, headers=headers, media_type="text/html", background=noted)


async def _view(request: Request, kind: ShareKind) -> Response:
    opened = await _opened(request, kind)
    if opened is None:
        return gone(request)
    who, share = opened
    if share.frozen is None and request.query_params.get("version") == str(share.version):
        return Response(status_code=204, headers=_HEADERS)
    try:
        made = (await _told(who, share)).respond(request, NEVER_KEPT)
    except NotFound:
        return gone(request)
    made.headers.update(_HEADERS)
    return made


async def _opened(request: Request, kind: ShareKind) -> tuple[Who, Shared] | None:
    who = await anyio.to_thread.run_sync(access.who_of, request.path_params["token"])
    if who is None or who.share is None or who.share.kind != kind:
        return None
    return who, who.share


async def _told(who: Who, share: Shared) -> Encoded:
    """What a share shows, made once a version however many look; where there is no answer now, why."""
    try:
        return await _views.get((share.id, share.created_at, share.version), lambda: _encoded(shares.shown(who)))
    except PlumblineError as error:
        if error.code in _ENDED or error.http_status >= 500:
            raise
        return _encoded(shared.unanswered(error.message, 0, share.as_of))


def _encoded(body: bytes) -> Encoded:
    return Encoded.of(body, "application/json")


def policy(share: Shared) -> str:
    """What the page may do: run our own script and ask for its own content. Nobody frames a link."""
    framed = " ".join(share.origins) if share.kind == "embed" else "'none'"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "font-src 'self'; connect-src 'self'; worker-src blob:; form-action 'none'; base-uri 'none'; "
        f"frame-ancestors {framed}"
    )


@lru_cache(maxsize=1)
def _assets() -> dict[str, Encoded]:
    style = assets.encoded("shared.css")
    whole = Encoded.of(css_variables().encode() + style.body, style.media_type)
    return {name: whole if name == "shared.css" else assets.encoded(name) for name in ASSETS}


@lru_cache(maxsize=1)
def _addresses() -> dict[str, str]:
    """Where the page finds its parts; they change with any of them, so that they are kept for ever."""
    stamp = sha256("".join(one.etag for one in _assets().values()).encode()).hexdigest()[:12]
    named = {"script": "shared.js", "style": "shared.css", "plotly": "plotly.js"}
    return {role: f"/share/assets/{name}?v={stamp}" for role, name in named.items()}
