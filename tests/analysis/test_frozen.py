"""Whole conclusions, number by number, as they were when checked: a change of any of them is meant or wrong.

`python -m tests.analysis.test_frozen` writes the file anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.types import Rows
from tests.analysis.worlds import changed, conclude, pairs, scores, sliced

FILE = Path(__file__).with_name("frozen.json")


def with_columns(rows: Rows, seed: int) -> Rows:
    generator = np.random.default_rng(seed)
    n = len(rows)
    return sliced(
        rows,
        domain=(generator.integers(-1, 3, n), ["math", "code", "chat"]),
        tone=(generator.integers(0, 2, n), ["plain", "rude"]),
    )


def worlds() -> dict[str, tuple[Rows, dict[str, Any]]]:
    generator = np.random.default_rng(0)
    two = pairs(1500, stretch=1.6, prompts=400, seed=1)
    margin = two.columns["margin"].copy()
    margin[::97] = 0.0
    margin[::89] *= 12
    votes = generator.integers(1, 6, 1500).astype(np.int32)
    soft = generator.binomial(votes, np.clip(0.15 + 0.7 * two.columns["label"], 0, 1)) / votes
    first = generator.integers(-1, 2, 1500).astype(np.int8)
    two = with_columns(changed(two, margin=margin, votes=votes, label=soft, first=first), 2)
    one = scores(1500, stretch=1.5, shift=0.4, prompts=90, seed=3)
    one = with_columns(changed(one, value=np.round(one.columns["value"] * 100)), 4)
    plain = pairs(120, stretch=0.7, seed=5)
    return {
        "pairs": (two, {}),
        "pairs, ten bins": (two, {"bins": 10, "level": 0.9, "seed": 7, "recalibrator": "isotonic"}),
        "pairs of one slice": (two, {"slice": "domain=code", "recalibrator": "flexible"}),
        "few pairs": (plain, {}),
        "scores": (one, {"scale": 100.0, "recalibrator": "beta"}),
        "scores, thirty bins": (one, {"scale": 100.0, "bins": 30, "recalibrator": "platt"}),
    }


def frozen(rows: Rows, params: dict[str, Any]) -> dict[str, Any]:
    told = conclude(rows, **params).to_dict()
    del told["evidence"], told["items"], told["pairs"]
    return json.loads(json.dumps(told))


def assert_close(found: Any, expected: Any, where: str) -> None:
    if isinstance(expected, dict):
        assert sorted(found) == sorted(expected), where
        for name in expected:
            assert_close(found[name], expected[name], f"{where}.{name}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for index, (one, other) in enumerate(zip(found, expected, strict=True)):
            assert_close(one, other, f"{where}[{index}]")
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-5, abs=1e-8), where
    else:
        assert found == expected, where


@pytest.mark.parametrize("name", list(worlds()))
def test_conclusions_stay_what_they_were(name):
    assert_close(frozen(*worlds()[name]), json.loads(FILE.read_text())[name], name)


if __name__ == "__main__":
    FILE.write_text(json.dumps({name: frozen(*world) for name, world in worlds().items()}, indent=1) + "\n")
