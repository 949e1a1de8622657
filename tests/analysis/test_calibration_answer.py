"""The sentence, the verdict, the warnings and the refusals."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from engine.analysis import ANALYSES, CalibrationParameters, metrics
from engine.analysis.calibration.error import CalibrationError
from engine.analysis.calibration.plan import more_prompts
from engine.analysis.calibration.sentence import Basis, sentence, short, verdict
from engine.errors import NotEnoughData, UsageError
from engine.types import Estimate, Rows
from tests.analysis.worlds import ANALYSIS, DEFAULTS, changed, conclude, identity, pairs, scores, sliced, value

ESTIMATES = [
    "accuracy",
    "base_rate",
    "mean_score",
    "calibration_error",
    "ece_debiased_l2",
    "ece_width_15",
    "ece_mass_15",
    "mce_width_15",
    "smooth_ece",
    "brier",
    "brier_reliability",
    "brier_resolution",
    "brier_uncertainty",
    "nll",
    "spiegelhalter_z",
    "temperature",
    "position_bias",
    "calibration_error_recalibrated",
    "platt_slope",
    "label_noise_ceiling",
]


def codes(result) -> list[str]:
    return [notice.code for notice in result.warnings]


def test_over_confident_pairs():
    result = conclude(pairs(12_000, stretch=1.8, prompts=3000))
    assert result.verdict == "over_confident"
    assert result.sentence.startswith("Over-confident: calibration error .")
    assert "on 12,000 pairs of 3,000 prompts; dividing margins by 1.8 repairs it to " in result.sentence
    assert result.sentence.endswith("on held-out prompts.")
    assert codes(result) == []


def test_under_confident_pairs():
    result = conclude(pairs(12_000, stretch=0.5, prompts=3000))
    assert result.verdict == "under_confident"
    assert "Under-confident" in result.sentence
    assert "dividing margins by 0.5" in result.sentence or "dividing margins by 0.49" in result.sentence


def test_calibrated_pairs():
    result = conclude(pairs(12_000, prompts=3000))
    assert result.verdict == "calibrated"
    assert result.sentence.startswith("No miscalibration detected: calibration error ")
    assert result.sentence.endswith("on 12,000 pairs of 3,000 prompts.")


def test_too_few_to_tell():
    result = conclude(pairs(60))
    assert result.verdict == "undecided"
    assert result.sentence.startswith("Undecided: ")
    assert codes(result) == ["few_prompts"]


def test_scores_that_are_shifted_or_stretched():
    stretched = conclude(scores(5000, stretch=2.5))
    assert stretched.verdict == "over_confident"
    assert "dividing logits by 2.5" in stretched.sentence or "dividing logits by 2.4" in stretched.sentence
    assert conclude(scores(5000, stretch=0.4)).verdict == "under_confident"
    shifted = conclude(scores(5000, shift=0.8), recalibrator="platt")
    assert shifted.verdict == "over_confident"
    assert "Platt scaling repairs it" in shifted.sentence


def test_every_named_estimate_is_there_and_json_is_finite():
    for rows in (pairs(400), scores(400)):
        result = conclude(rows)
        assert set(ESTIMATES) <= set(result.estimates)
        text = json.dumps(result.to_dict(), allow_nan=False)
        assert json.loads(text)["verdict"] == result.verdict
    ten = conclude(pairs(400), bins=10)
    assert {"ece_width_10", "ece_mass_10", "mce_width_10"} <= set(ten.estimates)
    assert "ece_width_15" not in ten.estimates


def test_evidence_and_dataset():
    result = conclude(pairs(400, prompts=100), seed=3, bins=20)
    assert result.evidence.params == {
        "bins": 20,
        "scale": 1.0,
        "level": 0.95,
        "recalibrator": "temperature",
        "slice": "",
        "where": "",
        "seed": 3,
    }
    assert (result.evidence.analysis, result.evidence.seed, result.evidence.rows) == ("calibration", 3, 400)
    assert result.evidence.analysis_version == ANALYSIS.version
    assert 0 < result.evidence.duration_ms < 60_000
    assert result.dataset == {"kind": "comparison", "rows": 400, "prompts": 100, "prompts_approximate": False}
    assert conclude(scores(400)).dataset["kind"] == "score"


def test_the_same_state_concludes_the_same():
    state = ANALYSIS.observe(pairs(300), DEFAULTS)
    one, two = (ANALYSIS.conclude(state, DEFAULTS) for _ in range(2))
    unlike = replace(one.evidence, duration_ms=0.0)
    assert replace(one, evidence=unlike) == replace(two, evidence=unlike)


def test_worst_rows_come_first():
    rows = pairs(500, stretch=3)
    result = conclude(rows)
    confidence = [row.confidence for row in result.worst]
    assert confidence == sorted(confidence, reverse=True)
    at = int(np.flatnonzero(rows.columns["row_hash"] == np.uint64(result.worst[0].row_hash))[0])
    margin, label = rows.columns["margin"][at], rows.columns["label"][at]
    assert (margin > 0) != (label == 1)
    assert result.worst[0].confidence == pytest.approx(expit(abs(margin)))
    assert len(result.worst) == min(200, int(((rows.columns["margin"] > 0) != (rows.columns["label"] == 1)).sum()))


# ------------------------------------------------------------------ warnings


def test_circular_labels_are_suspected():
    rows = pairs(300)
    circular = changed(rows, label=(rows.columns["margin"] > 0).astype(float))
    result = conclude(circular)
    assert codes(result)[0] == "circular_label_suspected"
    assert value(result, "accuracy") == 1
    assert result.estimates["temperature"].value is None
    assert result.estimates["platt_slope"].value is None
    assert result.estimates["calibration_error_recalibrated"].value is None
    assert "no_signal" not in codes(result)
    one_wrong = circular.columns["label"].copy()
    one_wrong[0] = 1 - one_wrong[0]
    assert "circular_label_suspected" not in codes(conclude(changed(circular, label=one_wrong)))


def test_impossible_rows_have_no_nll():
    rows = scores(300)
    value_, truth = rows.columns["value"].copy(), rows.columns["truth"].copy()
    value_[:3], truth[:3] = 1.0, 0.0
    result = conclude(changed(rows, value=value_, truth=truth))
    assert result.estimates["nll"].value is None
    assert codes(result) == ["infinite_nll"]
    assert "3 rows" in result.warnings[0].message
    assert value(result, "temperature") > 1


def test_constant_scores():
    rows = changed(scores(300), value=np.full(300, 0.7))
    result = conclude(rows)
    assert "constant_scores" in codes(result)
    assert value(result, "mean_score") == pytest.approx(0.7)
    halves = conclude(changed(pairs(300), margin=np.zeros(300)))
    assert {"constant_scores", "many_tied_scores"} <= set(codes(halves))
    assert value(halves, "accuracy") == 0.5
    assert value(halves, "calibration_error") == 0
    assert halves.estimates["spiegelhalter_z"].value is None


def test_reversed_margins_have_no_signal():
    result = conclude(pairs(600, stretch=-1.0))
    assert "no_signal" in codes(result)
    assert result.estimates["temperature"].value is None
    assert value(result, "platt_slope") < 0


def test_tied_labels():
    rows = pairs(400)
    label = rows.columns["label"].copy()
    label[:81] = 0.5
    assert codes(conclude(changed(rows, label=label))) == ["many_tied_labels"]
    label[80] = 1.0
    assert codes(conclude(changed(rows, label=label))) == []


def test_tied_scores():
    rows = pairs(400)
    margin = rows.columns["margin"].copy()
    margin[:81] = 0.0
    assert codes(conclude(changed(rows, margin=margin))) == ["many_tied_scores"]


@pytest.mark.parametrize(("prompts", "few"), [(199, True), (200, False)])
def test_few_prompts(prompts, few):
    assert ("few_prompts" in codes(conclude(pairs(600, prompts=prompts)))) == few


# ------------------------------------------------------------------ refusals


def test_below_thirty_prompts_nothing_is_concluded():
    with pytest.raises(NotEnoughData, match="29 prompts"):
        conclude(pairs(500, prompts=29))
    assert conclude(pairs(500, prompts=30)).verdict


@pytest.mark.parametrize(("buckets", "refused"), [(9, True), (10, False)])
def test_badly_mixed_buckets_are_refused(buckets, refused):
    rows = changed(pairs(300), bucket=(np.arange(300) % buckets).astype(np.uint16))
    if refused:
        with pytest.raises(NotEnoughData, match="9 buckets"):
            conclude(rows)
    else:
        assert conclude(rows).verdict


def test_badly_mixed_buckets_are_named_also_at_the_least_number_of_prompts():
    thirty, fewer = (pairs(300, prompts=prompts) for prompts in (30, 29))
    bucket = (np.arange(300) % 9).astype(np.uint16)
    with pytest.raises(NotEnoughData, match="30 prompts lie in 9 buckets only"):
        conclude(changed(thirty, bucket=bucket))
    with pytest.raises(NotEnoughData, match="29 prompts; an honest interval"):
        conclude(changed(fewer, bucket=bucket))


@pytest.mark.parametrize(
    "params",
    [
        {"bins": 7},
        {"bins": 160},
        {"bins": 1},
        {"bins": 0},
        {"bins": -15},
        {"scale": 0},
        {"scale": float("nan")},
        {"scale": float("inf")},
        {"level": 0.4},
        {"level": 1.0},
        {"recalibrator": "magic"},
        {"slice": "domain"},
        {"seed": -1},
        {"colour": "red"},
        {"bins": "many"},
        {"bins": None},
    ],
)
def test_parameters_are_checked(params):
    with pytest.raises(UsageError):
        CalibrationParameters.parse(params)


def test_parameters_have_defaults():
    defaults = CalibrationParameters()
    assert (defaults.bins, defaults.scale, defaults.level) == (15, 1.0, 0.95)
    assert (defaults.recalibrator, defaults.slice, defaults.seed) == ("temperature", "", 0)


def test_parameters_take_text():
    parsed = CalibrationParameters.parse({"bins": "20", "level": "0.9", "scale": "100", "slice": "a=b", "seed": "4"})
    assert parsed == CalibrationParameters(bins=20, level=0.9, scale=100.0, slice="a=b", seed=4)
    assert CalibrationParameters.parse({"bins": "2"}).bins == 2
    assert CalibrationParameters.observe_fields == ("scale",)
    assert CalibrationParameters(level=0.5).level == 0.5
    assert CalibrationParameters(level=0.999).level == 0.999


def test_recalibrators_of_the_other_kind_are_refused():
    with pytest.raises(UsageError, match="platt"):
        conclude(pairs(100), recalibrator="platt")
    with pytest.raises(UsageError, match="flexible"):
        conclude(scores(100), recalibrator="flexible")


def test_the_registry():
    assert next(iter(ANALYSES)) == "calibration"
    assert ANALYSES["calibration"].shape == "table"
    assert ANALYSES["calibration"].kinds == ("comparison", "score")
    assert ANALYSES["calibration"].parameters is CalibrationParameters


# ------------------------------------------------------------------ the words


def error(value_: float, low: float, high: float) -> CalibrationError:
    return CalibrationError(value_, low, high, value_**2)


def estimate(low: float, high: float) -> Estimate:
    return Estimate((low + high) / 2, low, high)


@pytest.mark.parametrize(
    ("measured", "slope", "excess", "paired", "expected"),
    [
        (error(0.02, 0, 0.05), (0.9, 1.1), (-0.1, 0.1), True, "calibrated"),
        (error(0.02, 0, 0.051), (0.9, 1.1), (-0.1, 0.1), True, "undecided"),
        (error(0.01, 0.005, 0.02), (0.5, 0.6), (0.1, 0.2), True, "calibrated"),
        (error(0.02, 0.005, 0.03), (0.5, 0.6), (0.1, 0.2), True, "over_confident"),
        (error(0.1, 0.05, 0.2), (1.5, 1.6), (0.1, 0.2), True, "over_confident"),
        (error(0.1, 0.05, 0.2), (0.5, 0.6), (-0.2, -0.1), True, "under_confident"),
        (error(0.1, 0.05, 0.2), (0.5, 0.6), (-0.1, 0.1), True, "over_confident"),
        (error(0.1, 0.05, 0.2), (1.5, 1.6), (-0.1, 0.1), True, "under_confident"),
        (error(0.1, 0.05, 0.2), (0.9, 1.1), (-0.1, 0.1), True, "miscalibrated"),
        (error(0.1, 0.05, 0.2), (0.5, 0.6), (-0.2, -0.1), False, "over_confident"),
        (error(0.1, 0.05, 0.2), (1.5, 1.6), (0.1, 0.2), False, "under_confident"),
        (error(0.1, 0.05, 0.2), (0.9, 1.1), (0.1, 0.2), False, "over_confident"),
        (error(0.1, 0.05, 0.2), (0.9, 1.1), (-0.2, -0.1), False, "under_confident"),
    ],
)
def test_verdicts(measured, slope, excess, paired, expected):
    assert verdict(measured, estimate(*slope), estimate(*excess), paired=paired) == expected
    missing = verdict(error(0.1, 0.05, 0.2), Estimate(None), estimate(-0.1, 0.1), paired=paired)
    assert missing == "miscalibrated"


UNKNOWN = Estimate(None)


class Fitted:
    """As much of a recalibrator as a sentence needs."""

    def __init__(self, kind: str, left: float, temperature: float | None = None) -> None:
        self.kind = kind
        self.error = error(left, 0, 1)
        self.exported = {"parameters": {"temperature": temperature}}


@pytest.mark.parametrize(
    ("fitted", "ending"),
    [
        (Fitted("temperature", 0.02, 1.84), "; dividing margins by 1.8 repairs it to .02 on held-out prompts."),
        (Fitted("temperature", 0.05, 12.3), "; dividing margins by 12 repairs it to .05 on held-out prompts."),
        (Fitted("isotonic", 0.07), "; isotonic recalibration reduces it to .07 on held-out prompts."),
        (Fitted("flexible", 0.09), "; a flexible link does not repair it (.09 on held-out prompts)."),
        (Fitted("beta", 0.08), "; beta calibration reduces it to .08 on held-out prompts."),
        (None, "of 300 prompts."),
    ],
)
def test_what_repairs_it(fitted, ending):
    told = sentence("over_confident", error(0.1, 0.05, 0.2), Basis(1200, 300, paired=True), fitted, UNKNOWN)
    assert told.startswith("Over-confident: calibration error .10 [.05, .20] on 1,200 pairs of 300 prompts")
    assert told.endswith(ending)


def test_other_sentences():
    of_scores, of_pairs = Basis(50, 40, paired=False), Basis(50, 40, paired=True)
    told = sentence("miscalibrated", error(0.1, 0.05, 0.2), of_scores, Fitted("temperature", 0.02, 2.0), UNKNOWN)
    assert told == (
        "Miscalibrated: calibration error .10 [.05, .20] on 50 scores of 40 prompts; dividing logits by 2 repairs it "
        "to .02 on held-out prompts."
    )
    surely = sentence("calibrated", error(0.01, 0.005, 0.015), of_pairs, None, UNKNOWN)
    assert surely == "Well calibrated: calibration error .01 [.005, .01] on 50 pairs of 40 prompts."


def test_numbers_of_things_are_said_as_people_say_them():
    assert str(Basis(1, 1, paired=True)) == "on 1 pair of 1 prompt"
    assert str(Basis(0, 1, paired=False)) == "on 0 scores of 1 prompt"
    assert str(Basis(9000, 1_230_000, paired=True, approximate=True)) == "on 9,000 pairs of about 1,230,000 prompts"
    with pytest.raises(NotEnoughData, match=r"^1 prompt; an honest interval"):
        conclude(pairs(20, prompts=1))


UNSURE = CalibrationError(0.0, 0.0, 0.2, -0.01, noise=1e-4, slope=0.0, reach=2.0)
"""What 100 prompts leave open: twice the standard deviation .01 of CE² is .02, so the error may be .14 or more."""


@pytest.mark.parametrize(
    ("scale", "paired", "doubt"),
    [
        (Estimate(1.81, 1.23, 3.47), True, ", but the scores look too sharp: temperature 1.8 [1.2, 3.5] leaves out 1"),
        (Estimate(1.5, 1.04, None), True, ", but the scores look too sharp: temperature 1.50 [1.04, ∞] leaves out 1"),
        (Estimate(0.6, 0.4, 0.9), True, ", but the scores look too flat: temperature 0.6 [0.4, 0.9] leaves out 1"),
        (
            Estimate(0.6, 0.4, 0.9),
            False,
            ", but the scores look too sharp: slope of the logit 0.6 [0.4, 0.9] leaves out 1",
        ),
        (
            Estimate(1.6, 1.0004, 2.0),
            False,
            ", but the scores look too flat: slope of the logit 1.6000 [1.0004, 2.0000] leaves out 1",
        ),
        (Estimate(1.3, 0.9, 1.9), True, ""),
        (Estimate(1.3, 1.0, 1.9), True, ""),
        (Estimate(1.3, 0.9, None), True, ""),
        (Estimate(None), True, ""),
    ],
)
def test_an_undecided_answer_says_what_the_scale_says(scale, paired, doubt):
    basis = Basis(100, 100, paired=paired)
    noun = "pairs" if paired else "scores"
    assert sentence("undecided", UNSURE, basis, None, scale) == (
        f"Undecided: calibration error 0 [0, .20] on 100 {noun} of 100 prompts cannot be told from zero{doubt}; "
        "about 700 more prompts would settle it if it stays there."
    )
    nothing = sentence("calibrated", error(0.0, 0, 0.04), basis, None, scale)
    assert nothing == (f"No miscalibration detected: calibration error 0 [0, .04] on 100 {noun} of 100 prompts{doubt}.")


def test_how_many_more_prompts_settle_it():
    """By hand: at k times the prompts the half-width of CE² is reach · √(noise / k² + slope · s / k)."""
    assert more_prompts(UNSURE, 100) == 700  # 2 · .01 / k = .05², so k = 8
    assert more_prompts(replace(UNSURE, noise=4e-4), 100) == 1500
    assert more_prompts(replace(UNSURE, square=0.0), 100) == 700  # exactly no error is one that never leaves 0
    detected = replace(UNSURE, square=0.01)  # too large ever to end below .05²: 2 · .01 / k = .01, so k = 2
    assert more_prompts(detected, 100) == 100
    assert more_prompts(replace(detected, square=0.005), 1234) == 3800  # 1,234 · 3 = 3,702, rounded up
    assert more_prompts(replace(detected, square=0.05**2), 100) == 700
    assert more_prompts(replace(detected, square=0.019999), 100) == 1
    sloping = replace(UNSURE, slope=0.01)
    more = more_prompts(sloping, 1_000_000) / 1_000_000 + 1
    assert 4 * (1e-4 / more**2 + 0.01 * 0.0025 / more) == pytest.approx(0.0025**2, rel=0.1)
    small = replace(UNSURE, square=0.0001)  # a small error ends below .05 long before it leaves 0
    assert more_prompts(small, 100) == 740  # 2 · .01 / k = .0025 − .0001


def test_the_interval_narrows_as_planned():
    found = conclude(pairs(100, stretch=1.8, seed=4))
    assert found.verdict == "undecided"
    assert "more prompts would settle it" in found.sentence
    more = int(found.sentence.split("; about ")[1].split(" more")[0].replace(",", ""))
    assert conclude(pairs(100 + more, stretch=1.8, seed=5)).verdict != "undecided"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (0.0004, "0"),
        (0.0006, ".001"),
        (0.0094, ".009"),
        (0.00996, ".01"),
        (0.114, ".11"),
        (1.2, "1.20"),
        (1, "1.00"),
        (0.999, "1.00"),
        (10.05, "10.05"),
    ],
)
def test_short_numbers(number, text):
    assert short(number) == text


# ------------------------------------------------------------------ pictures and filters


def test_the_reliability_picture():
    rows = scores(3000, prompts=600)
    p, y = rows.columns["value"], rows.columns["truth"]
    picture = conclude(rows, bins=10).pictures["reliability"]
    place = np.minimum((p * 10).astype(int), 9)
    for at, k in enumerate(np.unique(place)):
        inside = place == k
        assert picture["count"][at] == inside.sum()
        assert picture["predicted"][at] == pytest.approx(p[inside].mean())
        assert picture["observed"][at] == pytest.approx(y[inside].mean())
        assert (picture["bin_low"][at], picture["bin_high"][at]) == pytest.approx((k / 10, (k + 1) / 10))
        n, rate = inside.sum(), y[inside].mean()
        half = (picture["high"][at] - picture["low"][at]) / 2
        assert half == pytest.approx(1.96 * math.sqrt(rate * (1 - rate) / n), rel=0.35)
        assert picture["low"][at] < rate < picture["high"][at]
        null_half = (picture["null_high"][at] - picture["null_low"][at]) / 2
        assert null_half == pytest.approx(1.96 * math.sqrt(p[inside].mean() * (1 - p[inside].mean()) / n), rel=0.35)
        assert (picture["null_low"][at] + picture["null_high"][at]) / 2 == pytest.approx(p[inside].mean(), abs=0.02)


def test_bands_are_wider_for_correlated_rows_and_open_where_all_agree():
    single = conclude(scores(600, seed=9))
    rows = scores(600, seed=9)
    copied = Rows("score", {name: np.tile(column, 6) for name, column in rows.columns.items()})
    copied = changed(copied, row_hash=identity(3600)["row_hash"])
    many = conclude(copied)
    for name in ("low", "high", "null_low", "null_high"):
        assert many.pictures["reliability"][name] == pytest.approx(single.pictures["reliability"][name], abs=0.05)
    certain = changed(scores(300), truth=np.ones(300))
    picture = conclude(certain).pictures["reliability"]
    assert picture["high"] == pytest.approx(np.ones(len(picture["high"])))
    assert all(low < 1 for low in picture["low"])


def test_corp_and_histogram_of_pairs_mirror_at_one_half():
    rows = pairs(2000, stretch=1.7)
    result = conclude(rows)
    x, y = (np.array(result.pictures["corp"][axis]) for axis in "xy")
    assert x + x[::-1] == pytest.approx(np.ones(len(x)))
    assert y + y[::-1] == pytest.approx(np.ones(len(y)))
    assert (np.diff(y) >= 0).all()
    histogram = result.pictures["histogram"]
    assert histogram["edges"] == pytest.approx(np.arange(20, 41) / 40)
    confidence = expit(np.abs(rows.columns["margin"]))
    assert histogram["count"] == np.histogram(confidence, histogram["edges"])[0].tolist()
    whole = conclude(scores(500)).pictures["histogram"]
    assert len(whole["count"]) == 40
    assert len(whole["edges"]) == 41
    assert sum(whole["count"]) == 500


def test_the_recalibrated_picture_lies_on_the_diagonal():
    picture = conclude(pairs(20_000, stretch=2.0)).pictures["recalibrated"]
    gap = np.abs(np.array(picture["predicted"]) - np.array(picture["observed"]))
    assert sum(picture["count"]) == 20_000
    assert (gap * np.array(picture["count"])).sum() / 20_000 < 0.02


def test_the_recalibrated_picture_bins_the_rows_by_what_the_other_folds_say():
    rows = pairs(900, stretch=1.7, prompts=300, seed=8)
    margin, label = rows.columns["margin"].copy(), rows.columns["label"].copy()
    margin[:20], label[:20] = 1e4, 1.0
    rows = changed(rows, margin=margin, label=label)
    confidence, fold = np.empty(900), rows.columns["bucket"] % 5
    for number in range(5):
        kept = fold != number
        confidence[~kept] = expit(np.abs(margin[~kept]) / metrics.temperature(margin[kept], label[kept]))
    assert (confidence == 1).sum() >= 20
    expected = metrics.width_bins(confidence, np.where(margin > 0, label, 1 - label), 10)
    filled = expected.count > 0
    picture = conclude(rows, bins=10).pictures["recalibrated"]
    assert len(picture["count"]) == filled.sum() == 5
    assert picture["count"] == pytest.approx(expected.count[filled], abs=3)
    assert picture["predicted"] == pytest.approx(expected.predicted[filled] / expected.count[filled], abs=3e-3)
    assert picture["observed"] == pytest.approx(expected.observed[filled] / expected.count[filled], abs=1e-2)


def test_a_slice_parameter_narrows():
    rows = pairs(900, prompts=300, stretch=1.7)
    codes_ = (np.arange(900) % 3 == 0).astype(int)
    whole = sliced(rows, half=(codes_, ["rest", "third"]))
    result = conclude(whole, slice="half=third")
    assert result.dataset["rows"] == 300
    assert result.slices == []
    narrowed = ANALYSIS.narrow(ANALYSIS.observe(whole, DEFAULTS), "half", "third")
    again = ANALYSIS.conclude(narrowed, CalibrationParameters(slice="half=third"))
    assert again.estimates == result.estimates
    third = Rows("comparison", {name: column[codes_ == 1] for name, column in rows.columns.items()})
    assert value(result, "accuracy") == pytest.approx(value(conclude(third), "accuracy"))
    assert value(result, "ece_width_15") == pytest.approx(value(conclude(third), "ece_width_15"))


def test_a_slice_value_may_hold_an_equals_sign():
    codes_ = (np.arange(300) % 2).astype(int)
    rows = sliced(pairs(300), prompt=(codes_, ["a=b=c", "plain"]))
    assert conclude(rows, slice="prompt=a=b=c").dataset["rows"] == 150
