"""Small simulated datasets with a known truth."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from engine.analysis import Calibration, CalibrationParameters
from engine.types import Result, Rows

ANALYSIS = Calibration()
DEFAULTS = CalibrationParameters()


def hashes_of(prompt: np.ndarray) -> np.ndarray:
    """A well-mixed 64-bit hash of each prompt number."""
    mixed = prompt.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return mixed ^ (mixed >> np.uint64(31))


def identity(n: int, prompts: int | None = None, start: int = 0) -> dict[str, np.ndarray]:
    """Bucket, row hash and prompt hash of n rows spread over so many prompts."""
    row = np.arange(start, start + n)
    prompt = hashes_of(row if prompts is None else row % prompts)
    return {
        "bucket": (prompt % np.uint64(4096)).astype(np.uint16),
        "row_hash": hashes_of(row + 10**9),
        "prompt_hash": prompt,
    }


def pairs(n: int, *, stretch: float = 1.0, seed: int = 0, prompts: int | None = None, **extra: np.ndarray) -> Rows:
    """Pairs whose margin is `stretch` times the true logit."""
    generator = np.random.default_rng(seed)
    logit = generator.normal(0.3, 1.3, n)
    label = (generator.random(n) < expit(logit)).astype(float)
    return Rows("comparison", {"margin": logit * stretch, "label": label, **identity(n, prompts), **extra})


def scores(n: int, *, stretch: float = 1.0, shift: float = 0.0, seed: int = 0, prompts: int | None = None) -> Rows:
    """Scores in [0, 1] whose logit is `stretch` times the true logit plus `shift`."""
    generator = np.random.default_rng(seed)
    logit = generator.normal(0.5, 1.2, n)
    truth = (generator.random(n) < expit(logit)).astype(float)
    return Rows("score", {"value": expit(logit * stretch + shift), "truth": truth, **identity(n, prompts)})


def take(rows: Rows, which: np.ndarray | slice) -> Rows:
    """Some of the rows."""
    columns = {name: column[which] for name, column in rows.columns.items()}
    return Rows(rows.kind, columns, {name: (codes[which], values) for name, (codes, values) in rows.slices.items()})


def sliced(rows: Rows, **columns: tuple[np.ndarray, list[str]]) -> Rows:
    """The same rows with slice columns."""
    found = {name: (np.asarray(codes, np.int32), values) for name, (codes, values) in columns.items()}
    return Rows(rows.kind, rows.columns, found)


def changed(rows: Rows, **columns: np.ndarray) -> Rows:
    """The same rows with other columns."""
    return Rows(rows.kind, {**rows.columns, **columns}, rows.slices)


def conclude(rows: Rows, **params: object) -> Result:
    """Observe in one segment and conclude."""
    parameters = CalibrationParameters.parse(params)
    return ANALYSIS.conclude(ANALYSIS.observe(rows, parameters), parameters)


def value(result: Result, name: str) -> float:
    """An estimate that must be there."""
    found = result.estimates[name].value
    assert found is not None, name
    return found
