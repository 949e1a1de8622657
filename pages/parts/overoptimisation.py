"""The page of over-optimisation: its controls, and what stands below its answer."""

from __future__ import annotations

from typing import Any

from engine.types import Concluded, DatasetView
from pages.parts import cards, location, numbers, sections, state, widgets
from pages.parts.cards import Card
from pages.parts.looking import Looking
from pages.parts.screen import Screen

GOLD, PROXY, RUN, UNIT, FORM = "gold", "proxy", "run", "kl_unit", "form"
DEFAULTS = {GOLD: "", PROXY: "", RUN: "", UNIT: "", FORM: "auto", location.SLICE: ""}
UNITS = {
    "": "As the log says",
    "sequence": "Sum over an answer",
    "token_mean": "Mean over tokens",
    "step": "Of one update",
}
FORMS = {"auto": "Both, by evidence", "bon": "Best of n", "rl": "RL"}

FRONTIER = (
    "Gold and proxy reward, each as its rise since the start, over the KL to the reference. The shaded stretch holds "
    "the peak of the gold reward; the solid line is where the policy is now. The band is of the fitted curve."
)
PROXY_ONLY = (
    "The proxy reward as its rise since the start, over the KL to the reference. That it rises is what it is trained "
    "for: only a reward that the policy is not trained on shows whether answers got better."
)
STEPS = "The same rewards as they were logged, and the KL, over the steps of the run."
RUNS = "Where each run's gold reward peaks. Choose one to look at it alone."
COMPONENTS = "Where each component of the reward stops rising: one that peaks early is paid for by the others."
BESIDE = "Answers that grow longer and an entropy that collapses often go before a loss of gold reward."


def controls(dataset: DatasetView) -> dict[str, Any]:
    """The parameters of the view, each bound to the address."""
    gold = widgets.text_input("Gold reward", key=GOLD, bind="query-params", width=170, placeholder="what is named so")
    proxy = widgets.text_input("Proxy reward", key=PROXY, bind="query-params", width=170, placeholder="reward")
    run = widgets.text_input("Run", key=RUN, bind="query-params", width=170, placeholder="all, or the longest")
    unit = sections.choice("KL is", UNIT, UNITS, 190)
    form = sections.choice("Form", FORM, FORMS, 190)
    named = {GOLD: gold, PROXY: proxy, RUN: run}
    rows = sections.rows_control(dataset) if dataset.slices else ""
    return {
        **{name: (value or "").strip() for name, value in named.items()},
        UNIT: unit,
        FORM: form,
        location.SLICE: rows,
    }


def below(looking: Looking, concluded: Concluded) -> list[Card]:
    """Every card below the answer."""
    reading = PROXY_ONLY if concluded.result.verdict == "proxy_only" else FRONTIER
    return sections.pictured(
        sections.picture("frontier", "Reward over KL", reading, looking, concluded),
        sections.newer(looking, concluded),
        sections.picture("runs", "Runs", RUNS, looking, concluded),
        sections.picture("steps", "Over steps", STEPS, looking, concluded, half=True),
        sections.picture("beside", "Length and entropy", BESIDE, looking, concluded, half=True),
        sections.picture("components", "Components", COMPONENTS, looking, concluded),
        left_out(concluded),
        every_number(concluded),
        sections.recognised(looking.dataset, concluded.result.warnings),
        sections.evidence(concluded),
    )


def left_out(concluded: Concluded) -> Card | None:
    """The runs of which nothing can be said, and why."""
    refused = (concluded.result.pictures.get("runs") or {}).get("refused")
    if not refused or len(concluded.result.dataset.get("runs") or ()) < 2:
        return None
    return Card("refused", [cards.title("Runs left out"), cards.facts(list(refused.items()))])


def every_number(concluded: Concluded) -> Card:
    """All estimates with their intervals."""
    found = concluded.result.estimates
    facts = [(numbers.label(name), numbers.said(name, one)) for name, one in found.items()]
    return Card("numbers", [cards.title("All numbers"), cards.facts(facts)])


def one_run(value: Any) -> None:
    """Look at one run alone."""
    state.choose_in(RUN, str(value or ""))


SCREEN = Screen(
    "overoptimisation",
    "Over-optimisation",
    DEFAULTS,
    controls,
    below,
    "rewards and the KL to the reference at the steps of a run",
    together=True,
    acts={("runs", "pick"): one_run},
)
