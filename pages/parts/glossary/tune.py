"""Sweeps and surfaces: what their numbers are called and mean."""

from __future__ import annotations

from pages.parts.glossary.explained import Explained

NUMBERS = {
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
}

KEY = {
    "sweep": ("best_value", "lead", "not_apart", "settings", "trials", "failed"),
    "surface": ("best_value", "best_x", "best_y", "effect_x", "effect_y", "trials"),
}
