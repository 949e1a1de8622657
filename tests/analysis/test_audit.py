"""The audit against statsmodels and scipy, simulated biases, and its refusals."""

from __future__ import annotations

import gzip
import json
import os
from dataclasses import replace
from functools import reduce
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit

from engine import analyse
from engine.analysis import Audit, AuditParameters
from engine.analysis.audit.predict import _fit, auc
from engine.analysis.audit.rulers import right
from engine.errors import InputRefused, NotEnoughData, NotFound, UsageError
from engine.types import Result, Rows
from tests.analysis.compare_worlds import apart, identity
from tests.analysis.test_plain_results import strange
from tests.analysis.worlds import conclude as calibrate

GOLDEN = json.loads(Path(__file__).with_name("golden").joinpath("audit.json").read_text())
HOME = os.environ.get("PLUMBLINE_REAL_DATA", "")
ANALYSIS = Audit()


def rows_of(
    a: np.ndarray, b: np.ndarray, label: np.ndarray, margin: np.ndarray | None = None, prompt: np.ndarray | None = None
) -> Rows:
    prompt = apart(len(a)) if prompt is None else prompt
    margin = np.full(len(a), np.nan) if margin is None else margin
    return Rows("comparison", {"label": label, "margin": margin, **identity(prompt)}, styles={"length": (a, b)})


def world(n: int, bias: float = 0.004, seed: int = 0, prompts: int | None = None) -> Rows:
    """Pairs whose preference follows the length by `bias` a token, and a reward that follows both."""
    generator = np.random.default_rng(seed)
    a, b = generator.integers(20, 600, (2, n)).astype(float)
    label = (generator.random(n) < expit(bias * (a - b))).astype(float)
    margin = 0.003 * (a - b) + 0.5 * (2 * label - 1) + generator.normal(0, 1, n)
    return rows_of(a, b, label, margin, np.arange(n) if prompts is None else np.arange(n) % prompts)


def take(rows: Rows, which: np.ndarray | slice) -> Rows:
    return replace(
        rows,
        columns={name: column[which] for name, column in rows.columns.items()},
        slices={name: (codes[which], values) for name, (codes, values) in rows.slices.items()},
        styles={name: tuple(side[which] for side in sides) for name, sides in rows.styles.items()},
    )


def swapped(rows: Rows) -> Rows:
    """Every second pair with its answers exchanged."""
    turn = np.arange(len(rows)) % 2 == 0
    columns = {**rows.columns}
    columns["label"] = np.where(turn, 1 - columns["label"], columns["label"])
    columns["margin"] = np.where(turn, -columns["margin"], columns["margin"])
    styles = {name: (np.where(turn, b, a), np.where(turn, a, b)) for name, (a, b) in rows.styles.items()}
    return replace(rows, columns=columns, styles=styles)


def conclude(rows: Rows, **params: Any) -> Result:
    parameters = AuditParameters.parse(params)
    return ANALYSIS.conclude(ANALYSIS.observe(rows, parameters), parameters)


def number(result: Result, name: str) -> float:
    found = result.estimates[name].value
    assert found is not None
    return found


# ------------------------------------------------------------------ against packages


def test_slopes_are_those_of_statsmodels():
    columns = [np.array(GOLDEN[name]) for name in ("a", "b", "label", "margin")]
    result = conclude(rows_of(*columns))
    assert number(result, "reward_slope") == pytest.approx(GOLDEN["slope"], rel=1e-9)
    assert number(result, "reward_slope_given_label") == pytest.approx(GOLDEN["partial"], rel=1e-9)
    x, m = columns[0] - columns[1], columns[3]
    assert number(result, "reward_correlation") == pytest.approx(x @ m / np.sqrt(x @ x * (m @ m)))


def test_coefficients_and_area_are_those_of_scipy():
    found = _fit(np.array(GOLDEN["features"]), np.array(GOLDEN["label"]))
    assert found == pytest.approx(GOLDEN["coefficients"], rel=1e-5)
    area, influence = auc(np.array(GOLDEN["score"]), np.array(GOLDEN["label"]))
    assert area == pytest.approx(GOLDEN["auc"], rel=1e-12)
    assert influence.sum() == pytest.approx(0, abs=1e-12)


