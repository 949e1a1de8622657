"""How many labels a question takes: for an interval of a given half-width, or to tell an effect from none.

Every question has the variance of one independent label; clusters enter as a design effect (Kish 1965), which the
intraclass correlation of rows seen before gives. Numbers are of labels, and of prompts with `answers` labels each.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, ndtr, ndtri

from engine.analysis.arrays import Floats, Hashes, Ints
from engine.analysis.elo import ELO
from engine.errors import UsageError

QUESTIONS = ("accuracy", "difference", "agreement", "ranking", "calibration_error")
MOST_LABELS = 1e12


@dataclass(frozen=True)
class Assumed:
    """What a plan takes for true of the data to come.

    `share`: accuracy, base rate of labels (agreement), or mean confidence (calibration error). `discordant`: share of
    prompts that two systems tell differently; `deviation` instead is the standard deviation of paired differences of
    other metrics, 0 where it follows from the shares. `kappa`: agreement beyond chance of two raters. `models`: of a
    ranking by comparisons of all pairs alike. `bins`: of the calibration error. `answers` labels a prompt with
    intraclass `correlation`.
    """

    share: float = 0.7
    discordant: float = 0.3
    deviation: float = 0.0
    kappa: float = 0.5
    models: int = 2
    bins: int = 15
    answers: float = 1.0
    correlation: float = 0.0

    def __post_init__(self) -> None:
        for name in ("share", "discordant"):
            _inside(name, getattr(self, name), 0, 1)
        _inside("kappa", self.kappa, -1, 1)
        _inside("correlation", self.correlation, -1, 1)
        if not (math.isfinite(self.deviation) and self.deviation >= 0):
            raise UsageError(f"deviation={self.deviation} is not a number of 0 or more.")
        if not (math.isfinite(self.answers) and self.answers >= 1):
            raise UsageError(f"answers={self.answers} is not a number of 1 or more.")
        if self.models < 2 or self.bins < 1:
            raise UsageError("A ranking has at least two models, a calibration error at least one bin.")

    @property
    def design_effect(self) -> float:
        """How many labels in clusters tell as much as one by itself."""
        return max(1 + (self.answers - 1) * self.correlation, 1e-9)


def _inside(name: str, value: float, low: float, high: float) -> None:
    if not low < value < high:
        raise UsageError(f"{name}={value} does not lie between {low} and {high}.")


@dataclass(frozen=True)
class Plan:
    """What it takes: `labels` in all, on `prompts`, at `cost`; `effect` or `half_width` is what they give."""

    question: str
    labels: int
    prompts: int
    level: float
    power: float | None
    effect: float | None
    half_width: float | None
    design_effect: float
    cost: float


def plan(
    question: str,
    assumed: Assumed,
    *,
    effect: float | None = None,
    half_width: float | None = None,
    level: float = 0.95,
    power: float = 0.8,
    cost_per_label: float = 0.0,
) -> Plan:
    """How many labels a question takes.

    Args:
        question: accuracy (effect: a distance from a fixed share), difference of two systems on the same prompts,
            agreement (Cohen's kappa of two raters), ranking (in Elo between two models; labels are comparisons over all
            pairs of models), or calibration_error (effect only: the error to be told from 0).
        assumed: what the data are taken to be like.
        effect: what is to be told from none with `power`; this or `half_width`.
        half_width: of the interval at `level`.
        level: two-sided confidence.
        power: the chance of finding the effect.
        cost_per_label: for `cost`.

    Raises:
        UsageError: no such question, neither or both goals, a number out of its range, or no number that would do.
    """
    _check(question, effect, half_width, level, power, cost_per_label)
    confident, sure = float(ndtri(0.5 + level / 2)), float(ndtri(power))
    if half_width is not None:
        if question == "calibration_error":
            raise UsageError("A calibration error is planned by effect=…: how large an error is to be told from zero.")
        labels = confident**2 * variance(question, assumed, 0.0) / half_width**2
    elif question == "calibration_error":
        labels = _for_calibration(float(effect or 0), assumed, float(ndtri(level)), sure)
    else:
        null, true = (math.sqrt(variance(question, assumed, at)) for at in (0.0, float(effect or 0)))
        labels = ((confident * null + sure * true) / float(effect or 1)) ** 2
    labels *= assumed.design_effect
    if not labels <= MOST_LABELS:
        raise UsageError(f"No number of labels up to {MOST_LABELS:.0e} would do.")
    whole = math.ceil(labels - 1e-9)
    prompts = math.ceil(whole / assumed.answers - 1e-9)
    given = None if half_width is not None else power
    cost = whole * cost_per_label
    return Plan(question, whole, prompts, level, given, effect, half_width, assumed.design_effect, cost)


def _check(
    question: str, effect: float | None, half_width: float | None, level: float, power: float, cost: float
) -> None:
    if question not in QUESTIONS:
        raise UsageError(f"question={question!r} is not one of {', '.join(QUESTIONS)}.")
    goals = [goal for goal in (effect, half_width) if goal is not None]
    if len(goals) != 1:
        raise UsageError("A plan has one goal: effect=… or half_width=….")
    if not (math.isfinite(goals[0]) and goals[0] > 0):
        raise UsageError(f"{goals[0]} is not a positive number.")
    if effect is not None and question != "ranking" and effect >= 1:
        raise UsageError(f"effect={effect} does not lie below 1.")
    _inside("level", level, 0, 1)
    _inside("power", power, 0, 1)
    if not (math.isfinite(cost) and cost >= 0):
        raise UsageError(f"cost_per_label={cost} is not a number of 0 or more.")


# ------------------------------------------------------------------ the variance of one label


def variance(question: str, assumed: Assumed, effect: float) -> float:
    """Of one independent label, where the effect is this large; labels · variance of the estimate.

    A ranking's label is a comparison among all pairs of models; its estimate is in Elo.
    """
    return _VARIANCES[question](assumed, effect)


def _of_accuracy(assumed: Assumed, effect: float) -> float:
    share = assumed.share + effect
    if not 0 < share < 1:
        share = assumed.share - effect
    return share * (1 - share) if 0 < share < 1 else assumed.share * (1 - assumed.share)


def _of_difference(assumed: Assumed, effect: float) -> float:
    """Of McNemar's test (Connor 1987): wins and losses count 1, the rest 0."""
    if assumed.deviation:
        return assumed.deviation**2
    if effect > assumed.discordant:
        told = f"Systems that differ on {assumed.discordant:g} of the prompts cannot lie {effect:g} apart."
        raise UsageError(told)
    return assumed.discordant - effect**2


