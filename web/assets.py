"""`/assets/…`: our own files below `web/assets/`, Plotly and the fonts from the installed packages.

The catalogue is made once from what is there; a request only looks a name up in it, so no path is ever built from one.
"""

from __future__ import annotations

import mimetypes
from functools import lru_cache
from pathlib import Path
from typing import Final

import anyio
import fontpkg_inter
import fontpkg_jetbrains_mono
import plotly
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from web.encoded import ASK_AGAIN, FOR_EVER, Encoded

OWN: Final = Path(__file__).resolve().parent / "assets"
_INTER: Final = Path(fontpkg_inter.__file__).parent / "files"
_MONO: Final = Path(fontpkg_jetbrains_mono.__file__).parent / "files"
_PACKAGED: Final = {
    "plotly.js": Path(plotly.__file__).parent / "package_data" / "plotly.min.js",
    "fonts/inter.ttf": _INTER / "Inter[opsz,wght].ttf",
    "fonts/inter-italic.ttf": _INTER / "Inter-Italic[opsz,wght].ttf",
    "fonts/jetbrains-mono.ttf": _MONO / "JetBrainsMono[wght].ttf",
    "fonts/jetbrains-mono-italic.ttf": _MONO / "JetBrainsMono-Italic[wght].ttf",
}
_TYPES: Final = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".ttf": "font/ttf"}


@lru_cache(maxsize=1)
def catalogue() -> dict[str, Path]:
    """Every name that `/assets/` serves, and the file behind it."""
    own = {file.relative_to(OWN).as_posix(): file for file in OWN.rglob("*") if file.is_file()}
    return {**own, **_PACKAGED}


@lru_cache(maxsize=64)
def encoded(name: str) -> Encoded:
    """The file of that name, read and gzipped once. Raises KeyError for a name that is not served."""
    file = catalogue()[name]
    guessed = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return Encoded.of(file.read_bytes(), _TYPES.get(file.suffix, guessed))


async def serve(request: Request) -> Response:
    """`GET /assets/{name}`: kept for ever by the browser where the address carries `?v=`."""
    name = request.path_params["name"]
    if name not in catalogue():
        raise HTTPException(404)
    asset = await anyio.to_thread.run_sync(encoded, name)
    return asset.respond(request, FOR_EVER if "v" in request.query_params else ASK_AGAIN)


async def favicon(request: Request) -> Response:
    """The icon that browsers ask for by themselves."""
    return encoded("icon.svg").respond(request, ASK_AGAIN)
