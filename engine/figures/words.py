"""Numbers as people read them, and other people's text made safe for a figure."""

from __future__ import annotations

import html
import math
import unicodedata
from typing import Any

from engine.words import significant

PERCENT = {
    "accuracy",
    "accuracy_trusted",
    "trusted",
    "agreement",
    "base_rate",
    "composition_share",
    "chance",
    "consensus_accuracy",
    "held",
    "mean_score",
    "order_consistency",
    "position_bias",
    "style_accuracy",
    "raw_agreement",
    "ruler_accuracy",
    "tie_rate",
    "truncated_first",
    "truncated_last",
    "win_rate_human",
    "win_rate_judge",
    "win_rate_ppi",
    "zero_variance_first",
    "zero_variance_last",
}
"""Estimates shown as a percentage; the others are shown with three decimals."""

WHOLE = {
    "change_points",
    "drifted",
    "features",
    "alarms",
    "change_at",
    "delay",
    "items",
    "onset_at",
    "signals_fired",
    "signals_watched",
    "streams_watched",
    "top_gap",
    "labels_needed",
    "prompts_needed",
    "wins",
    "losses",
    "raters",
    "crossing",
    "runs",
    "cost",
    "best_step",
    "units",
    "peak_n",
    "length_first",
    "length_last",
    "length_change",
    "prompts",
    "steps",
    "runs_rising",
    "frames",
    "changes",
    "n",
    "windows",
    "trials",
    "settings",
    "failed",
    "not_apart",
}
"""Estimates shown as whole numbers: counts, and differences in Elo."""


P_VALUES = {"dm_p", "p_holm", "p_value", "q_value"}

TWO = {"temperature", "spiegelhalter_z", "budget_left", "peak_kl", "kl_now"}
"""Estimates shown with two decimals."""

SIGNIFICANT = {
    "best_value",
    "best_x",
    "best_y",
    "next_value",
    "next_x",
    "next_y",
    "effect_x",
    "effect_y",
    "noise",
    "lead",
}
"""Estimates in the unit of a metric or a parameter, of whatever size: shown with three digits that count."""


LONGEST_TITLE = 96

JOINED = "%\u2060{"
"""How `%{` stands in a figure, where it is no place of a template."""


def plain(text: str, longest: int = 48) -> str:
    """The text as a figure may hold it: no control characters, no markup (Plotly reads <a>, <b>…), of `longest` marks.

    What is left out is in the middle: names of models, columns and values are told apart by how they begin and end.
    Plotly fills in `%{…}` wherever a text is part of a template: a joiner, which has no width, is put between.
    """
    kept = "".join(mark for mark in text if not _is_control(mark))
    return html.escape(shortened(kept, longest), quote=False).replace("%{", JOINED)


def _is_control(mark: str) -> bool:
    kind = unicodedata.category(mark)
    return kind[0] == "C" or kind in ("Zl", "Zp")


def titled(text: str) -> str:
    """The title of an axis, in which a name may stand."""
    return plain(text, LONGEST_TITLE)


def shortened(text: str, longest: int) -> str:
    """The text, without its middle where it is longer."""
    end = (longest - 1) // 2
    return text if len(text) <= longest else f"{text[: longest - 1 - end]}…{text[len(text) - end :]}"


def number(value: float | None, digits: int = 3) -> str:
    """A decimal with a true minus sign; a dash where there is no finite value."""
    if value is None or not math.isfinite(value):
        return "–"
    text = f"{value:.{digits}f}"
    return "−" + text[1:] if text.startswith("-") else text


def percent(value: float | None, digits: int = 1) -> str:
    """A share in percent."""
    return "–" if value is None or not math.isfinite(value) else f"{number(100 * value, digits)} %"


def confidence(value: float | None) -> str:
    """A probability of the model, never rounded up to certainty."""
    return "> 99.9 %" if value is not None and 0.9995 <= value < 1 else percent(value)


def p_value(value: float | None) -> str:
    """A p-value; never nought."""
    return "< 0.001" if value is not None and value < 0.0005 else number(value)


def count(value: float | None) -> str:
    """A whole number with commas between thousands."""
    return "–" if value is None else f"{value:,.0f}"


def estimate(name: str, value: float | None) -> str:
    """The value of the estimate `name` in its own unit."""
    if name in PERCENT:
        return percent(value)
    if name in WHOLE:
        return count(value)
    if name in P_VALUES:
        return p_value(value)
    if name in SIGNIFICANT:
        return significant(value)
    return number(value, 2 if name in TWO else 3)


def interval(name: str, low: float | None, high: float | None) -> str:
    """`[low, high]` in the unit of the estimate, empty where there is no interval."""
    if low is None or high is None:
        return ""
    if name in PERCENT:
        return f"[{number(100 * low, 1)}, {number(100 * high, 1)}]"
    return f"[{estimate(name, low)}, {estimate(name, high)}]"


def finite(values: Any) -> list[float | None]:
    """A plain list in which what is not finite is None, as JSON and Plotly want it."""
    return [None if value is None or not math.isfinite(value) else float(value) for value in values]
