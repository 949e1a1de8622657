"""Every result is made of plain Python values with finite numbers, so the standard json module writes it."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.types import Rows
from tests.analysis.worlds import changed, conclude, pairs, scores, sliced

PLAIN = {dict, list, str, int, float, bool, type(None)}


def strange(value: Any, where: str) -> list[str]:
    """Where something is not plain, or not finite."""
    if type(value) not in PLAIN:
        return [f"{where}: {type(value).__name__}"]
    if isinstance(value, dict):
        return [found for name, part in value.items() for found in strange(part, f"{where}.{name}")]
    if isinstance(value, list):
        return [found for place, part in enumerate(value) for found in strange(part, f"{where}[{place}]")]
    return [f"{where}: {value}"] if isinstance(value, float) and not math.isfinite(value) else []


def with_slices(rows: Rows, seed: int) -> Rows:
    generator = np.random.default_rng(seed)
    n = len(rows)
    domain, tone = generator.integers(-1, 3, n), generator.integers(0, 2, n)
    return sliced(rows, domain=(domain, ["math", "code", "chat"]), tone=(tone, ["plain", "rude"]))


def with_votes(rows: Rows, seed: int) -> Rows:
    generator = np.random.default_rng(seed)
    n = len(rows)
    votes = generator.integers(1, 4, n).astype(np.int32)
    first = generator.integers(-1, 2, n).astype(np.int8)
    return changed(rows, votes=votes, first=first, label=generator.binomial(votes, 0.6) / votes)


def constant(rows: Rows, seed: int) -> Rows:
    name = "margin" if rows.kind == "comparison" else "value"
    return changed(rows, **{name: np.full(len(rows), seed % 2 / 2)})


def separated(rows: Rows, seed: int) -> Rows:
    if rows.kind == "score":
        return changed(rows, truth=(rows.columns["value"] > 0.5) * 1.0)
    return changed(rows, label=(rows.columns["margin"] > 0) * 1.0)


def certain(rows: Rows, seed: int) -> Rows:
    if rows.kind == "score":
        return changed(rows, value=np.round(rows.columns["value"]))
    return changed(rows, margin=rows.columns["margin"] * 10.0 ** (seed % 4))


SHAPES = [with_slices, with_votes, constant, separated, certain]


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    make=st.sampled_from([pairs, scores]),
    shape=st.sampled_from(SHAPES),
    n=st.integers(30, 400),
    stretch=st.sampled_from([0.3, 1.0, 4.0]),
    seed=st.integers(0, 50),
)
def test_results_of_all_kinds_of_data(make, shape, n, stretch, seed):
    rows = make(n, stretch=stretch, seed=seed)
    rows = shape(rows, seed) if not (shape is with_votes and rows.kind == "score") else rows
    told = conclude(rows).to_dict()
    assert strange(told, "result") == []
    assert json.loads(json.dumps(told, allow_nan=False)) == told


@pytest.mark.parametrize("params", [{}, {"slice": "domain=code"}, {"recalibrator": "isotonic", "bins": 20}])
def test_results_with_slices_that_are_found_and_confirmed(params):
    rows = with_slices(pairs(6000, prompts=3000), 1)
    wrong = (rows.slices["domain"][0] == 0) & (np.random.default_rng(0).random(6000) < 0.8)
    rows = changed(rows, label=np.where(wrong, 1 - rows.columns["label"], rows.columns["label"]))
    told = conclude(rows, **params).to_dict()
    assert strange(told, "result") == []
    assert params.get("slice") or any(one["confirmed"] is True for one in told["slices"])


def test_a_number_of_prompts_that_is_an_estimate_says_so():
    exact, estimated = conclude(pairs(8000)), conclude(with_slices(pairs(9000), 1))
    assert exact.dataset["prompts_approximate"] is False
    assert "on 8,000 pairs of 8,000 prompts" in exact.sentence
    assert estimated.dataset["prompts_approximate"] is True
    prompts = estimated.dataset["prompts"]
    assert prompts == pytest.approx(9000, rel=0.05)
    assert prompts % 10 == 0
    assert f"on 9,000 pairs of about {prompts:,} prompts" in estimated.sentence
    assert all(one["prompts_approximate"] is True for one in estimated.slices if one["rows"] > 1500)
    few = conclude(with_slices(pairs(900), 1))
    assert [one["prompts_approximate"] for one in few.slices] == [False] * len(few.slices)
    assert few.slices
