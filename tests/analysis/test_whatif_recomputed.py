"""What if at its edges: bounds, sentences, thresholds and costs against the rows, one cell each."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from engine.analysis import WhatIfParameters
from engine.analysis.whatif.selective import LEAST_TRUSTED, TEMPERATURES, THRESHOLDS, Trusted, least_threshold
from engine.analysis.whatif.sentence import sentence, verdict
from engine.errors import NotEnoughData, UsageError
from engine.types import Estimate, Rows
from tests.analysis.test_whatif import conclude
from tests.analysis.worlds import changed, pairs, scores, value

CONFIDENCE = np.array([0.55, 0.625, 0.7, 0.8, 0.93])


def few_cells(paired: bool, seed: int = 0, rows: int = 3000) -> tuple[Rows, np.ndarray, np.ndarray]:
    """Rows of five confidences on both sides: what each is sure of, and whether it is right."""
    generator = np.random.default_rng(seed)
    given = (pairs if paired else scores)(rows, prompts=rows, seed=seed)
    confidence = CONFIDENCE[generator.integers(0, 5, rows)]
    side = generator.random(rows) < 0.5
    right = generator.random(rows) < confidence - 0.03
    label = np.where(right, side, ~side).astype(float)
    if paired:
        margin = logit(confidence) * np.where(side, 1, -1)
        return changed(given, margin=margin, label=label), confidence, right
    score = np.where(side, confidence, 1 - confidence)
    return changed(given, value=score, truth=label), confidence, right


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize(("threshold", "cost", "temperature"), [(0.8, 7.0, 1.0), (0.7, 10.0, 1.0), (0.6, 3.0, 2.0)])
def test_shares_accuracies_and_costs_of_every_threshold_are_those_of_the_rows(paired, threshold, cost, temperature):
    rows, confidence, right = few_cells(paired)
    result = conclude(rows, threshold=threshold, cost=cost, temperature=temperature)
    picture, n = result.pictures["threshold"], len(rows)
    tempered = expit(logit(confidence) / temperature)
    for at, share, accuracy, price in zip(
        picture["threshold"], picture["trusted"], picture["accuracy"], picture["cost"], strict=True
    ):
        kept = tempered >= at - 1e-6
        assert share == pytest.approx(kept.mean())
        assert price == pytest.approx(1000 * ((kept & ~right).sum() * cost + (~kept).sum()) / n)
        if kept.sum() < LEAST_TRUSTED:
            assert accuracy is None
        else:
            assert accuracy == pytest.approx(right[kept].mean())
    kept = tempered >= threshold - 1e-6
    assert value(result, "trusted") == pytest.approx(kept.mean())
    assert value(result, "accuracy_trusted") == pytest.approx(right[kept].mean())
    assert result.estimates["accuracy_trusted"].n == kept.sum()
    assert result.estimates["trusted"].n == n
    assert (picture["now"], picture["target"]) == (threshold, 0.9)
    assert (result.pictures["temperature"]["now"], result.evidence.rows) == (temperature, n)
    assert result.dataset["kind"] == ("comparison" if paired else "score")
    assert value(result, "cheapest_threshold") == picture["threshold"][int(np.argmin(picture["cost"]))]


@pytest.mark.parametrize("paired", [True, False])
def test_the_binomial_interval_of_independent_rows(paired):
    """Every row its own prompt: Wilson's interval at about as many verdicts as there are."""
    rows, confidence, right = few_cells(paired, 4, 20_000)
    for level, quantile in ((0.95, 1.959964), (0.8, 1.281552)):
        one = conclude(rows, threshold=0.8, level=level).estimates["accuracy_trusted"]
        kept = confidence >= 0.8 - 1e-6
        half = quantile * np.sqrt(right[kept].mean() * (1 - right[kept].mean()) / kept.sum())
        assert one.high - one.low == pytest.approx(2 * half, rel=0.1)  # type: ignore[operator]
        assert one.level == level
        share = conclude(rows, threshold=0.8, level=level).estimates["trusted"]
        half = quantile * np.sqrt(kept.mean() * (1 - kept.mean()) / len(kept))
        assert share.high - share.low == pytest.approx(2 * half, rel=0.1)  # type: ignore[operator]


@pytest.mark.parametrize("paired", [True, False])
def test_the_error_at_a_temperature_is_that_of_rows_that_were_divided_by_it(paired):
    rows, _, _ = few_cells(paired, 2, 8000)
    picture = conclude(rows).pictures["temperature"]
    place = int(np.argmin(np.abs(TEMPERATURES - 2.0)))
    by = TEMPERATURES[place]
    if paired:
        divided = changed(rows, margin=rows.columns["margin"] / by)
    else:
        divided = changed(rows, value=expit(logit(rows.columns["value"]) / by))
    expected = conclude(divided).estimates["calibration_error"]
    found = picture["error"][place], picture["low"][place], picture["high"][place]
    assert found == pytest.approx((expected.value, expected.low, expected.high), rel=0.02)
    alone = conclude(rows, temperature=by).estimates["calibration_error"]
    assert (alone.value, alone.low, alone.high) == pytest.approx(found)


def test_thresholds_run_from_a_half_to_nearly_one():
    assert THRESHOLDS[:46].tolist() == pytest.approx([0.5 + 0.01 * at for at in range(45)] + [0.95])
    assert THRESHOLDS[45:].tolist() == pytest.approx([0.95 + 0.005 * at for at in range(10)])
    assert TEMPERATURES[[0, 20, 40]] == pytest.approx([0.25, np.sqrt(2), 8], rel=1e-4)


