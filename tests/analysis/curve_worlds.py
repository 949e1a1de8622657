"""Training curves as they may be, with the truth known: `<world>(points, seed)` gives values at steps 0, 1, …"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from scipy.signal import lfilter

from engine.types import Rows

Curve = np.ndarray
NOISE = 0.03


def wandering(generator: np.random.Generator, points: int, keeps: float, step: float = NOISE) -> Curve:
    """Autoregressive noise that has run for long."""
    return np.asarray(lfilter([1.0], [1.0, -keeps], generator.normal(0, step, points + 300))[300:])


def saturating(points: int, seed: int, keeps: float = 0.5, changing: bool = True) -> Curve:
    """A power law that saturates, with a change of level somewhere: what the forecast's dictionary holds."""
    generator, time = np.random.default_rng([seed, 1]), np.linspace(0, 1, points)
    limit, height, scale, power = _law(generator)
    trend = limit - height * (1 + time / scale) ** -power
    step = generator.normal(0, 0.05) * (time > generator.uniform(0.2, 0.7)) if changing else 0.0
    return np.asarray(trend + step + wandering(generator, points, keeps))


def limit_of(seed: int) -> float:
    """What `saturating` of these ends on."""
    generator = np.random.default_rng([seed, 1])
    return _law(generator)[0] + float(generator.normal(0, 0.05))


def _law(generator: np.random.Generator) -> tuple[float, float, float, float]:
    """Limit, height, scale and power of a power law."""
    ends = ((0.5, 1.0), (0.3, 0.8), (0.01, 0.2), (0.4, 1.5))
    limit, height, scale, power = (float(generator.uniform(*one)) for one in ends)
    return limit, height, scale, power


def slow(points: int, seed: int) -> Curve:
    """The same without a change, under noise that lasts."""
    return saturating(points, seed, keeps=0.95, changing=False)


def logarithmic(points: int, seed: int) -> Curve:
    """A logarithm with a change of level."""
    generator, time = np.random.default_rng([seed, 2]), np.linspace(0, 1, points)
    trend = 0.1 * np.log1p(time / generator.uniform(0.002, 0.1))
    step = generator.normal(0, 0.1) * (time > generator.uniform(0.2, 0.7))
    return np.asarray(trend + step + wandering(generator, points, 0.5))


def kinked(points: int, seed: int) -> Curve:
    """A straight line that bends once."""
    generator, time = np.random.default_rng([seed, 3]), np.linspace(0, 1, points)
    bend = generator.normal(0, 0.5) * np.maximum(time - generator.uniform(0.2, 0.7), 0)
    return np.asarray(generator.normal(0, 0.5) * time + bend + wandering(generator, points, 0.5))


def walk(points: int, seed: int) -> Curve:
    """A random walk."""
    return np.asarray(np.cumsum(np.random.default_rng([seed, 4]).normal(0, NOISE, points)))


def swinging(points: int, seed: int) -> Curve:
    """Slow waves of changing length on a line: nothing of the dictionary."""
    generator, time = np.random.default_rng([seed, 5]), np.linspace(0, 1, points)
    phase = 2 * np.pi * (generator.uniform(2, 6) * time + 0.3 * np.sin(generator.uniform(3, 9) * time))
    trend = generator.uniform(0.05, 0.15) * np.sin(phase + generator.uniform(0, 6)) + 0.2 * time
    return np.asarray(trend + wandering(generator, points, 0.5))


def heavy(points: int, seed: int) -> Curve:
    """The saturating curve under noise of heavy tails that grows."""
    generator, time = np.random.default_rng([seed, 6]), np.linspace(0, 1, points)
    noise = generator.standard_t(3, points) * NOISE * (0.5 + time) / np.sqrt(3)
    return np.asarray(0.8 - 0.6 * np.exp(-time / generator.uniform(0.05, 0.3)) + noise)


WORLDS: Mapping[str, Callable[[int, int], Curve]] = {
    "saturating power law, change of level, AR .5": saturating,
    "logarithm, change of level": logarithmic,
    "line with a kink": kinked,
    "saturating power law, AR .95": slow,
    "random walk": walk,
    "slow waves": swinging,
    "heavy tails that grow": heavy,
}


def rows(
    values: Curve, at: np.ndarray | None = None, *, by: str = "step", run: str = "run", metric: str = "reward"
) -> Rows:
    """Curve rows of one line."""
    size = len(values)
    where = np.arange(size, dtype=float) if at is None else at
    hashes = np.arange(size).astype(np.uint64) + np.uint64(abs(hash((run, metric))) % 10**9)
    columns = {
        "value": values,
        "step": where if by == "step" else np.full(size, -1.0),
        "time": where if by == "time" else np.full(size, np.nan),
        "source_line": np.arange(size),
        "prompt_hash": hashes,
        "row_hash": hashes,
        "bucket": (hashes % np.uint64(4096)).astype(np.uint16),
    }
    code = np.zeros(size, np.int32)
    names = {"run": (code, [run]), "metric": (code, [metric]), "source": (code, [metric]), "unit": (code, [""])}
    return Rows("curve", columns, names=names)