def _of_kappa(assumed: Assumed, effect: float) -> float:
    """Of Cohen's kappa of two raters with the same base rate (Fleiss, Cohen and Everitt 1969)."""
    kappa, share = assumed.kappa + effect, assumed.share
    if not -1 < kappa < 1:
        kappa = assumed.kappa - effect
    both = share**2 + kappa * share * (1 - share)
    neither, mixed = both + 1 - 2 * share, share - both
    if min(both, neither, mixed) < 0:
        raise UsageError(f"Two raters who say yes to {share:g} cannot have a kappa of {kappa:g}.")
    by_chance = share**2 + (1 - share) ** 2
    seen = both + neither
    same = both * (1 - 2 * share * (1 - kappa)) ** 2 + neither * (1 - 2 * (1 - share) * (1 - kappa)) ** 2
    other = (1 - kappa) ** 2 * 2 * mixed
    return (same + other - (kappa - by_chance * (1 - kappa)) ** 2) / (1 - by_chance) ** 2 if seen < 1 else 0.0


def _of_ranking(assumed: Assumed, effect: float) -> float:
    """Of the difference of two Bradley-Terry strengths: 2 / (models · comparisons a pair · p (1 − p))."""
    share = float(expit(effect / ELO))
    pairs = assumed.models * (assumed.models - 1) / 2
    return 2 * pairs / (assumed.models * share * (1 - share)) * ELO**2


_VARIANCES: Mapping[str, Callable[[Assumed, float], float]] = {
    "accuracy": _of_accuracy,
    "difference": _of_difference,
    "agreement": _of_kappa,
    "ranking": _of_ranking,
}


def _for_calibration(effect: float, assumed: Assumed, confident: float, sure: float) -> float:
    """Labels at which the debiased squared error of bins of equal mass lies above its null as often as asked for.

    Its variance is 2 B σ⁴ / n² + 4 σ² CE² / n, with σ² = p (1 − p) the noise of one label.
    """
    noise = assumed.share * (1 - assumed.share)

    def lacking(logarithm: float) -> float:
        n = math.exp(logarithm)
        null = 2 * assumed.bins * noise**2 / n**2
        return confident * math.sqrt(null) + sure * math.sqrt(null + 4 * noise * effect**2 / n) - effect**2

    most = math.log(MOST_LABELS)
    if lacking(0.0) <= 0:
        return 1.0
    return math.exp(brentq(lacking, 0.0, most)) if lacking(most) < 0 else math.inf


def chance_to_find(question: str, assumed: Assumed, effect: float, labels: int, level: float = 0.95) -> float:
    """The power that so many labels have for an effect: what `plan` is the inverse of (but for calibration errors)."""
    independent = labels / assumed.design_effect
    null, true = (math.sqrt(variance(question, assumed, at)) for at in (0.0, effect))
    confident = float(ndtri(0.5 + level / 2))
    return float(ndtr((effect * math.sqrt(independent) - confident * null) / true))


# ------------------------------------------------------------------ clusters seen before


@dataclass(frozen=True)
class Clusters:
    """Rows of prompts: how many of each, rows a prompt, and the intraclass correlation of their values."""

    prompts: int
    rows: int
    answers: float
    correlation: float

    @property
    def design_effect(self) -> float:
        """How many such rows tell as much as one by itself; at least that of no correlation but a negative one."""
        return max(1 + (self.answers - 1) * self.correlation, 1e-9)


def clusters_of(prompt: Hashes | Ints, value: Floats) -> Clusters:
    """The clusters of values by prompt: analysis of variance (Donner 1986); correlation 0 where nothing tells it.

    `answers` is the size-weighted mean Σ m² / Σ m, as the variance of an overall mean takes it.
    """
    _, place, count = np.unique(prompt, return_inverse=True, return_counts=True)
    prompts, rows = len(count), len(value)
    answers = float(np.square(count).sum() / rows) if rows else 1.0
    if prompts < 2 or rows <= prompts:
        return Clusters(prompts, rows, answers, 0.0)
    means = np.bincount(place, value) / count
    between = float((count * np.square(means - value.mean())).sum()) / (prompts - 1)
    within = float(np.square(value - means[place]).sum()) / (rows - prompts)
    size = (rows - float(np.square(count).sum()) / rows) / (prompts - 1)
    spread = between + (size - 1) * within
    return Clusters(prompts, rows, answers, (between - within) / spread if spread > 0 else 0.0)
