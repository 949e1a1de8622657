"""The document every screen starts from: Streamlit's own, under our name and icon, in our colours at once."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Final

import streamlit
from starlette.requests import Request
from starlette.responses import Response

from web.encoded import ASK_AGAIN, Encoded
from web.hosting import ROOT

_START: Final = '<script src="/assets/start.js"></script>'
_FONT: Final = '<link rel="preload" href="/assets/fonts/inter.ttf?v=4.1" as="font" type="font/ttf" crossorigin />'
_CHANGES: Final = {
    r"<title>Streamlit</title>": f"<title>Plumbline</title>\n    {_START}",
    r'<link rel="shortcut icon"[^>]*>': '<link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />',
    r'<link\s+rel="preload"\s+href="./static/media/SourceSans[^>]*>': _FONT,
    r'<link rel="service-desc"[^>]*>': "",
    r"<noscript>.*?</noscript>": "<noscript>The pages of Plumbline need JavaScript.</noscript>",
    r"<!--.*?-->": "",
}
PAGES: Final = ("/", *(f"/{file.stem}" for file in sorted((ROOT / "pages").glob("[a-z]*.py"))))
"""The addresses of our screens. Streamlit answers any other with its own document."""


@lru_cache(maxsize=1)
def document() -> Encoded:
    """The changed document. Raises ValueError where this version of Streamlit has another one."""
    html = (Path(streamlit.__file__).parent / "static" / "index.html").read_text()
    for old, new in _CHANGES.items():
        html, found = re.subn(old, new, html, flags=re.DOTALL)
        if not found:
            raise ValueError(f"Streamlit's index.html no longer holds {old}")
    return Encoded.of(html.encode(), "text/html; charset=utf-8")


async def index(request: Request) -> Response:
    """`GET` of a screen's address."""
    return document().respond(request, ASK_AGAIN)
