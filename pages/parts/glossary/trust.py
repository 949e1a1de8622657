"""Calibration, judges, audits, what if: what their numbers are called and mean."""

from __future__ import annotations

from pages.parts.glossary.explained import Explained

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
    "position_bias": Explained(
        "Position bias",
        "How much more often the answer shown first is preferred than half the time. 0 is fair.",
        "share of comparisons won by what was shown first, a tie as half, less ½.",
    ),
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
}

KEY = {
    "calibration": ("calibration_error", "accuracy", "ece_width_15", "brier", "nll", "temperature"),
    "calibration of scores": ("calibration_error", "accuracy", "mean_score", "base_rate", "ece_width_15", "brier"),
    "judge": ("agreement", "cohen_kappa", "position_bias", "order_consistency", "win_rate_ppi", "labels_needed"),
    "audit": ("ruler_accuracy", "style_accuracy", "style_auc", "reward_slope", "position_bias"),
    "whatif": ("trusted", "accuracy_trusted", "least_threshold", "cost", "cheapest_threshold", "calibration_error"),
}
