"""Recalibrators: what is exported does, on raw rows, what the conclusion says."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit, logit

from engine.analysis import CalibrationParameters, metrics
from engine.analysis.calibration.recalibrate import corners, recalibrators
from engine.analysis.calibration.view import View
from engine.types import Rows
from tests.analysis.worlds import ANALYSIS, DEFAULTS, changed, conclude, pairs, scores

SCRIPT = Path(__file__).parents[2] / "docs" / "analyses" / "apply_recalibrator.py"
specification = importlib.util.spec_from_file_location("apply_recalibrator", SCRIPT)
assert specification is not None
assert specification.loader is not None
script = importlib.util.module_from_spec(specification)
specification.loader.exec_module(script)


def exported(rows: Rows, **params: object) -> dict[str, dict]:
    return {one["kind"]: json.loads(json.dumps(one)) for one in conclude(rows, **params).recalibrators}


@pytest.fixture(scope="module")
def over_confident() -> Rows:
    return pairs(8000, stretch=1.8, seed=5)


@pytest.mark.parametrize("kind", ["temperature", "isotonic", "flexible"])
def test_pairs_are_repaired_on_fresh_rows_and_stay_symmetric(kind, over_confident):
    spec = exported(over_confident)[kind]
    assert (spec["applies_to"], spec["input"]) == ("comparison", {"column": "margin"})
    fresh = pairs(8000, stretch=1.8, seed=6)
    margin, label = fresh.columns["margin"], fresh.columns["label"]
    p = script.apply(spec, margin)
    assert p + script.apply(spec, -margin) == pytest.approx(np.ones(8000))
    before, after = metrics.width_bins(expit(margin), label, 10).ece, metrics.width_bins(p, label, 10).ece
    assert before > 0.06
    assert after < 0.025
    told = spec["held_out"]
    assert told["calibration_error"] < 0.02
    gain = metrics.nll_of_margin(margin, label) - metrics.nll(p, label)
    assert told["nll_gain_low"] - 0.01 < gain < told["nll_gain_high"] + 0.01
    gain = metrics.brier(expit(margin), label) - metrics.brier(p, label)
    assert told["brier_gain_low"] - 0.004 < gain < told["brier_gain_high"] + 0.004


@pytest.mark.parametrize("kind", ["temperature", "platt", "beta", "isotonic"])
def test_scores_are_repaired_on_fresh_rows(kind):
    shift = 0.0 if kind == "temperature" else 0.7
    scaled = [scores(8000, stretch=1.8, shift=shift, seed=seed) for seed in (5, 6)]
    old, fresh = (changed(rows, value=rows.columns["value"] * 10) for rows in scaled)
    spec = exported(old, scale=10)[kind]
    assert spec["applies_to"] == "score"
    assert spec["input"] == {"column": "value", "scale": 10.0, "logit_limit": pytest.approx(np.log(1e6))}
    p = script.apply(spec, fresh.columns["value"])
    assert metrics.width_bins(fresh.columns["value"] / 10, fresh.columns["truth"], 10).ece > 0.06
    assert metrics.width_bins(p, fresh.columns["truth"], 10).ece < 0.025
    assert 0 < spec["held_out"]["nll_gain_low"] < spec["held_out"]["nll_gain"] < spec["held_out"]["nll_gain_high"]


def test_exported_parameters_give_the_predictions_of_the_cells():
    for rows in (pairs(600, stretch=1.5), scores(600, stretch=1.5, shift=0.4)):
        view = View(ANALYSIS.observe(rows, DEFAULTS), 15)
        filled = view.filled
        for one in recalibrators(view, 0.95).values():
            raw = view.margin[filled] if view.paired else view.p[filled]
            applied = script.apply(one.exported, raw)
            limit = {"abs": 2e-3} if not view.paired or one.kind == "isotonic" else {"abs": 1e-9}
            assert applied == pytest.approx(one.on_all[filled], **limit), one.kind


@pytest.mark.parametrize("kind", ["temperature", "platt", "beta", "isotonic"])
def test_the_script_takes_certain_scores(kind: str) -> None:
    p = script.apply(exported(scores(600, stretch=1.5))[kind], [0.0, 0.5, 1.0])
    assert 0 < p[0] < p[1] < p[2] < 1


def test_held_out_predictions_do_not_see_their_fold():
    rows = pairs(500, stretch=1.5)
    fold = rows.columns["bucket"] % 5
    view = View(ANALYSIS.observe(rows, DEFAULTS), 15)
    one = recalibrators(view, 0.95)["temperature"]
    for number in range(5):
        kept = fold != number
        temperature = metrics.temperature(rows.columns["margin"][kept], rows.columns["label"][kept])
        implied = view.margin[view.filled] / logit(one.held_out[number][view.filled])
        assert implied == pytest.approx(np.full(len(implied), temperature), rel=1e-3)


def test_the_held_out_gain_is_that_of_applying_each_fold():
    rows = pairs(700, stretch=1.8)
    margin, label, fold = rows.columns["margin"], rows.columns["label"], rows.columns["bucket"] % 5
    p = np.empty(700)
    for number in range(5):
        kept = fold != number
        p[~kept] = expit(margin[~kept] / metrics.temperature(margin[kept], label[kept]))
    told = exported(rows)["temperature"]["held_out"]
    assert told["nll_gain"] == pytest.approx(metrics.nll_of_margin(margin, label) - metrics.nll(p, label), abs=2e-4)
    assert told["brier_gain"] == pytest.approx(metrics.brier(expit(margin), label) - metrics.brier(p, label), abs=2e-4)
    assert told["low"] <= told["calibration_error"] <= told["high"]
    recalibrated = conclude(rows).estimates["calibration_error_recalibrated"]
    assert (recalibrated.value, recalibrated.low, recalibrated.high) == (
        told["calibration_error"],
        told["low"],
        told["high"],
    )


def test_a_recalibrator_that_learns_noise_has_no_gain():
    rows = pairs(300)
    told = exported(rows)["isotonic"]["held_out"]
    assert told["nll_gain"] < 0
    assert told["nll_gain_low"] < told["nll_gain"] < told["nll_gain_high"]


def test_isotonic_never_says_never():
    rows = pairs(400)
    certain = changed(
        rows, label=np.where(np.abs(rows.columns["margin"]) > 1, rows.columns["margin"] > 0, 0.5).astype(float)
    )
    y = exported(certain)["isotonic"]["parameters"]["y"]
    assert max(y) == pytest.approx(1 - 1 / 402)
    assert min(y) == 0.5
    low = changed(scores(400), truth=np.zeros(400))
    assert exported(low)["isotonic"]["parameters"]["y"][0] == pytest.approx(1 / 402)


def test_the_chosen_recalibrator_is_told(over_confident):
    result = conclude(over_confident, recalibrator="isotonic")
    assert "isotonic recalibration repairs it" in result.sentence
    held_out = exported(over_confident)["isotonic"]["held_out"]
    assert result.estimates["calibration_error_recalibrated"].value == held_out["calibration_error"]


def test_one_fold_may_hold_everything():
    rows = pairs(60)
    crowded = changed(rows, bucket=(np.arange(60) * 5).astype(np.uint16))
    state = ANALYSIS.observe(crowded, CalibrationParameters())
    kinds = recalibrators(View(state, 15), 0.95)
    assert "isotonic" in kinds


def test_corners_keep_what_a_line_needs():
    y = np.array([0.1, 0.2, 0.2, 0.2, 0.2, 0.5, 0.9, 0.9])
    assert corners(y).tolist() == [True, True, False, False, True, True, True, True]
    assert corners(np.array([0.5])).tolist() == [True]


def test_the_script_runs_by_itself(tmp_path, over_confident):
    file = tmp_path / "recalibrator.json"
    file.write_text(json.dumps(exported(over_confident)["temperature"]))
    run = subprocess.run(
        [sys.executable, str(SCRIPT), str(file)], input="0\n1.8\n", capture_output=True, text=True, check=True
    )
    assert [float(line) for line in run.stdout.split()] == pytest.approx([0.5, expit(1.0)], abs=0.02)


@pytest.mark.parametrize("odd_one", [-1.0, 1.0])
def test_the_temperature_told_is_that_of_all_rows_whatever_one_fold_says(odd_one):
    """The last fold is so unlike the others that without it the slope has the other sign."""
    rows = pairs(400)
    last = rows.columns["bucket"] % 5 == 4
    margin = np.where(last, 3.0, np.tile([1.0, 0.5], 200))
    label = np.where(last, 0.5 + 0.45 * odd_one, 0.5 - 0.05 * odd_one)
    rows = changed(rows, margin=margin, label=label)
    assert (metrics.temperature(margin, label) > 0) == (odd_one > 0)
    assert (metrics.temperature(margin[~last], label[~last]) > 0) == (odd_one < 0)
    told = exported(rows)["temperature"]["parameters"]["temperature"]
    assert told == (pytest.approx(metrics.temperature(margin, label)) if odd_one > 0 else None)
