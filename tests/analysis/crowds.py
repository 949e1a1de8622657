"""Small simulated crowds whose annotators have a known quality."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.analysis import Agreement, AgreementParameters
from engine.types import Result, Rows
from tests.analysis.worlds import hashes_of

ANALYSIS = Agreement()
DEFAULTS = AgreementParameters()


def rows_of(
    prompt: np.ndarray,
    rater: np.ndarray,
    label: np.ndarray,
    names: Sequence[str],
    *,
    sides: tuple[np.ndarray, np.ndarray] | None = None,
    items: tuple[np.ndarray, np.ndarray, Sequence[str]] | None = None,
    **more: np.ndarray,
) -> Rows:
    """Comparisons of answers `a` and `b` of prompts; sides are hashes, those of the prompt's answers unless given."""
    hashes = hashes_of(prompt)
    one, other = sides or (hashes_of(prompt + 10**7), hashes_of(prompt + 2 * 10**7))
    coded = {"annotator": (rater.astype(np.int32), list(names))}
    if items is not None:
        a, b, called = items
        coded |= {"item_a": (a.astype(np.int32), list(called)), "item_b": (b.astype(np.int32), list(called))}
        one, other = hashes_of(a), hashes_of(b)
    columns = {
        "bucket": (hashes % np.uint64(4096)).astype(np.uint16),
        "row_hash": hashes_of(np.arange(len(prompt)) + 10**9),
        "prompt_hash": hashes,
        "margin": np.full(len(prompt), np.nan),
        "label": np.asarray(label, float),
        "side_a": one,
        "side_b": other,
        **more,
    }
    return Rows("comparison", columns, {}, coded)


def scores_of(
    prompt: np.ndarray, rater: np.ndarray, value: np.ndarray, names: Sequence[str], **names_of: object
) -> Rows:
    """Scores of one answer a prompt."""
    hashes = hashes_of(prompt)
    columns = {
        "bucket": (hashes % np.uint64(4096)).astype(np.uint16),
        "row_hash": hashes_of(np.arange(len(prompt)) + 10**9),
        "prompt_hash": hashes,
        "value": np.asarray(value, float),
        "truth": np.full(len(prompt), np.nan),
    }
    return Rows("score", columns, {}, {"annotator": (rater.astype(np.int32), list(names)), **names_of})


def crowd(
    units: int,
    quality: Sequence[float],
    *,
    per_unit: int = 3,
    prompts: int | None = None,
    seed: int = 0,
    ties: float = 0.0,
    fixed: bool = False,
    uneven: bool = False,
) -> Rows:
    """Each unit is judged by `per_unit` annotators, who say the true side with their own probability.

    `ties`: the share of units that are truly tied; who is wrong then says either side. `fixed`: all units have the same
    two sides. `uneven`: prompts differ in difficulty, half of them leave everybody nearer to a guess. Answers are shown
    in either order.
    """
    generator = np.random.default_rng(seed)
    truth = np.where(generator.random(units) < ties, 1, 2 * generator.integers(0, 2, units))
    rater = np.argsort(generator.random((units, len(quality))), axis=1)[:, :per_unit].ravel()
    unit = np.repeat(np.arange(units), per_unit)
    prompt = unit if prompts is None else unit % prompts
    ease = np.where(generator.random(units)[prompt] < 0.5, 0.4, 1.0) if uneven else 1.0
    right = generator.random(len(unit)) < 0.5 + (np.asarray(quality)[rater] - 0.5) * ease
    others = np.where(generator.random(len(unit)) < (0.5 if ties else 1.1), 1, 2)
    wrong = (truth[unit] + others) % 3 if ties else 2 - truth[unit]
    said = np.where(right, truth[unit], wrong) / 2
    shown = generator.random(len(unit)) < 0.5
    one = hashes_of(np.full(len(unit), 1) if fixed else unit + 10**7)
    other = hashes_of(np.full(len(unit), 2) if fixed else unit + 2 * 10**7)
    sides = np.where(shown, one, other), np.where(shown, other, one)
    return rows_of(
        prompt,
        rater,
        np.where(shown, said, 1 - said),
        [f"rater {number:02}" for number in range(len(quality))],
        sides=sides,
        first=np.ones(len(unit), np.int8),
    )


def conclude(rows: Rows, **params: object) -> Result:
    """Observe in one segment and conclude."""
    parameters = AgreementParameters.parse(params)
    return ANALYSIS.conclude(ANALYSIS.observe(rows, parameters), parameters)
