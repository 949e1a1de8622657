"""What repairs the scores, by how much on held-out prompts, and how to apply it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import orjson

from engine.figures import words
from engine.settings import ROOT
from engine.types import DatasetView, Result
from pages.parts import cards
from pages.parts.cards import Card

COLUMNS = ("Recalibrator", "Calibration error", "NLL gain", "Brier gain")
SCRIPT = ROOT / "docs" / "analyses" / "apply_recalibrator.py"


@cache
def script() -> str:
    """The lines that apply what is exported, of whatever kind: the same that the tests hold against the fits."""
    return SCRIPT.read_text()


def card(dataset: DatasetView, result: Result, wanted: str) -> Card:
    """The recalibrators beside each other; the chosen one to take away."""
    head = cards.title("Recalibration")
    known = result.recalibrators
    if not known:
        return Card("recalibration", [head, cards.text("No recalibrator could be fitted to these rows.")], half=True)
    error = result.estimates["calibration_error"]
    said = (
        f"Calibration error is {words.number(error.value)} {words.interval('', error.low, error.high)} as it is. "
        "Below, what is left of it on held-out prompts (5 folds)."
    )
    place = next((index for index, one in enumerate(known) if one["kind"] == wanted), 0)
    table = cards.table("Recalibrators", COLUMNS, [_row(one) for one in known], place)
    blocks = [head, cards.text(said), table, cards.part("files", "recalibrator", _file(known[place])), _use(dataset)]
    return Card("recalibration", blocks, half=True)


def _row(one: Mapping[str, Any]) -> list[str]:
    held_out = one["held_out"]
    error = f"{words.number(held_out['calibration_error'])} {words.interval('', held_out['low'], held_out['high'])}"
    return [str(one["kind"]), error, *(words.number(held_out.get(name), 4) for name in ("nll_gain", "brier_gain"))]


def _file(one: Mapping[str, Any]) -> dict[str, Any]:
    content = orjson.dumps(one, option=orjson.OPT_INDENT_2).decode()
    return {"files": [{"label": f"Download {one['kind']} as JSON", "name": "recalibrator.json", "text": content}]}


def _use(dataset: DatasetView) -> cards.Block:
    noun = "scores" if dataset.kind == "score" else "margins"
    said = f"python {SCRIPT.name} recalibrator.json < {noun}.txt: one number a line in, one probability out."
    return cards.fold("Apply it", [cards.text(said), cards.code(script())])
