"""Drift: simulated truth, windows, references, what is refused, and what is told."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine import analyse, cohort
from engine.analysis import ANALYSES, DriftParameters
from engine.analysis.drift.homogeneity import homogeneity
from engine.errors import NotEnoughData, NotFound, UsageError
from engine.types import Rows
from tests.analysis.compare_worlds import identity, named
from tests.analysis.drifts import ANALYSIS, cells, conclude, number, rollouts, scores
from tests.analysis.test_plain_results import strange

HOME = os.environ.get("PLUMBLINE_REAL_DATA", "")
GOLDEN = json.loads(Path(__file__).with_name("golden").joinpath("drift.json").read_text())


@pytest.mark.parametrize("case", GOLDEN["tables"])
def test_the_test_of_shares_is_rao_and_scotts(case):
    """samplics weighs the expected shares by the sizes of both windows, which are equal but for chance here."""
    found = homogeneity(np.array(case["counts"], float), [1])
    degrees = found.trace[0] ** 2 / found.square[0]
    assert found.distance[0] / found.trace[0] == pytest.approx(case["f_value"], rel=0.08)
    assert degrees == pytest.approx(case["df_num"], rel=0.02)
    assert found.p_value(0, 60) == pytest.approx(case["p_value"], rel=0.05, abs=1e-8)


# ------------------------------------------------------------------ simulated truth


def test_what_moved_is_found_with_when_and_how_much():
    result = conclude(rollouts(length=0.8, seed=1))
    assert result.verdict == "drifted"
    assert result.dataset["feature"] == "length"
    found = result.estimates["effect"]
    assert found.low < 0.8 / np.sqrt(1 + 0.4**2 * 0.21) < found.high
    assert number(result, "drifted") == 1
    assert number(result, "features") == 5
    (change,) = result.pictures["means"]["changes"]
    assert change["low"] <= 180 <= change["high"] + 1
    assert result.sentence.startswith("Drifted since step 1")
    assert " length rose by " in result.sentence
    assert "1 of 5 features at 5\u00a0% false discoveries" in result.sentence
    drifted = {key for key, cell in cells(result).items() if cell["drifted"]}
    assert drifted == {("length", window) for window in (5, 6, 7)} | (drifted & {("length", 4)})
    assert result.worst[0].confidence > 0


def test_a_shape_that_changes_without_its_mean_is_found():
    result = conclude(rollouts(2000, spread=2.5, seed=2))
    assert result.verdict == "drifted"
    assert "entropy took another shape, Cramér's V" in result.sentence
    cell = cells(result)["entropy", 7]
    assert abs(cell["effect"]) < 0.2 < 2 * cell["cramers_v"]
    assert result.warnings == []


def test_no_drift_says_what_moved_most_and_names_no_date():
    result = conclude(rollouts(seed=3))
    assert result.verdict == "no_drift_detected"
    assert result.sentence.startswith(
        "No drift detected: none of 5 features in 7 windows moved by .20 sd or more at 5\u00a0%"
    )
    assert number(result, "drifted") == 0
    assert not any(cell["drifted"] for cell in cells(result).values())


def test_a_small_but_certain_change_is_no_drift():
    rows = rollouts(6000, length=0.12, seed=4)
    result = conclude(rows, windows=2)
    assert result.verdict == "no_drift_detected"
    assert cells(result)["length", 1]["q_value"] < 0.05
    assert "1 feature moved by less" in result.sentence
    assert conclude(rows, windows=2, effect=0.05).verdict == "drifted"


def test_another_mix_explains_its_part_of_a_mean():
    result = conclude(rollouts(5000, mix=0.5, seed=5), windows=2, feature="length")
    columns = result.pictures["attribution"]["columns"]
    assert columns[0]["column"] == "topic"
    assert columns[0]["composition_low"] < 0.4 * 0.5 * 40 * 2 < columns[0]["composition_high"] * 2
    found = result.estimates
    assert number(result, "composition") + number(result, "within") == pytest.approx(number(result, "mean_change"))
    assert found["within"].low < 0 < found["within"].high
    assert number(result, "composition_share") == pytest.approx(1, abs=0.35)
    assert "topic came in another mix, Cramér's V" in result.sentence


def test_a_change_within_is_not_composition():
    found = conclude(rollouts(5000, length=0.8, seed=6), windows=2).estimates
    assert found["composition"].low < 0 < found["composition"].high
    assert found["within"].low > 40


# ------------------------------------------------------------------ windows


def test_rows_of_one_step_are_never_parted():
    for cut in ("rows", "span"):
        told = conclude(rollouts(steps=40, seed=7), cut=cut, windows=6).pictures["means"]
        assert all(high < low for high, low in zip(told["high_at"][:-1], told["low_at"][1:], strict=True))
        assert len(told["names"]) == 6


def test_equal_spans_are_equal_and_equal_rows_are_equal():
    rows = rollouts(2000, seed=8)
    columns = {**rows.columns, "step": np.floor(rows.columns["step"] ** 2 / 300)}
    skewed = replace(rows, columns=columns)
    span = conclude(skewed, cut="span", windows=4)
    assert span.pictures["means"]["high_at"] == pytest.approx([74, 149, 223, 298], abs=2)
    counted = [cell["rows"] for cell in cells(conclude(skewed, windows=4)).values() if cell["feature"] == "reward"]
    assert counted == pytest.approx([1000] * 3, rel=0.05)


def test_a_chosen_reference_and_what_comes_after_it():
    result = conclude(rollouts(length=0.8, seed=9), reference="100..170", windows=3)
    assert result.dataset["windows"][0] == "100–170"
    assert result.pictures["means"]["low_at"][1] == 171
    assert [notice.code for notice in result.warnings if notice.code == "before_reference"]
    assert result.verdict == "drifted"
    assert conclude(rollouts(length=0.8, seed=9), reference="180..240", windows=2).verdict == "no_drift_detected"
    with pytest.raises(NotEnoughData, match="No row lies in"):
        conclude(rollouts(), reference="900..950")
    with pytest.raises(UsageError, match=r"from\.\.to"):
        conclude(rollouts(), reference="100")
    with pytest.raises(NotEnoughData, match="nothing comes after"):
        conclude(rollouts(), reference="100..900")


def test_times_are_windows_too_and_lead_to_their_rows():
    rows = rollouts(length=0.8, seed=10)
    columns = {name: column for name, column in rows.columns.items() if name != "step"}
    columns["time"] = 1.77e9 + 3600 * rows.columns["step"]
    result = conclude(replace(rows, columns=columns), reference="2026-02-01..2026-02-04")
    assert result.dataset["by"] == "time"
    assert "since 2026-02-0" in result.sentence
    where = cohort.parse(result.pictures["means"]["wheres"][-1])
    assert where is not None
    condition = where.groups[0].conditions[0]
    ends = result.pictures["means"]["low_at"][-1], result.pictures["means"]["high_at"][-1]
    assert (condition.low, condition.high) == pytest.approx(ends, abs=1e-3)


def test_the_first_dataset_is_the_reference_whatever_it_is_called():
    old, new = (rollouts(400, length=shift, begins=0, seed=seed) for shift, seed in ((0.0, 11), (0.7, 12)))
    states = [
        ANALYSIS.labelled(ANALYSIS.observe(rows, DriftParameters()), name)
        for rows, name in ((old, "zebra"), (new, "ant"), (new, "bee"))
    ]
    result = ANALYSIS.conclude(reduce(ANALYSIS.combine, states), DriftParameters())
    assert result.dataset["windows"] == ["zebra", "ant", "bee"]
    assert result.sentence.startswith("Drifted in ")
    assert "against zebra" in result.sentence
    assert number(result, "effect") == pytest.approx(0.7, abs=0.15)
    other = ANALYSIS.conclude(reduce(ANALYSIS.combine, states), DriftParameters(reference="bee"))
    assert other.dataset["windows"][0] == "bee"
    with pytest.raises(NotFound, match="no dataset"):
        ANALYSIS.conclude(reduce(ANALYSIS.combine, states), DriftParameters(reference="cow"))


def test_it_takes_a_dataset_without_steps_beside_another_only():
    assert ANALYSIS.applies("score", ("value", "time"))
    assert not ANALYSIS.applies("score", ("value",))
    assert ANALYSIS.missing("score", ("value",)) == ()
    assert not ANALYSIS.applies("curve", ("value", "step"))
    assert ANALYSES["drift"].name == "drift"


def test_columns_of_names_are_features_unless_each_row_has_its_own():
    prompt = np.repeat(np.arange(600), 2)
    step = np.repeat(np.arange(600), 2)
    judge = np.where((step > 350) & (np.arange(1200) % 2 == 0), 0, 1)
    names = {
        "judge": named(judge, ["old", "new"]),
        "item": named(np.arange(1200), [f"i{one:04}" for one in range(1200)]),
    }
    value = np.random.default_rng(0).normal(size=1200)
    result = conclude(scores(value, step, prompt, names=names))
    assert result.dataset["features"] == ["value", "judge"]
    assert "judge came in another mix" in result.sentence
    assert result.pictures["distribution"]["labels"] == ["old", "new"] or result.pictures["distribution"]["named"]


# ------------------------------------------------------------------ the same answers scored twice


def scored_twice(shift: float, *, same: bool = True, styles: bool = True) -> Rows:
    generator = np.random.default_rng(13)
    prompts = 300
    prompt, step = np.tile(np.arange(prompts), 2), np.repeat([0, 1], prompts)
    quality = generator.normal(size=prompts)
    value = np.tile(quality, 2) + 0.1 * generator.normal(size=2 * prompts) + shift * step
    words = np.tile(generator.integers(50, 400, prompts), 2).astype(float) + (0 if same else 1) * step
    counted = {"length": (words,), "headers": (np.tile(generator.integers(0, 9, prompts), 2).astype(float),)}
    return scores(value, step, prompt, styles=counted if styles else {})


def test_a_scorer_that_changed_shows_on_the_same_answers():
    result = conclude(scored_twice(0.5), windows=2)
    found = result.estimates["change_of_same_answers"]
    assert found.low < 0.5 < found.high
    assert found.high - found.low < 0.06
    assert not [notice for notice in result.warnings if notice.code == "scorer_not_identified"]


@pytest.mark.parametrize("how", [{"same": False}, {"styles": False}])
def test_without_the_same_answers_the_scorer_is_not_told_from_them(how):
    result = conclude(scored_twice(0.5, **how), windows=2, feature="value")
    assert "change_of_same_answers" not in result.estimates
    assert [notice for notice in result.warnings if notice.code == "scorer_not_identified"]


# ------------------------------------------------------------------ live


def test_nothing_is_tested_while_rows_arrive():
    result = conclude(rollouts(length=0.8, seed=14), live="yes")
    assert result.verdict == "ranked"
    assert "drifted" not in result.estimates
    assert "q_value" not in result.estimates
    assert "nothing is tested while rows arrive" in result.sentence
    assert result.estimates["effect"].low is None
    assert "attribution" not in result.pictures
    assert not any(cell["drifted"] for cell in cells(result).values())
    share = conclude(rollouts(seed=14), live="yes", feature="truncated")
    found = share.estimates["window_mean"]
    assert "sequence" in found.method
    assert found.low < 0.1 < found.high


# ------------------------------------------------------------------ refusals, degenerate data


def test_refusals_say_what_to_do():
    with pytest.raises(NotEnoughData, match="needs at least 30"):
        conclude(rollouts(40, seed=1), windows=2)
    with pytest.raises(NotEnoughData, match="No row has a step or a time"):
        conclude(scores(np.arange(99), np.full(99, np.nan), np.arange(99)))
    with pytest.raises(NotEnoughData, match="nothing comes after"):
        conclude(rollouts(100, steps=1))
    with pytest.raises(UsageError, match="cannot be cut by time"):
        conclude(rollouts(100), by="time")
    with pytest.raises(NotFound, match="no feature"):
        conclude(rollouts(300), feature="wisdom")
    with pytest.raises(NotEnoughData, match="nothing can drift"):
        conclude(scores(np.ones(200), np.arange(200), np.arange(200)))
    for bad in ({"windows": 1}, {"windows": 99}, {"alpha": 0}, {"effect": -1}, {"by": "mood"}, {"live": "maybe"}):
        with pytest.raises(UsageError):
            DriftParameters.parse(bad)


def test_gaps_constants_and_blank_windows():
    rows = rollouts(1200, length=0.8, seed=15)
    step = rows.columns["step"]
    gaps = np.where((step > 100) & (step < 200), np.nan, rows.columns["length"])
    born = np.where(step < 150, np.nan, rows.columns["entropy"])
    columns = {**rows.columns, "length": gaps, "entropy": born, "truncated": (step > 200) * 1.0}
    columns["step"] = np.where(np.arange(len(step)) % 7, step, np.nan)
    result = conclude(replace(rows, columns=columns))
    assert {notice.code for notice in result.warnings} >= {"cells_blank", "without_time"}
    known = cells(result)
    assert not [key for key in known if key[0] == "entropy"]
    assert known["truncated", 7]["cramers_v"] == pytest.approx(1, abs=0.01)
    assert known["truncated", 7]["drifted"]
    assert strange(result.to_dict(), "result") == []


@pytest.mark.parametrize("shape", ["constant later", "two values", "huge", "tiny"])
def test_every_number_is_finite_and_plain(shape):
    generator = np.random.default_rng(16)
    n = 800
    step, value = np.arange(n), generator.normal(size=n)
    if shape == "constant later":
        value = np.where(step < 300, 0.1, 0.7)
    elif shape == "two values":
        value = (generator.random(n) < 0.3) * 1.0
    else:
        value = value * {"huge": 1e150, "tiny": 1e-150}[shape]
    rows = scores(value, step, np.arange(n))
    for params in ({}, {"live": "yes"}, {"cut": "span", "windows": 12}, {"windows": 2, "feature": "value"}):
        told = conclude(rows, **params).to_dict()
        assert strange(told, "result") == []
        json.dumps(told, allow_nan=False)


def test_the_order_and_the_segments_of_rows_do_not_matter():
    rows = rollouts(500, length=0.5, mix=0.3, seed=17)
    order = np.random.default_rng(1).permutation(len(rows))

    def taken(which: Any) -> Rows:
        columns = {name: column[which] for name, column in rows.columns.items()}
        return Rows(rows.kind, columns, {name: (codes[which], words) for name, (codes, words) in rows.slices.items()})

    parts = [ANALYSIS.observe(taken(part), DriftParameters()) for part in np.array_split(order, 3)]
    joined = ANALYSIS.conclude(reduce(ANALYSIS.combine, parts), DriftParameters()).to_dict()
    whole = conclude(rows).to_dict()
    del joined["evidence"], whole["evidence"]
    assert joined == whole


def test_a_slice_is_concluded_alone():
    result = conclude(rollouts(2500, length=0.8, seed=18), slice="topic=chat", windows=3)
    assert result.verdict == "drifted"
    assert "topic" not in result.dataset["features"]
    assert identity(np.arange(3))["bucket"].dtype == np.uint16


@pytest.mark.skipif(not HOME, reason="PLUMBLINE_REAL_DATA names no folder of public files")
def test_the_ties_of_real_annotators_by_week():
    """1,150 preferences of May 2023: ties in 33.9 % of the first calendar week, later another mix of annotators."""
    (path,) = Path(HOME).glob("tulu1_human_eval/**/*.xlsx")
    week = "2023-05-15..2023-05-21T23:59:59"
    result = analyse(path, "drift", {"reference": week, "windows": 2, "feature": "label"})
    told = result.pictures["distribution"]
    assert told["labels"] == ["0", "0.25", "0.5", "0.75", "1"] or "0.5" in told["labels"]
    assert told["before"][told["labels"].index("0.5")] == pytest.approx(0.339, abs=0.0006)
    assert result.sentence.startswith("Drifted since 2023-05-")
    assert "annotator came in another mix, Cramér's V ." in result.sentence
