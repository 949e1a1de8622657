"""The Agreement page, the desk of the annotators: its controls, and what stands below its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.figures import words
from engine.types import Concluded, DatasetView
from pages.parts import cards, location, sections
from pages.parts.cards import Card
from pages.parts.looking import Looking
from pages.parts.screen import Screen

RATERS = (
    "How often each is right, with the interval of the model that weighs everybody by everybody else; in red those "
    "who stand out after allowing for the number looked at."
)
PAIRS = "The share of what both judged on which they agree. Point at a cell for how much that is."
WEEKS = "Whether agreement or the readiness to call a tie moved over time."
CONFUSION = "How often what is truly one thing is called another, on average of all annotators."


def controls(dataset: DatasetView) -> dict[str, Any]:
    """The parameters of the view, each bound to the address."""
    return {location.SLICE: sections.rows_control(dataset)}


def below(looking: Looking, concluded: Concluded) -> list[Card]:
    """Every card below the answer."""
    return sections.pictured(
        sections.picture("raters", "Annotators", RATERS, looking, concluded),
        sections.newer(looking, concluded),
        desk(concluded),
        sections.picture("pairs", "Who agrees with whom", PAIRS, looking, concluded),
        sections.picture("weeks", "Over time", WEEKS, looking, concluded, half=True),
        sections.picture("confusion", "What is taken for what", CONFUSION, looking, concluded, half=True),
        sections.recognised(looking.dataset, concluded.result.warnings),
        sections.evidence(concluded),
    )


def desk(concluded: Concluded) -> Card | None:
    """Every annotator: agreement, pace, habits, drift, and what the ranking would be without them."""
    if not concluded.result.items:
        return None
    columns = ["Annotator", "Judged", "Agrees", "Prefers first", "Ties", "Seconds each", "Drift", "Moves ranking"]
    rows = [_line(item) for item in concluded.result.items]
    said = "Drift is agreement in the later half of their work less that in the earlier one."
    return Card("desk", [cards.title("Desk"), cards.text(said), cards.table("Annotators", columns, rows, -1)])


def _line(item: Mapping[str, Any]) -> list[str]:
    seconds = item.get("median_seconds")
    moved = item.get("effect_on_ranking")
    return [
        str(item["item"]),
        words.count(item["n"]),
        words.percent(item.get("agreement")),
        words.number(item.get("position_bias"), 2),
        words.percent(item.get("tie_rate")),
        "–" if seconds is None else f"{seconds:,.0f}",
        words.number(item.get("drift"), 2),
        "–" if moved is None else f"{words.number(moved, 0)} Elo",
    ]


SCREEN = Screen(
    "agreement",
    "Agreement",
    {location.SLICE: ""},
    controls,
    below,
    "who judged each row, and rows that two or more of them judged",
)
