"""The page of training curves: its controls, and what stands below its answer."""

from __future__ import annotations

from typing import Any

import streamlit as st

from engine.types import Concluded, DatasetView
from pages.parts import sections, state
from pages.parts.cards import Card
from pages.parts.looking import Looking
from pages.parts.screen import Screen

METRIC = "metric"
DEFAULTS = {METRIC: "", state.SLICE: ""}

CURVES = "Each run's points over its steps. Where a run began again from an earlier step, what it wrote later counts."


def controls(dataset: DatasetView) -> dict[str, Any]:  # noqa: ARG001 - every page's controls get the dataset
    """The parameters of the view, each bound to the address."""
    metric = st.text_input("Metric", key=METRIC, bind="query-params", width=240, placeholder="what says most")
    return {METRIC: (metric or "").strip()}


def below(looking: Looking, concluded: Concluded) -> list[Card]:
    """Every card below the answer."""
    return sections.pictured(
        sections.picture("curves", "Curves", CURVES, looking, concluded),
        sections.newer(looking, concluded),
        sections.recognised(looking.dataset, concluded.result.warnings),
        sections.evidence(concluded),
    )


SCREEN = Screen(
    "curves",
    "Training curves",
    DEFAULTS,
    controls,
    below,
    "a metric at the steps of a run",
    together=True,
)
