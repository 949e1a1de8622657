from __future__ import annotations

import numpy as np
import pytest

from engine.analysis.sketch import DistinctCount, WorstRows
from tests.analysis.worlds import hashes_of


def test_counts_exactly_below_its_size_whatever_the_repetitions_and_the_order():
    hashes = hashes_of(np.arange(50))
    whole = DistinctCount.of(np.concatenate([hashes, hashes[::-1]]), 64)
    assert whole.exact
    assert whole.count == 50
    parts = DistinctCount.of(hashes[30:], 64) + DistinctCount.of(hashes[:40], 64)
    assert parts.smallest.tolist() == whole.smallest.tolist()


def test_estimates_beyond_its_size():
    sketch = DistinctCount.of(hashes_of(np.arange(100_000)), 1024)
    assert not sketch.exact
    assert sketch.count == pytest.approx(100_000, rel=0.1)
    assert len((sketch + sketch).smallest) == 1024
    assert not DistinctCount.of(hashes_of(np.arange(8)), 8).exact


def test_the_estimate_has_no_bias():
    counts = [DistinctCount.of(hashes_of(np.arange(5000) + 10**6 * i), 64).count for i in range(300)]
    assert np.mean(counts) == pytest.approx(5000, rel=0.025)


def test_worst_rows_are_ordered_by_confidence_then_hash():
    row_hash = np.array([5, 4, 3, 2, 1], np.uint64)
    confidence = np.array([0.9, 0.7, 0.9, 0.8, 0.6])
    worst = WorstRows.of(row_hash, confidence, 3)
    assert [(row.row_hash, row.confidence) for row in worst.references()] == [(3, 0.9), (5, 0.9), (2, 0.8)]
    few = WorstRows.of(row_hash[:2], confidence[:2], 3)
    assert [row.row_hash for row in few.references()] == [5, 4]


def test_worst_rows_of_parts_are_those_of_the_whole():
    generator = np.random.default_rng(0)
    row_hash, confidence = hashes_of(np.arange(500)), np.round(generator.random(500), 2)
    whole = WorstRows.of(row_hash, confidence, 20)
    parts = WorstRows.of(row_hash[:123], confidence[:123], 20) + WorstRows.of(row_hash[123:], confidence[123:], 20)
    assert parts.references() == whole.references()
    assert len(whole.references()) == 20


@pytest.mark.parametrize(
    ("size", "distinct", "step"), [(1024, 900, 1), (1024, 9_000, 100), (1024, 90_000, 1000), (8192, 30_000, 100)]
)
def test_an_estimate_is_shown_without_the_digits_it_does_not_have(size, distinct, step):
    sketch = DistinctCount.of(hashes_of(np.arange(distinct)), size)
    assert sketch.rounded % step == 0
    assert abs(sketch.rounded - sketch.count) <= step / 2
    assert step <= max(1, distinct / size**0.5)
    assert sketch.exact == (step == 1)


@pytest.mark.parametrize("rows", [1, 64, 600, 5_000, 60_000])
@pytest.mark.parametrize("distinct", [10, 64, 700, 10**6])
def test_the_smallest_are_found_without_sorting_all(rows, distinct):
    hashes = hashes_of(np.random.default_rng(0).integers(0, distinct, rows))
    assert DistinctCount.of(hashes, 64).smallest.tolist() == np.unique(hashes)[:64].tolist()
    skewed = hashes // np.uint64(2) + np.uint64(2**63)
    assert DistinctCount.of(skewed, 64).smallest.tolist() == np.unique(skewed)[:64].tolist()


def test_the_estimate_by_hand():
    """Of two kept hashes the greater lies at half the space: (2 − 1) / ½; of three at an eighth: (3 − 1) / ⅛."""
    assert DistinctCount(2, np.array([2**60, 2**63], np.uint64)).count == 2
    assert DistinctCount(3, np.array([1, 2, 2**61], np.uint64)).count == 16


def test_the_digits_shown_are_those_above_the_standard_error():
    """4 kept: the relative standard error is ½, so 3 / 2⁻¹⁰ = 3,072 is shown in thousands."""
    assert DistinctCount(4, np.array([1, 2, 3, 2**54], np.uint64)).rounded == 3000
    assert DistinctCount(4, np.array([1, 2, 2**54], np.uint64)).rounded == 3


def test_worst_rows_of_a_damaged_state_are_not_silently_fewer():
    with pytest.raises(ValueError, match="shorter"):
        WorstRows(5, np.array([1, 2], np.uint64), np.array([0.9])).references()
