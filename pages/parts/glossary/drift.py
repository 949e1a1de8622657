"""Drift and alarms: what their numbers are called and mean."""

from __future__ import annotations

from pages.parts.glossary.explained import Explained

NUMBERS = {
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
}

KEY = {
    "drift": ("drifted", "effect", "psi", "ks", "q_value", "composition_share"),
    "monitor": ("alarms", "change_at", "delay", "false_alarms_per_1000", "false_alarm_chance", "streams_watched"),
}
