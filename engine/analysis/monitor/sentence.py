"""The first line of alarms, and what is said of each stream."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from engine.analysis.monitor.alarms import Watched
from engine.words import amount

MOST_NAMED = 2


def sentence(watched: Sequence[Watched], refused: int, statement: str) -> str:
    """What moved, and what is said of false alarms."""
    rang = [one for one in watched if one.alarm is not None]
    beside = f" {amount(refused, 'other stream')} cannot honestly be watched." if refused else ""
    if not rang:
        return f"No alarm on {amount(len(watched), 'stream')}; {statement}.{beside}"
    named = "; ".join(_told(one) for one in rang[:MOST_NAMED])
    more = f"; {len(rang) - MOST_NAMED} more" if len(rang) > MOST_NAMED else ""
    return f"{amount(len(rang), 'alarm')}: {named}{more}. {statement[0].upper()}{statement[1:]}.{beside}"


def _told(one: Watched) -> str:
    assert one.alarm is not None
    assert one.change is not None
    moved = "rose" if one.rose else "fell"
    of = f" of {one.stream.run}" if one.stream.run else ""
    since, rang = (moment(float(one.stream.at[place]), one.stream.by) for place in (one.change.at, one.alarm))
    return f"{one.stream.metric}{of} {moved} from {since} (alarm at {rang})"


def moment(at: float, by: str) -> str:
    """A step, or a time, in words."""
    return f"step {at:,.0f}" if by == "step" else f"{datetime.fromtimestamp(at, UTC):%d %b %Y %H:%M}"


def statement(watched: Sequence[Watched]) -> str:
    """What is said of false alarms of all streams together: chances and rates add up."""
    if len(watched) == 1:
        return watched[0].statement
    parts = []
    chances = [one for one in watched if one.alpha is not None]
    rates = [one for one in watched if one.rate is not None]
    if chances:
        total = min(sum(one.alpha or 0.0 for one in chances), 1.0)
        parts.append(f"at most a chance of {total:.2g} of any false alarm on {amount(len(chances), 'stream')}")
    if rates:
        total = sum(one.rate or 0.0 for one in rates)
        own = any(one.monitor != "rank_cusum" for one in rates)
        basis = " by made-up runs like their own beginnings" if own else ""
        parts.append(f"{total:.2g} false alarms per 1,000 points on {amount(len(rates), 'stream')} in all{basis}")
    return "; ".join(parts)
