"""A timeline as one HTML file that plays offline: figures, script and words are all in it.

As in `engine.reports.html`, what comes from data passes Jinja2's autoescaping or stands in JSON that cannot end its
element, and a content policy by hash lets no other script run than the library and the player.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from engine.figures.theme import DARK, LIGHT, css_variables
from engine.reports import html
from engine.types import Result


def render(result: Result, payload: Mapping[str, Any], script: str, style: str) -> bytes:
    """The page, UTF-8.

    Args:
        result: what the frames say together.
        payload: what `engine.figures.player.player` gave.
        script: the player, a module whose exports are taken off so that it stands in the page itself.
        style: its style sheet.
    """
    own = script.replace("export class", "class").replace("export function", "function") + html.asset("player.js")
    scripts = [html.plotly(), own]
    template = html.environment().get_template("player.html.jinja")
    page = template.render(
        title=html.title_of(result),
        result=result,
        evidence=html.evidence_of(result),
        payload=html.inert_json(payload),
        palettes=html.inert_json({"light": LIGHT, "dark": DARK}),
        style=Markup(html.asset("result.css") + css_variables() + style),  # noqa: S704 -- our own files
        library=Markup(scripts[0]),  # noqa: S704 -- of the installed package
        script=Markup(own),  # noqa: S704 -- our own files
        policy=html.policy(scripts),
    )
    return page.encode("utf-8", "replace")
