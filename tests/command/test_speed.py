"""What `make bench` rests on: the data, the clock, and that our side computes what it claims to."""

import numpy as np
import pytest

from benchmarks import speed_cases
from benchmarks.speed_clock import compare, extra_memory
from benchmarks.speed_data import make
from engine.analysis import metrics


@pytest.fixture(scope="module")
def data():
    return make(4_000)


def test_data_are_the_same_each_time_and_over_confident(data):
    assert np.array_equal(make(4_000).p, data.p)
    assert data.rows.columns["prompt_hash"].size == 4_000
    assert np.unique(data.rows.columns["prompt_hash"]).size == 1_000
    assert metrics.temperature(data.margin, data.y) > 1.2


def test_contestants_take_turns():
    order = []

    def contestant(name):
        return lambda: order.append(name) or float(len(order))

    timed = compare({"a": contestant("a"), "b": contestant("b")}, {"a": 3, "b": 1})
    assert order[:4] == ["a", "b", "a", "a"]
    assert timed["a"].found == 4.0
    assert timed["b"].milliseconds >= 0


def test_memory_is_the_peak_above_the_level_before():
    found = extra_memory(lambda: float(np.ones(8_000_000).sum()))
    assert found is None or 40 < found < 120


def test_bucket_sums_give_the_ece_of_the_rows(data):
    bucket = data.rows.columns["bucket"].astype(np.int64)
    sums = speed_cases._bucket_sums(data.p, data.y, bucket, block=999)
    assert sums[0].sum() == 4_000
    assert speed_cases._ece_of_sums(sums.sum(axis=1)) == pytest.approx(metrics.width_bins(data.p, data.y).ece)


def test_both_sides_resample_the_same_statistic(data):
    (line,) = speed_cases.resamples(data)
    assert line.ours.found == pytest.approx(line.theirs.found, abs=0.03)
    assert "scaled from 3" in line.note


def test_absent_peers_are_left_out(data, monkeypatch):
    monkeypatch.setattr(speed_cases, "installed", lambda _name: False)
    assert speed_cases.ece(data) == speed_cases.smooth(data) == speed_cases.isotonic(data) == []
