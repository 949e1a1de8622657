"""Small simulated judges of known agreement with people."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.analysis import Judge, JudgeParameters
from engine.types import Result, Rows
from tests.analysis.worlds import hashes_of

ANALYSIS = Judge()
DEFAULTS = JudgeParameters()


def rows_of(
    label: np.ndarray,
    verdict: np.ndarray,
    *,
    prompt: np.ndarray | None = None,
    names: Mapping[str, tuple[np.ndarray, list[str]]] | None = None,
    lengths: tuple[np.ndarray, np.ndarray] | None = None,
    **more: np.ndarray,
) -> Rows:
    """Comparisons with a judge's verdict; NaN where there is no label, or no verdict."""
    n = len(label)
    prompt = np.arange(n) if prompt is None else prompt
    hashes = hashes_of(prompt)
    columns = {
        "bucket": (hashes % np.uint64(4096)).astype(np.uint16),
        "row_hash": hashes_of(np.arange(n) + 10**9),
        "prompt_hash": hashes,
        "label": np.asarray(label, float),
        "verdict": np.asarray(verdict, float),
        "margin": np.full(n, np.nan),
        "first": np.full(n, -1, np.int8),
        "side_a": hashes_of(prompt + 10**7),
        "side_b": hashes_of(prompt + 2 * 10**7),
        **more,
    }
    coded = {name: (np.asarray(codes, np.int32), values) for name, (codes, values) in (names or {}).items()}
    return Rows("comparison", columns, {}, coded, {} if lengths is None else {"length": lengths})


def world(
    prompts: int,
    answers: int = 1,
    *,
    labelled: float = 0.2,
    right: float = 0.8,
    lean: float = 0.7,
    spread: float = 1.0,
    chosen: bool = False,
    seed: int = 0,
) -> Rows:
    """ "new" against "old" on prompts with their own difficulty, shown either way.

    A judge says what people would say with probability `right`, else "new" with probability `lean`. A share of the rows
    is labelled, at random, or (`chosen`) more often where the judge prefers "new".
    """
    generator = np.random.default_rng(seed)
    n, prompt = prompts * answers, np.repeat(np.arange(prompts), answers)
    logit = 0.3 + generator.normal(0, spread, prompts)[prompt] + generator.normal(0, 0.5, n)
    wanted = (generator.random(n) < 1 / (1 + np.exp(-logit))).astype(float)
    said = np.where(generator.random(n) < right, wanted, (generator.random(n) < lean).astype(float))
    share = labelled * np.where(said == 1, 1.4, 0.6) if chosen else labelled
    known = generator.random(n) < share
    turned = generator.random(n) < 0.5
    label, verdict = (np.where(turned, 1 - values, values) for values in (wanted, said))
    sides = {"item_a": (turned * 1, ["new", "old"]), "item_b": (1 - turned * 1, ["new", "old"])}
    return rows_of(
        np.where(known, label, np.nan),
        verdict,
        prompt=prompt + 10**6 * seed,
        names=sides,
        side_a=hashes_of(turned * 1),
        side_b=hashes_of(1 - turned * 1),
    )


def true_win_rate(spread: float = 1.0) -> float:
    """P(people prefer "new") in that world."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(61)
    logit = 0.3 + np.sqrt(spread**2 + 0.25) * nodes
    return float((weights / weights.sum()) @ (1 / (1 + np.exp(-logit))))


def conclude(rows: Rows, **params: object) -> Result:
    """Observe in one segment and conclude."""
    parameters = JudgeParameters.parse(params)
    return ANALYSIS.conclude(ANALYSIS.observe(rows, parameters), parameters)
