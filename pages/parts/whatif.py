"""The page of what if: sliders that move the decision, and what stands below its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.types import Concluded, DatasetView
from pages.parts import location, sections, widgets
from pages.parts.cards import Card
from pages.parts.looking import Looking
from pages.parts.screen import Screen

TEMPERATURE, THRESHOLD, TARGET, COST = "temperature", "threshold", "target", "cost"
DEFAULTS = {TEMPERATURE: 1.0, THRESHOLD: 0.8, TARGET: 0.9, COST: 10.0, location.SLICE: ""}

BY_THRESHOLD = (
    "Verdicts below the threshold go to people. The dotted lines are where you stand and what you aim at: the decision "
    "turns where the lower edge of the band crosses the target."
)
BY_COST = "What 1,000 verdicts cost in labels by people: those that are not trusted, and the wrong ones that are."
BY_TEMPERATURE = "What the confidence is off by when margins are divided by this. Accuracy does not move with it."


_BOUND: Mapping[str, Any] = {"bind": "query-params", "width": 190}


def controls(dataset: DatasetView) -> dict[str, Any]:
    """The parameters of the view, each bound to the address."""
    given = {
        TEMPERATURE: widgets.slider(
            "Temperature", 0.25, 8.0, 1.0, 0.05, key=TEMPERATURE, bind="query-params", width=190
        ),
        THRESHOLD: widgets.slider("Threshold", 0.5, 0.99, 0.8, 0.01, key=THRESHOLD, **_BOUND),
        TARGET: widgets.slider("Target accuracy", 0.55, 0.99, 0.9, 0.01, key=TARGET, **_BOUND),
        COST: widgets.number_input(
            "A mistake costs", 0.1, 1e6, 10.0, key=COST, bind="query-params", width=150, help="In labels by people."
        ),
    }
    return {**given, location.SLICE: sections.rows_control(dataset)}


def below(looking: Looking, concluded: Concluded) -> list[Card]:
    """Every card below the answer."""
    return sections.pictured(
        sections.picture("threshold", "By threshold", BY_THRESHOLD, looking, concluded),
        sections.newer(looking, concluded),
        sections.picture("cost", "Cost", BY_COST, looking, concluded, half=True),
        sections.picture("temperature", "By temperature", BY_TEMPERATURE, looking, concluded, half=True),
        sections.recognised(looking.dataset, concluded.result.warnings),
        sections.evidence(concluded),
    )


SCREEN = Screen(
    "whatif",
    "What if",
    DEFAULTS,
    controls,
    below,
    "two scores or a margin for each pair beside a label, or a score beside a truth",
)
