"""Coefficients of agreement equal those of other packages (golden/agreement.py), and hold on known crowds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from engine.analysis.agreement import coefficients
from engine.analysis.agreement.dawid_skene import Words, fit, refits
from engine.types import Rows
from tests.analysis.crowds import ANALYSIS, DEFAULTS, conclude, crowd, rows_of, scores_of

GOLDEN = json.loads((Path(__file__).parent / "golden" / "agreement.json").read_text())


def rated(table: list[list[int | None]]) -> Rows:
    """Scores of a table raters × units."""
    told = [(unit, rater, one) for rater, row in enumerate(table) for unit, one in enumerate(row) if one is not None]
    unit, rater, value = (np.array(column) for column in zip(*told, strict=True))
    return scores_of(unit, rater, value, [f"rater {number}" for number in range(len(table))])


def value(rows: Rows, name: str) -> float:
    found = conclude(rows).estimates[name].value
    assert found is not None
    return found


# ------------------------------------------------------------------ other packages


def counts_of(table: list[list[int | None]]) -> tuple[np.ndarray, np.ndarray]:
    """Coincidences and the values that occur."""
    values = np.array(sorted({one for row in table for one in row if one is not None}), float)
    sums = np.zeros((len(values), len(values)))
    for unit in zip(*table, strict=True):
        said = [int(np.searchsorted(values, one)) for one in unit if one is not None]
        for place, one in enumerate(said):
            for other in said[:place] + said[place + 1 :]:
                sums[one, other] += 1 / (len(said) - 1)
    return sums, values


@pytest.mark.parametrize("data", ["textbook", "gaps", "whole"])
@pytest.mark.parametrize("scale", ["nominal", "ordinal", "interval"])
def test_alpha(data, scale):
    golden = GOLDEN[data]
    assert coefficients.alpha(*counts_of(golden["ratings"]), scale) == pytest.approx(golden["alpha"][scale], rel=1e-9)


def test_the_printed_example():
    sums, values = counts_of(GOLDEN["textbook"]["ratings"])
    found = [round(float(coefficients.alpha(sums, values, scale)), 5) for scale in ("nominal", "ordinal", "interval")]
    assert found == [0.69136, 0.80672, 0.81084]


@pytest.mark.parametrize("data", ["gaps", "whole"])
def test_coefficients_of_scores_through_the_analysis(data):
    golden, rows = GOLDEN[data], rated(GOLDEN[data]["ratings"])
    for scale, expected in golden["alpha"].items():
        assert value(rows, f"krippendorff_alpha_{scale}") == pytest.approx(expected, rel=1e-9)
    assert value(rows, "gwet_ac1") == pytest.approx(golden["ac1"], rel=1e-9)


def test_fleiss_kappa_of_equal_numbers_of_raters():
    assert value(rated(GOLDEN["whole"]["ratings"]), "fleiss_kappa") == pytest.approx(
        GOLDEN["whole"]["fleiss"], rel=1e-9
    )
    uneven = conclude(rated(GOLDEN["gaps"]["ratings"])).estimates["fleiss_kappa"]
    assert (uneven.value, uneven.method) == (None, "units have different numbers of raters")


def test_fleiss_kappa_of_the_textbook_table():
    table = [[0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1]]
    table += [[7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7]]
    count = np.array(table, float)
    agreeing = (count * (count - 1)).sum() / (14 * 13)
    found = coefficients.fleiss(np.array(agreeing), np.array(10.0), (count / 14).sum(axis=0))
    assert found == pytest.approx(0.20993070442195522, rel=1e-12)


def test_cohen_and_weighted_kappa_of_two_raters():
    rows = rated(GOLDEN["whole"]["ratings"][:2])
    assert value(rows, "cohen_kappa") == pytest.approx(GOLDEN["whole"]["kappa"], rel=1e-9)
    assert value(rows, "weighted_kappa") == pytest.approx(GOLDEN["whole"]["quadratic"], rel=1e-9)
    assert conclude(rows).estimates["cohen_kappa"].method.startswith("two raters")


def words() -> tuple[Words, np.ndarray]:
    said = np.array(GOLDEN["crowd"]["said"])
    units, raters = said.shape
    unit, rater = np.repeat(np.arange(units), raters), np.tile(np.arange(raters), units)
    return Words(unit, rater, said.ravel(), units, raters, 2), np.array(GOLDEN["crowd"]["truth"])


def test_dawid_skene():
    told, truth = words()
    found = fit(told, steps=5000)
    assert found.confusion == pytest.approx(np.array(GOLDEN["crowd"]["confusion"]), abs=2e-4)
    assert found.prior == pytest.approx(GOLDEN["crowd"]["shares"], abs=2e-4)
    assert (found.truth.argmax(axis=1) == truth).mean() == pytest.approx(GOLDEN["crowd"]["accuracy"])


def test_a_refit_is_the_fit_of_what_is_left():
    told, _ = words()
    start = fit(told, 1.0)
    (part,) = refits(told, start, (np.arange(600) % 4 > 0).astype(float)[:, None], 1.0)
    kept = told.unit % 4 > 0
    place = np.cumsum(np.arange(600) % 4 > 0) - 1
    left = Words(place[told.unit[kept]], told.rater[kept], told.category[kept], 450, 4, 2)
    assert part.quality == pytest.approx(fit(left, 1.0).quality, abs=2e-3)
    assert len(part.truth) == 450


# ------------------------------------------------------------------ orientation


def test_which_side_is_called_the_first_does_not_count():
    rows = crowd(300, [0.9, 0.8, 0.7, 0.6], ties=0.3, seed=4)
    turned = np.random.default_rng(0).permutation(300)[:150]
    unit = np.unique(rows.columns["prompt_hash"])[turned]
    flip = np.isin(rows.columns["prompt_hash"], unit)
    state = ANALYSIS.observe(rows, DEFAULTS)
    sides = {name: np.where(flip, ~rows.columns[name], rows.columns[name]) for name in ("side_a", "side_b")}
    other = ANALYSIS.observe(Rows("comparison", {**rows.columns, **sides}, {}, rows.names), DEFAULTS)
    assert not np.array_equal(np.sort(state.judgments.sums[3]), state.judgments.sums[3])
    one, two = (ANALYSIS.conclude(found, DEFAULTS) for found in (state, other))
    for name, estimate in one.estimates.items():
        assert two.estimates[name].value == pytest.approx(estimate.value, abs=1e-6), name
    assert [line["value"] for line in one.items] == pytest.approx([line["value"] for line in two.items], abs=1e-6)


def test_two_systems_keep_their_names():
    """Raters who always prefer the same of two systems agree by chance; sides that differ everywhere cannot do that."""
    generator = np.random.default_rng(1)
    unit, rater = np.repeat(np.arange(200), 2), np.tile([0, 1], 200)
    new = np.where(generator.random(400) < 0.95, 1.0, 0.0)
    zeros = np.zeros(400, int)
    fixed = conclude(rows_of(unit, rater, new, ["x", "y"], items=(zeros, zeros + 1, ["new", "old"])))
    free = conclude(rows_of(unit, rater, new, ["x", "y"]))
    assert abs(fixed.estimates["krippendorff_alpha_nominal"].value) < 0.15
    assert free.estimates["krippendorff_alpha_nominal"].value > 0.75
    assert sorted(fixed.pictures["categories"]["categories"]) == ["new", "old"]
    count = dict(zip(*(fixed.pictures["categories"][name] for name in ("categories", "count")), strict=True))
    assert count["new"] == int(new.sum())


# ------------------------------------------------------------------ known crowds


def test_alpha_of_annotators_of_known_quality():
    """Two who are right with p agree with p² + (1 − p)²; chance is ½."""
    result = conclude(crowd(20_000, [0.8, 0.8, 0.8]))
    assert result.estimates["raw_agreement"].value == pytest.approx(0.68, abs=0.01)
    for name in ("krippendorff_alpha_nominal", "cohen_kappa", "gwet_ac1", "fleiss_kappa"):
        assert result.estimates[name].value == pytest.approx(0.36, abs=0.02)
    assert result.estimates["tie_rate"].value == 0


def test_kappa_of_many_raters_who_share_little_is_not_pulled_to_zero():
    """190 pairs of raters share three units each: chance from their own few words alone would take a third away."""
    estimates = conclude(crowd(600, [0.8] * 20, per_unit=2, seed=3)).estimates
    alpha, kappa = (estimates[name].value for name in ("krippendorff_alpha_nominal", "cohen_kappa"))
    assert kappa == pytest.approx(alpha, abs=0.03)
    assert kappa > 0.3


def test_who_guesses_agrees_by_chance():
    result = conclude(crowd(1000, [0.5, 0.5, 0.5]))
    assert result.verdict == "chance"
    assert result.sentence.startswith("No agreement beyond chance can be told")


def test_perfect_agreement_is_not_certain():
    result = conclude(crowd(100, [1.0, 1.0, 1.0]))
    alpha = result.estimates["krippendorff_alpha_nominal"]
    assert alpha.value == 1
    assert 0.8 < alpha.low < 0.99
    assert alpha.high == 1
    assert result.verdict == "almost_perfect"


def test_intervals_narrow_with_units_and_widen_with_clusters():
    def width(rows: Rows) -> float:
        found = conclude(rows).estimates["krippendorff_alpha_nominal"]
        return found.high - found.low

    few, many = width(crowd(200, [0.8] * 4)), width(crowd(3200, [0.8] * 4))
    assert many == pytest.approx(few / 4, rel=0.3)
