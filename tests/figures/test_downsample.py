"""Down-sampled lines: what they keep, in which order, how many; the largest triangles against a package of others."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.downsample import MOST_POINTS, lttb, min_max
from engine.figures import packed

GOLDEN = json.loads((Path(__file__).parent / "golden" / "downsample.json").read_text())
SIZES = st.integers(1, 30_000)


def walk(size: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=size).cumsum()


@given(SIZES, st.integers(4, MOST_POINTS), st.integers(0, 99))
def test_first_last_and_both_extremes_are_kept_in_order_and_never_too_many(size, most, seed):
    y = walk(size, seed)
    kept = min_max(y, most)
    assert len(kept) <= most
    assert np.all(np.diff(kept) > 0)
    assert (kept[0], kept[-1]) == (0, size - 1)
    assert (y[kept].min(), y[kept].max()) == (y.min(), y.max())


@given(st.integers(3_000, 40_000), st.integers(0, 99), st.data())
def test_a_spike_of_one_point_is_seen_wherever_it_is(size, seed, data):
    y = np.zeros(size)
    place = data.draw(st.integers(0, size - 1))
    y[place] = 1.0 if seed % 2 else -1.0
    assert place in min_max(y)


@given(st.integers(2_001, 9_000), st.integers(0, 9))
def test_each_neighbourhood_keeps_its_own_extremes(size, seed):
    """No stretch as long as two bins of the line loses its highest or lowest point by more than its neighbours have."""
    y = walk(size, seed)
    kept = min_max(y)
    width = 2 * -(-(size - 2) // 999)
    shown = np.interp(np.arange(size), kept, y[kept])
    for start in range(0, size - width, width):
        part = slice(start, start + width)
        assert y[part].max() <= shown[max(start - width, 0) : start + 2 * width].max() + 1e-12


def test_gaps_stay_gaps_and_a_missing_point_hides_no_spike():
    y = walk(10_000, 1)
    y[4_000:4_500] = np.nan
    y[7_000], y[7_001] = np.nan, 1e6
    kept = min_max(y)
    assert np.isnan(y[kept]).any()
    assert 7_001 in kept
    assert np.isnan(y[kept][(kept >= 4_000) & (kept < 4_500)]).all()
    assert len(min_max(np.full(5_000, np.nan))) <= MOST_POINTS


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: f"{case['size']} to {case['most']}")
def test_largest_triangles_are_those_of_the_package_lttb(case):
    rng = np.random.default_rng(case["seed"])
    x = np.cumsum(rng.integers(1, 5, case["size"])).astype(float)
    y = np.cumsum(rng.normal(size=case["size"])).round(6)
    assert lttb(x, y, case["most"]).tolist() == case["lttb"]
    ours = y[min_max(y, case["most"])]
    assert (ours.min(), ours.max()) == (case["lowest"], case["highest"])


@given(SIZES, st.integers(3, MOST_POINTS), st.integers(0, 9))
def test_triangles_keep_first_and_last_in_order_and_exactly_as_many(size, most, seed):
    y = walk(size, seed)
    kept = lttb(np.arange(size, dtype=float), y, most)
    assert len(kept) == min(size, most)
    assert np.all(np.diff(kept) > 0)
    assert (kept[0], kept[-1]) == (0, size - 1)


@pytest.mark.parametrize("fewest", [(min_max, 3), (lttb, 2)])
def test_fewer_points_than_a_line_has_are_refused(fewest):
    choose, most = fewest
    arguments = (np.zeros(9),) if choose is min_max else (np.zeros(9), np.zeros(9))
    with pytest.raises(ValueError):
        choose(*arguments, most)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=64), max_size=50))
def test_places_travel_without_loss(numbers):
    found = packed.exact(numbers)
    assert packed.unpacked(found).tolist() == [float(one) for one in numbers]


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**6), st.integers(3, 200))
def test_regular_places_are_not_sent_and_steps_above_2_to_the_24_are_kept(first, distance, size):
    x = first + distance * np.arange(float(size))
    told = packed.places(x)
    assert "x" not in told
    assert np.array_equal(told["x0"] + told["dx"] * np.arange(size), x)
    x[-1] += 1
    assert packed.unpacked(packed.places(x)["x"]).tolist() == x.tolist()


def test_values_are_four_bytes_each_and_gaps_are_gaps():
    found = packed.values([1.5, None, float("nan"), -2.0])
    assert len(found["bdata"]) == 24
    assert np.array_equal(packed.unpacked(found), [1.5, np.nan, np.nan, -2.0], equal_nan=True)
    square = packed.values(np.arange(6.0).reshape(2, 3))
    assert square["shape"] == "2, 3"
    assert packed.unpacked(square).tolist() == [[0, 1, 2], [3, 4, 5]]


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60))
def test_heights_in_two_bytes_are_right_to_a_65_thousandth_of_their_range(numbers):
    found = packed.unpacked(packed.coarse([*numbers, float("nan")]))
    assert np.isnan(found[-1])
    assert np.abs(found[:-1] - numbers).max() <= (max(numbers) - min(numbers)) / 65_000 + 1e-9
