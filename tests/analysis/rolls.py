"""Rollouts with a known truth: rows as analyses read them, and the same as a pandas table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from engine.analysis import ANALYSES
from engine.types import FINE_BUCKETS, Result, Rows

ANALYSIS = ANALYSES["rollouts"]


def table(
    prompts: int = 400,
    steps: int = 20,
    answers: int = 4,
    seed: int = 0,
    *,
    rise: float = 0.3,
    slope: float = 0.0005,
    growth: float = 8.0,
    again: int = 1,
    shared: bool = True,
) -> pd.DataFrame:
    """Each prompt answered `answers` times at each of `again` random steps.

    The mean reward rises by `rise` from the first step to the last; within a prompt at a step a token more gives
    `slope`; lengths grow by `growth` a step. Gold is the reward without its rise. With `shared`, the answers to a
    quarter of the prompts share a reward.
    """
    rng = np.random.default_rng(seed)
    at = np.stack([rng.permutation(steps)[:again] for _ in range(prompts)])
    prompt = np.repeat(np.arange(prompts), again * answers)
    step = np.repeat(at.ravel(), answers)
    mean = 100 + growth * step
    length = np.maximum(np.round(mean + rng.normal(0, 30, len(step))), 1)
    own = np.repeat(rng.normal(0, 0.5, prompts), again * answers)
    noise = rng.normal(0, 0.3, len(step))
    gold = own + noise + slope * (length - mean)
    reward = gold + rise * step / max(steps - 1, 1)
    share = np.repeat(rng.random(prompts * again) < 0.25 * shared, answers)
    reward = np.where(share, np.repeat(reward[::answers], answers), reward)
    return pd.DataFrame(
        {
            "prompt": prompt,
            "step": step,
            "reward": reward,
            "gold": gold,
            "length": length,
            "kl": 0.02 * step + 0 * own,
            "entropy": 2 - 0.03 * step,
            "truncated": (length > 200).astype(float),
            "run": "only",
        }
    )


def rows(made: pd.DataFrame, seed: int = 0, **numbers: Any) -> Rows:
    """The table as rows; a bucket is of a prompt, and hashes are drawn with the seed."""
    rng = np.random.default_rng(seed + 1)
    names, prompt = np.unique(made["prompt"], return_inverse=True)
    hashes = rng.integers(0, 2**64, len(names), dtype=np.uint64)[prompt]
    columns: dict[str, Any] = {
        "row_hash": rng.integers(0, 2**64, len(made), dtype=np.uint64),
        "prompt_hash": hashes,
        "bucket": (hashes % np.uint64(FINE_BUCKETS)).astype(np.uint16),
        "step": made["step"].to_numpy(np.int64),
    }
    for name in ("reward", "gold", "length", "kl", "entropy", "truncated", "time"):
        if name in made:
            columns[name] = made[name].to_numpy(float)
    runs = sorted(set(made["run"]))
    codes = made["run"].map(runs.index).to_numpy(np.int32)
    return Rows("rollout", columns, names={"run": (codes, runs)}, numbers=numbers)


def conclude(given: Rows, **params: Any) -> Result:
    """The result of these rows."""
    parsed = ANALYSIS.parameters.parse(params)
    return ANALYSIS.conclude(ANALYSIS.observe(given, parsed), parsed)
