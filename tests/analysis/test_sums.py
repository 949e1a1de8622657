"""Sums that take a shorter way give the same bits as numpy's."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analysis.arrays import sum_rows
from engine.analysis.sketch import DistinctCount


@pytest.mark.parametrize("shape", [(1, 15), (3, 2), (50, 5), (1563, 15), (4096, 20)])
def test_columns_are_summed_to_the_same_bits(shape: tuple[int, int]) -> None:
    generator = np.random.default_rng(shape)
    values = generator.normal(size=shape) * np.exp(8 * generator.normal(size=shape))
    assert sum_rows(values).tobytes() == values.sum(axis=0).tobytes()


@pytest.mark.parametrize("sizes", [(0, 0), (0, 3), (5, 0), (40, 1), (40, 40)])
def test_two_sketches_are_one_sorted_set(sizes: tuple[int, int]) -> None:
    generator = np.random.default_rng(sizes)
    left, right = (np.unique(generator.integers(0, 60, size).astype(np.uint64)) for size in sizes)
    both = DistinctCount(30, left) + DistinctCount(30, right)
    assert both.smallest.dtype == np.uint64
    assert both.smallest.tolist() == sorted({*left.tolist(), *right.tolist()})[:30]
