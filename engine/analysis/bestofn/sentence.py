"""The answer in one line, and its code."""

from __future__ import annotations

from engine.analysis.bestofn.conclude import Found
from engine.analysis.bestofn.curve import kl_bound
from engine.types import Estimate
from engine.words import amount

PROXY_ONLY, GAINS, OVER_OPTIMISED, LOSES, NO_GAIN = "proxy_only", "gains", "over_optimised", "loses", "no_gain_detected"


def verdict(found: Found) -> str:
    """proxy_only without truths; over_optimised where truth is surely lost after its peak; gains, loses or neither."""
    if not found.has_gold:
        return PROXY_ONLY
    gain = found.gain("gold")
    assert gain.low is not None
    assert gain.high is not None
    if found.peak and found.loss.low is not None and found.loss.low > 0:
        return OVER_OPTIMISED
    if gain.low > 0:
        return GAINS
    return LOSES if gain.high < 0 else NO_GAIN


def sentence(code: str, found: Found) -> str:
    """What the best of the most gives against one answer, by value or by truth, and how far away it lies."""
    n, best = found.most, found.estimate("best", -1)
    basis = f"{amount(best.n, 'prompt')}, at most {number(kl_bound(n))} nats away"
    value = f"value {number(best.value)} {interval(best)}, {signed(found.gain('best'))} on one answer"
    if code == PROXY_ONLY:
        return f"Best of {n} by its own score: {value}, on {basis}; without truths no peak can be told."
    gold = found.estimate("gold", -1)
    truth = f"truth {number(gold.value)} {interval(gold)}, {signed(found.gain('gold'))} on one answer, on {basis}"
    head = {
        GAINS: f"Best of {n} gains",
        OVER_OPTIMISED: f"Over-optimised beyond best of {found.n[found.peak]}",
        LOSES: f"Best of {n} loses",
        NO_GAIN: f"No gain detected from best of {n}",
    }[code]
    tail = ""
    if code == OVER_OPTIMISED:
        tail = f"; {number(found.loss.value)} {interval(found.loss)} is lost from best of {found.n[found.peak]} on"
    return f"{head}: {truth}{tail}."


def number(value: float | None) -> str:
    """Three significant digits without a leading zero, a true minus."""
    if value is None:
        return "unknown"
    text = f"{value:.3g}" if "e" not in f"{value:.3g}" or abs(value) < 1e-3 else f"{value:,.0f}"
    text = text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text
    return text.replace("-", "−")


def interval(one: Estimate) -> str:
    """[low, high]."""
    return f"[{number(one.low)}, {number(one.high)}]"


def signed(one: Estimate) -> str:
    """A gain with its sign and interval."""
    value = one.value or 0.0
    return f"{'+' if value > 0 else ''}{number(value)} {interval(one)}"
