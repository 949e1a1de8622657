"""Simulated trials: rows of curves with parameters, as the reader gives them."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.analysis import ANALYSES
from engine.types import Result, Rows


def franke(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Franke's test function (1979) on the unit square."""
    return (
        0.75 * np.exp(-((9 * x - 2) ** 2 + (9 * y - 2) ** 2) / 4)
        + 0.75 * np.exp(-((9 * x + 1) ** 2) / 49 - (9 * y + 1) / 10)
        + 0.5 * np.exp(-((9 * x - 7) ** 2 + (9 * y - 3) ** 2) / 4)
        - 0.2 * np.exp(-((9 * x - 4) ** 2) - (9 * y - 7) ** 2)
    )


def hill(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """A hill with its top at (.6, .55)."""
    return 0.7 - 0.8 * (u - 0.6) ** 2 - 0.5 * (v - 0.55) ** 2


def places(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """n places in the unit square."""
    u, v = np.random.default_rng(seed).random((2, n))
    return u, v


def rate(u: np.ndarray) -> np.ndarray:
    """A learning rate from 1e-6 to 1e-4."""
    return 10 ** (2 * u - 6)


def rows(
    value: Any, config: dict[str, Any], run: list[str] | None = None, step: Any = None, metric: str = "reward"
) -> Rows:
    """Points of trials: a value each (NaN for none), its parameters, its run (one of its own where None), its step."""
    value = np.asarray(value, float)
    n = len(value)
    names = run or [f"trial {place:04}" for place in range(n)]
    known = sorted(set(names))
    code = np.array([known.index(name) for name in names], np.int32)
    hashes = np.random.default_rng(7).integers(0, 2**63, n, dtype=np.uint64)
    columns = {
        "value": value,
        "step": np.asarray(np.full(n, 1) if step is None else step, np.int64),
        "source_line": np.arange(n, dtype=float),
        "bucket": (hashes % np.uint64(4096)).astype(np.uint16),
        "row_hash": hashes,
    }
    coded = {"run": (code, known), "metric": (np.zeros(n, np.int32), [metric])}
    numbers = {f"config.{name}": np.broadcast_to(np.asarray(one, float), (n,)) for name, one in config.items()}
    return Rows("curve", columns, names=coded, numbers=numbers)


def conclude(name: str, given: Rows, **params: Any) -> Result:
    """The answer of an analysis on rows."""
    analysis = ANALYSES[name]
    parameters = analysis.parameters.parse(params)
    return analysis.conclude(analysis.observe(given, parameters), parameters)


def scattered(n: int = 29, noise: float = 0.02, seed: int = 0) -> Rows:
    """Trials over learning rate and beta on the hill."""
    u, v = places(n, seed)
    z = hill(u, v) + np.random.default_rng(seed + 1).normal(0, noise, n)
    return rows(z, {"learning_rate": rate(u), "beta": v})
