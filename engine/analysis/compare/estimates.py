"""The numbers of a comparison by name."""

from __future__ import annotations

import numpy as np

from engine.analysis.compare.decide import Decision
from engine.analysis.compare.differences import JACKKNIFE, SEQUENCE, Differences
from engine.analysis.compare.parameters import CompareParameters
from engine.analysis.compare.significance import Significance
from engine.analysis.compare.state import CompareState
from engine.analysis.power import clusters_of
from engine.types import Estimate

DONNER = "intraclass correlation of differences within prompts"


def estimates(
    state: CompareState,
    found: Differences,
    decision: Decision,
    tests: Significance,
    own: list[Estimate],
    params: CompareParameters,
) -> dict[str, Estimate]:
    """The difference with its interval, both systems' values, p-values, and what more labels would give."""
    n, pair = round(float(found.units[decision.pair])), decision.pair
    level = params.level

    def plain(value: float | None, method: str) -> Estimate:
        return Estimate(value, level=level, method=method, n=n)

    named = {
        "difference": Estimate(decision.value, decision.low, decision.high, level, _method(found, decision), n),
        "candidate": own[decision.candidate],
        "baseline": own[decision.baseline],
        "p_value": plain(float(tests.p[pair]), tests.method[pair]),
        "p_holm": plain(float(tests.holm[pair]), f"Holm over all {len(found)} pairs of systems"),
        "p_bh": plain(float(tests.bh[pair]), f"Benjamini-Hochberg over all {len(found)} pairs of systems"),
    }
    if np.isfinite(tests.mid_p[pair]):
        first = decision.candidate == found.first[pair]
        wins, losses = (float(each[pair]) for each in (tests.wins, tests.losses))
        named["p_mid"] = plain(float(tests.mid_p[pair]), "McNemar, mid-p")
        named["wins"] = plain(wins if first else losses, "prompts that only the candidate has right")
        named["losses"] = plain(losses if first else wins, "prompts that only the baseline has right")
    return named | _planned(state, found, decision, params, plain(decision.detectable, f"power {params.power:g}"))


def _method(found: Differences, decision: Decision) -> str:
    how = SEQUENCE if found.live else JACKKNIFE
    if not found.live and found.grid.metric == "accuracy":
        how = f"{how}, two units added"
    return f"{how}, simultaneous over {decision.together} pairs" if decision.together > 1 else how


def _planned(
    state: CompareState, found: Differences, decision: Decision, params: CompareParameters, detectable: Estimate
) -> dict[str, Estimate]:
    """How many more prompts and labels, and what they cost; nothing more is needed where the verdict stands."""
    prompts = decision.prompts_needed if decision.verdict == "need_more" else 0
    method = f"power {params.power:g} at the difference found"
    labels = None if prompts is None else float(np.ceil(prompts * _labels_a_prompt(state, found, decision)))
    n, level = detectable.n, detectable.level
    planned = {
        "minimum_detectable_effect": detectable,
        "design_effect": Estimate(_design_effect(found, decision), level=level, method=DONNER, n=n),
        "prompts_needed": Estimate(None if prompts is None else float(prompts), level=level, method=method, n=n),
        "labels_needed": Estimate(labels, level=level, method=method, n=n),
    }
    if params.cost_per_label > 0:
        cost = None if labels is None else labels * params.cost_per_label
        planned["cost"] = Estimate(cost, level=level, method=f"{params.cost_per_label:g} a label", n=n)
    return planned


def _design_effect(found: Differences, decision: Decision) -> float:
    """How many units in prompts tell as much of the difference as one by itself."""
    pair = found.grid.known[:, [decision.candidate, decision.baseline]].all(axis=1)
    part = found.grid.of_units(np.asarray(pair))
    difference = part.value[:, decision.candidate] - part.value[:, decision.baseline]
    return clusters_of(part.prompt, difference).design_effect


def _labels_a_prompt(state: CompareState, found: Differences, decision: Decision) -> float:
    """Labels behind a prompt in common: one a pair of answers, which serves both judges; one an answer of scores."""
    shared = float(found.grid.known[:, [decision.candidate, decision.baseline]].all(axis=1).sum())
    each = 1 if state.paired or found.grid.by == "judge" else 2
    return each * shared / float(found.prompts[decision.pair])
