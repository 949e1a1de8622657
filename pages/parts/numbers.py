"""The numbers of an answer as pages name and explain them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from engine.figures import words
from engine.types import Estimate, Result


class Explained(NamedTuple):
    """A number in words: its name on the page, what it is, how it is made, where it comes from."""

    label: str
    what: str
    formula: str
    source: str = ""


NUMBERS = {
    "calibration_error": Explained(
        "Calibration error",
        "How far, in probability, the confidence typically lies from how often the model is right. 0 is calibrated.",
        "root of the mean squared gap over 15 bins of equal mass; products within a prompt are left out, so that "
        "neither label noise nor repeated prompts inflate it. The interval is a jackknife over groups of prompts.",
        "after Kumar, Liang and Ma (2019), debiased by cluster",
    ),
    "accuracy": Explained(
        "Accuracy",
        "How often the answer with the higher score is the one people (or the truth) prefer. Ties count one half.",
        "mean of right = 1, wrong = 0, equal scores = ½.",
    ),
    "ece_width_15": Explained(
        "ECE, 15 bins",
        "The customary expected calibration error. It is never 0 on finite data, so compare it with what a perfectly "
        "calibrated model of this size would reach; it has no honest interval.",
        "Σ over 15 equal-width bins of the share of rows × |mean confidence − share right|.",
        "Guo et al. (2017)",
    ),
    "brier": Explained(
        "Brier score",
        "The mean squared distance between the stated probability and what happened. Lower is better; ¼ is a coin.",
        "mean of (p − y)². It splits into reliability − resolution + uncertainty.",
        "Brier (1950), Murphy (1973)",
    ),
    "nll": Explained(
        "NLL",
        "The mean surprise, in nats, at what happened. Lower is better; 0.693 is a coin. "
        "One wrong certainty makes it infinite.",
        "mean of −log of the probability given to what happened, computed from margins.",
    ),
    "temperature": Explained(
        "Temperature",
        "What to divide margins by so that confidence fits best. 1 is right already; above 1 is over-confident.",
        "the value that minimises NLL of the margins divided by it, on all rows.",
        "Guo et al. (2017)",
    ),
    "mean_score": Explained(
        "Mean score", "What the scores say on average, as a probability.", "mean of score ÷ scale."
    ),
    "base_rate": Explained("Base rate", "How often it is true.", "mean of the truth."),
}
PAIRS = ("calibration_error", "accuracy", "ece_width_15", "brier", "nll", "temperature")
SCORES = ("calibration_error", "accuracy", "mean_score", "base_rate", "ece_width_15", "brier")


def named(kind: str | None, few: bool = False) -> list[dict[str, Any]]:
    """The key numbers of a kind of data, in the order of the page; `few` leaves the first three."""
    names = SCORES if kind == "score" else PAIRS
    return [_named(name) for name in (names[:3] if few else names)]


def _named(name: str) -> dict[str, Any]:
    explained = NUMBERS[name]
    help_text = {"what": explained.what, "formula": explained.formula, "source": explained.source}
    return {"name": name, "label": explained.label, "help": help_text}


def compact(estimates: Mapping[str, Estimate]) -> dict[str, dict[str, float | None]]:
    """The estimates as parts of the page take them."""
    keys = ("value", "low", "high", "null_95")
    return {name: {key: getattr(estimate, key) for key in keys} for name, estimate in estimates.items()}


def markdown(result: Result) -> str:
    """The answer as Markdown, to be pasted into a report."""
    lines = [f"**{result.sentence}**", "", "| | value | interval |", "|---|---|---|"]
    for name in NUMBERS:
        estimate = result.estimates.get(name)
        if estimate is not None and estimate.value is not None:
            beside = words.interval(name, estimate.low, estimate.high)
            if not beside and estimate.null_95 is not None:
                beside = f"calibrated ≤ {words.estimate(name, estimate.null_95)}"
            lines.append(f"| {NUMBERS[name].label} | {words.estimate(name, estimate.value)} | {beside} |")
    evidence = result.evidence
    where = f"{evidence.dataset} version {evidence.dataset_version}, sha256 {evidence.sha256[:12]}"
    return "\n".join([*lines, "", f"{words.count(evidence.rows)} rows of {where}.", "", f"`{evidence.command}`"])
