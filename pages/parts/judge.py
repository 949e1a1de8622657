"""The Judges page: its controls, and what stands below its answer."""

from __future__ import annotations

from typing import Any

from engine.types import Concluded, DatasetView
from pages.parts import cards, location, numbers, sections, widgets
from pages.parts.cards import Card
from pages.parts.looking import Looking
from pages.parts.screen import Screen

JUDGE, ITEM, WIDTH = "judge", "item", "half_width"
DEFAULTS = {JUDGE: "", ITEM: "", WIDTH: 0.03, location.SLICE: ""}

JUDGES = "How often each judge says what people say, on rows that have both."
VERDICTS = "Rows that have both a verdict and a label."
PLAN = "How far the interval of the corrected win rate narrows with more labels by people; verdicts alone end it."
AGAINST = "Where the judge is surest and people say otherwise. Press n and p to go through them."


def controls(dataset: DatasetView) -> dict[str, Any]:
    """The parameters of the view, each bound to the address."""
    judge = widgets.text_input(
        "Judge", key=JUDGE, bind="query-params", width=200, placeholder="the one with most verdicts"
    )
    item = widgets.text_input("Win rate of", key=ITEM, bind="query-params", width=200, placeholder="the first by name")
    width = widgets.number_input(
        "Wanted ±", 0.001, 0.499, DEFAULTS[WIDTH], 0.01, key=WIDTH, bind="query-params", width=130, format="%.3f"
    )
    cohort = sections.rows_control(dataset)
    return {
        JUDGE: (judge or "").strip(),
        ITEM: (item or "").strip(),
        WIDTH: float(width),
        location.SLICE: cohort,
    }


def below(looking: Looking, concluded: Concluded) -> list[Card]:
    """Every card below the answer."""
    planned = bool((concluded.result.pictures.get("plan") or {}).get("labels"))
    return sections.pictured(
        sections.picture("judges", "Judges", JUDGES, looking, concluded),
        sections.newer(looking, concluded),
        leanings(concluded),
        corrected(concluded),
        sections.picture("verdicts", "Judge against people", VERDICTS, looking, concluded, half=planned),
        sections.picture("plan", "What more labels bring", PLAN, looking, concluded, half=True),
        sections.worst(looking, concluded, "Against people", AGAINST),
        sections.recognised(looking.dataset, concluded.result.warnings),
        sections.evidence(concluded),
    )


def leanings(concluded: Concluded) -> Card:
    """What the judge leans to besides."""
    found = concluded.result.estimates
    named = {
        "position_bias": "Prefers what is shown first, by",
        "human_position_bias": "People do, by",
        "order_consistency": "Says the same in both orders",
        "tie_rate_difference": "Calls more ties than people, by",
        "length_bias": "Likes length more than people, by",
    }
    facts = [(label, numbers.said("", found[name])) for name, label in named.items() if name in found]
    return Card("leanings", [cards.title("Leanings"), cards.facts(facts)], half=True)


def corrected(concluded: Concluded) -> Card:
    """The win rate by people, by the judge, and by both together; what more labels it takes."""
    found, item = concluded.result.estimates, concluded.result.dataset.get("item") or "the first"
    named = {
        "win_rate_ppi": "By the judge, corrected by labels",
        "win_rate_judge": "By the judge alone",
        "win_rate_human": "By labels alone",
        "labels_needed": "Labels that the wanted ± takes",
    }
    facts = [(label, numbers.said(name, found[name])) for name, label in named.items() if name in found]
    return Card("corrected", [cards.title(f"Win rate of {item}"), cards.facts(facts)], half=True)


SCREEN = Screen(
    "judge",
    "Judges",
    DEFAULTS,
    controls,
    below,
    "a judge's verdict or margin beside a label by people",
)