def test_the_influence_on_the_area_is_what_leaving_a_row_out_does():
    generator = np.random.default_rng(2)
    label = (generator.random(300) < 0.4).astype(float)
    score = generator.normal(label, 1).round(1)
    area, influence = auc(score, label)
    left_out = np.array([auc(np.delete(score, at), np.delete(label, at))[0] for at in range(300)])
    assert area - left_out == pytest.approx(influence, abs=5e-5)


def test_the_ruler_is_the_share_of_longer_answers_preferred():
    a, b = np.array([3.0, 1, 2, 5, 2, np.nan] * 10), np.array([1.0, 2, 2, 1, 7, 1] * 10)
    label = np.array([1.0, 1, 1, 0, 0.25, 1] * 10)
    assert right(a - b, label)[:5].tolist() == [1, 0, 0.5, 0, 0.75]
    result = conclude(rows_of(a, b, label))
    assert number(result, "ruler_accuracy") == pytest.approx(2.25 / 5)
    assert result.estimates["ruler_accuracy"].n == 50
    assert {"ruler_unknown", "no_rewards", "few_prompts"} <= {notice.code for notice in result.warnings}
    marks = np.array([1.0] * 40 + [0.0] * 20)
    result = conclude(rows_of(marks, 1 - marks, np.ones(60)))
    low, high = result.estimates["ruler_accuracy"].low, result.estimates["ruler_accuracy"].high
    assert (low, high) == pytest.approx(tuple(stats.binomtest(40, 60).proportion_ci(method="wilson")), abs=0.004)


# ------------------------------------------------------------------ what it concludes


def test_a_length_bias_is_found_with_its_size():
    result = conclude(world(2000))
    assert result.verdict == "more_preferred"
    generator = np.random.default_rng(1)
    a, b = generator.integers(20, 600, (2, 200_000)).astype(float)
    assert number(result, "ruler_accuracy") == pytest.approx(expit(0.004 * np.abs(a - b)).mean(), abs=0.03)
    assert result.estimates["reward_slope_given_label"].low < 0.3 < result.estimates["reward_slope_given_label"].high
    assert number(result, "reward_slope") > number(result, "reward_slope_given_label")
    assert number(result, "style_auc") > 0.6
    assert result.sentence.startswith("Length alone picks the preferred answer in ")
    assert "of 2,000 pairs of 2,000 prompts; the reward moves by ." in result.sentence
    assert "per 100 tokens" in result.sentence
    short = conclude(world(2000, bias=-0.004))
    assert short.verdict == "less_preferred"
    assert short.sentence.startswith("The shorter answer is the preferred one in ")
    assert conclude(world(400, bias=0.0)).verdict == "no_preference_detected"
    curve = result.pictures["slope"]
    assert sum(curve["count"]) == pytest.approx(2000, abs=20)
    assert curve["preferred"][-1] > curve["preferred"][0]
    assert curve["margin"][-1] > curve["margin"][0]
    assert (np.diff(curve["distance"]) > 0).all()


def test_which_answer_is_called_a_does_not_count():
    rows = world(500, seed=3, prompts=120)
    one, two = conclude(rows), conclude(swapped(rows))
    for name, found in one.estimates.items():
        other = two.estimates[name]
        assert (found.value is None) == (other.value is None)
        if found.value is not None:
            bounds = [(each.value, each.low, each.high) for each in (found, other)]
            assert bounds[0] == pytest.approx(bounds[1], rel=1e-9), name


def test_held_out_prompts_do_not_flatter():
    generator = np.random.default_rng(4)
    n = 300
    rows = world(n, bias=0.0, seed=5)
    noise = {f"noise_{at}": tuple(generator.random((2, n))) for at in range(25)}
    result = conclude(replace(rows, styles={**rows.styles, **noise}))
    assert result.estimates["style_accuracy"].low < 0.5 < result.estimates["style_accuracy"].high + 0.03
    assert number(result, "style_auc") == pytest.approx(0.5, abs=0.08)
    assert "all features of style together in" in result.sentence
    assert len(result.pictures["rulers"]["feature"]) == 26


