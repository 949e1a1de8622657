"""The answer in one line."""

from __future__ import annotations

from collections.abc import Mapping

from engine.analysis.overoptimisation.found import ALL, NEAR, NOT_REACHED, PASSED, Found
from engine.analysis.overoptimisation.series import Course
from engine.types import Estimate
from engine.words import amount


def sentence(found: Found, told: Mapping[str, Estimate], gold: str, runs: int) -> str:
    """Whether to stop, where the peak is, what is left or lost."""
    peak, budget, now = told["peak_kl"], told["budget_left"], number(found.kl_now)
    reward = f"{named(gold)}{_of(found, runs)}"
    if found.code == PASSED:
        where = f"KL {number(peak.value)} {interval(peak)}" if peak.low else f"KL {number(peak.high)} or before"
        lost = told["gold_lost"]
        return f"Stop: {reward} has passed its peak at {where}; now {now}, {number(lost.value)} {interval(lost)} lost."
    if found.code == NOT_REACHED:
        least = max(budget.low or 0.0, 0.0)
        left = f", a budget of at least {number(least)} nats if the form holds" if least > 0.01 * found.kl_now else ""
        return f"Go on: {reward} still rises at KL {now}; its peak is not before KL {number(peak.low)}{left}."
    if found.code == NEAR:
        where = f"{number(peak.value)} {interval(peak)}" if peak.value is not None else f"not before {number(peak.low)}"
        return f"Take care: {reward} is near its peak, {'' if peak.value is None else 'at '}KL {where}; now {now}."
    return f"Unclear: {amount(found.fit.points, 'point')} do not tell where {reward} peaks; the KL is {now} now."


def proxy_only(proxy: str, course: Course | None, kl: float) -> str:
    """What to log, where there is no gold reward."""
    seen = f"the KL came to {number(kl)} nats"
    if course is not None:
        seen = f"{proxy} went from {number(float(course.value[0]))} to {number(course.now())} while {seen}"
    return f"No peak is claimed: {seen}, and from a proxy alone none can be told. Log a gold reward at the same steps."


def _of(found: Found, runs: int) -> str:
    if found.run == ALL:
        return f" (mean of {amount(runs, 'run')})"
    return f" of {found.run}" if runs > 1 else ""


def named(metric: str) -> str:
    """A metric within a sentence."""
    return "the gold reward" if metric in ("gold", "gold_reward") else metric


def number(value: float | None) -> str:
    """Two or three significant digits without a leading zero, a true minus."""
    if value is None:
        return "unknown"
    text = f"{value:.2g}" if abs(value) < 1 else f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    if "e" in text:
        text = f"{value:.1e}" if value else "0"
    text = text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text
    return text.replace("-", "−")


def interval(one: Estimate) -> str:
    """[low, high], with "…" for an end that there is not."""
    return f"[{'…' if one.low is None else number(one.low)}, {'…' if one.high is None else number(one.high)}]"
