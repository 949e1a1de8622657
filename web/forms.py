"""The plain pages that work without JavaScript: sign-in and the one-time link."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from engine.errors import UsageError
from web.headers import FORM_POLICY

_LONGEST_FORM: Final = 16_384
_LONGEST_NEXT: Final = 4_000
_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).resolve().parent / "templates"), autoescape=True, trim_blocks=True
)


def page(status: int = 200, **values: Any) -> Response:
    """The page with these values.

    - title, lead, error, action, hidden, button and foot;
    - name (typed before), or fixed_name for an account that is known;
    - current: whether the present password is asked for; choosing: whether a new one is;
    - way_out: the words of a link away, to way_out_to; elsewhere: where else to sign in, elsewhere_name: what that is.
    """
    blank = {
        "lead": "",
        "error": "",
        "action": "",
        "hidden": {},
        "name": "",
        "fixed_name": "",
        "current": False,
        "choosing": False,
        "foot": "",
        "way_out": "",
        "way_out_to": "/signin",
        "elsewhere": "",
        "elsewhere_name": "",
    }
    html = _TEMPLATES.get_template("signin.html").render({**blank, **values})
    return HTMLResponse(html, status, {"content-security-policy": FORM_POLICY, "cache-control": "no-store"})


async def fields(request: Request) -> dict[str, str]:
    """The fields of a posted form, each once; UsageError where it is too long to be one of ours."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_FORM:
            raise UsageError("This form is longer than any that Plumbline sends.", code="form_too_long")
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def safe_next(target: str) -> str:
    """Where to go after signing in: `target` where it is a path of this site, else the first page.

    Browsers drop tabs and line ends and read a backslash as a slash, so those lead away as `//` does.
    """
    leads_away = not target.startswith("/") or target.startswith("//") or "\\" in target
    if leads_away or len(target) > _LONGEST_NEXT or not target.isprintable() or target.startswith("/signin"):
        return "/"
    return target
