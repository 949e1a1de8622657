"""What if: shares and accuracies as rows give them, thresholds that are not chosen by chance, sentences, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from engine.analysis import ANALYSES, Calibration, WhatIf, WhatIfParameters
from engine.analysis.whatif.selective import LEAST_TRUSTED, THRESHOLDS, Trusted, least_threshold
from engine.errors import NotEnoughData, UsageError
from engine.figures.view import charts
from engine.types import Estimate, Result, Rows
from tests.analysis.worlds import changed, pairs, scores, sliced, value
from tests.analysis.worlds import conclude as calibrated

ANALYSIS = WhatIf()


def conclude(rows: Rows, **params: object) -> Result:
    parameters = WhatIfParameters.parse(params)
    return ANALYSIS.conclude(ANALYSIS.observe(rows, parameters), parameters)


def by_hand(rows: Rows, threshold: float, temperature: float) -> tuple[float, float]:
    """Share of trusted rows and how many of them are right, row by row."""
    if rows.kind == "comparison":
        margin, label = rows.columns["margin"], rows.columns["label"]
    else:
        margin, label = logit(rows.columns["value"]), rows.columns["truth"]
    trusted = expit(np.abs(margin) / temperature) >= threshold
    right = np.where(margin > 0, label, np.where(margin < 0, 1 - label, 0.5))
    return float(trusted.mean()), float(right[trusted].mean())


@settings(max_examples=25, deadline=None)
@given(st.sampled_from([0.5, 0.6, 0.75, 0.9]), st.sampled_from([0.5, 1.0, 2.0]), st.booleans(), st.integers(0, 1000))
def test_share_and_accuracy_are_those_of_the_rows(threshold, temperature, paired, seed):
    rows = (pairs if paired else scores)(4000, stretch=1.5, prompts=800, seed=seed)
    result = conclude(rows, threshold=threshold, temperature=temperature)
    share, accuracy = by_hand(rows, threshold, temperature)
    assert value(result, "trusted") == pytest.approx(share, abs=0.01)
    assert value(result, "accuracy_trusted") == pytest.approx(accuracy, abs=0.02)  # rows of one cell go together


def test_at_a_half_everything_is_trusted_and_accuracy_is_that_of_calibration():
    rows = pairs(3000, stretch=1.4, prompts=700)
    result = conclude(rows, threshold=0.5)
    assert value(result, "trusted") == 1.0
    assert value(result, "accuracy_trusted") == pytest.approx(value(calibrated(rows), "accuracy"), abs=1e-12)
    assert value(result, "calibration_error") == pytest.approx(value(calibrated(rows), "calibration_error"), abs=1e-3)


def test_ties_of_the_score_are_right_half_the_time():
    rows = pairs(2000, prompts=500)
    margin = np.where(np.arange(2000) % 4 == 0, 0.0, rows.columns["margin"])
    result = conclude(changed(rows, margin=margin), threshold=0.5)
    assert value(result, "accuracy_trusted") == pytest.approx(by_hand(changed(rows, margin=margin), 0.5, 1.0)[1])


def test_cost_counts_labels_and_mistakes():
    result = conclude(pairs(4000, prompts=900, stretch=1.5), threshold=0.8, cost=7)
    share, accuracy = value(result, "trusted"), value(result, "accuracy_trusted")
    assert value(result, "cost") == pytest.approx(1000 * (1 - share + 7 * share * (1 - accuracy)))
    picture = result.pictures["threshold"]
    cheapest = picture["threshold"][int(np.argmin(picture["cost"]))]
    assert value(result, "cheapest_threshold") == cheapest


def test_the_temperature_that_fits_has_the_least_error():
    result = conclude(pairs(30_000, prompts=6000, stretch=2.0), threshold=0.5)
    picture = result.pictures["temperature"]
    assert picture["temperature"][int(np.argmin(picture["error"]))] == pytest.approx(2.0, rel=0.15)
    assert value(conclude(pairs(30_000, prompts=6000, stretch=2.0), temperature=2.0), "calibration_error") < 0.01


def test_the_decision_moves_with_threshold_and_target():
    rows = pairs(40_000, prompts=8000)
    assert conclude(rows, threshold=0.9, target=0.9).verdict == "automate"
    assert conclude(rows, threshold=0.5, target=0.9).verdict == "below_target"
    accuracy = value(conclude(rows, threshold=0.7), "accuracy_trusted")
    assert conclude(rows, threshold=0.7, target=accuracy).verdict == "undecided"


def test_a_threshold_that_is_not_good_enough_is_rarely_called_good_enough():
    """Truth: calibrated pairs of one confidence each; the accuracy from 0.8 on is the target, below it is less."""
    generator = np.random.default_rng(5)
    wrong, runs = 0, 200
    for seed in range(runs):
        rows = pairs(1500, prompts=1500, seed=seed)
        confidence = np.where(np.arange(1500) % 2 == 0, 0.8, 0.7)
        margin = logit(confidence) * np.where(generator.random(1500) < 0.5, 1, -1)
        label = (generator.random(1500) < expit(margin)).astype(float)
        found = conclude(changed(rows, margin=margin, label=label), target=0.8).estimates["least_threshold"].value
        wrong += found is not None
    assert wrong / runs <= 0.05


def test_intervals_of_the_trusted_cover():
    covered = 0
    for seed in range(200):
        generator = np.random.default_rng(seed)
        prompts = 300
        ability = generator.normal(1.2, 1.0, prompts)[np.arange(1200) % prompts]
        rows = pairs(1200, prompts=prompts, seed=seed)
        margin = generator.normal(0, 2, 1200)
        right = generator.random(1200) < expit(ability)
        label = np.where(right, margin > 0, margin <= 0).astype(float)
        one = conclude(changed(rows, margin=margin, label=label), threshold=0.7).estimates["accuracy_trusted"]
        truth = float(expit(np.random.default_rng(1).normal(1.2, 1.0, 400_000)).mean())
        assert one.low is not None
        assert one.high is not None
        covered += one.low <= truth <= one.high
    assert 0.90 <= covered / 200 <= 0.995


def trusted(threshold: float, low: float | None) -> Trusted:
    accuracy = Estimate(None if low is None else low + 0.02, low, None if low is None else low + 0.04)
    return Trusted(threshold, 100, Estimate(0.5), accuracy, 0.0)


def test_thresholds_are_tested_from_the_highest_down_until_one_fails():
    course = [trusted(0.6, 0.95), trusted(0.7, 0.85), trusted(0.8, 0.91), trusted(0.9, 0.93), trusted(0.95, None)]
    found = least_threshold(course, 0.9)
    assert found is not None
    assert found.threshold == 0.8
    assert least_threshold(course, 0.94) is None
    assert least_threshold([], 0.9) is None


def test_too_few_trusted_verdicts_have_no_accuracy():
    rows = changed(pairs(400, prompts=400), margin=np.where(np.arange(400) < LEAST_TRUSTED - 1, 5.0, 0.1))
    result = conclude(rows, threshold=0.95)
    assert result.verdict == "too_few_trusted"
    assert result.estimates["accuracy_trusted"].value is None
    assert "29 verdicts only" in result.sentence


def test_few_prompts_are_refused():
    with pytest.raises(NotEnoughData, match="at least 30"):
        conclude(pairs(100, prompts=20))


def test_other_rows_are_refused():
    with pytest.raises(UsageError, match="not rows of kind"):
        ANALYSIS.observe(Rows("rollout", {"bucket": np.zeros(1)}), WhatIfParameters())


@pytest.mark.parametrize(
    "params",
    [
        {"temperature": 0},
        {"temperature": 101},
        {"threshold": 0.49},
        {"threshold": 1},
        {"target": 0.5},
        {"target": 1},
        {"cost": 0},
        {"cost": "nan"},
        {"scale": 0},
        {"level": 0.4},
    ],
)
def test_parameters_out_of_range_are_refused(params):
    with pytest.raises(UsageError):
        WhatIfParameters.parse(params)


def test_it_observes_what_calibration_observes():
    rows = sliced(pairs(500, prompts=100), topic=(np.arange(500) % 2, ["law", "math"]))
    state = ANALYSIS.observe(rows, WhatIfParameters())
    assert ANALYSIS.observed == Calibration().observed
    assert ANALYSIS.to_bytes(state) == Calibration().to_bytes(Calibration().observe(rows, Calibration.parameters()))
    one = ANALYSIS.conclude(ANALYSIS.from_bytes(ANALYSIS.to_bytes(state)), WhatIfParameters(slice="topic=law"))
    assert one.evidence.rows == 250


def test_segments_combine_to_the_same_answer():
    rows = pairs(2000, prompts=500)
    half = [
        Rows(rows.kind, {name: column[cut] for name, column in rows.columns.items()})
        for cut in (slice(900), slice(900, 2000))
    ]
    parameters = WhatIfParameters()
    both = ANALYSIS.combine(*(ANALYSIS.observe(part, parameters) for part in half))
    whole = conclude(rows)
    assert ANALYSIS.conclude(both, parameters).sentence == whole.sentence


def test_its_pictures_say_where_one_stands():
    drawn = charts(conclude(pairs(3000, prompts=800), threshold=0.8, target=0.85))
    assert list(drawn) == ["threshold", "cost", "temperature"]
    lines = {(shape["x0"], shape["y0"]) for shape in drawn["threshold"].figure["layout"]["shapes"]}
    assert lines == {(0.8, 0), (0, 0.85)}
    assert len(drawn["threshold"].table.rows) == len(THRESHOLDS)
    assert "whatif" in ANALYSES
