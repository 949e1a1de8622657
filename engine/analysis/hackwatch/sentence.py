"""The first line of hack watch."""

from __future__ import annotations

from collections.abc import Sequence

from engine.analysis.hackwatch.signals import Signal
from engine.analysis.monitor.sentence import moment

NAMES = {
    "gap": "the proxy–gold gap",
    "length": "length",
    "entropy": "entropy",
    "zero_variance": "share of prompts without variance",
    "truncated": "truncation",
}


def fired(signals: Sequence[Signal]) -> list[Signal]:
    """Those that rang, in the order in which they did."""
    rang = [(one.at(one.alarm), one) for one in signals if one.alarm is not None]
    return [one for _, one in sorted(rang, key=lambda each: each[0])]


def verdict(signals: Sequence[Signal]) -> str:
    """`onset` only where the gap rang: symptoms move in healthy runs too."""
    rang = fired(signals)
    if any(one.name == "gap" for one in rang):
        return "onset"
    return "watch" if rang else "no_onset"


def sentence(signals: Sequence[Signal], by: str, alpha: float, of: str) -> str:
    """What was seen, in which order, and how often this is false."""
    rang = fired(signals)
    said = f"The chance of any false alarm is at most {alpha:.2g}"
    gold = any(one.name == "gap" and one.watched for one in signals)
    unseen = "" if gold else " Without a gold reward only symptoms are seen, no hacking itself."
    if not rang:
        watched = ", ".join(NAMES[one.name] for one in signals if one.watched)
        begun = f"No onset{of}: {watched} stayed" if gold else f"No symptom{of}: {watched} stayed"
        return f"{begun} within what the beginning allows. {said}.{unseen}"
    told = ", then ".join(
        f"{NAMES[one.name]} {'rose' if one.rose else 'fell'} (alarm at {_at(one, by)})" for one in rang
    )
    gap = next((one for one in rang if one.name == "gap"), None)
    if gap is not None and gap.change is not None:
        low, high = (moment(gap.at(place), by) for place in (gap.change.low, gap.change.high))
        since = moment(gap.at(gap.change.at), by)
        ends = f"[{low.removeprefix('step ')}, {high.removeprefix('step ')}]"
        return f"Onset{of} at {since} {ends}: {told}. {said}."
    return f"Watch{of}: {told}. {said}.{unseen}"


def _at(one: Signal, by: str) -> str:
    assert one.alarm is not None
    return moment(one.at(one.alarm), by)