def test_a_subset_that_length_decides_is_named():
    generator = np.random.default_rng(6)
    a, b = generator.integers(20, 600, (2, 600)).astype(float)
    b[a == b] += 1
    subset = generator.integers(0, 4, 600).astype(np.int32)
    label = np.where(subset == 2, (a > b) * 1.0, generator.integers(0, 2, 600).astype(float))
    label = np.where(subset == 3, (a < b) * 1.0, label)
    rows = replace(rows_of(a, b, label), slices={"subset": (subset, ["p", "q", "easy", "hard"])})
    result = conclude(rows)
    told = {one["value"]: one for one in result.slices}
    assert [one["degenerate"] for one in result.slices] == [True, True, False, False]
    assert told["easy"]["accuracy"] == 1
    assert told["hard"]["accuracy"] == 0
    assert told["p"]["q_value"] > 0.05
    assert told["easy"]["q_value"] < 1e-6
    assert "it decides 2 of 4 subsets: " in result.sentence
    assert result.pictures["subsets"]["value"] == [one["value"] for one in result.slices]
    assert not any(one["degenerate"] for one in conclude(rows, degenerate=1.0).slices if one["value"] in "pq")
    cohort = conclude(rows, slice="subset=easy")
    assert number(cohort, "ruler_accuracy") == 1
    assert cohort.estimates["ruler_accuracy"].low < 1
    assert cohort.slices == []


def test_subsets_without_a_bias_are_called_degenerate_never():
    named = 0
    for seed in range(60):
        rows = world(400, bias=0.0, seed=seed)
        codes = (np.random.default_rng(seed).integers(0, 8, 400).astype(np.int32), list("abcdefgh"))
        named += sum(one["confirmed"] for one in conclude(replace(rows, slices={"s": codes})).slices)
    assert named / 60 <= 0.15


def test_position_bias_is_that_of_calibration():
    rows = world(400, seed=7, prompts=100)
    first = np.random.default_rng(8).integers(-1, 2, 400).astype(np.int8)
    rows = replace(rows, columns={**rows.columns, "first": first})
    found, expected = conclude(rows).estimates["position_bias"], calibrate(rows).estimates["position_bias"]
    assert (found.value, found.low, found.high) == pytest.approx(
        (expected.value, expected.low, expected.high), rel=1e-3
    )
    assert conclude(world(100)).estimates["position_bias"].value is None


def test_the_ruler_can_be_chosen():
    rows = world(200)
    generator = np.random.default_rng(0)
    lists = tuple(generator.integers(0, 4, (2, 200)).astype(float))
    rows = replace(rows, styles={"headers": lists, "characters": rows.styles["length"]})
    assert conclude(rows).dataset["ruler"] == "characters"
    result = conclude(rows, feature="headers")
    assert result.dataset["ruler"] == "headers"
    assert result.sentence.startswith("Headers alone") or "less headers" in result.sentence
    assert "many_ties" in {notice.code for notice in result.warnings}
    assert number(result, "ruler_accuracy") == number(result, "headers_accuracy")
    with pytest.raises(NotFound, match="no feature 'bold'; known are characters, headers"):
        conclude(rows, feature="bold")


# ------------------------------------------------------------------ states and refusals


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 150), max_size=4), st.integers(0, 5))
def test_states_add_up(cuts, seed):
    rows = world(150, seed=seed, prompts=50)
    rows = replace(rows, slices={"s": (np.arange(150, dtype=np.int32) % 3 - 1, ["y", "x"])})
    edges = [0, *sorted(cuts), 150]
    parts = [ANALYSIS.observe(take(rows, slice(a, b)), AuditParameters()) for a, b in pairwise(edges)]
    whole = ANALYSIS.observe(rows, AuditParameters())
    for order in (parts, parts[::-1]):
        assert ANALYSIS.to_bytes(reduce(ANALYSIS.combine, order)) == ANALYSIS.to_bytes(whole)
    again = ANALYSIS.from_bytes(ANALYSIS.to_bytes(whole))
    assert ANALYSIS.conclude(again, AuditParameters()).estimates == conclude(rows).estimates


def test_segments_of_which_only_one_knows_a_feature():
    one, two = world(80, seed=1), world(80, seed=2)
    two = replace(two, columns={**two.columns, **identity(np.arange(80) + 1000, start=500)}, styles={})
    state = ANALYSIS.combine(*(ANALYSIS.observe(rows, AuditParameters()) for rows in (one, two)))
    result = ANALYSIS.conclude(state, AuditParameters())
    assert result.estimates["ruler_accuracy"].n == 80
    assert number(result, "ruler_accuracy") == number(conclude(one), "ruler_accuracy")


