"""Ship, hold, or how many labels more: what the differences say about one candidate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from engine.analysis.arrays import Floats, Ints
from engine.analysis.compare.differences import Differences
from engine.analysis.compare.parameters import CompareParameters
from engine.analysis.compare.systems import LEAST_PROMPTS
from engine.errors import NotEnoughData, NotFound
from engine.naming import meant

SHIP, HOLD, NEED_MORE = "ship", "hold", "need_more"
MOST_PROMPTS = 1e9
"""A need of more prompts than this is none that can be met."""


@dataclass(frozen=True)
class Decision:
    """The verdict on `candidate` against `baseline` (places in the grid; `pair` that of the two), and why.

    `value`, `low`, `high`: candidate − baseline; `error` its standard error; `together` how many pairs the interval
    holds for at once. `detectable`: the true difference from −δ that would be found now. `prompts_needed`: how
    many more until the interval around the same difference leaves out −δ; both with the power asked for, None where
    none will do.
    """

    verdict: str
    candidate: int
    baseline: int
    pair: int
    value: float
    low: float
    high: float
    error: float
    together: int
    detectable: float
    prompts_needed: int | None


@dataclass(frozen=True)
class _Duels:
    """Pairs that the verdict may rest on, oriented: the candidate's values minus the other's; `pair` in Differences."""

    pair: Ints
    candidate: Ints
    baseline: Ints
    value: Floats
    low: Floats
    high: Floats
    together: int


def decide(found: Differences, best: int, params: CompareParameters) -> Decision:
    """The decision; `best` is the system with the greatest mean, the candidate where nothing is asked for.

    With a baseline, of several candidates the one that differs most upwards. Without one the candidate has to hold
    against every other, and the one that comes closest stands in the decision.

    Raises NotFound for a name that is no system, NotEnoughData where too few prompts are in common.
    """
    baseline, candidate = (_place(found, name) for name in (params.baseline, params.candidate))
    if baseline is None and candidate is None and found.grid.by == "step":
        baseline = 0
    duels = _duels(found, baseline, candidate, best)
    if not len(duels.pair):
        message = f"The systems asked about have fewer than {LEAST_PROMPTS} prompts in common."
        raise NotEnoughData(message, code="few_common_prompts")
    if baseline is not None:
        at = int(np.argmax(duels.value))
    elif (duels.high < -params.delta).any():
        at = int(np.argmin(duels.high))
    else:
        at = int(np.argmin(duels.low))
    return _decision(found, duels, at, params)


def _place(found: Differences, name: str) -> int | None:
    if not name:
        return None
    named = meant(name, found.grid.names)
    if named is None:
        known = ", ".join(found.grid.names)
        raise NotFound(f"No one system with {LEAST_PROMPTS} prompts is called {name!r}; there are {known}.")
    return found.grid.names.index(named)


def _duels(found: Differences, baseline: int | None, candidate: int | None, best: int) -> _Duels:
    every = np.arange(len(found))
    fixed = [place for place in (baseline, candidate) if place is not None]
    family = every
    for place in fixed:
        family = family[(found.first[family] == place) | (found.second[family] == place)]
    one = best if not fixed else fixed[0]
    kept = np.flatnonzero((found.first[family] == one) | (found.second[family] == one))
    if not len(kept):
        nothing, none = np.zeros(0, np.int64), np.zeros(0)
        return _Duels(nothing, nothing, nothing, none, none, none, 0)
    low, high = (bound[kept] for bound in found.intervals(family))
    pair = family[kept]
    ahead = (found.first[pair] == one) == (baseline is None)
    return _Duels(
        pair,
        np.where(ahead, found.first[pair], found.second[pair]),
        np.where(ahead, found.second[pair], found.first[pair]),
        np.where(ahead, found.value[pair], -found.value[pair]),
        np.where(ahead, low, -high),
        np.where(ahead, high, -low),
        len(family),
    )


def _decision(found: Differences, duels: _Duels, at: int, params: CompareParameters) -> Decision:
    pair = int(duels.pair[at])
    value, low, high = (float(each[at]) for each in (duels.value, duels.low, duels.high))
    verdict = SHIP if low > -params.delta else HOLD if high < -params.delta else NEED_MORE
    error = float(found.error[pair])
    detectable = (high - low) / 2 + float(ndtri(params.power)) * error
    needed = None
    if verdict == NEED_MORE and value != -params.delta:
        prompts = int(found.prompts[pair])
        more = prompts * ((detectable / (value + params.delta)) ** 2 - 1)
        needed = max(1, int(np.ceil(more))) if more <= MOST_PROMPTS else None
    candidate, baseline = int(duels.candidate[at]), int(duels.baseline[at])
    return Decision(verdict, candidate, baseline, pair, value, low, high, error, duels.together, detectable, needed)
