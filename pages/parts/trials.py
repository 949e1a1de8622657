"""The controls that a surface and a sweep share: which metric, at which step, which way is better."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import streamlit as st

from engine.words import whole
from pages.parts import location, sections

METRIC, AT, BETTER = "metric", "at", "better"
AT_CHOICES = {"last": "Last step", "best": "Best step"}
BETTER_CHOICES = {"": "As the metric says", "higher": "Higher is better", "lower": "Lower is better"}
DEFAULTS = {METRIC: "", AT: "last", BETTER: ""}


def metric(known: Sequence[str]) -> str:
    """Which metric; the first of those known where nobody chose."""
    names = {"": known[0] if known else "what says most", **{name: name for name in known[1:]}}
    return sections.choice("Metric", METRIC, names, width=220)


def at() -> str:
    """Which point of a trial counts; an address may name a step, which is then one of the choices."""
    named = location.text(AT)
    choices = {**AT_CHOICES, **({named: f"Step {named}"} if whole(named, sys.maxsize) is not None else {})}
    return sections.choice("Of each trial", AT, choices, width=160)


def better() -> str:
    """Whether more or less of the metric is better."""
    return sections.choice("Better", BETTER, BETTER_CHOICES, width=220)


def shared(known: Sequence[str]) -> dict[str, Any]:
    """The parameters that both pages have, each in the address."""
    return {METRIC: metric(known), AT: at()}


def more() -> Any:
    """Where the controls stand that are seldom needed."""
    return st.popover("More", icon=":material/tune:")