def test_refusals():
    with pytest.raises(NotEnoughData, match="29 prompts with length known"):
        conclude(world(29))
    with pytest.raises(NotEnoughData) as refused:
        conclude(replace(world(50), styles={}))
    assert refused.value.code == "no_style"
    rows = world(50)
    wrong_label = replace(rows, columns={**rows.columns, "label": rows.columns["label"] + 1})
    with pytest.raises(InputRefused, match="'label'"):
        conclude(wrong_label)
    with pytest.raises(UsageError):
        ANALYSIS.observe(Rows("score", identity(np.arange(3))), AuditParameters())
    with pytest.raises(NotFound):
        conclude(world(50), slice="a=b")
    for wrong in ({"level": 1.0}, {"slice": "x"}, {"degenerate": 0.4}, {"bins": 3}):
        with pytest.raises(UsageError):
            conclude(world(40), **wrong)
    assert ANALYSIS.missing("comparison", ["label"]) == ("length_a", "length_b")
    assert ANALYSIS.missing("comparison", ["label", "length_a", "length_b"]) == ()
    assert ANALYSIS.missing("comparison", ["label", "style.headers.a"]) == ()
    assert ANALYSIS.missing("score", ["value"]) is None


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.integers(30, 150),
    st.integers(2, 100),
    st.sampled_from(["plain", "equal", "zero", "one", "holes", "soft"]),
    st.integers(0, 9),
)
def test_results_are_plain(n, prompts, shape, seed):
    rows = world(n, seed=seed, prompts=prompts)
    a, b = rows.styles["length"]
    if shape in ("equal", "zero"):
        b = a if shape == "equal" else b * 0
        a = a if shape == "equal" else a * 0
    if shape == "holes":
        a = np.where(np.random.default_rng(seed).random(n) < 0.5, np.nan, a)
    label = {"one": np.ones(n), "soft": np.random.default_rng(seed).random(n)}.get(shape, rows.columns["label"])
    rows = replace(rows, styles={"length": (a, b)}, columns={**rows.columns, "label": label})
    rows = replace(rows, slices={"s": (np.arange(n, dtype=np.int32) % 2, ["x", "y"])})
    try:
        told = conclude(rows).to_dict()
    except NotEnoughData:
        return
    assert strange(told, "result") == []
    json.dumps(told, allow_nan=False)


# ------------------------------------------------------------------ real files

real = pytest.mark.skipif(not HOME, reason="PLUMBLINE_REAL_DATA names no folder of public files")


@pytest.mark.real_data
@real
def test_hh_rlhf_harmless_prefers_the_shorter_answer():
    (file,) = Path(HOME, "hh_rlhf_harmless_test").rglob("*.jsonl.gz")
    with gzip.open(file, "rt") as stream:
        records = [json.loads(line) for line in stream]
    difference = np.array([len(each["chosen"]) - len(each["rejected"]) for each in records])
    result = analyse(file, "audit")
    expected = np.mean(np.where(difference > 0, 1.0, np.where(difference < 0, 0.0, 0.5)))
    assert number(result, "ruler_accuracy") == pytest.approx(expected)
    assert result.verdict == "less_preferred"
    assert result.sentence.startswith("The shorter answer is the preferred one in 55 % [53, 57] of 2,312 pairs")


@pytest.mark.real_data
@real
def test_alpaca_eval_prefers_the_longer_answer():
    file = next(each for each in Path(HOME, "alpaca_eval_judges").rglob("annotations.json") if "FuseChat" in str(each))
    records = json.loads(file.read_text())
    longer = np.array([len(each["output_1"]) - len(each["output_2"]) for each in records])
    preferred = np.array([2 - each["preference"] for each in records])
    expected = np.mean(np.where(longer > 0, preferred, np.where(longer < 0, 1 - preferred, 0.5)))
    result = analyse(file, "audit")
    assert number(result, "ruler_accuracy") == pytest.approx(expected)
    assert result.verdict == "more_preferred"
