"""What repairs the scores, by how much on held-out prompts, and how to apply it."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import orjson
import streamlit as st

from engine.figures import words
from engine.types import DatasetView, Result
from pages.parts.component import mount
from pages.parts.states import explain

SNIPPET = """\
import json, math

recalibrator = json.load(open("recalibrator.json"))
temperature = recalibrator["parameters"]["temperature"]


def probability(margin):
    return 1 / (1 + math.exp(-margin / temperature))
"""


def show(dataset: DatasetView, result: Result, wanted: str) -> None:
    """The recalibrators beside each other; the chosen one to take away."""
    with st.container(key="card-recalibration", height="stretch"):
        st.header("Recalibration")
        if not result.recalibrators:
            explain("No recalibrator could be fitted to these rows.")
            return
        error = result.estimates["calibration_error"]
        explain(
            f"Calibration error is {words.number(error.value)} {words.interval('', error.low, error.high)} as it is. "
            "Below, what is left of it on held-out prompts (5 folds)."
        )
        st.html(_table(result.recalibrators, wanted))
        chosen = next((one for one in result.recalibrators if one["kind"] == wanted), result.recalibrators[0])
        text = orjson.dumps(chosen, option=orjson.OPT_INDENT_2).decode()
        file = {"label": f"Download {chosen['kind']} as JSON", "name": "recalibrator.json", "text": text}
        mount("files", "recalibrator-file", {"files": [file]})
        if chosen["kind"] == "temperature" and dataset.kind != "score":
            with st.expander("Apply it"):
                st.code(SNIPPET, language="python")


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