# ------------------------------------------------------------------ words


def at(threshold: float, share: float, accuracy: tuple[float, float, float] | None, count: int = 100) -> Trusted:
    low, middle, high = accuracy or (None, None, None)
    return Trusted(threshold, count, Estimate(share), Estimate(middle, low, high), 0.0)


@pytest.mark.parametrize(
    ("accuracy", "code"),
    [
        ((0.9, 0.92, 0.95), "automate"),
        ((0.8999, 0.92, 0.95), "undecided"),
        ((0.8, 0.85, 0.9), "undecided"),
        ((0.8, 0.85, 0.8999), "below_target"),
        (None, "too_few_trusted"),
    ],
)
def test_the_verdict_goes_by_the_ends_of_the_interval(accuracy, code):
    assert verdict(at(0.8, 0.5, accuracy), 0.9) == code


def test_sentences_word_for_word():
    good, bad, between = (0.91, 0.93, 0.951), (0.7, 0.75, 0.8), (0.85, 0.9, 0.95)
    now, least = at(0.8, 0.634, good), at(0.75, 0.7, good)
    said = "from confidence 0.8 on 63 % of the verdicts are trusted, 93.0 % [91.0, 95.1] of them right"
    assert sentence("automate", now, 0.9, now) == f"Automate: {said}, surely at least 90 %."
    assert sentence("automate", now, 0.9, at(0.81, 0.6, good)) == f"Automate: {said}, surely at least 90 %."
    better = f"Automate: {said}, surely at least 90 %; the least that surely meets it is 0.75, with 70 %."
    assert sentence("automate", now, 0.9, least) == better
    said = "from confidence 0.8 on 63 % of the verdicts are trusted, 75.0 % [70.0, 80.0] of them right"
    below = f"Not at this threshold: {said}, below 90 %; no threshold surely meets it."
    assert sentence("below_target", at(0.8, 0.634, bad), 0.9, None) == below
    said = "from confidence 0.8 on 63 % of the verdicts are trusted, 90.0 % [85.0, 95.0] of them right"
    undecided = f"Undecided: {said}; 92.5 % lies within; the least that surely meets it is 0.9, with 20 %."
    assert sentence("undecided", at(0.8, 0.634, between), 0.925, at(0.9, 0.2, good)) == undecided
    few = "Too few: confidence reaches 0.8 for 1 verdict only."
    assert sentence("too_few_trusted", at(0.8, 0.0, None, 1), 0.9, None) == few


def test_an_accuracy_exactly_at_the_target_is_enough():
    course = [at(0.7, 1, (0.9, 0.92, 0.95)), at(0.8, 1, (0.9, 0.92, 0.95))]
    found = least_threshold(course, 0.9)
    assert found is not None
    assert found.threshold == 0.7
    assert least_threshold(course, 0.9001) is None


def test_thirty_trusted_verdicts_have_an_accuracy():
    margin = np.where(np.arange(400) < LEAST_TRUSTED, 5.0, 0.1)
    result = conclude(changed(pairs(400, prompts=400), margin=margin), threshold=0.95)
    assert result.estimates["accuracy_trusted"].value is not None
    assert result.estimates["accuracy_trusted"].n == LEAST_TRUSTED


# ------------------------------------------------------------------ what is refused and warned of


def test_thirty_prompts_are_enough_and_two_hundred_are_not_few():
    with pytest.raises(NotEnoughData, match="29 prompts; an honest interval needs at least 30"):
        conclude(pairs(300, prompts=29))
    few = conclude(pairs(300, prompts=30)).warnings
    assert [one.message for one in few if one.code == "few_prompts"] == ["Only 30 prompts: intervals are wide."]
    assert "few_prompts" in {one.code for one in conclude(pairs(3000, prompts=199)).warnings}
    assert "few_prompts" not in {one.code for one in conclude(pairs(3000, prompts=200)).warnings}


def test_a_threshold_that_was_not_tested_for_is_warned_of():
    rows = pairs(20_000, prompts=8000)
    first = conclude(rows, threshold=0.9)
    least = value(first, "least_threshold")
    assert least != 0.9
    assert "chosen_on_the_same_rows" in {one.code for one in first.warnings}
    assert "chosen_on_the_same_rows" not in {one.code for one in conclude(rows, threshold=least).warnings}
    nothing = conclude(pairs(500, prompts=400), target=0.999)
    assert nothing.estimates["least_threshold"].value is None
    assert "chosen_on_the_same_rows" not in {one.code for one in nothing.warnings}


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ({"temperature": 0.01}, {"temperature": 0.0099}),
        ({"temperature": 100}, {"temperature": 100.1}),
        ({"threshold": 0.5}, {"threshold": 0.4999}),
        ({"threshold": 0.9999}, {"threshold": 1}),
        ({"target": 0.5001}, {"target": 0.5}),
        ({"target": 0.9999}, {"target": 1}),
        ({"cost": 0.001}, {"cost": 0}),
        ({"cost": 1e9}, {"cost": "inf"}),
        ({"scale": 0.001}, {"scale": 0}),
        ({"scale": 1e9}, {"scale": "inf"}),
        ({"level": 0.5}, {"level": 0.4999}),
        ({"level": 0.999}, {"level": 0.9991}),
    ],
)
def test_parameters_are_taken_up_to_their_ends(good, bad):
    WhatIfParameters.parse(good)
    with pytest.raises(UsageError):
        WhatIfParameters.parse(bad)
