"""A result as one HTML file: works offline, light, dark, printed and on a phone.

Everything that comes from data passes Jinja2's autoescaping or, inside JSON, has `<`, `>` and `&` written as escapes; a
content policy by hash lets no other script run than the two that are part of the page. The same result gives the same
bytes.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from engine.figures.chart import Chart
from engine.figures.theme import Mode, paint
from engine.figures.view import charts
from engine.figures.words import number
from engine.reports import words
from engine.types import Estimate, Result

if TYPE_CHECKING:
    from engine.reports.document import Document

_TEMPLATES = Path(__file__).parent / "templates"
_LEFT_OUT = ("histogram",)
"""Charts that say nothing on paper that another does not say."""


def render(result: Result, title: str = "") -> bytes:
    """The page of one result, UTF-8. `title` defaults to the analysis and the dataset's name."""
    drawn = {name: chart for name, chart in charts(result).items() if name not in _LEFT_OUT}
    named = words.named_items(result)
    scripts = [plotly(), asset("result.js")] if drawn else []
    template = environment().get_template("result.html.jinja")
    page = template.render(
        title=title or title_of(result),
        subtitle=_subtitle(result.dataset),
        result=result,
        charts=drawn,
        named=named,
        named_columns=[words.label(name) for name in named[0]],
        rows=[item for item in result.items if "row_hash" in item],
        rows_title=words.rows_title(result.analysis),
        nulls=any(estimate.null_95 is not None for estimate in result.estimates.values()),
        figures=inert_json({mode: _painted(drawn, mode) for mode in ("light", "dark")}),
        evidence=evidence_of(result),
        style=Markup(asset("result.css")),  # noqa: S704 -- our own file
        scripts=[Markup(script) for script in scripts],  # noqa: S704 -- our own files
        policy=policy(scripts),
    )
    return page.encode("utf-8", "replace")


def render_document(document: Document) -> bytes:
    """The page of a report of several answers, UTF-8."""
    figures = dict(document.figures())
    scripts = [plotly(), asset("result.js")] if figures else []
    page = (
        environment()
        .get_template("document.html.jinja")
        .render(
            document=document,
            figures=inert_json({mode: _drawn(figures, mode) for mode in ("light", "dark")}),
            style=Markup(asset("result.css")),  # noqa: S704 -- our own file
            scripts=[Markup(script) for script in scripts],  # noqa: S704 -- our own files
            policy=policy(scripts),
        )
    )
    return page.encode("utf-8", "replace")


# ------------------------------------------------------------------ what the template is given


def _drawn(figures: Mapping[str, Any], mode: Mode) -> dict[str, Any]:
    painted = {name: paint(dict(one.figure), mode) for name, one in figures.items()}
    return {name: {**one, "layout": {**one["layout"], "showlegend": True}} for name, one in painted.items()}


def _painted(drawn: Mapping[str, Chart], mode: Mode) -> dict[str, Any]:
    figures = {name: paint(chart.figure, mode) for name, chart in drawn.items()}
    return {name: {**one, "layout": {**one["layout"], "showlegend": True}} for name, one in figures.items()}


def title_of(result: Result) -> str:
    """What a page is called: the analysis and the dataset."""
    name = str(result.dataset.get("name") or "")
    return f"{words.label(result.analysis)} · {name}" if name else words.label(result.analysis)


def _subtitle(dataset: Mapping[str, Any]) -> str:
    return " · ".join(
        [*words.counts(dataset), *(str(dataset[name]) for name in ("format", "kind") if dataset.get(name))]
    )


def evidence_of(result: Result) -> list[tuple[str, str]]:
    """What recomputes a result, as names and values; what is not known is left out."""
    proof = result.evidence
    params = ", ".join(f"{name} = {value}" for name, value in proof.params.items())
    lines = [
        ("Dataset", proof.dataset),
        ("Version", "" if proof.dataset_version is None else str(proof.dataset_version)),
        ("SHA-256", proof.sha256),
        ("Analysis", f"{proof.analysis} {proof.analysis_version}"),
        ("Parameters", params),
        ("Seed", str(proof.seed)),
        ("Rows", f"{proof.rows:,}"),
        ("Prompts", words.prompts(result.dataset).rsplit(" ", 1)[0] if result.dataset.get("prompts") else ""),
        ("Duration", f"{proof.duration_ms:.1f} ms"),
    ]
    return [(term, value) for term, value in lines if value]


def _sides(pair: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The two answers of a pair: text, the model's choice and the label's."""
    margin, preference = pair.get("margin") or 0.0, pair.get("label")
    tilt = 0.0 if preference is None else preference - 0.5
    return [_side(pair, "a", margin > 0, tilt > 0), _side(pair, "b", margin < 0, tilt < 0)]


def _side(pair: Mapping[str, Any], side: str, chosen: bool, preferred: bool) -> dict[str, Any]:
    score = pair.get(f"score_{side}")
    parts = [side.upper(), pair.get(f"item_{side}") or "", "" if score is None else f"score {number(score, 3)}"]
    name = " · ".join(part for part in parts if part)
    return {"name": name, "text": pair.get(f"text_{side}"), "chosen": chosen, "preferred": preferred}


def _row_label(row: Mapping[str, Any]) -> str:
    """Which row this is and how sure the model was."""
    parts = [f"{name} {number(row[name], 3)}" for name in ("confidence", "value", "truth") if row.get(name) is not None]
    parts += [f"prompt {row['prompt']}"] if row.get("prompt") else []
    parts += [f"line {row['source_line']}"] if row.get("source_line") is not None else []
    parts += [f"{name}={value}" for name, value in (row.get("slices") or {}).items()]
    return " · ".join(parts)


def _recalibrator_label(recalibrator: Mapping[str, Any]) -> str:
    """What it is, its numbers and what it leaves on held-out prompts."""
    parameters = recalibrator.get("parameters") or {}
    held_out = recalibrator.get("held_out") or {}
    parts = [f"{name} = {number(value, 3)}" for name, value in parameters.items() if isinstance(value, float)]
    if isinstance(held_out.get("calibration_error"), float):
        error = Estimate(held_out["calibration_error"], held_out.get("low"), held_out.get("high"))
        parts.append(f"held-out calibration error {number(error.value, 3)} {words.interval(error, 3)}")
    name = str(recalibrator.get("kind") or "recalibrator")
    return f"{name}: {', '.join(parts)}" if parts else name


# ------------------------------------------------------------------ what makes it safe and self-contained


def inert_json(value: Any) -> Markup:
    """JSON that cannot end the script element it stands in."""
    text = orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS).decode()
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 -- every character that could leave the element was just replaced


def policy(scripts: list[str]) -> str:
    """The content policy: nothing is loaded, and of scripts only these run."""
    hashes = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in hashes) or "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "form-action 'none'; base-uri 'none'"
    )


def _pretty(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=1, default=str)


@lru_cache(maxsize=4)
def asset(name: str) -> str:
    """A file beside the templates."""
    return (_TEMPLATES / name).read_text("utf-8")


@lru_cache(maxsize=1)
def plotly() -> str:
    """The drawing library."""
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The templates, autoescaped."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        label=words.label,
        number=partial(number, digits=4),
        interval=words.interval,
        value=words.value,
        bounds=words.bounds,
        cell=words.cell,
        sides=_sides,
        row_label=_row_label,
        pretty=_pretty,
        recalibrator_label=_recalibrator_label,
    )
    return environment
