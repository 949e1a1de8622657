"""Best of n: what it observes, and what it concludes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import ClassVar

import numpy as np

from engine.analysis.base import Shape
from engine.analysis.bestofn.conclude import Found, found_of
from engine.analysis.bestofn.curve import kl_bound
from engine.analysis.bestofn.parameters import BestOfNParameters
from engine.analysis.bestofn.sentence import sentence, verdict
from engine.analysis.intervals import check_mixed
from engine.analysis.records import Records, RecordsAnalysis
from engine.errors import NotEnoughData, NotFound, UsageError
from engine.types import Estimate, Evidence, Kind, Notice, Result, Rows
from engine.words import amount

LEAST_PROMPTS, FEW_PROMPTS = 30, 200
MOST_ANSWERS = 1024
"""Answers of one prompt that are taken: of more, those with the smallest row hashes."""


class BestOfN(RecordsAnalysis[BestOfNParameters]):
    """What choosing among n answers by their score gives."""

    name: ClassVar[str] = "bestofn"
    version: ClassVar[str] = "1"
    shape: ClassVar[Shape] = "units"
    needs: ClassVar[Mapping[Kind, tuple[str, ...]]] = {"score": ("value",)}
    reads: ClassVar[tuple[str, ...]] = ("judge",)
    parameters = BestOfNParameters

    @property
    def title(self) -> str:
        """What people call it."""
        return "Best of n"

    def observe(self, rows: Rows, params: BestOfNParameters) -> Records:  # noqa: ARG002 - no parameter counts
        """The state of one segment; raises UsageError for another kind."""
        if rows.kind not in self.kinds:
            raise UsageError(f"Best of n reads scores, not rows of kind {rows.kind!r}.")
        value = np.asarray(rows.columns["value"], float)
        truth = rows.columns.get("truth", np.full(len(rows), np.nan))
        return Records.of_rows(rows, np.isfinite(value), {"value": value, "truth": truth}, ("judge",))

    def answer(self, state: Records, params: BestOfNParameters) -> Result:
        """The result of a state.

        Raises NotEnoughData where fewer than 30 prompts have two answers, UsageError where several judges scored and
        none is named, NotFound for a judge that is not there.
        """
        return _conclude(state, params)


def _conclude(state: Records, params: BestOfNParameters) -> Result:
    chosen = _of_judge(state, params.judge)
    taken, cut = _with_few_enough_answers(chosen)
    several = taken.where(np.repeat(taken.sizes >= 2, taken.sizes))
    _check(taken, several)
    found = found_of(several, params.level, params.seed, LEAST_PROMPTS)
    code = verdict(found)
    return Result(
        analysis=BestOfN.name,
        verdict=code,
        sentence=sentence(code, found),
        estimates=_estimates(found),
        evidence=Evidence(BestOfN.name, BestOfN.version, params=asdict(params), seed=params.seed, rows=state.rows),
        dataset={
            "kind": "score",
            "rows": len(several),
            "prompts": len(several.starts),
            "prompts_approximate": False,
            "most_answers": found.most,
        },
        warnings=_warnings(state, several, found, cut),
        pictures={"curve": found.picture()},
    )


def _of_judge(state: Records, judge: str) -> Records:
    codes, values = state.names.get("judge", (np.zeros(0, np.int64), ()))
    present = sorted({values[code] for code in np.unique(codes[codes >= 0]).tolist()})
    if judge:
        if judge not in present:
            raise NotFound(f"There is no judge {judge!r}; known are {', '.join(present) or 'none'}.")
        return state.where(codes == values.index(judge))
    if len(present) > 1:
        known = ", ".join(present[:10])
        raise UsageError(
            f"Several judges scored these answers: name one with judge=…; known are {known}.", code="judge"
        )
    return state


def _with_few_enough_answers(state: Records) -> tuple[Records, bool]:
    """At most `MOST_ANSWERS` of each prompt: rows stand in the order of their hashes, so the first are a sample."""
    if not len(state) or state.sizes.max() <= MOST_ANSWERS:
        return state, False
    place = np.arange(len(state)) - np.repeat(state.starts, state.sizes)
    return state.where(place < MOST_ANSWERS), True


def _check(taken: Records, several: Records) -> None:
    prompts, found = len(taken.starts), len(several.starts)
    if prompts and not found:
        told = f"{amount(prompts, 'prompt')} with one answer each: nothing can be chosen among."
        raise NotEnoughData(told, code="one_answer")
    if found < LEAST_PROMPTS:
        told = f"{amount(found, 'prompt')} with two answers or more; an honest interval needs at least {LEAST_PROMPTS}."
        raise NotEnoughData(told)
    check_mixed(amount(found, "prompt"), len(np.unique(several.bucket)))


def _estimates(found: Found) -> dict[str, Estimate]:
    named = {
        "mean_value": found.estimate("best", 0),
        "best_of_n": found.estimate("best", -1),
        "worst_of_n": found.estimate("worst", -1),
        "gain": found.gain("best"),
        "kl_bound": found.plain(kl_bound(found.most), "ln n − (n − 1) / n, at most"),
        "n": found.plain(float(found.most), "answers chosen among"),
    }
    if found.has_gold:
        named |= {
            "mean_truth": found.estimate("gold", 0),
            "gold_best_of_n": found.estimate("gold", -1),
            "gold_gain": found.gain("gold"),
            "oracle_best_of_n": found.estimate("oracle", -1),
            "peak_n": found.plain(float(found.n[found.peak]), "n of the highest truth"),
            "gold_loss_after_peak": found.loss,
        }
    return named


def _warnings(state: Records, several: Records, found: Found, cut: bool) -> list[Notice]:
    notices = []
    if len(several.starts) < FEW_PROMPTS:
        told = f"Only {amount(len(several.starts), 'prompt')}: intervals are approximate."
        notices.append(Notice("few_prompts", told))
    if len(set(found.prompts["best"])) > 1:
        told = f"Prompts have from {several.sizes.min()} to {several.sizes.max()} answers: each n rests on those that "
        told += f"have so many, {found.prompts['best'][-1]:,} at n = {found.most}."
        notices.append(Notice("answers_differ", told))
    missing = len(state.starts) - len(several.starts)
    if missing:
        told = f"{amount(missing, 'prompt')} with one answer (or of another judge) left out."
        notices.append(Notice("single_answers", told))
    if cut:
        told = f"Of prompts with more than {MOST_ANSWERS:,} answers so many are taken, at random."
        notices.append(Notice("answers_sampled", told))
    if state.sampled:
        told = "There are more rows than are kept: the answer rests on a random sample of prompts."
        notices.append(Notice("sampled", told))
    return notices
