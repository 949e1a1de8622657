"""Simulated battles of items with known strengths."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import expit, softmax

from engine.analysis import Ranking, RankingParameters
from engine.types import Result, Rows
from tests.analysis.worlds import identity

ANALYSIS = Ranking()
DEFAULTS = RankingParameters()


def coded(names: Sequence[str | None]) -> tuple[np.ndarray, list[str]]:
    """Names as codes into their sorted values, −1 for None."""
    values = sorted({name for name in names if name is not None})
    at = {name: place for place, name in enumerate(values)}
    return np.array([-1 if name is None else at[name] for name in names], np.int32), values


def rows_of(
    a: Sequence[str | None],
    b: Sequence[str | None],
    label: Sequence[float],
    *,
    prompts: int | None = None,
    start: int = 0,
    **extra: np.ndarray,
) -> Rows:
    """Rows from names and labels, in so many prompts (each its own by default)."""
    columns = {"label": np.asarray(label, float), **identity(len(label), prompts, start), **extra}
    return Rows("comparison", columns, names={"item_a": coded(a), "item_b": coded(b)})


def battles(
    n: int,
    strengths: Sequence[float] = (0.8, 0.3, 0.0, -0.3, -0.8),
    *,
    nu: float = 0.0,
    prompts: int | None = None,
    spread: float = 0.0,
    length: float | None = None,
    seed: int = 0,
) -> Rows:
    """`n` battles of random pairs by Davidson's model; `spread` of a preference that the battles of a prompt share.

    With `length`, answers have lengths, stronger items longer ones, and this effect of a standard deviation of them.
    """
    generator = np.random.default_rng(seed)
    true = np.asarray(strengths, float)
    a = generator.integers(0, len(true), n)
    b = (a + generator.integers(1, len(true), n)) % len(true)
    prompt = np.arange(n) if prompts is None else np.arange(n) % prompts
    taste = generator.normal(0, spread, (prompt.max() + 1, len(true)))
    distance = true[a] - true[b] + taste[prompt, a] - taste[prompt, b]
    styles = {}
    if length is not None:
        sides = [np.round(generator.lognormal(5 + 0.2 * true[side], 0.4)) for side in (a, b)]
        difference = (sides[0] - sides[1]) / (sides[0] + sides[1])
        distance = distance + length * difference / np.sqrt(np.mean(np.square(difference)))
        styles = {"length": (sides[0], sides[1])}
    odds = np.stack([distance / 2, -distance / 2, np.full(n, np.log(nu) if nu else -np.inf)])
    win, loss, _ = softmax(odds, axis=0)
    draw = generator.random(n)
    label = np.where(draw < win, 1.0, np.where(draw < win + loss, 0.0, 0.5))
    names = [f"model {place}" for place in range(len(true))]
    rows = rows_of([names[i] for i in a], [names[i] for i in b], label, prompts=prompts)
    return Rows(rows.kind, rows.columns, rows.slices, rows.names, styles)


def take(rows: Rows, which: np.ndarray | slice) -> Rows:
    """Some of the rows."""
    return Rows(
        rows.kind,
        {name: column[which] for name, column in rows.columns.items()},
        {name: (codes[which], values) for name, (codes, values) in rows.slices.items()},
        {name: (codes[which], values) for name, (codes, values) in rows.names.items()},
        {name: tuple(side[which] for side in sides) for name, sides in rows.styles.items()},
    )


def conclude(rows: Rows, **params: object) -> Result:
    """Observe in one segment and conclude."""
    parameters = RankingParameters.parse(params)
    return ANALYSIS.conclude(ANALYSIS.observe(rows, parameters), parameters)


def strengths_of(result: Result) -> dict[str, float]:
    """The Elo value of each ranked item."""
    return {entry["item"]: entry["value"] for entry in result.items if entry["value"] is not None}


def true_logit(strengths: Sequence[float]) -> np.ndarray:
    """P(i beats j) of the model without ties: shape (items, items)."""
    true = np.asarray(strengths, float)
    return expit(true[:, None] - true[None, :])
