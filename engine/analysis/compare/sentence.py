"""The answer in one line."""

from __future__ import annotations

from engine.analysis.compare.decide import HOLD, NEED_MORE, SHIP, Decision
from engine.analysis.compare.differences import Differences
from engine.words import amount

NAMED_MOST = 5


def sentence(found: Differences, decision: Decision, best: list[str], delta: float) -> str:
    """The verdict, both values on the prompts in common, their difference, and who may be the best of several."""
    grid = found.grid
    candidate, baseline = grid.names[decision.candidate], grid.names[decision.baseline]
    both = grid.known[:, [decision.candidate, decision.baseline]].all(axis=1)
    own, other = (float(grid.value[both, place].mean()) for place in (decision.candidate, decision.baseline))
    prompts = amount(int(found.prompts[decision.pair]), "prompt")
    said = (
        f"{grid.metric} {digits(own)} against {digits(other)} of {baseline}, difference {digits(decision.value)} "
        f"[{digits(decision.low)}, {digits(decision.high)}] on the same {prompts}"
    )
    line = f"−{delta:g}".replace("−0.", "−.") if delta else "0"
    if decision.verdict == SHIP:
        text = f"Ship {candidate}: {said} lies above {line}"
    elif decision.verdict == HOLD:
        text = f"Hold {candidate}: {said} lies below {line}"
    else:
        text = f"Need more for {candidate}: {said} reaches across {line}{_more(decision)}"
    return f"{text}{_tied(best, len(grid.names))}."


def _more(decision: Decision) -> str:
    if decision.prompts_needed is None:
        return "; at this difference no number of prompts would settle it"
    return f"; about {amount(decision.prompts_needed, 'more prompt')} would settle it if the difference stays there"


def _tied(best: list[str], systems: int) -> str:
    """Of three systems or more, those that cannot be told from the best."""
    if systems < 3:
        return ""
    if len(best) == 1:
        return f"; {best[0]} is the best of {systems}"
    named = ", ".join(best[:NAMED_MOST]) + (f" and {len(best) - NAMED_MOST} more" if len(best) > NAMED_MOST else "")
    return f"; of {systems} systems these may be the best: {named}"


def digits(value: float) -> str:
    """Three decimals without the leading zero, a true minus: .624, −.011, 12.3."""
    text = f"{value:.3f}" if abs(value) < 9.9995 else f"{value:.4g}"
    if float(text) == 0:
        return "0"
    text = text.replace("0.", ".", 1) if abs(value) < 1 and "0." in text else text
    return text.replace("-", "−")


__all__ = ["HOLD", "NEED_MORE", "SHIP", "digits", "sentence"]
