"""The Ranking page: its controls, and what stands below its answer."""

from __future__ import annotations

from typing import Any

from engine.figures import words
from engine.types import Concluded, DatasetView
from pages.parts import cards, location, sections
from pages.parts.cards import Card
from pages.parts.looking import Looking
from pages.parts.screen import Screen

MODEL, CONTROLS = "model", "controls"
MODELS = {"bradley_terry": "Ties as half a win", "davidson": "Ties by Davidson"}
STYLES = {"none": "Nothing held equal", "length": "Length held equal", "style": "Style held equal"}
DEFAULTS = {MODEL: "bradley_terry", CONTROLS: "none", location.SLICE: ""}

STRENGTHS = (
    "Elo points, 1,000 on average; 100 more is a win in 64 of 100 comparisons. The ranks beside a name are those that "
    "all comparisons together allow: models whose ranks overlap are not told apart."
)
WINS = "How often the model of the line is preferred to the one of the column. Blank where the two never met."
CONTROLLED = "Where each model stands when answers of equal length and form are compared, beside where it stands now."


def controls(dataset: DatasetView) -> dict[str, Any]:
    """The parameters of the view, each bound to the address."""
    model = sections.choice("Ties", MODEL, MODELS, 190)
    held = sections.choice("Style", CONTROLS, STYLES, 190)
    return {MODEL: model, CONTROLS: held, location.SLICE: sections.rows_control(dataset)}


def below(looking: Looking, concluded: Concluded) -> list[Card]:
    """Every card below the answer."""
    return sections.pictured(
        sections.picture("forest", "Strengths", STRENGTHS, looking, concluded),
        sections.newer(looking, concluded),
        leaderboard(concluded),
        sections.picture("controlled", "With style held equal", CONTROLLED, looking, concluded),
        sections.picture("wins", "Who beats whom", WINS, looking, concluded),
        sections.picture("slices", "Slices", "Where the ranking is another one.", looking, concluded),
        sections.recognised(looking.dataset, concluded.result.warnings),
        sections.evidence(concluded),
    )


def leaderboard(concluded: Concluded) -> Card:
    """Every model with its interval and the ranks that it may have."""
    columns = ["Model", "Elo", "Interval", "Ranks", "Comparisons", "Won", "Tied", "Lost"]
    rows = [_line(item) for item in concluded.result.items]
    return Card("board", [cards.title("Leaderboard"), cards.table("Leaderboard", columns, rows, -1)])


def _line(item: dict[str, Any]) -> list[str]:
    ranks = "–" if item.get("rank_low") is None else _span(item["rank_low"], item["rank_high"])
    counts = [words.count(item.get(name)) for name in ("n", "wins", "ties", "losses")]
    return [item["item"], words.count(item["value"]), _between(item), ranks, *counts]


def _between(item: dict[str, Any]) -> str:
    if item.get("low") is None or item.get("high") is None:
        return "–"
    return f"[{words.count(item['low'])}, {words.count(item['high'])}]"


def _span(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}–{high}"


SCREEN = Screen(
    "ranking",
    "Ranking",
    DEFAULTS,
    controls,
    below,
    "the names of the two that were compared and which of them was preferred",
    acts={("slices", "pick"): sections.filter_by},
)
