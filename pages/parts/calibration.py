"""The Calibration page: its controls, and what stands below its answer."""

from __future__ import annotations

from typing import Any

from engine.types import Concluded, DatasetView
from pages.parts import cards, location, recalibration, sections, widgets
from pages.parts.answer import chart_data
from pages.parts.cards import Card
from pages.parts.looking import Looking
from pages.parts.screen import Screen

READING = "On the dotted line, confidence is what it is worth. Below it, the model claims more than it delivers."
BINS = [5, 8, 10, 12, 15, 20, 24, 30]
RECALIBRATORS = {
    "comparison": ["temperature", "isotonic", "flexible"],
    "score": ["temperature", "platt", "beta", "isotonic"],
}


def controls(dataset: DatasetView) -> dict[str, Any]:
    """The parameters of the view, each bound to the address."""
    kinds = RECALIBRATORS.get(dataset.kind or "comparison", RECALIBRATORS["comparison"])
    bins = widgets.selectbox("Bins", BINS, BINS.index(15), key=location.BINS, bind="query-params", width=110)
    cohort = sections.rows_control(dataset)
    chosen = widgets.selectbox("Recalibrator", kinds, key=location.RECALIBRATOR, bind="query-params", width=170)
    return {location.BINS: bins, location.SLICE: cohort, location.RECALIBRATOR: chosen}


def below(looking: Looking, concluded: Concluded) -> list[Card]:
    """Every card below the answer."""
    return [
        reliability(looking, concluded),
        sections.newer(looking, concluded),
        slices(looking, concluded),
        recalibration.card(looking.dataset, concluded.result, looking.params[location.RECALIBRATOR]),
        sections.worst(looking, concluded),
        sections.recognised(looking.dataset, concluded.result.warnings),
        sections.evidence(concluded),
    ]


def reliability(looking: Looking, concluded: Concluded) -> Card:
    """The reliability diagram, large."""
    data = chart_data("reliability", looking, concluded, height=470)
    return Card(
        "reliability", [cards.title("Reliability"), cards.text(READING), cards.part("chart", "reliability", data)]
    )


def slices(looking: Looking, concluded: Concluded) -> Card:
    """Slices as a forest; choosing a point filters the page."""
    data = chart_data("slices", looking, concluded)
    if data is None:
        return Card("slices", [cards.title("Slices"), cards.text(_no_slices(looking.dataset))], half=True)
    confirmed = sum(bool(entry.get("confirmed")) for entry in concluded.result.slices)
    said = f"Against the rest, after recalibration; {confirmed} confirmed on held-out prompts. Choose one to filter."
    return Card("slices", [cards.title("Slices"), cards.text(said), cards.part("chart", "slices", data)], half=True)


def _no_slices(dataset: DatasetView) -> str:
    if dataset.slices:
        named = ", ".join(dataset.slices)
        return f"This file can be sliced by {named}, but no value has enough prompts (30) to be held against the rest."
    return (
        "This file has no column to slice by. Any column of your own with 2 to 50 different short values becomes "
        "one by its own name: add, say, domain, language or source. A column that was missed is named under Datasets, "
        "in the menu of the file, Columns…"
    )


def _switch(value: Any) -> None:
    location.set_overlays(str(value or ""))


SCREEN = Screen(
    "calibration",
    "Calibration",
    location.DEFAULTS,
    controls,
    below,
    "two scores or a margin for each pair, or a score beside a truth",
    acts={("slices", "pick"): sections.filter_by, ("reliability", "show"): _switch},
)
