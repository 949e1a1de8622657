"""Made-up training: streams that stay, wander or saturate, and rollouts of a policy that begins to hack its reward."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.signal import lfilter

from engine.types import Rows
from tests.analysis.compare_worlds import named

HEALTHY = ("white", "ar_5", "ar_9", "saturating", "random_walk")


def stream(kind: str, points: int, generator: np.random.Generator) -> np.ndarray:
    """A healthy stream: white noise, autoregressions, a saturating curve with white noise, a random walk."""
    noise = generator.normal(size=points + 100)
    if kind in ("ar_5", "ar_9"):
        strength = 0.5 if kind == "ar_5" else 0.9
        return lfilter([1.0], [1.0, -strength], noise)[100:]
    if kind == "random_walk":
        return np.cumsum(noise[100:])
    if kind == "saturating":
        return 10 * (1 - np.exp(-np.arange(points) / (points / 6))) + noise[100:]
    return noise[100:]


def keys(prompt: np.ndarray) -> dict[str, np.ndarray]:
    """What identifies rows: prompts by number, every row another."""
    hashes = prompt.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    rows = np.arange(1, len(prompt) + 1, dtype=np.uint64) * np.uint64(0xD1342543DE82EF95)
    return {"prompt_hash": hashes, "bucket": (hashes % np.uint64(4096)).astype(np.uint16), "row_hash": rows}


def curves(metrics: dict[str, np.ndarray], run: str = "", start: int = 1) -> Rows:
    """Each metric at steps from `start` on."""
    names, value = list(metrics), np.concatenate(list(metrics.values()))
    metric = np.repeat(np.arange(len(names)), [len(each) for each in metrics.values()])
    step = np.concatenate([np.arange(start, start + len(each)) for each in metrics.values()])
    columns = {
        "value": value,
        "step": step,
        "source_line": np.arange(len(value), dtype=float),
        "time": np.full(len(value), np.nan),
        **keys(np.arange(len(value))),
    }
    called = {"metric": named(metric, names), "source": named(metric, names)}
    if run:
        called["run"] = named(np.zeros(len(value), np.int64), [run])
    return Rows("curve", columns, names=called)


def several(*parts: Rows) -> Rows:
    """Runs of curves in one dataset."""
    columns = {name: np.concatenate([part.columns[name] for part in parts]) for name in parts[0].columns}
    columns |= {"source_line": np.arange(len(columns["value"]), dtype=float), **keys(np.arange(len(columns["value"])))}
    called = {}
    for name in ("metric", "source", "run"):
        words = sorted({word for part in parts for word in part.names[name][1]})
        codes = [np.array([words.index(word) for word in part.names[name][1]])[part.names[name][0]] for part in parts]
        called[name] = named(np.concatenate(codes), words)
    return Rows("curve", columns, names=called)


def rollouts(
    steps: int = 160,
    prompts: int = 16,
    answers: int = 4,
    onset: int | None = None,
    slope: float = 0.05,
    seed: int = 0,
    **also: Any,
) -> Rows:
    """Rollouts whose quality rises; from step `onset` on the proxy gains `slope` a step that is not quality.

    `also`: `gold=False` leaves the gold rewards out; `lengthens`: a step from which answers grow by 4 tokens a step.
    """
    generator = np.random.default_rng(seed)
    count = steps * prompts * answers
    step = np.repeat(np.arange(1, steps + 1), prompts * answers)
    prompt = np.repeat(generator.integers(0, 100_000, steps * prompts), answers)
    hard = np.repeat(generator.normal(0, 0.7, steps * prompts), answers)
    quality = 2 * (1 - np.exp(-step / 60)) + hard + generator.normal(0, 0.7, count)
    extra = np.zeros(count) if onset is None else slope * np.maximum(step - onset + 1, 0)
    length = generator.normal(200, 30, count)
    if also.get("lengthens"):
        length += 4 * np.maximum(step - also["lengthens"] + 1, 0)
    columns = {
        "reward": 3 * (quality + extra + generator.normal(0, 0.5, count)) + 1,
        "gold": quality - extra / 2 + generator.normal(0, 0.5, count),
        "length": length,
        "entropy": generator.gamma(4, 0.5, count),
        "truncated": (generator.random(count) < 0.02) * 1.0,
        "step": step,
        **keys(prompt),
    }
    if not also.get("gold", True):
        del columns["gold"]
    return Rows("rollout", columns)
