"""Hack watch: what it observes, and what it concludes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, ClassVar

import numpy as np

from engine.analysis.hackwatch.gap import Promise, gap_of, promise_of
from engine.analysis.hackwatch.measures import SIGNALS, Run, run_of, runs_in
from engine.analysis.hackwatch.parameters import LEAST_BASELINE, HackWatchParameters
from engine.analysis.hackwatch.pictures import pictures
from engine.analysis.hackwatch.sentence import fired, sentence, verdict
from engine.analysis.hackwatch.signals import Signal, planned, watch
from engine.analysis.monitor.offers import SIZES
from engine.analysis.monitor.streams import kind_of
from engine.analysis.records import Records
from engine.analysis.timed import TimedAnalysis
from engine.errors import NotEnoughData
from engine.types import Estimate, Evidence, Kind, Notice, Result, RowReference
from engine.words import amount

GAP_WEIGHT = 6
"""How much of alpha the gap gets beside each symptom's 1."""

ROWS_NAMED = 50


class HackWatch(TimedAnalysis[HackWatchParameters]):
    """Whether, and since when, a policy gains reward that it does not deserve."""

    name: ClassVar[str] = "hackwatch"
    version: ClassVar[str] = "1"
    needs: ClassVar[Mapping[Kind, tuple[str, ...]]] = {"rollout": ("reward",), "curve": ("value",)}
    parameters = HackWatchParameters

    @property
    def title(self) -> str:
        """What people call it."""
        return "Hack watch"

    def answer(self, state: Records, params: HackWatchParameters) -> Result:
        """The result of a state.

        Raises NotEnoughData where no signal can be watched, NotFound for a run that is not there.
        """
        return _conclude(state, params)


def _conclude(state: Records, params: HackWatchParameters) -> Result:
    run = run_of(state, params.run)
    plans, promise = _plans(run, params)
    usable = [one for one in plans if one.watched]
    if not usable:
        told = (
            "; ".join(f"{one.name}: {one.why}" for one in plans) or "no reward, length, entropy or truncation is there"
        )
        raise NotEnoughData(f"No signal can honestly be watched: {told}.")
    weights = {one.name: GAP_WEIGHT if one.name == "gap" else 1 for one in usable}
    total = sum(weights.values())
    signals = [
        watch(one, params.alpha * weights[one.name] / total, params.tolerance, params.seed) if one.watched else one
        for one in plans
    ]
    runs = runs_in(state)
    code = verdict(signals)
    return Result(
        analysis=HackWatch.name,
        verdict=code,
        sentence=sentence(signals, run.by, params.alpha, f" of {run.name}" if len(runs) > 1 else ""),
        estimates=_estimates(signals, run.by, params.alpha),
        evidence=Evidence(HackWatch.name, HackWatch.version, params=asdict(params), seed=params.seed, rows=state.rows),
        dataset={
            "kind": kind_of(state),
            "rows": len(state),
            "prompts": None,
            "runs": runs,
            "run": run.name,
            "by": run.by,
        },
        items=[_item(one) for one in [*fired(signals), *(one for one in signals if one.alarm is None)]],
        warnings=_warnings(state, run, signals),
        pictures=pictures(run, signals),
        worst=_worst(run, signals, promise),
    )


def _plans(run: Run, params: HackWatchParameters) -> tuple[list[Signal], Promise | None]:
    """How each signal of the run can be watched, the gap first; and what proxies promise where gold is known."""
    drawn = run.rows is not None
    measured = dict(run.signals)
    promise = None
    if run.reward is not None and run.gold is not None and len(run.reward.at):
        steps = _baseline(len(run.reward.at), params.baseline, drawn)
        promise = promise_of(run.reward, run.gold, steps, params.gap)
        measured["gap"] = gap_of(run.reward, run.gold, promise)
    plans = []
    for name in SIGNALS:
        if name in measured and len(measured[name].at):
            steps = _baseline(len(measured[name].at), params.baseline, drawn)
            plans.append(planned(name, measured[name], steps, drawn))
    return plans, promise


