"""Simulated systems on the same prompts, with a known difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from engine.analysis import Compare, CompareParameters
from engine.types import Result, Rows
from tests.analysis.worlds import hashes_of

ANALYSIS = Compare()
DEFAULTS = CompareParameters()


def identity(prompt: np.ndarray, start: int = 0) -> dict[str, np.ndarray]:
    """Bucket, row hash and prompt hash of rows of these prompt numbers."""
    hashes = hashes_of(prompt)
    return {
        "bucket": (hashes % np.uint64(4096)).astype(np.uint16),
        "row_hash": hashes_of(np.arange(start, start + len(prompt)) + 10**9),
        "prompt_hash": hashes,
    }


def apart(n: int) -> np.ndarray:
    """The first n prompt numbers of which no two lie in one bucket."""
    first = np.unique(identity(np.arange(8 * n))["bucket"], return_index=True)[1]
    return np.sort(first)[:n]


def pairs_of(marks: Mapping[str, np.ndarray], prompt: np.ndarray, side: np.ndarray | None = None) -> Rows:
    """Comparisons judged by several judges: `marks` says by judge, 1, 0 or ½, whether each pair is judged right."""
    generator = np.random.default_rng(len(prompt))
    n, judges = len(prompt), list(marks)
    label = np.tile(generator.integers(0, 2, n).astype(float), len(judges))
    right = np.concatenate([np.asarray(marks[judge], float) for judge in judges])
    columns = {
        "label": label,
        "margin": (2 * right - 1) * (2 * label - 1) * np.tile(generator.random(n) + 0.5, len(judges)),
        **identity(np.tile(prompt, len(judges))),
    }
    if side is not None:
        columns["side_a"] = np.tile(hashes_of(2 * side), len(judges))
        columns["side_b"] = np.tile(hashes_of(2 * side + 1), len(judges))
    return Rows("comparison", columns, {}, {"judge": named(np.repeat(np.arange(len(judges)), n), judges)})


def scores_of(values: Mapping[str, np.ndarray], prompt: np.ndarray, truth: np.ndarray | None = None) -> Rows:
    """Scores of several items on the same prompts."""
    items = list(values)
    columns = {
        "value": np.concatenate([np.asarray(values[item], float) for item in items]),
        "truth": np.full(len(items) * len(prompt), np.nan) if truth is None else np.tile(truth, len(items)),
        **identity(np.tile(prompt, len(items))),
    }
    return Rows("score", columns, {}, {"item": named(np.repeat(np.arange(len(items)), len(prompt)), items)})


def named(codes: np.ndarray, values: list[str]) -> tuple[np.ndarray, list[str]]:
    order = sorted(values)
    return np.array([order.index(value) for value in values], np.int32)[codes], order


def coins(n: int, shares: Mapping[str, float], seed: int = 0, same: float = 0.5) -> dict[str, np.ndarray]:
    """Marks of several systems, right as often as `shares` says, alike on a share `same` of the prompts."""
    generator = np.random.default_rng(seed)
    shared, alike = generator.random(n), generator.random(n) < same
    return {
        name: (np.where(alike, shared, generator.random(n)) < share).astype(float) for name, share in shares.items()
    }


def take(rows: Rows, which: np.ndarray | slice) -> Rows:
    """Some of the rows, names and slices with them."""
    return replace(
        rows,
        columns={name: column[which] for name, column in rows.columns.items()},
        slices={name: (codes[which], values) for name, (codes, values) in rows.slices.items()},
        names={name: (codes[which], values) for name, (codes, values) in rows.names.items()},
    )


def conclude(rows: Rows, **params: Any) -> Result:
    """Observe in one segment and conclude."""
    parameters = CompareParameters.parse(params)
    return ANALYSIS.conclude(ANALYSIS.observe(rows, parameters), parameters)
