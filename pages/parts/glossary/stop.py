"""Curves, over-optimisation, hacking, forecasts, rollouts, trade-off: what their numbers are called and mean."""

from __future__ import annotations

from pages.parts.glossary.explained import Explained

NUMBERS = {
    "best_step": Explained("Best step", "The middle of the steps at which reward less the price of KL is highest."),
    "objective_best": Explained("Best", "Reward less the price of KL at the best steps."),
    "objective_now": Explained("Now", "Reward less the price of KL at the last steps."),
    "objective_lost": Explained("Lost since", "How much lower it is now than at the best steps."),
    "turning_coefficient": Explained("Turns at", "The least price of a nat at which other steps would be best."),
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
}

KEY = {
    "curves": ("change", "first", "last", "runs"),
    "overoptimisation": ("budget_left", "peak_kl", "kl_now", "gold_lost", "gap_now", "gap_slope"),
    "hackwatch": ("signals_fired", "onset_at", "delay", "gap_moved", "false_alarm_chance", "signals_watched"),
    "forecast": ("forecast", "move", "chance", "crossing", "plateau", "held", "error_ratio", "crps_ratio"),
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
    "tradeoff": ("best_step", "objective_best", "objective_now", "objective_lost", "turning_coefficient"),
}
