"""A result of every analysis that has pictures, on small made-up worlds; with names of somebody's choosing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np

from engine.analysis import ANALYSES
from engine.types import Coded, Result, Rows
from tests.analysis import (
    battles,
    compare_worlds,
    crowds,
    drifts,
    judges,
    rolls,
    runs_over_kl,
    test_audit,
    test_bestofn,
    test_curves,
    training_worlds,
    trialing,
    worlds,
)
from tests.analysis.curve_worlds import rows as one_line
from tests.analysis.curve_worlds import saturating

Name = Callable[[str], str]

ROLES = {"kl_ref", "gold_reward", "gold", "reward", "objective/kl"}
BY_ROLE = ("tradeoff", "overoptimisation", "hackwatch")
"""Metrics that these analyses know by their names, which stay what they are."""


def _with_topics(rows: Rows, name: Name) -> Rows:
    n = len(rows)
    codes = np.random.default_rng(4).integers(0, 3, n).astype(np.int32)
    return replace(rows, slices={name("domain"): (codes, sorted(map(name, ["code", "law", "math"])))})


def _compared() -> Rows:
    marks = compare_worlds.coins(400, {"one": 0.7, "two": 0.6, "three": 0.5})
    return compare_worlds.pairs_of(marks, np.arange(400))


def _answers() -> Rows:
    generator = np.random.default_rng(2)
    value = generator.normal(size=1200)
    return test_bestofn.rows_of(value, np.repeat(np.arange(300), 4), value + generator.normal(size=1200))


def _runs() -> Rows:
    lines = {f"lr{rate}_seed{seed}": test_curves.line(0.1 * rate, seed=seed) for rate in (1, 2) for seed in range(3)}
    return test_curves.log({run: {"reward": line, "loss": line} for run, line in lines.items()})


_WORLDS: dict[str, Callable[[], tuple[Rows, dict[str, object]]]] = {
    "calibration": lambda: (worlds.pairs(1500, stretch=1.8, prompts=400, seed=1), {}),
    "ranking": lambda: (battles.battles(900, prompts=300), {}),
    "compare": lambda: (_compared(), {}),
    "agreement": lambda: (crowds.crowd(300, [0.9, 0.8, 0.7, 0.6]), {}),
    "judge": lambda: (judges.world(400), {}),
    "bestofn": lambda: (_answers(), {}),
    "audit": lambda: (test_audit.world(1500), {}),
    "curves": lambda: (_runs(), {}),
    "tradeoff": lambda: (runs_over_kl.curves(runs_over_kl.run(1)), {}),
    "whatif": lambda: (worlds.pairs(3000, prompts=800), {"threshold": 0.8, "target": 0.85}),
    "drift": lambda: (drifts.rollouts(600, length=0.8, seed=1), {}),
    "rollouts": lambda: (rolls.rows(rolls.table(200)), {}),
    "overoptimisation": lambda: (
        runs_over_kl.together({"first": runs_over_kl.run(1), "second": runs_over_kl.run(2)}),
        {},
    ),
    "forecast": lambda: (one_line(saturating(400, 1)), {"threshold": "0.9"}),
    "monitor": lambda: (training_worlds.curves({"kl_ref": _jump()}), {}),
    "hackwatch": lambda: (training_worlds.rollouts(onset=100), {}),
    "surface": lambda: (trialing.scattered(), {}),
    "sweep": lambda: (trialing.scattered(), {}),
}


def _jump() -> np.ndarray:
    values = np.random.default_rng(3).normal(size=400)
    values[250:] += 2
    return values


@cache
def result(analysis: str) -> Result:
    """What the analysis concludes of its world."""
    return result_of(analysis, str)


def result_of(analysis: str, name: Name) -> Result:
    """The same with every name that data bring written as `name` writes it."""
    rows, params = _WORLDS[analysis]()
    if not rows.slices and analysis in ("calibration", "compare", "audit", "ranking"):
        rows = _with_topics(rows, str)
    kind = ANALYSES[analysis]
    parsed = kind.parameters.parse(params)
    kept = ROLES if analysis in BY_ROLE else set()
    given = renamed(rows, lambda text: text if text in kept else name(text))
    found = kind.conclude(kind.observe(given, parsed), parsed)
    return replace(found, dataset={**found.dataset, "name": name("rows.jsonl"), "id": 1, "kind": rows.kind})


def renamed(rows: Rows, name: Name) -> Rows:
    """The same rows under other names: of columns, of their values, of models, judges, runs, metrics and parameters."""
    return replace(
        rows,
        slices={name(column): _called(coded, name) for column, coded in rows.slices.items()},
        names={column: _called(coded, name) for column, coded in rows.names.items()},
        styles=dict(rows.styles),
        numbers={_parameter(column, name): values for column, values in rows.numbers.items()},
    )


def _parameter(column: str, name: Name) -> str:
    prefix, _, own = column.partition(".")
    return f"{prefix}.{name(own)}"


def _called(coded: Coded, name: Name) -> Coded:
    codes, values = coded
    called = [name(value) for value in values]
    order = sorted(called)
    places = np.array([order.index(value) for value in called] or [0], np.int32)
    return np.where(codes < 0, -1, places[codes]).astype(np.int32), order


EVERY = tuple(_WORLDS)
