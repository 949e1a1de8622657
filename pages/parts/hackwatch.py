"""The page of hack watch: its controls, and what stands below its answer."""

from __future__ import annotations

from typing import Any

from engine.figures import marked, words
from engine.figures.hackwatch import SIGNALS
from engine.types import Concluded, DatasetView
from pages.parts import cards, location, sections, widgets
from pages.parts.cards import Card
from pages.parts.looking import Looking
from pages.parts.screen import Screen

RUN, ALPHA, BASELINE, GAP, TOLERANCE = "run", "alpha", "baseline", "gap", "tolerance"
GAPS = {"promised": "Promised less gold", "plain": "Proxy less gold"}
DEFAULTS = {RUN: "", ALPHA: 0.05, BASELINE: 0, GAP: "promised", TOLERANCE: 0.1, location.SLICE: ""}

REWARDS = (
    "What the proxy promises, by what it was worth in the beginning (green), beside the gold reward that is there. "
    "Where they part, a proxy reward is worth less than it was: the dotted line is the likeliest onset, the band holds "
    "the true one in 95 of 100 cases, the red line is the alarm."
)
REACHED = "Each signal as a share of its own threshold, the dashed line at 1."
ORDER = "In the order in which they rang. Each is watched until its first alarm, with its share of the chance."
ROWS = (
    "The answers since the onset whose proxy promises most beyond what the gold reward gives. "
    "Press n and p to go through them."
)


def controls(dataset: DatasetView) -> dict[str, Any]:
    """The parameters of the view, each bound to the address."""
    run = widgets.text_input("Run", key=RUN, bind="query-params", width=180, placeholder="the longest")
    gap = sections.choice("Gap", GAP, GAPS, 190)
    baseline = widgets.number_input(
        "First steps, 0: usual", 0, 100_000, DEFAULTS[BASELINE], 5, key=BASELINE, bind="query-params", width=170
    )
    alpha = widgets.number_input(
        "Chance of any false alarm", 0.001, 0.2, DEFAULTS[ALPHA], 0.01, key=ALPHA, bind="query-params", width=190
    )
    tolerance = widgets.number_input(
        "May move by, sd", 0.0, 2.0, DEFAULTS[TOLERANCE], 0.05, key=TOLERANCE, bind="query-params", width=150
    )
    chosen = {RUN: (run or "").strip(), GAP: gap, BASELINE: _asked(int(baseline))}
    return {**chosen, ALPHA: float(alpha), TOLERANCE: float(tolerance), location.SLICE: sections.rows_control(dataset)}


def _asked(baseline: int) -> int:
    """Fewer first steps than a baseline needs stand for the least."""
    return baseline if baseline == 0 else max(baseline, 5)


def below(looking: Looking, concluded: Concluded) -> list[Card]:
    """Every card below the answer."""
    return sections.pictured(
        sections.picture("rewards", "Promised and gold", REWARDS, looking, concluded),
        sections.newer(looking, concluded),
        sections.picture("reached", "How far each has come", REACHED, looking, concluded),
        signals(concluded),
        responsible(looking, concluded),
        sections.recognised(looking.dataset, concluded.result.warnings),
        sections.evidence(concluded),
    )


def signals(concluded: Concluded) -> Card:
    """Which signals rang in which order, which are quiet, which cannot be watched."""
    by = str(concluded.result.dataset["by"])
    columns = ["Signal", "Moved", "Since", "Alarm", "Chance of a false alarm"]
    rows = [_row(item, by) for item in concluded.result.items]
    return Card("signals", [cards.title("Signals"), cards.text(ORDER), cards.table("Signals", columns, rows, -1)])


def _row(item: dict[str, Any], by: str) -> list[str]:
    name = SIGNALS[item["signal"]]
    if not item["watched"]:
        return [name, f"not watched: {item['why']}", "–", "–", "–"]
    chance = f"at most {words.number(item['alpha'], 4)}"
    if not item["rang"]:
        return [name, "no alarm", "–", "–", chance]
    low, high, alarm = (marked.place(item[part], by) for part in ("change_low", "change_high", "alarm"))
    return [name, item["direction"], f"{marked.place(item['change'], by)} [{low}, {high}]", alarm, chance]


def responsible(looking: Looking, concluded: Concluded) -> Card | None:
    """The prompts and answers with the largest gap since the onset."""
    if not concluded.result.worst:
        return None
    return sections.worst(looking, concluded, "Responsible answers", ROWS)


SCREEN = Screen(
    "hackwatch",
    "Hack watch",
    DEFAULTS,
    controls,
    below,
    "rewards of answers at steps of training, with a gold reward, lengths, entropy or truncation beside them",
)
