"""The page of a sweep: its controls, and what stands below its answer."""

from __future__ import annotations

from typing import Any

from engine.figures import words
from engine.types import Concluded, DatasetView, Who
from pages.parts import cards, location, reads, sections, trials
from pages.parts.cards import Card
from pages.parts.looking import Looking
from pages.parts.screen import Screen

SETTINGS = (
    "Each setting's value. Those in blue are not told apart from the best: another seed might turn them round. Where "
    "settings were repeated the interval is from the repetitions."
)
PARALLEL = "Each line is a setting; follow it from its parameters to what it reached."
EFFECTS = (
    "What each parameter does from its least to its greatest value, with the others held, and how far the middle "
    "stands above both ends: a setting between them is best where that is surely positive. Grey may be nothing."
)


def below(looking: Looking, concluded: Concluded) -> list[Card]:
    """Every card below the answer."""
    return sections.pictured(
        sections.picture("trials", "Settings", f"{SETTINGS} {_order(concluded)}", looking, concluded),
        sections.newer(looking, concluded),
        sections.picture("parallel", "Parameters side by side", PARALLEL, looking, concluded),
        sections.picture("effects", "Main effects", EFFECTS, looking, concluded),
        table(concluded),
        sections.recognised(looking.dataset, concluded.result.warnings),
        sections.evidence(concluded),
    )


def _order(concluded: Concluded) -> str:
    """What the values beside a mark are of."""
    return f"Beside each: {' · '.join(concluded.result.pictures['trials']['parameters'])}."


def table(concluded: Concluded) -> Card:
    """Every setting as a row, and the trials without a value."""
    picture = concluded.result.pictures["trials"]
    names = picture["parameters"]
    columns = [*names, picture["metric"], "Interval", "Runs", "Step"]
    rows = [
        [
            *(words.significant(row["config"].get(name)) for name in names),
            words.significant(row["value"]),
            words.interval("best_value", row["low"], row["high"]) or "–",
            str(row["n"]),
            f"{row['step']:,.0f}",
        ]
        for row in picture["rows"]
    ]
    blocks = [cards.title("Every setting"), cards.table("Every setting", columns, rows, 0)]
    if picture["failed"]:
        said = [
            (
                one["run"],
                ", ".join(f"{name} {words.significant(value)}" for name, value in one["config"].items()) or "–",
            )
            for one in picture["failed"]
        ]
        blocks += [cards.strong(f"Without any {picture['metric']}"), cards.facts(said)]
    return Card("table", blocks)


def screen_for(who: Who) -> Screen:
    """The page of this person."""

    def controls(dataset: DatasetView) -> dict[str, Any]:
        shared = trials.shared(reads.choices_of(who, dataset.id).metrics)
        with trials.more():
            return {**shared, trials.BETTER: trials.better(), location.SLICE: ""}

    defaults = {**trials.DEFAULTS, location.SLICE: ""}
    return Screen("sweep", "Sweep", defaults, controls, below, "runs with their parameters and a metric")