def _baseline(steps: int, asked: int, drawn: bool) -> int:
    """As many first steps as asked, else the largest of a few sizes within a quarter; of rollouts few may do."""
    sizes = (*SIZES, 20, 10, LEAST_BASELINE) if drawn else SIZES
    return asked or next((size for size in sizes if 4 * size <= steps), sizes[-1])


def _estimates(signals: Sequence[Signal], by: str, alpha: float) -> dict[str, Estimate]:
    rang = fired(signals)
    told = {
        "signals_fired": Estimate(float(len(rang)), method="signals that rang, each until its first alarm"),
        "signals_watched": Estimate(float(sum(one.watched for one in signals)), method="signals that can be watched"),
        "false_alarm_chance": Estimate(alpha, method="at most, of any, in all: divided among the signals"),
    }
    gap = next((one for one in signals if one.name == "gap" and one.watched), None)
    if gap is None:
        return told
    means = gap.measured.means
    since = gap.baseline if gap.change is None else gap.change.at
    moved = float(means[since:].mean() - means[: gap.baseline].mean())
    told["gap_moved"] = Estimate(moved, method="mean gap since the onset less that of the baseline", n=len(means))
    if gap.alarm is not None and gap.change is not None and by == "step":
        at, low, high = (gap.at(place) for place in (gap.change.at, gap.change.low, gap.change.high))
        told["onset_at"] = Estimate(at, low, high, 0.95, "likelihood of a step or a slope", len(means))
        told["delay"] = Estimate(gap.at(gap.alarm) - at, method="from the likeliest onset to the alarm", n=len(means))
    return told


def _item(one: Signal) -> dict[str, Any]:
    told: dict[str, Any] = {
        "signal": one.name,
        "watched": one.watched,
        "rang": one.alarm is not None,
        "alpha": one.alpha,
        "how": one.how,
        "why": one.why,
        "baseline": one.baseline,
        "steps": len(one.measured.at),
    }
    if one.alarm is None or one.change is None:
        return told
    places = {"alarm": one.alarm, "change": one.change.at, "change_low": one.change.low, "change_high": one.change.high}
    told |= {name: one.at(place) for name, place in places.items()}
    return {**told, "direction": "rose" if one.rose else "fell", "delay": told["alarm"] - told["change"]}


def _worst(run: Run, signals: Sequence[Signal], promise: Promise | None) -> list[RowReference]:
    """The answers with the largest gap since the earliest onset that is not excluded."""
    gap = next((one for one in signals if one.name == "gap"), None)
    if run.rows is None or promise is None or gap is None or gap.change is None:
        return []
    step = run.rows.columns["step" if run.by == "step" else "time"]
    away = promise(run.rows.columns["reward"]) - run.rows.columns["gold"]
    away = np.where(step >= gap.at(gap.change.low), away, -np.inf)
    order = np.lexsort((run.rows.row, -away))[:ROWS_NAMED]
    return [RowReference(int(run.rows.row[place]), float(away[place])) for place in order if np.isfinite(away[place])]


def _warnings(state: Records, run: Run, signals: Sequence[Signal]) -> list[Notice]:
    notices = []
    if run.gold is None:
        told = "There is no gold reward: symptoms move in healthy runs too, so they only ask for a look."
        notices.append(Notice("only_symptoms", told))
    refused = [one for one in signals if one.why]
    if refused:
        named = "; ".join(f"{one.name} ({one.why})" for one in refused)
        notices.append(Notice("not_watched", f"Not watched, since no statement about false alarms holds: {named}."))
    if run.rows is not None:
        told = "Prompts are taken to be drawn at random at each step; a step's prompts of another kind may ring too."
        notices.append(Notice("prompts_at_random", told))
    elif any(one.how == "cusum" for one in signals):
        told = "Of means of steps alone, thresholds are those of made-up runs like this one's own beginning."
        notices.append(Notice("made_up_runs", told))
    if state.sampled:
        kept = amount(len(state), "row")
        notices.append(Notice("sampled", f"There are more rows than are kept: this rests on {kept} of random prompts."))
    return notices
