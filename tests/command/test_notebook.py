"""`from engine import analyse`."""

import subprocess
import sys

import numpy as np
import pytest

import engine
from engine import analyse
from engine.analysis import metrics
from engine.errors import InputRefused, NotEnoughData, UsageError
from tests.command.conftest import pair_lines, write_lines


def test_one_path_or_several(pairs, tmp_path):
    other = write_lines(tmp_path / "other.jsonl", pair_lines(300, seed=5))
    assert analyse(str(pairs)).evidence.rows == 600
    assert analyse([pairs, other]).evidence.rows == 900


def test_progress_rises_to_one(pairs):
    seen = []
    analyse(pairs, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_errors_are_those_of_the_engine(pairs, tmp_path):
    few = write_lines(tmp_path / "few.jsonl", pair_lines(20))
    with pytest.raises(NotEnoughData):
        analyse(few)
    with pytest.raises(InputRefused, match=r"gone\.csv"):
        analyse(tmp_path / "gone.csv")
    with pytest.raises(UsageError):
        analyse(pairs, params={"bins": 7})
    with pytest.raises(UsageError):
        analyse([])


def test_files_of_different_kinds_are_not_one_dataset(pairs, scores):
    with pytest.raises(InputRefused, match="kind"):
        analyse([pairs, scores])


def test_files_of_different_scales_are_not_one_dataset(scores, tmp_path):
    other = tmp_path / "tenths.csv"
    other.write_text("task_id,score,correct\n" + "".join(f"u{row},{row / 40},{row % 2}\n" for row in range(300)))
    with pytest.raises(UsageError, match="scale"):
        analyse([scores, other])


def test_worst_rows_are_found_behind_the_first_batch(tmp_path):
    lines = list(pair_lines(400))
    lines[-1] = {**lines[-1], "score_a": 30.0, "label": 0, "response_a": "the very last"}
    assert analyse(write_lines(tmp_path / "late.jsonl", lines)).pairs[0]["text_a"] == "the very last"


def test_importing_the_engine_loads_nothing_heavy():
    code = (
        "import engine, sys; assert 'numpy' not in sys.modules; engine.analyse; assert 'sqlalchemy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_no_other_name():
    with pytest.raises(AttributeError):
        engine.analyze  # noqa: B018


def test_null_quantiles_are_those_of_a_simulated_calibrated_model(pairs):
    """Held against labels drawn from the model's own probabilities, although the model is over-confident."""
    result = analyse(pairs)
    margin = np.array([line["score_a"] for line in pair_lines(600)])
    confidence = 1 / (1 + np.exp(-np.abs(margin)))
    rng = np.random.default_rng(4)
    drawn = [(rng.random(600) < confidence).astype(float) for _ in range(400)]
    for name, statistic in {
        "ece_width_15": lambda right: metrics.width_bins(confidence, right).ece,
        "ece_debiased_l2": lambda right: metrics.debiased_l2(metrics.mass_bins(confidence, right)),
    }.items():
        simulated = float(np.quantile([statistic(right) for right in drawn], 0.95))
        assert result.estimates[name].null_95 == pytest.approx(simulated, rel=0.2), name
