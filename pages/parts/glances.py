"""How Home shows the answer of each analysis: its question, its picture, its leading number over time."""

from __future__ import annotations

from typing import NamedTuple


class Glance(NamedTuple):
    """The question that an analysis answers, the chart that shows it, and what its leading number means."""

    question: str
    chart: str
    heading: str
    reading: str
    headline: str
    meaning: str


_CALIBRATION = Glance(
    "Can you trust the reward model?",
    "reliability",
    "Reliability",
    "On the dotted line, confidence is what it is worth. Below it, the model claims more than it delivers.",
    "Calibration error",
    "Calibration error is how far, in probability, the model's confidence lies from how often it is right: 0 is "
    "honest, .10 is ten points of empty claim. The bracket holds the true value in 95 of 100 cases.",
)
_GLANCES = {
    "calibration": _CALIBRATION,
    "ranking": Glance(
        "Which model is ahead?",
        "forest",
        "Strengths",
        "Further right is stronger. Models whose ranks overlap are not told apart by these comparisons.",
        "Lead of the first",
        "The lead is the distance between the first and the second in Elo points: 100 is a win in 64 of 100 "
        "comparisons. While its bracket holds 0, nobody is surely ahead.",
    ),
    "compare": Glance(
        "Which one goes out?",
        "forest",
        "Differences",
        "Both on the same prompts. Where the interval reaches across the dotted line the two are not told apart.",
        "Difference",
        "The difference is the candidate less the baseline on the prompts that both have; what may be lost is yours "
        "to say on the Compare page.",
    ),
    "agreement": Glance(
        "Do the annotators agree?",
        "raters",
        "Annotators",
        "How often each is right or agrees with the others; the bracket holds the truth in 95 of 100 cases.",
        "Krippendorff's alpha",
        "Alpha is agreement beyond chance: 1 is perfect, 0 is what throwing dice would give.",
    ),
    "judge": Glance(
        "May this judge stand for people?",
        "judges",
        "Judges",
        "How often each judge says what people say, on rows that have both.",
        "Agreement with people",
        "Agreement counts ties too; kappa beside it takes out what chance would give.",
    ),
    "bestofn": Glance(
        "What does the best of n give?",
        "curve",
        "By the score",
        "The mean of the highest score among n answers of a prompt.",
        "Gain",
        "The gain is what the best of the most answers gives over a single one.",
    ),
    "curves": Glance(
        "Where is training?",
        "curves",
        "Training curves",
        "Each run's points of the metric that says most.",
        "Change",
        "The change is the mean of the last points less that of the first.",
    ),
    "rollouts": Glance(
        "What do the answers say?",
        "reward",
        "Reward",
        "The mean reward over the answers of each step, with its interval.",
        "Reward now",
        "The mean over the answers of the last steps.",
    ),
    "audit": Glance(
        "Does length decide?",
        "rulers",
        "Rulers",
        "How often a ruler that only counts picks the preferred answer; on the dotted line it knows nothing.",
        "Share that length gets right",
        "Half is a coin: the further from it, the more of the preference is length.",
    ),
}


def of(analysis: str) -> Glance:
    """What Home shows of this analysis."""
    return _GLANCES.get(analysis, _CALIBRATION)


def question(analysis: str) -> str:
    """What Home asks when the answer of this analysis leads."""
    return of(analysis).question
