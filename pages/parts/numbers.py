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
    "best_step": Explained("Best step", "The middle of the steps at which reward less the price of KL is highest."),
    "objective_best": Explained("Best", "Reward less the price of KL at the best steps."),
    "objective_now": Explained("Now", "Reward less the price of KL at the last steps."),
    "objective_lost": Explained("Lost since", "How much lower it is now than at the best steps."),
    "turning_coefficient": Explained("Turns at", "The least price of a nat at which other steps would be best."),
    "trusted": Explained(
        "Trusted", "The share of verdicts whose confidence reaches the threshold; people get the rest."
    ),
    "accuracy_trusted": Explained("Right, of the trusted", "How often a trusted verdict agrees with the label."),
    "least_threshold": Explained(
        "Least that meets it",
        "The least confidence from which on verdicts are surely right as often as the target asks for.",
        "thresholds are tested from the highest down until one fails, so that looking at many costs no level.",
        "Angelopoulos et al. (2021)",
    ),
    "cost": Explained("Cost of 1,000", "Labels by people that 1,000 verdicts cost, mistakes counted as you say."),
    "cheapest_threshold": Explained("Cheapest", "The threshold of the least cost on these rows."),
    "change": Explained(
        "Change",
        "The mean of the last points of the run less that of the first. An interval that holds 0 says it may not have "
        "moved.",
        "difference of two means; errors allow for neighbouring points moving together.",
        "Newey and West (1987)",
    ),
    "drifted": Explained(
        "Features that drifted",
        "Features with a window that differs from the reference, and by more than the least effect.",
        "q ≤ alpha over all windows and features (Benjamini and Hochberg), p by groups of prompts; and a standardised "
        "mean difference of the least effect, or a Cramér's V of half of it.",
    ),
    "effect": Explained(
        "Effect",
        "How far the mean of the shown window lies from the reference, in standard deviations; of names Cramér's V.",
        "difference of the means over the root of the mean of both variances; jackknife over groups of prompts.",
        "Cohen (1988)",
    ),
    "cramers_v": Explained(
        "Cramér's V",
        "How far the shares of bins or names differ: 0 is not at all, 1 is nothing in common. .1 is small.",
        "root of a quarter of Σ (q − p)² / mean share, less what chance alone would give.",
        "Cramér (1946)",
    ),
    "psi": Explained(
        "PSI",
        "The population stability index, in nats. Customarily .1 is watched and .25 acted on, whatever the size.",
        "Σ (q − p) ln (q / p) over the reference's deciles; an empty bin counts as half a row.",
        "Siddiqi (2006)",
    ),
    "ks": Explained(
        "KS statistic",
        "The largest difference of the two distribution functions. No p-value: rows of a prompt go together.",
        "max |F − G|",
        "Smirnov (1948)",
    ),
    "wasserstein": Explained("Wasserstein", "The area between the distribution functions, in the feature's unit."),
    "js": Explained(
        "Jensen–Shannon distance",
        "How far the shares of bins lie apart: 0 to 1.",
        "root of the divergence in bits.",
        "Lin (1991)",
    ),
    "q_value": Explained(
        "q-value",
        "The least share of false discoveries at which this cell would be among what differs.",
        "p-values of all windows and features after Benjamini and Hochberg.",
        "Benjamini and Hochberg (1995)",
    ),
    "composition_share": Explained(
        "Composition share",
        "How much of the change of the mean another mix of the column that explains most would have made alone.",
        "Σ (q − p) (m + m′) / 2 over the change.",
        "Kitagawa (1955)",
    ),
    "first": Explained("At first", "The mean of the first points of the run."),
    "last": Explained("Now", "The mean of the last points of the run."),
    "runs": Explained("Runs", "How many runs the dataset holds."),
    "reward_change": Explained(
        "Change of reward",
        "The mean reward of the last steps less that of the first: a tenth of all at each end, or as many as hold 30 "
        "prompts. An interval that holds 0 says it may not have moved.",
        "difference of two means over answers; a jackknife over groups of prompts, which may stand at both ends.",
    ),
    "reward_last": Explained(
        "Reward now",
        "The mean reward over the answers of the last steps.",
        "mean over answers; a jackknife over groups of prompts.",
    ),
    "gold_change": Explained(
        "Change of gold",
        "How far the gold reward moved from the first steps to the last. Reward that rises while this "
        "falls is being gamed.",
        "as the change of reward.",
    ),
    "length_last": Explained("Length now", "The mean length of the answers of the last steps, in tokens."),
    "length_slope": Explained(
        "Reward per 100 tokens",
        "What 100 more tokens go with, among answers to the same prompt at the same step.",
        "slope of reward on length, both less their means within prompt and step; a jackknife over groups of prompts.",
        "Singhal et al. (2023)",
    ),
    "kl_last": Explained("KL now", "The mean KL of the last answers to the reference, as the file tells it."),
    "truncated_last": Explained("Truncated", "The share of the last answers that were cut at the limit."),
    "zero_variance_last": Explained(
        "All the same",
        "The share of the last prompts whose answers all get the same reward: nothing is learned from them where "
        "rewards are compared within a prompt.",
        "share of groups of one prompt at one step, of two answers or more; Wilson's interval by groups of prompts.",
    ),
    "budget_left": Explained(
        "KL budget left",
        "How many nats of KL lie between the policy now and the peak of the gold reward. Negative: the peak is "
        "passed by so much. Without an upper end the data do not show where the peak is, only where it is not.",
        "KL of the peak less the KL now.",
        "after Gao, Schulman and Hilton (2022)",
    ),
    "peak_kl": Explained(
        "Peak at KL",
        "The KL to the reference at which the gold reward is highest. The bracket is every KL at which its slope may "
        "be 0; it may have no upper end.",
        "reward = c + d (a − b d) or c + d (a − b ln d), d = √KL; Fieller's set of the d at which the slope is 0, "
        "allowing for neighbouring points moving together.",
        "Gao, Schulman and Hilton (2022), Fieller (1954)",
    ),
    "kl_now": Explained(
        "KL now", "The KL to the reference, summed over an answer, in nats: the mean of the last points."
    ),
    "gold_at_peak": Explained("Gold at the peak", "How far the gold reward had risen at its peak, by the fit."),
    "gold_now": Explained("Gold now", "How far the gold reward has risen since the start, by the fit."),
    "gold_lost": Explained(
        "Lost since the peak", "How much of the gold reward was lost between its peak and now, by the fit."
    ),
    "gap_now": Explained(
        "Proxy above gold", "How much further the proxy has risen than the gold reward since the start, in their units."
    ),
    "gap_slope": Explained("Gap per nat", "How fast that gap widens with the KL, now."),
    "rl_evidence": Explained(
        "Evidence for the RL form",
        "How much the points speak for the form of reinforcement learning against that of best of n, 0 to 1.",
        "restricted likelihood of either form, averaged over the correlation of errors.",
        "Harville (1974)",
    ),
    "intercept": Explained("Intercept", "Where the fitted curve begins, above the first gold reward."),
    "a_bon": Explained("a, best-of-n form", "How steeply the curve rises at first.", "c + d (a − b d)"),
    "b_bon": Explained("b, best-of-n form", "How fast it bends down.", "c + d (a − b d)"),
    "a_rl": Explained("a, RL form", "How steeply the curve rises at d = 1, before its bend.", "c + d (a − b ln d)"),
    "b_rl": Explained("b, RL form", "How fast it bends down.", "c + d (a − b ln d)"),
    "forecast": Explained(
        "Forecast",
        "Where a point of the line will be at the end of the forecast; the bracket should hold it as often as it says.",
        "median and quantiles of sampled futures of a mixture of trends, changes and kinds of noise, weighed by how "
        "well each explains the line; of a random walk where nothing more is told.",
        "Hoeting et al. (1999)",
    ),
    "move": Explained(
        "Move ahead",
        "How much the level moves until then. A bracket that holds 0 says it may stay where it is.",
        "level at the end less level now, over sampled futures.",
    ),
    "chance": Explained(
        "Chance to pass",
        "How likely the level of the line passes the threshold by the end of the forecast.",
        "share of sampled futures whose level passes it.",
    ),
    "crossing": Explained(
        "Passed at",
        "Where half of the sampled levels have passed the threshold; the bracket holds eight in ten of them.",
        "first passing of sampled levels, as far ahead as the line is long.",
    ),
    "plateau": Explained(
        "Plateau",
        "What the line ends on were nothing else to come. Not told where the line does not show it yet.",
        "limit of the saturating trends, where they have nine tenths of the weight.",
    ),
    "held": Explained(
        "Band held",
        "How often points fell inside the band when the line was forecast from its own past.",
        "share of points of the rolling-origin back-test.",
    ),
    "error_ratio": Explained(
        "Error ÷ naive",
        "The mean absolute error in the back-test as a share of that of naive, which says that the last value stays. "
        "From 1 on, naive is as good.",
        "ratio of two mean absolute errors on the same points.",
        "Hyndman and Koehler (2006)",
    ),
    "crps_ratio": Explained(
        "CRPS ÷ naive",
        "How good the whole forecast is, centre and bands, as a share of naive's score. Lower is better.",
        "ratio of two mean continuous ranked probability scores.",
        "Gneiting and Raftery (2007)",
    ),
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
    "best_value": Explained(
        "Best value",
        "The metric where it is best. Of a surface the height of the fitted surface there, of a sweep the mean of the "
        "best setting.",
        "Student's t with the covariance of the fitted surface, or with the spread between repetitions.",
    ),
    "best_x": Explained(
        "Best across",
        "Where the first parameter is best. The bracket holds every place that is not surely worse than the best one.",
        "all places within the level's quantile of the largest studentised difference from the best.",
    ),
    "best_y": Explained(
        "Best up",
        "Where the second parameter is best. The bracket holds every place that is not surely worse than the best one.",
        "all places within the level's quantile of the largest studentised difference from the best.",
    ),
    "effect_x": Explained(
        "Effect across",
        "How much the metric moves with the first parameter, the second averaged out.",
        "greatest less least of the mean over the other parameter; the interval allows for errors all along the curve.",
    ),
    "effect_y": Explained(
        "Effect up",
        "How much the metric moves with the second parameter, the first averaged out.",
        "greatest less least of the mean over the other parameter; the interval allows for errors all along the curve.",
    ),
    "lead": Explained("Lead", "How far the best setting is ahead of the second by value; it may be chance."),
    "not_apart": Explained(
        "Not told apart",
        "How many other settings are not surely worse than the best one.",
        "one-sided comparisons with the best, for all settings at once.",
        "Hsu (1996)",
    ),
    "settings": Explained("Settings", "How many different settings of the parameters were tried."),
    "trials": Explained("Trials", "How many runs have a value that counts."),
    "failed": Explained("Failed", "How many runs have no value of the metric."),
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
    "tradeoff": ("best_step", "objective_best", "objective_now", "objective_lost", "turning_coefficient"),
    "whatif": ("trusted", "accuracy_trusted", "least_threshold", "cost", "cheapest_threshold", "calibration_error"),
    "drift": ("drifted", "effect", "psi", "ks", "q_value", "composition_share"),
    "overoptimisation": ("budget_left", "peak_kl", "kl_now", "gold_lost", "gap_now", "gap_slope"),
    "curves": ("change", "first", "last", "runs"),
    "rollouts": (
        "reward_change",
        "reward_last",
        "gold_change",
        "length_last",
        "length_slope",
        "kl_last",
        "truncated_last",
        "zero_variance_last",
    ),
    "forecast": ("forecast", "move", "chance", "crossing", "plateau", "held", "error_ratio", "crps_ratio"),
    "monitor": ("alarms", "change_at", "delay", "false_alarms_per_1000", "false_alarm_chance", "streams_watched"),
    "hackwatch": ("signals_fired", "onset_at", "delay", "gap_moved", "false_alarm_chance", "signals_watched"),
    "surface": ("best_value", "best_x", "best_y", "effect_x", "effect_y", "trials"),
    "sweep": ("best_value", "lead", "not_apart", "settings", "trials", "failed"),
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
        if estimate.low is not None:
            return f"at least {words.estimate(name, estimate.low)}"
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
