"""What repairs the scores, by how much on held-out prompts, and how to apply it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from html import escape
from typing import Any

import orjson
import streamlit as st

from engine.figures import words
from engine.settings import ROOT
from engine.types import DatasetView, Result
from pages.parts import prose
from pages.parts.component import mount

SCRIPT = ROOT / "docs" / "analyses" / "apply_recalibrator.py"


@cache
def script() -> str:
    """The lines that apply what is exported, of whatever kind: the same that the tests hold against the fits."""
    return SCRIPT.read_text()


def show(dataset: DatasetView, result: Result, wanted: str) -> None:
    """The recalibrators beside each other; the chosen one to take away."""
    with st.container(key="card-recalibration", height="stretch"):
        title = prose.title("Recalibration")
        if not result.recalibrators:
            prose.show(title, prose.paragraph("No recalibrator could be fitted to these rows."))
            return
        error = result.estimates["calibration_error"]
        said = (
            f"Calibration error is {words.number(error.value)} {words.interval('', error.low, error.high)} as it is. "
            "Below, what is left of it on held-out prompts (5 folds)."
        )
        prose.show(title, prose.paragraph(said), _table(result.recalibrators, wanted))
        chosen = next((one for one in result.recalibrators if one["kind"] == wanted), result.recalibrators[0])
        text = orjson.dumps(chosen, option=orjson.OPT_INDENT_2).decode()
        file = {"label": f"Download {chosen['kind']} as JSON", "name": "recalibrator.json", "text": text}
        mount("files", "recalibrator-file", {"files": [file]})
        with st.expander("Apply it"):
            noun = "scores" if dataset.kind == "score" else "margins"
            said = f"python {SCRIPT.name} recalibrator.json < {noun}.txt: one number a line in, one probability out."
            prose.show(prose.paragraph(said))
            st.code(script(), language="python")


def _table(recalibrators: list[dict[str, Any]], wanted: str) -> str:
    head = "".join(
        f'<th scope="col">{name}</th>' for name in ("Recalibrator", "Calibration error", "NLL gain", "Brier gain")
    )
    body = "".join(_row(one, one["kind"] == wanted) for one in recalibrators)
    table = f'<table class="pl-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div class="pl-scroll" tabindex="0" role="region" aria-label="Recalibrators">{table}</div>'


def _row(one: Mapping[str, Any], chosen: bool) -> str:
    held_out = one["held_out"]
    error = f"{words.number(held_out['calibration_error'])} {words.interval('', held_out['low'], held_out['high'])}"
    gains = [words.number(held_out.get(name), 4) for name in ("nll_gain", "brier_gain")]
    cells = "".join(f"<td>{escape(text)}</td>" for text in (str(one["kind"]), error, *gains))
    return f'<tr aria-current="{str(chosen).lower()}">{cells}</tr>'
