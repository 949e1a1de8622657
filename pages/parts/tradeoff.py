"""The page of the KL trade-off: a price that moves the best checkpoint."""

from __future__ import annotations

from typing import Any

from engine.types import Concluded, DatasetView
from pages.parts import location, sections, widgets
from pages.parts.cards import Card
from pages.parts.looking import Looking
from pages.parts.screen import Screen

COEFFICIENT, METRIC, KL, RUN = "coefficient", "metric", "kl", "run"
DEFAULTS = {COEFFICIENT: 0.0, METRIC: "", KL: "", RUN: "", location.SLICE: ""}

OBJECTIVE = (
    "Reward less the price of KL, by windows of steps. Coloured marks may be the best; grey ones surely are not."
)
BY_PRICE = "Which steps are best as KL gets dearer, with all that are not told apart from them as a band."


def controls(dataset: DatasetView) -> dict[str, Any]:
    """The parameters of the view, each bound to the address."""
    price = widgets.number_input(
        "Price of a nat", 0.0, 1e6, 0.0, 0.005, "%.4g", key=COEFFICIENT, bind="query-params", width=170
    )
    texts = {
        METRIC: widgets.text_input("Reward", key=METRIC, bind="query-params", width=170, placeholder="the truest"),
        KL: widgets.text_input("KL", key=KL, bind="query-params", width=150, placeholder="kl_ref"),
        RUN: widgets.text_input("Run", key=RUN, bind="query-params", width=170, placeholder="the first"),
    }
    chosen = {name: (text or "").strip() for name, text in texts.items()}
    return {COEFFICIENT: price, **chosen, location.SLICE: sections.rows_control(dataset)}


def below(looking: Looking, concluded: Concluded) -> list[Card]:
    """Every card below the answer."""
    return sections.pictured(
        sections.picture("objective", "Objective", OBJECTIVE, looking, concluded),
        sections.newer(looking, concluded),
        sections.picture("coefficient", "By price", BY_PRICE, looking, concluded),
        sections.recognised(looking.dataset, concluded.result.warnings),
        sections.evidence(concluded),
    )


SCREEN = Screen(
    "tradeoff",
    "KL trade-off",
    DEFAULTS,
    controls,
    below,
    "a reward and a KL at the steps of a run",
)
