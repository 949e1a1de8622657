"""The Audit page: how much length and style alone explain, and where they explain too much."""

from __future__ import annotations

from typing import Any

from engine.types import Concluded, DatasetView
from pages.parts import cards, location, numbers, sections, widgets
from pages.parts.cards import Card
from pages.parts.looking import Looking
from pages.parts.screen import Screen

FEATURE = "feature"
DEFAULTS = {FEATURE: "", location.SLICE: ""}

RULERS = (
    "How often a ruler that reads nothing and only counts picks the preferred answer. On the dotted line it knows "
    "nothing; a reward model has to do better than the best of them."
)
SUBSETS = "A subset that a ruler decides measures length, not quality. Choose one to look at it alone."
SLOPE = "Whether preference follows length more where the two answers lie further apart in it."


def controls(dataset: DatasetView) -> dict[str, Any]:
    """The parameters of the view, each bound to the address."""
    feature = widgets.text_input("Ruler", key=FEATURE, bind="query-params", width=200, placeholder="length")
    return {FEATURE: (feature or "").strip(), location.SLICE: sections.rows_control(dataset)}


def below(looking: Looking, concluded: Concluded) -> list[Card]:
    """Every card below the answer."""
    return sections.pictured(
        sections.picture("rulers", "Rulers", RULERS, looking, concluded),
        sections.newer(looking, concluded),
        sections.picture("subsets", "Subsets", SUBSETS, looking, concluded, half=True),
        sections.picture("slope", "By distance", SLOPE, looking, concluded, half=True),
        rewards(concluded),
        sections.recognised(looking.dataset, concluded.result.warnings),
        sections.evidence(concluded),
    )


def rewards(concluded: Concluded) -> Card:
    """What the rulers do to the reward, and how well style alone predicts."""
    found = concluded.result.estimates
    facts = [(numbers.label(name), numbers.said(name, one)) for name, one in found.items()]
    return Card("numbers", [cards.title("All numbers"), cards.facts(facts)])


SCREEN = Screen(
    "audit",
    "Audit",
    DEFAULTS,
    controls,
    below,
    "the length of both answers (or their texts) beside which of them was preferred",
    acts={("subsets", "pick"): sections.filter_by},
)
