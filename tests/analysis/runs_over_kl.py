"""Simulated runs whose gold reward follows a known curve over √KL, with errors that hang together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.signal import lfilter

from engine.analysis import Overoptimisation, OveroptimisationParameters
from engine.types import Result, Rows
from tests.analysis.compare_worlds import identity, named

ANALYSIS = Overoptimisation()


def conclude(rows: Rows, **params: Any) -> Result:
    """Observe in one segment and conclude."""
    parameters = OveroptimisationParameters.parse(params)
    return ANALYSIS.conclude(ANALYSIS.observe(rows, parameters), parameters)


def autoregressive(generator: np.random.Generator, n: int, rho: float) -> np.ndarray:
    """Stationary errors of variance 1."""
    return np.asarray(lfilter([1], [1, -rho], generator.normal(size=n + 300))[300:] * np.sqrt(1 - rho**2))


def gold_at(form: str, d: np.ndarray, peak: float, height: float = 1.0) -> np.ndarray:
    """The curve of a form that is highest, `height` above its start, at d = `peak`."""
    if form == "bon":
        return height * d / peak * (2 - d / peak)
    return height * d / peak * (1 - np.log(np.maximum(d, 1e-12) / peak))


def path(n: int, most: float) -> np.ndarray:
    """√KL over the steps of a run: quick at first."""
    return np.asarray(most * np.linspace(0, 1, n) ** 0.6)


def curves(metrics: Mapping[str, np.ndarray], step: np.ndarray | None = None, unit: str = "", run: str = "one") -> Rows:
    """Points of one run: by source name its values at each step, NaN where there are none."""
    return together({run: metrics}, step, unit)


KNOWN = {"objective/kl": "kl_ref", "kl": "kl_ref", "actor/ppo_kl": "kl_step", "actor/kl_loss": "kl_ref"}


def together(runs: Mapping[str, Mapping[str, np.ndarray]], step: np.ndarray | None = None, unit: str = "") -> Rows:
    """Points of several runs."""
    sources = list(dict.fromkeys(name for metrics in runs.values() for name in metrics))
    metrics_of = [KNOWN.get(name, name) for name in sources]
    known = sorted(set(metrics_of))
    parts = []
    for place, metrics in enumerate(runs.values()):
        for name, values in metrics.items():
            at = np.arange(len(values)) * 10.0 if step is None else step
            kept = np.isfinite(values)
            parts.append((np.full(kept.sum(), place), np.full(kept.sum(), sources.index(name)), at[kept], values[kept]))
    run, source, at, value = (np.concatenate(each) for each in zip(*parts, strict=True))
    rows = identity(np.arange(len(run)))
    columns = {"value": value, "step": at.astype(np.int64), "source_line": np.arange(len(run)) * 1.0, **rows}
    names = {
        "run": named(run, list(runs)),
        "source": named(source, sources),
        "metric": (np.array([known.index(name) for name in metrics_of], np.int32)[source], known),
    }
    if unit:
        is_kl = np.isin(source, [place for place, name in enumerate(metrics_of) if "kl" in name])
        names["unit"] = (np.where(is_kl, 0, -1).astype(np.int32), [unit])
    return Rows("curve", columns, {}, names)


def run(
    seed: int, n: int = 120, form: str = "bon", peak: float = 5.5, most: float = 7.6, rho: float = 0.5, sd: float = 0.05
) -> dict[str, np.ndarray]:
    """KL, proxy and gold of one run."""
    generator = np.random.default_rng([seed, n])
    d = path(n, most)
    gold = gold_at(form, d, peak) + 0.3 + sd * autoregressive(generator, n, rho)
    return {"objective/kl": d**2, "reward": 0.3 * d + generator.normal(0, 0.02, n), "gold_reward": gold}


def rollouts(
    seed: int = 0, steps: int = 40, prompts: int = 40, same: bool = True, spread: float = 0.0, gold: bool = True
) -> Rows:
    """Answers at each step, of the same prompts or of new ones; `spread`: how far prompts differ in their curves."""
    generator = np.random.default_rng(seed)
    d = np.repeat(path(steps, 7.6), prompts)
    place = np.tile(np.arange(prompts), steps)
    prompt = place if same else np.arange(steps * prompts)
    height = 1 + spread * generator.normal(size=prompts)[place]
    own = generator.normal(0, 0.5, prompts)[place]
    size = steps * prompts
    found = height * gold_at("bon", d, 5.5) + own + generator.normal(0, 0.3, size)
    rows = identity(prompt) | {"row_hash": identity(np.arange(size))["row_hash"]}
    columns = {
        "reward": 0.3 * d + generator.normal(0, 0.3, size),
        "gold": found if gold else np.full(size, np.nan),
        "kl": d**2 + generator.normal(0, 1 + 0.3 * d),
        "entropy": 2 - 0.15 * d,
        "length": np.round(200 + 40 * d),
        "step": np.repeat(np.arange(steps) * 10, prompts),
        **rows,
    }
    return Rows(
        "rollout", columns, numbers={"reward.format": np.minimum(0.2 * d, 0.8) + generator.normal(0, 0.05, size)}
    )
