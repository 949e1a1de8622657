"""The answer in one line, and its code."""

from __future__ import annotations

from collections.abc import Mapping

from engine.analysis.bestofn.sentence import interval, number
from engine.types import Estimate
from engine.words import amount

ROSE, FELL, STILL, ONE_STEP, TOO_FEW = "rose", "fell", "no_change_detected", "one_step", "too_few_prompts"
WITHOUT_GOLD = "reward_rose_gold_fell"

MUCH_CUT, MUCH_EQUAL = 0.05, 0.25
"""Shares from which on answers cut at the limit, and prompts whose answers all get the same, are spoken of."""

MOST_CLAUSES = 3

Found = Mapping[str, Estimate]


def verdict(found: Found) -> str:
    """Which way the reward moved, as far as its interval tells; apart, where it rose while the gold reward fell."""
    change = found.get("reward_change")
    if change is None:
        return ONE_STEP
    if change.low is None or change.high is None:
        return TOO_FEW
    if change.low > 0 and (direction(found.get("gold_change")) or 0) < 0:
        return WITHOUT_GOLD
    return ROSE if change.low > 0 else FELL if change.high < 0 else STILL


def direction(change: Estimate | None) -> int | None:
    """1 where it surely rose, −1 where it surely fell, 0 where neither is sure; None without an interval."""
    if change is None or change.low is None or change.high is None:
        return None
    return 1 if change.low > 0 else -1 if change.high < 0 else 0


def sentence(found: Found, run: str, by: str, steps: int, prompts: int) -> str:
    """What the reward did, over how many steps and prompts, and what most has to be known beside it."""
    of = f" of {run}" if run else ""
    on = f"on {amount(prompts, 'prompt')}"
    last = found["reward_last"]
    change = found.get("reward_change")
    if change is None:
        head = f"Mean reward{of} {number(last.value)}{_beside(last)} at one {by}, {on}"
    else:
        code = verdict(found)
        moved = {ROSE: "rose", WITHOUT_GOLD: "rose", FELL: "fell", STILL: "did not surely move"}.get(code, "went")
        over = f"over {amount(steps, by)}"
        ends = f"{'' if code == STILL else 'from '}{number(found['reward_first'].value)} to {number(last.value)}"
        sure = f" ({_signed(change)}{_beside(change)})" if change.low is not None else ""
        head = f"Reward{of} {moved}{':' if code == STILL else ''} {ends}{sure} {over} {on}"
    return "; ".join([head, *_clauses(found)[:MOST_CLAUSES]]) + "."


def _clauses(found: Found) -> list[str]:
    told = [_gold(found), _length(found), _slope(found), _cut(found), _equal(found)]
    return [clause for clause in told if clause]


def _gold(found: Found) -> str:
    change = found.get("gold_change")
    if change is None:
        return ""
    ends = f"{number(found['gold_first'].value)} to {number(found['gold_last'].value)}"
    way = direction(change)
    if way == 0:
        return f"gold did not surely move ({ends})"
    moved = "went" if way is None else "rose" if way > 0 else "fell"
    return f"gold {moved} from {ends}"


def _length(found: Found) -> str:
    way = direction(found.get("length_change"))
    if not way:
        return ""
    moved = "grew" if way > 0 else "shrank"
    first, last = (found[f"length_{end}"].value or 0.0 for end in ("first", "last"))
    return f"responses {moved} from {first:,.0f} to {last:,.0f} tokens"


def _slope(found: Found) -> str:
    slope = found["length_slope"]
    if not direction(slope):
        return ""
    return f"reward per 100 tokens within a prompt {_signed(slope)}{_beside(slope)}"


def _cut(found: Found) -> str:
    cut = found.get("truncated_last")
    if cut is None or cut.value is None or cut.value < MUCH_CUT:
        return ""
    return f"{cut.value:.0%} of the last answers are truncated"


def _equal(found: Found) -> str:
    equal = found.get("zero_variance_last")
    if equal is None or equal.value is None or equal.value < MUCH_EQUAL:
        return ""
    return f"for {equal.value:.0%} of the last prompts all answers get the same reward"


def _signed(one: Estimate) -> str:
    value = one.value or 0.0
    return f"{'+' if value > 0 else ''}{number(value)}"


def _beside(one: Estimate) -> str:
    return f" {interval(one)}" if one.low is not None else ""
