"""The Compare page: its controls, and what stands below its verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.figures import words
from engine.types import Concluded, DatasetView, Estimate
from pages.parts import cards, location, sections, widgets
from pages.parts.cards import Card
from pages.parts.looking import Looking
from pages.parts.screen import Screen

BY, DELTA, LIVE, COST, BASELINE = "by", "delta", "live", "cost_per_label", "baseline"
WAYS = {
    "auto": "What tells them apart",
    "dataset": "Datasets",
    "judge": "Judges",
    "item": "Models",
    "step": "Checkpoints",
}
LOOKS = {"no": "Once, on these rows", "yes": "At every look"}
DEFAULTS = {BY: "auto", DELTA: 0.02, LIVE: "no", COST: 0.0, BASELINE: "", location.SLICE: ""}

DIFFERENCES = (
    "Both on the same prompts, so that what is easy or hard for all cancels out. Where the interval reaches across the "
    "dotted line the two are not told apart."
)
SYSTEMS = "Each by itself on all of its own prompts; coloured are those that may still be the best."
PAIRS = "The system of the line less that of the column, on the prompts that both have."
SLICES = "Where the difference is another one than elsewhere. Choose one to filter."
APART = "The prompts on which the two differ most. Press n and p to go through them."


def controls(dataset: DatasetView) -> dict[str, Any]:
    """The parameters of the view, each bound to the address."""
    by = sections.choice("Systems are", BY, WAYS, 190)
    delta = widgets.number_input(
        "May be worse by", 0.0, 1.0, DEFAULTS[DELTA], 0.01, key=DELTA, bind="query-params", width=150, format="%.3f"
    )
    live = sections.choice("Valid", LIVE, LOOKS, 180)
    cost = widgets.number_input(
        "Cost of a label", 0.0, 1e6, DEFAULTS[COST], 0.1, key=COST, bind="query-params", width=150, format="%.2f"
    )
    baseline = widgets.text_input("Baseline", key=BASELINE, bind="query-params", width=190, placeholder="the next best")
    chosen = {BY: by, DELTA: float(delta), LIVE: live, COST: float(cost), BASELINE: (baseline or "").strip()}
    return {**chosen, location.SLICE: sections.rows_control(dataset)}


def below(looking: Looking, concluded: Concluded) -> list[Card]:
    """Every card below the verdict."""
    return sections.pictured(
        plan(concluded),
        sections.picture("forest", "Differences", DIFFERENCES, looking, concluded),
        sections.newer(looking, concluded),
        sections.picture("systems", "Systems", SYSTEMS, looking, concluded, half=True),
        sections.picture("slices", "Slices", SLICES, looking, concluded, half=True),
        sections.picture("pairs", "Every pair", PAIRS, looking, concluded),
        metrics(concluded),
        sections.worst(looking, concluded, "Where they disagree", APART),
        sections.recognised(looking.dataset, concluded.result.warnings),
        sections.evidence(concluded),
    )


def plan(concluded: Concluded) -> Card:
    """What the verdict rests on, and what more labels would bring."""
    found = concluded.result.estimates
    told = concluded.result.dataset
    facts = [
        ("Candidate", f"{told['candidate']}, {_interval(found['candidate'])}"),
        ("Baseline", f"{told['baseline']}, {_interval(found['baseline'])}"),
        ("Common prompts", words.count(told["common_prompts"])),
        ("Smallest difference that these rows would show", words.number(found["minimum_detectable_effect"].value)),
        ("More prompts until it is settled", _needed(found, "prompts_needed")),
        ("Labels for them", _needed(found, "labels_needed")),
        *([("Their cost", _needed(found, "cost"))] if "cost" in found else []),
    ]
    return Card("plan", [cards.title("What it takes"), cards.facts(facts)], half=False)


def _interval(estimate: Estimate) -> str:
    return f"{words.number(estimate.value)} {words.interval('', estimate.low, estimate.high)}".strip()


def _needed(found: Mapping[str, Estimate], name: str) -> str:
    value = found[name].value
    if value is None:
        return "no number of labels would settle it"
    return "none" if value == 0 else f"about {words.count(value)}"


def metrics(concluded: Concluded) -> Card | None:
    """Every system by every metric that the rows have."""
    picture = concluded.result.pictures.get("matrix")
    if not picture:
        return None
    columns = ["System", *(name.replace("_", " ").capitalize() for name in picture["metrics"])]
    rows = [
        [name, *(words.number(value) for value in values)]
        for name, values in zip(picture["systems"], picture["value"], strict=True)
    ]
    return Card("metrics", [cards.title("Metrics"), cards.table("Systems by metric", columns, rows, -1)])


SCREEN = Screen(
    "compare",
    "Compare",
    DEFAULTS,
    controls,
    below,
    "scores of two or more systems on the same prompts: in one file, or in several put beside each other",
    together=True,
    acts={("slices", "pick"): sections.filter_by},
)
