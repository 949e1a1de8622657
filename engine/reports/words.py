"""The words and forms of a cell that reports and the command line share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.figures.words import SIGNIFICANT, number
from engine.types import Estimate, Result
from engine.words import amount, significant

LABELS: Mapping[str, str] = {
    "accuracy": "Accuracy",
    "base_rate": "Base rate",
    "mean_score": "Mean score",
    "calibration_error": "Calibration error, cluster-debiased",
    "ece_debiased_l2": "Debiased L2 error (Kumar)",
    "ece_width_15": "ECE, 15 equal-width bins",
    "ece_mass_15": "ECE, 15 equal-mass bins",
    "mce_width_15": "Largest bin gap (MCE), 15 bins",
    "smooth_ece": "Smooth ECE",
    "brier": "Brier score",
    "brier_reliability": "Brier: reliability",
    "brier_resolution": "Brier: resolution",
    "brier_uncertainty": "Brier: uncertainty",
    "nll": "Negative log-likelihood",
    "spiegelhalter_z": "Spiegelhalter’s Z",
    "temperature": "Temperature",
    "position_bias": "Position bias",
    "calibration_error_recalibrated": "Calibration error after recalibration, held out",
    "label_noise_ceiling": "Label-noise ceiling",
}


LEADING: Mapping[str, tuple[str, ...]] = {
    "calibration": ("calibration_error", "accuracy", "ece_width_15"),
    "judge": ("agreement", "cohen_kappa", "position_bias"),
    "audit": ("ruler_accuracy", "style_accuracy", "style_auc"),
    "whatif": ("trusted", "accuracy_trusted", "least_threshold"),
    "compare": ("difference", "candidate", "baseline"),
    "ranking": ("top_gap", "items", "tie_rate"),
    "agreement": ("krippendorff_alpha_nominal", "raw_agreement", "gwet_ac1"),
    "bestofn": ("gain", "best_of_n", "mean_value"),
    "drift": ("drifted", "effect", "psi"),
    "monitor": ("alarms", "change_at", "delay"),
    "curves": ("change", "first", "last"),
    "overoptimisation": ("budget_left", "peak_kl", "kl_now"),
    "hackwatch": ("signals_fired", "onset_at", "delay"),
    "forecast": ("forecast", "move", "chance"),
    "rollouts": ("reward_change", "reward_last", "gold_change"),
    "tradeoff": ("best_step", "objective_best", "objective_now"),
    "sweep": ("best_value", "lead", "not_apart"),
    "surface": ("best_value", "best_x", "best_y"),
}
"""The numbers that lead an answer, as its page has them (`pages.parts.glossary`)."""

PAGES: Mapping[str, str] = {
    "judge": "Judges",
    "whatif": "What if",
    "bestofn": "Best of n",
    "monitor": "Alarms",
    "curves": "Training curves",
    "overoptimisation": "Over-optimisation",
    "hackwatch": "Hack watch",
    "tradeoff": "KL trade-off",
}
"""What the pages of analyses are called where it is not the name of the analysis."""


def page(analysis: str) -> str:
    """What the page of an analysis is called."""
    return PAGES.get(analysis, label(analysis))


def label(name: str) -> str:
    """The words for an estimate's name; a name not listed is spelled out."""
    return LABELS.get(name, name.replace("_", " ").capitalize())


def interval(estimate: Estimate, digits: int = 4) -> str:
    """`[low, high]`, or a dash where no honest interval exists."""
    if estimate.low is None or estimate.high is None:
        return "–"
    return f"[{number(estimate.low, digits)}, {number(estimate.high, digits)}]"


def value(name: str, found: float | None) -> str:
    """The value of an estimate; of those in the unit of a parameter the digits that count."""
    return significant(found) if name in SIGNIFICANT else number(found, 4)


def bounds(name: str, estimate: Estimate) -> str:
    """Its interval, written the same way."""
    if name not in SIGNIFICANT or estimate.low is None or estimate.high is None:
        return interval(estimate)
    return f"[{significant(estimate.low)}, {significant(estimate.high)}]"


def counts(dataset: Mapping[str, Any]) -> list[str]:
    """How many rows were read, taken and refused, and of how many prompts they are."""
    known = {name: dataset[name] for name in ("rows", "accepted", "rejected") if isinstance(dataset.get(name), int)}
    parts = [amount(number, "row") if name == "rows" else f"{number:,} {name}" for name, number in known.items()]
    return [*parts, prompts(dataset)] if isinstance(dataset.get("prompts"), int) else parts


def prompts(counted: Mapping[str, Any]) -> str:
    """The number of prompts of a dataset or of a slice, "about" where it is an estimate."""
    return amount(counted["prompts"], "prompt", approximate=bool(counted.get("prompts_approximate")))


ROWS_TITLES: Mapping[str, str] = {
    "compare": "Where they disagree",
    "judge": "Against people",
    "hackwatch": "Responsible answers",
}
"""What the rows behind a result show, by its analysis."""


def rows_title(analysis: str) -> str:
    """The heading of the rows behind a result."""
    return ROWS_TITLES.get(analysis, "Most confidently wrong")


def named_items(result: Result) -> tuple[list[str], list[list[Any]]]:
    """What the result names (models, systems, annotators, judges) as a table: columns and rows; empty where none.

    Rows of the data may stand in `items` as well: those have a hash.
    """
    items = [item for item in result.items if "row_hash" not in item]
    columns = list(dict.fromkeys(name for item in items for name in item))
    return columns, [[item.get(name) for name in columns] for item in items]


def cell(value: Any) -> str:
    """Any value of a table as text."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return number(value, 4)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        return ", ".join(cell(part) for part in value)
    return str(value)
