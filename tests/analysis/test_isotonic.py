from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.analysis.isotonic import corp, fit_isotonic, pool_cells


def brute_force(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Isotonic regression by its min-max formula, on pooled equal p."""
    values = np.unique(p)
    fitted = np.empty(len(p))
    for index, at in enumerate(values):
        fitted[p == at] = max(
            min(y[(p >= low) & (p <= high)].mean() for high in values[index:]) for low in values[: index + 1]
        )
    return fitted


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=14))
def test_equals_the_min_max_formula_on_labels(rows):
    p = np.array([place / 7 + 0.01 for place, _ in rows])
    y = np.array([float(label) for _, label in rows])
    assert fit_isotonic(p, y)(p) == pytest.approx(brute_force(p, y), abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from([0.0, 0.25, 0.5, 1.0])), min_size=1, max_size=12))
def test_equals_the_min_max_formula_on_soft_labels(rows):
    p = np.array([place / 7 for place, _ in rows])
    y = np.array([label for _, label in rows])
    assert fit_isotonic(p, y)(p) == pytest.approx(brute_force(p, y), abs=1e-12)


def test_blocks_hold_all_rows_and_their_ends():
    steps = fit_isotonic(np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.0, 1.0, 0.0, 1.0]))
    assert steps.count.tolist() == [1, 2, 1]
    assert steps.value.tolist() == [0, 0.5, 1]
    assert steps.low == pytest.approx([0.1, 0.2, 0.4], abs=1e-15)
    assert steps.high == pytest.approx([0.1, 0.3, 0.4], abs=1e-15)
    assert float(steps(np.array([0.35]))[0]) == pytest.approx(0.75)


def test_the_input_is_not_changed():
    p, y = np.array([0.3, 0.2, 0.9]), np.array([1.0, 0.0, 1.0])
    kept = p.copy()
    fit_isotonic(p, y)
    assert p.tolist() == kept.tolist()


def test_corp_adds_up_to_the_brier_score():
    generator = np.random.default_rng(0)
    p = generator.random(400)
    y = (generator.random(400) < p**2).astype(float)
    terms = corp(p, y)
    total = terms.miscalibration - terms.discrimination + terms.uncertainty
    assert total == pytest.approx(float(np.mean((p - y) ** 2)))
    assert terms.miscalibration > 0.005
    assert terms.uncertainty == pytest.approx(y.mean() * (1 - y.mean()))


def test_pool_cells_fills_empty_cells_from_the_left_then_from_the_right():
    count = np.array([0.0, 2, 0, 2, 2, 0])
    fitted = pool_cells(count, np.array([0.0, 0.5, 0, 2, 0, 0]))
    assert fitted.tolist() == [0.25, 0.25, 0.25, 0.5, 0.5, 0.5]
    assert pool_cells(np.zeros(3), np.zeros(3)).tolist() == [0.5, 0.5, 0.5]
