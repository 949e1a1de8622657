"""Alarms: what they observe, and what they conclude."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, ClassVar

from engine.analysis.monitor.alarms import Allowed, Watched, watch
from engine.analysis.monitor.offers import Offer, baseline_of, chosen, offers
from engine.analysis.monitor.parameters import MonitorParameters
from engine.analysis.monitor.past_runs import Past, past_of
from engine.analysis.monitor.pictures import pictures
from engine.analysis.monitor.sentence import sentence, statement
from engine.analysis.monitor.streams import LEADING, Stream, kind_of, streams_of
from engine.analysis.records import Records
from engine.analysis.timed import TimedAnalysis
from engine.errors import NotEnoughData, NotFound
from engine.types import Estimate, Evidence, Kind, Notice, Result
from engine.words import amount

MOST_STREAMS = 16
LEAST_BEYOND = 10
"""Points that a stream needs beyond its baseline."""


class Monitor(TimedAnalysis[MonitorParameters]):
    """Which metric moved, since when, and how often such an alarm is false."""

    name: ClassVar[str] = "monitor"
    version: ClassVar[str] = "1"
    needs: ClassVar[Mapping[Kind, tuple[str, ...]]] = {
        "curve": ("value",),
        "score": ("value",),
        "comparison": ("label",),
        "rollout": ("reward",),
    }
    parameters = MonitorParameters

    @property
    def title(self) -> str:
        """What people call it."""
        return "Alarms"

    def answer(self, state: Records, params: MonitorParameters) -> Result:
        """The result of a state.

        Raises NotEnoughData where no stream has a baseline and ten points beyond it, NotFound for a metric or a run
        that is not there.
        """
        return _conclude(state, params)


def _conclude(state: Records, params: MonitorParameters) -> Result:
    every = streams_of(state, params.scale)
    runs = list(dict.fromkeys(one.run for one in every if one.run))
    streams, left = _taken(every, params)
    if len(runs) == 1:
        every, streams = ([replace(one, run="") for one in each] for each in (every, streams))
    long = [one for one in streams if len(one) >= baseline_of(len(one), params.baseline) + LEAST_BEYOND]
    if not long:
        most = max((len(one) for one in streams), default=0)
        told = (
            f"The longest stream has {amount(most, 'point')}; a baseline and {LEAST_BEYOND} points beyond it are needed"
        )
        raise NotEnoughData(f"{told} ({baseline_of(most, params.baseline) + LEAST_BEYOND}).")
    offered = [_offered(one, every, params) for one in long]
    plans = [(one, *each) for one, each in zip(long, offered, strict=True)]
    usable = [plan for plan in plans if plan[3] is not None]
    allowed = Allowed(
        params.alpha / max(len(usable), 1), params.false_alarms / max(len(usable), 1), params.sides, params.seed
    )
    watched = [
        watch(one, pick.monitor, baseline_of(len(one), params.baseline), allowed, past)
        for one, past, _, pick in usable
        if pick is not None
    ]
    watched.sort(key=lambda one: (one.alarm is None, 0.0 if one.alarm is None else float(one.stream.at[one.alarm])))
    said = statement(watched) if watched else ""
    refused = len(plans) - len(watched)
    return Result(
        analysis=Monitor.name,
        verdict=_verdict(watched),
        sentence=sentence(watched, refused, said) if watched else _none(plans[0][0], plans[0][2], params),
        estimates=_estimates(watched),
        evidence=Evidence(Monitor.name, Monitor.version, params=asdict(params), seed=params.seed, rows=state.rows),
        dataset={
            "kind": kind_of(state),
            "rows": len(state),
            "prompts": None,
            "metrics": list(dict.fromkeys(one.metric for one in every)),
            "runs": runs,
            "by": every[0].by,
        },
        items=[_item(one) for one in watched] + [_refused(one, found) for one, _, found, pick in plans if pick is None],
        warnings=_warnings(state, left, plans, watched),
        pictures=_pictures(watched, plans),
    )


def _pictures(watched: Sequence[Watched], plans: Sequence[Any]) -> dict[str, Mapping[str, Any]]:
    """Of the first stream that rang, else of the first that leads; and what each stream can bear."""
    told: dict[str, Mapping[str, Any]] = {}
    if watched:
        told.update(pictures(watched[0]))
    stream, _, found, pick = next((plan for plan in plans if watched and plan[0] is watched[0].stream), plans[0])
    told["offers"] = {
        "run": stream.run,
        "metric": stream.metric,
        "chosen": pick.monitor if pick else "",
        "monitor": [offer.monitor for offer in found],
        "offered": [offer.offered for offer in found],
        "why": [offer.why for offer in found],
    }
    return told


def _taken(every: list[Stream], params: MonitorParameters) -> tuple[list[Stream], int]:
    """The streams that were asked for, those that lead first, and how many are left out."""
    for asked, known, what in (
        (params.metric, {one.metric for one in every}, "metric"),
        (params.run, {one.run for one in every}, "run"),
    ):
        if asked and asked not in known:
            raise NotFound(f"There is no {what} {asked!r}; known are {', '.join(sorted(known)[:20])}.")
    taken = [one for one in every if params.metric in ("", one.metric) and params.run in ("", one.run)]
    taken = [one.since(params.start) for one in taken] if params.start else taken
    place = {metric: index for index, metric in enumerate(LEADING)}
    taken.sort(key=lambda one: (place.get(one.metric, len(place)), -len(one), one.metric, one.run))
    return taken[:MOST_STREAMS], max(len(taken) - MOST_STREAMS, 0)


def _offered(
    stream: Stream, every: Sequence[Stream], params: MonitorParameters
) -> tuple[Past | None, list[Offer], Offer | None]:
    past = None if stream.drawn else past_of(stream, every)
    found = offers(stream, baseline_of(len(stream), params.baseline), past)
    return past, found, chosen(found, params.monitor)


def _verdict(watched: Sequence[Watched]) -> str:
    if not watched:
        return "not_watched"
    return "alarm" if any(one.alarm is not None for one in watched) else "no_alarm"


def _none(stream: Stream, found: list[Offer], params: MonitorParameters) -> str:
    offer = next((one for one in found if one.monitor == (params.monitor or "cusum")), found[0])
    order = next((one for one in found if one.monitor == "conformal"), offer)
    why = order.why if stream.drawn and not params.monitor else offer.why
    of = f" of {stream.run}" if stream.run else ""
    todo = "Choose a later start or a longer baseline" + (
        "" if stream.drawn else ", or put three healthy runs beside it"
    )
    return f"No honest alarm for {stream.metric}{of}: {why}. {todo}."


def _estimates(watched: Sequence[Watched]) -> dict[str, Estimate]:
    rang = [one for one in watched if one.alarm is not None]
    points = sum(len(one.stream) for one in watched)
    rates = [one.rate for one in watched if one.rate is not None]
    chances = [one.alpha for one in watched if one.alpha is not None]
    told = {
        "alarms": Estimate(float(len(rang)), method="streams that rang, each until its first alarm", n=points),
        "streams_watched": Estimate(float(len(watched)), method="streams that a monitor is honest for", n=points),
    }
    if rates:
        said = "allowed in all; on made-up healthy runs, or by the ARL0 of a CUSUM of ranks"
        told["false_alarms_per_1000"] = Estimate(sum(rates), method=said, n=points)
    if chances:
        told["false_alarm_chance"] = Estimate(min(sum(chances), 1.0), method="at most, of any, in all", n=points)
    if rang and rang[0].change is not None and rang[0].stream.by == "step":
        one, change = rang[0], rang[0].change
        at, low, high = (float(one.stream.at[place]) for place in (change.at, change.low, change.high))
        told["change_at"] = Estimate(at, low, high, 0.95, "likelihood of a step or a slope", len(one.stream))
        told["delay"] = Estimate(one.delay, method="from the likeliest change to the alarm", n=len(one.stream))
    return told


def _item(one: Watched) -> dict[str, Any]:
    stream, change = one.stream, one.change
    told: dict[str, Any] = {
        "run": stream.run,
        "metric": stream.metric,
        "by": stream.by,
        "monitor": one.monitor,
        "points": len(stream),
        "baseline": one.baseline,
        "statement": one.statement,
        "rang": one.alarm is not None,
    }
    if one.alarm is None or change is None:
        return told
    at = {"alarm": one.alarm, "change": change.at, "change_low": change.low, "change_high": change.high}
    told |= {name: float(stream.at[place]) for name, place in at.items()}
    return {**told, "direction": "rose" if one.rose else "fell", "delay": one.delay}


def _refused(stream: Stream, found: list[Offer]) -> dict[str, Any]:
    why = "; ".join(dict.fromkeys(offer.why for offer in found if not offer.offered))
    head = {"run": stream.run, "metric": stream.metric, "by": stream.by, "monitor": "", "points": len(stream)}
    return {**head, "rang": False, "why": why}


def _warnings(state: Records, left: int, plans: Sequence[Any], watched: Sequence[Watched]) -> list[Notice]:
    notices = []
    refused = [(stream, found) for stream, _, found, pick in plans if pick is None]
    if refused:
        named = "; ".join(_why(stream, found) for stream, found in refused[:4])
        more = f"; {len(refused) - 4} more" if len(refused) > 4 else ""
        notices.append(
            Notice("not_watched", f"Not watched, since no statement about false alarms holds: {named}{more}.")
        )
    if left:
        told = f"{amount(left, 'stream')} more than the {MOST_STREAMS} that are watched: choose a metric or a run."
        notices.append(Notice("streams_left_out", told))
    if any(one.stream.drawn for one in watched):
        told = "Prompts are taken to come at random, as in an audit: if they were sorted, an alarm may be their order."
        notices.append(Notice("prompts_at_random", told))
    if state.sampled:
        told = "There are more rows than are kept: the streams rest on a random sample of them."
        notices.append(Notice("sampled", told))
    return notices


def _why(stream: Stream, found: list[Offer]) -> str:
    offer = next(one for one in found if one.monitor == ("conformal" if stream.drawn else "cusum"))
    return f"{stream.metric}{f' of {stream.run}' if stream.run else ''} ({offer.why})"
