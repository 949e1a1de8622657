"""Comparisons, rankings, agreement, best of n: what their numbers are called and mean."""

from __future__ import annotations

from pages.parts.glossary.explained import Explained

NUMBERS = {
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
    "nu": Explained(
        "Ties, ν",
        "How readily a tie is given between equals: their chance of a tie is ν ÷ (2 + ν).",
        "fitted together with the strengths.",
        "Davidson (1970)",
    ),
}

KEY = {
    "compare": ("difference", "candidate", "baseline", "p_holm", "minimum_detectable_effect", "labels_needed"),
    "ranking": ("top_gap", "items", "tie_rate", "position_bias", "nu"),
    "agreement": (
        "krippendorff_alpha_nominal",
        "raw_agreement",
        "gwet_ac1",
        "cohen_kappa",
        "consensus_accuracy",
        "tie_rate",
    ),
    "bestofn": ("gain", "best_of_n", "mean_value", "gold_gain", "gold_best_of_n", "peak_n"),
}
