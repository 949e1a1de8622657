"""The page of best of n: its controls, and what stands below its answer."""

from __future__ import annotations

from typing import Any

from engine.types import Concluded, DatasetView
from pages.parts import location, sections, widgets
from pages.parts.cards import Card
from pages.parts.looking import Looking
from pages.parts.screen import Screen

JUDGE = "judge"
DEFAULTS = {JUDGE: "", location.SLICE: ""}

SCORE = "The mean of the highest and of the lowest score among n answers of a prompt, without bias from reusing them."
TRUTH = (
    "What the answer with the highest score is truly worth, beside what the best answer would be. Where the first "
    "turns down while the score still rises, choosing by the score has begun to hurt."
)


def controls(dataset: DatasetView) -> dict[str, Any]:
    """The parameters of the view, each bound to the address."""
    judge = widgets.text_input("Scores of", key=JUDGE, bind="query-params", width=200, placeholder="the only judge")
    return {JUDGE: (judge or "").strip(), location.SLICE: sections.rows_control(dataset)}


def below(looking: Looking, concluded: Concluded) -> list[Card]:
    """Every card below the answer."""
    return sections.pictured(
        sections.picture("curve", "By the score", SCORE, looking, concluded),
        sections.newer(looking, concluded),
        sections.picture("truth", "By the truth", TRUTH, looking, concluded),
        sections.recognised(looking.dataset, concluded.result.warnings),
        sections.evidence(concluded),
    )


SCREEN = Screen(
    "bestofn",
    "Best of n",
    DEFAULTS,
    controls,
    below,
    "scores of two or more answers to each prompt",
)
