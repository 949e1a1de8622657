"""The answer in one line, and its code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.types import Estimate
from engine.words import amount

MORE, LESS, NEITHER = "more_preferred", "less_preferred", "no_preference_detected"
UNITS = {"length": "tokens", "characters": "characters"}
NAMED_MOST = 3


def verdict(ruler: Estimate) -> str:
    """Whether more of the ruler is surely preferred, surely not, or neither is told."""
    if ruler.low is not None and ruler.low > 0.5:
        return MORE
    if ruler.high is not None and ruler.high < 0.5:
        return LESS
    return NEITHER


def sentence(ruler: str, found: Mapping[str, Estimate], prompts: int, parts: Sequence[Mapping[str, Any]]) -> str:
    """How often the ruler alone is right, how often all of style is, how the reward moves, which subsets it decides."""
    share = found["ruler_accuracy"]
    told = [f"{_picks(ruler, share)} of {amount(share.n, 'pair')} of {amount(prompts, 'prompt')}"]
    style = found["style_accuracy"]
    if style.value is not None and len([each for each in found if each.endswith("_accuracy")]) > 3:
        told.append(f"all features of style together in {_percent(style)} on held-out prompts")
    slope = found["reward_slope"]
    if slope.value is not None:
        unit = f"100 {UNITS.get(ruler, ruler.replace('_', ' '))}"
        told.append(
            f"the reward moves by {_number(slope.value)} [{_number(slope.low)}, {_number(slope.high)}] per {unit}"
        )
    decided = [f"{part['value']}" for part in parts if part["degenerate"]]
    if decided:
        named = ", ".join(decided[:NAMED_MOST]) + (" …" if len(decided) > NAMED_MOST else "")
        told.append(f"it decides {len(decided)} of {amount(len(parts), 'subset')}: {named}")
    return "; ".join(told) + "."


def _picks(ruler: str, share: Estimate) -> str:
    if verdict(share) == LESS and share.value is not None and share.low is not None and share.high is not None:
        turned = Estimate(1 - share.value, 1 - share.high, 1 - share.low)
        name = "The shorter answer" if ruler in UNITS else f"The answer with less {ruler.replace('_', ' ')}"
        return f"{name} is the preferred one in {_percent(turned)}"
    name = "Length" if ruler in UNITS else ruler.replace("_", " ").capitalize()
    picks = "pick" if name.endswith("s") else "picks"
    return f"{name} alone {picks} the preferred answer in {_percent(share)}"


def _percent(share: Estimate) -> str:
    value, low, high = (round(100 * (each or 0.0)) for each in (share.value, share.low, share.high))
    return f"{value} % [{low}, {high}]"


def _number(value: float | None) -> str:
    if value is None:
        return "unknown"
    text = f"{value:.2g}" if abs(value) < 10 else f"{value:.0f}"
    text = text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text
    return text.replace("-", "−")
