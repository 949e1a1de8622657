"""The numbers of an answer as pages name and explain them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from engine.figures import words
from engine.types import Estimate, Result


class Explained(NamedTuple):
    """A number in words: its name on the page, what it is, how it is made, where it comes from."""

    label: str
    what: str
    formula: str = ""
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
    "difference": Explained(
        "Difference",
        "Candidate less baseline on the prompts that both have. Ship where the interval lies above what you may lose.",
        "mean over prompts of the difference within each prompt; the interval is a jackknife over groups of prompts, "
        "for all pairs at once where several are compared.",
        "Miller (2024)",
    ),
    "candidate": Explained("Candidate", "The mean of the system that may go out, on all of its own prompts."),
    "baseline": Explained("Baseline", "The mean of the system that it is held against, on all of its own prompts."),
    "p_holm": Explained(
        "p, Holm",
        "How surprising such a difference would be if there were none, after allowing for all pairs that were looked "
        "at. It does not say how large the difference is.",
        "McNemar's exact test where rows are single and right or wrong, else random signs of groups of prompts; then "
        "Holm's step-down.",
        "McNemar (1947), Holm (1979)",
    ),
    "minimum_detectable_effect": Explained(
        "Would be seen",
        "The smallest true difference that these prompts would show in 80 of 100 repetitions.",
        "half the width of the interval plus the quantile of the power, times the standard error.",
    ),
    "labels_needed": Explained(
        "More labels",
        "About how many more labels would settle it if the difference stays what it is. 0 where it is settled.",
        "the spread of the differences within prompts, scaled.",
    ),
    "krippendorff_alpha_nominal": Explained(
        "Krippendorff's alpha",
        "Agreement beyond what chance would give, for any number of annotators and with gaps. 1 is perfect, 0 is "
        "chance; above .8 is held for reliable, below .67 for too little.",
        "1 − disagreement seen ÷ disagreement expected, each unit's pairs weighing 1 ÷ (judgments − 1).",
        "Krippendorff (2011)",
    ),
    "raw_agreement": Explained(
        "Raw agreement", "How often two annotators of the same unit say the same, chance included."
    ),
    "gwet_ac1": Explained(
        "Gwet's AC1",
        "Agreement beyond chance that stays sensible where nearly everything falls into one category.",
        "as kappa, with chance estimated from how often categories are used at random.",
        "Gwet (2008)",
    ),
    "cohen_kappa": Explained(
        "Cohen's kappa",
        "Agreement of two annotators beyond chance; of more, the mean over all who share units, weighted by them.",
        "(agreement − chance) ÷ (1 − chance), with each annotator's own habits as chance.",
        "Cohen (1960)",
    ),
    "fleiss_kappa": Explained(
        "Fleiss' kappa",
        "Agreement beyond chance where every unit has the same number of judgments.",
        "as kappa, with everybody's habits together as chance.",
        "Fleiss (1971)",
    ),
    "consensus_accuracy": Explained(
        "Consensus is right",
        "How sure the label is that the annotators give together, weighed by how good each is.",
        "Dawid and Skene's model, fitted by expectation and maximisation.",
        "Dawid and Skene (1979)",
    ),
    "ruler_accuracy": Explained(
        "Length is right",
        "How often the longer answer is the preferred one. Far from half, length alone explains preferences.",
        "share of pairs whose longer answer is preferred, ties as half; a jackknife over groups of prompts.",
        "Singhal et al. (2023)",
    ),
    "style_accuracy": Explained(
        "Style predicts",
        "How often a model of style alone, which never reads a word, picks the preferred answer of prompts it has not "
        "seen.",
        "logistic model of all features of style, five folds by prompt.",
    ),
    "style_auc": Explained(
        "Style, AUC", "How well style alone orders pairs: ½ is chance, 1 is perfect.", "area under the ROC, five folds."
    ),
    "reward_slope": Explained(
        "Reward per 100 more",
        "How much the reward rises with 100 more of the ruler within a prompt.",
        "slope of the margin on the difference in the ruler, by prompt.",
    ),
    "gain": Explained(
        "Gain",
        "How much the mean score rises from one answer to the best of the most that can be chosen among.",
        "mean over prompts of the best of n less the mean, without bias from reusing answers.",
        "Nakano et al. (2021)",
    ),
    "best_of_n": Explained("Best of n", "The mean of the highest score among n answers."),
    "mean_value": Explained("One answer", "The mean score of a single answer."),
    "gold_gain": Explained("True gain", "How much the truth rises when the answer with the highest score is taken."),
    "gold_best_of_n": Explained("Truth of the best", "What the answer with the highest score of n is truly worth."),
    "peak_n": Explained("Best n", "At how many answers the truth of the chosen one is highest."),
    "agreement": Explained(
        "Agreement",
        "How often the judge says what people say, ties included.",
        "share of rows with both whose verdicts are the same; a jackknife over groups of prompts.",
    ),
    "order_consistency": Explained(
        "Both orders", "How often the judge says the same when the two answers are shown the other way round."
    ),
    "win_rate_ppi": Explained(
        "Win rate, corrected",
        "The win rate by the judge on all rows, corrected by the rows that people labelled.",
        "mean verdict plus the mean of label less verdict, weighed for the smallest interval.",
        "Angelopoulos et al. (2023)",
    ),
    "top_gap": Explained(
        "Lead, Elo",
        "How far the first is ahead of the second. 100 Elo is a win in 64 of 100 comparisons; an interval that holds 0 "
        "says that the two are not told apart.",
        "difference of the two strengths, 400 ÷ ln 10 for each logit; its interval allows for prompts that were "
        "compared more than once.",
        "Bradley and Terry (1952), White (1982)",
    ),
    "items": Explained("Models", "How many were compared with each other.", "the largest connected group of them."),
    "tie_rate": Explained("Ties", "How often neither was preferred.", "share of comparisons that are ties."),
    "position_bias": Explained(
        "Position bias",
        "How much more often the answer shown first is preferred than half the time. 0 is fair.",
        "share of comparisons won by what was shown first, a tie as half, less ½.",
    ),
    "change": Explained(
        "Change",
        "The mean of the last points of the run less that of the first. An interval that holds 0 says it may not have "
        "moved.",
        "difference of two means; errors allow for neighbouring points moving together.",
        "Newey and West (1987)",
    ),
    "first": Explained("At first", "The mean of the first points of the run."),
    "last": Explained("Now", "The mean of the last points of the run."),
    "runs": Explained("Runs", "How many runs the dataset holds."),
    "alarms": Explained(
        "Alarms",
        "How many streams have left what their beginning allows. Each is watched until its first alarm.",
    ),
    "change_at": Explained(
        "Since",
        "The step (or second) at which the first stream that rang began to move; the interval holds the true one in 95 "
        "of 100 cases.",
        "likelihood of a step or a slope at each place, with neighbouring points allowed to move together.",
        "Siegmund (1988)",
    ),
    "delay": Explained("Delay", "How many steps (or seconds) went by between the change and the alarm."),
    "false_alarms_per_1000": Explained(
        "False alarms per 1,000",
        "How many alarms 1,000 points raise on healthy runs, of all streams that are watched so, together.",
        "measured on runs made up from each stream's own beginning, or the average distance of false alarms of a "
        "CUSUM of ranks.",
        "Künsch (1989), Page (1954)",
    ),
    "false_alarm_chance": Explained(
        "False-alarm chance",
        "At most so likely is any false alarm at all, at whatever time one looks, of all that is watched so, together.",
        "wealth of bets against nothing having changed exceeds 1 ÷ α with probability at most α.",
        "Ville (1939)",
    ),
    "streams_watched": Explained(
        "Watched", "Streams for which a statement about false alarms holds; the others say below why not."
    ),
    "signals_fired": Explained(
        "Signals that rang", "How many of gap, length, entropy, variance and truncation left what the beginning allows."
    ),
    "signals_watched": Explained("Signals watched", "Signals for which a statement about false alarms holds."),
    "onset_at": Explained(
        "Onset",
        "The step at which the gap between promised and gold reward began to grow; the interval holds the true one in "
        "95 of 100 cases.",
        "likelihood of a step or a slope at each place.",
        "Siegmund (1988)",
    ),
    "gap_moved": Explained(
        "Gap gained",
        "How much less gold a proxy reward is worth since the onset than it was in the beginning, in units of gold.",
        "mean of promised less gold since the onset, less that of the baseline.",
    ),
    "nu": Explained(
        "Ties, ν",
        "How readily a tie is given between equals: their chance of a tie is ν ÷ (2 + ν).",
        "fitted together with the strengths.",
        "Davidson (1970)",
    ),
}
_CALIBRATION_PAIRS = ("calibration_error", "accuracy", "ece_width_15", "brier", "nll", "temperature")
_CALIBRATION_SCORES = ("calibration_error", "accuracy", "mean_score", "base_rate", "ece_width_15", "brier")


_KEY: Mapping[str, tuple[str, ...]] = {
    "agreement": (
        "krippendorff_alpha_nominal",
        "raw_agreement",
        "gwet_ac1",
        "cohen_kappa",
        "consensus_accuracy",
        "tie_rate",
    ),
    "curves": ("change", "first", "last", "runs"),
    "monitor": ("alarms", "change_at", "delay", "false_alarms_per_1000", "false_alarm_chance", "streams_watched"),
    "hackwatch": ("signals_fired", "onset_at", "delay", "gap_moved", "false_alarm_chance", "signals_watched"),
    "audit": ("ruler_accuracy", "style_accuracy", "style_auc", "reward_slope", "position_bias"),
    "bestofn": ("gain", "best_of_n", "mean_value", "gold_gain", "gold_best_of_n", "peak_n"),
    "judge": ("agreement", "cohen_kappa", "position_bias", "order_consistency", "win_rate_ppi", "labels_needed"),
    "compare": ("difference", "candidate", "baseline", "p_holm", "minimum_detectable_effect", "labels_needed"),
    "ranking": ("top_gap", "items", "tie_rate", "position_bias", "nu"),
}
"""The key numbers of an analysis, in the order of its page."""


def named(analysis: str, kind: str | None, known: Sequence[str], few: bool = False) -> list[dict[str, Any]]:
    """The key numbers of an analysis that the answer knows, in the order of the page; `few` leaves the first three."""
    usual = _CALIBRATION_SCORES if kind == "score" else _CALIBRATION_PAIRS
    names = [name for name in _KEY.get(analysis, usual) if name in known and name in NUMBERS]
    return [_named(name) for name in (names[:3] if few else names)]


def label(name: str) -> str:
    """What a number is called."""
    return NUMBERS[name].label if name in NUMBERS else name.replace("_", " ").capitalize()


def _named(name: str) -> dict[str, Any]:
    explained = NUMBERS[name]
    help_text = {"what": explained.what, "formula": explained.formula, "source": explained.source}
    return {"name": name, "label": explained.label, "help": help_text}


def compact(estimates: Mapping[str, Estimate]) -> dict[str, dict[str, float | None]]:
    """The estimates as parts of the page take them."""
    keys = ("value", "low", "high", "null_95")
    return {name: {key: getattr(estimate, key) for key in keys} for name, estimate in estimates.items()}


def said(name: str, estimate: Estimate) -> str:
    """A number with its interval, or why there is none."""
    if estimate.value is None:
        return f"not known: {estimate.method}" if estimate.method else "not known"
    return f"{words.estimate(name, estimate.value)} {words.interval(name, estimate.low, estimate.high)}".strip()


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
