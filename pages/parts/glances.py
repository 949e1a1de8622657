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
    "whatif": Glance(
        "Which verdicts can be trusted?",
        "threshold",
        "By threshold",
        "How often verdicts above a confidence are right, and how many there are.",
        "Trusted",
        "Below the threshold people decide.",
    ),
    "tradeoff": Glance(
        "Which checkpoint is worth its KL?",
        "objective",
        "Objective",
        "Reward less the price of KL over the steps.",
        "Lost",
        "How much has been lost since the best steps.",
    ),
    "drift": Glance(
        "What has moved?",
        "matrix",
        "Drift",
        "How far each feature lies from the reference in each window, in standard deviations; framed cells drifted.",
        "Features that drifted",
        "A feature drifted where it differs at the rate of false discoveries and by more than the least effect.",
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
    "overoptimisation": Glance(
        "Is the reward over-optimised?",
        "frontier",
        "Reward over KL",
        "Where the gold reward turns down while the proxy still rises, the policy has learnt to please the proxy.",
        "KL budget left",
        "The budget is the distance in KL from the policy now to the peak of the gold reward; below 0 it is passed.",
    ),
    "forecast": Glance(
        "Where will the curve be?",
        "forecast",
        "Forecast",
        "The line so far and its bands ahead; the widest should hold as often as it says.",
        "Forecast",
        "The forecast is where a point of the line will be, a tenth of its length ahead.",
    ),
    "monitor": Glance(
        "What moved?",
        "stream",
        "Stream",
        "The stream that rang first, with its healthy beginning, when it began to change, and when the alarm came.",
        "Alarms",
        "An alarm says that a stream has left what its beginning allows; how often that is false stands in the answer.",
    ),
    "hackwatch": Glance(
        "Does the policy hack its reward?",
        "rewards",
        "Promised and gold",
        "What the proxy promises by its meaning in the beginning, beside the gold reward that is there.",
        "Signals that rang",
        "The gap between promised and gold shows hacking; length, entropy and truncation alone are symptoms.",
    ),
    "surface": Glance(
        "Where is the best setting?",
        "contour",
        "Surface",
        "The metric over two parameters, within what was tried; dots are trials.",
        "Best value",
        "The height of the fitted surface at its best point, within the range that was tried.",
    ),
    "sweep": Glance(
        "Which setting is best?",
        "trials",
        "Settings",
        "Each setting's value; those in colour are not told apart from the best.",
        "Best value",
        "The value of the best setting; its bracket says what repetitions would give.",
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
