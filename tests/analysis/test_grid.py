from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from engine.analysis.grid import (
    HALF,
    PAIR_CELLS,
    RESOLUTION,
    SCORE_CELLS,
    TAIL_EDGES,
    cells_of,
    fine_cell,
    fine_of_cell,
    pair_cell,
    score_cell,
    tail_edges_below,
)


def test_sizes():
    assert (RESOLUTION, len(TAIL_EDGES)) == (960, 117)
    assert (PAIR_CELLS, SCORE_CELLS) == (480 + 117, 960 + 2 * 117)
    assert (cells_of(True), cells_of(False)) == (PAIR_CELLS, SCORE_CELLS)
    assert len(fine_of_cell(True)) == PAIR_CELLS
    assert len(fine_of_cell(False)) == SCORE_CELLS


def test_counting_edges_equals_searching_them():
    margin = np.concatenate([np.linspace(0, 60, 5001), TAIL_EDGES, np.nextafter(TAIL_EDGES, 0)])
    assert tail_edges_below(margin).tolist() == np.searchsorted(TAIL_EDGES, margin, side="right").tolist()


def test_a_pair_lies_in_the_fine_cell_of_its_confidence_and_cells_rise_with_margin():
    strength = np.concatenate([np.linspace(0, 50, 20_001), TAIL_EDGES])
    confidence = expit(strength)
    cell = pair_cell(confidence, strength)
    assert cell.min() == 0
    assert cell.max() == PAIR_CELLS - 1
    assert (fine_of_cell(True)[cell] == fine_cell(confidence)).all()
    assert (np.diff(cell[np.argsort(strength)]) >= 0).all()


def test_a_score_lies_in_its_fine_cell_and_cells_rise_with_p():
    tail = np.concatenate([TAIL_EDGES, np.linspace(-45, 45, 2001)])
    p = np.concatenate([np.linspace(0, 1, 9601), expit(tail), expit(-tail), [0.0, 1.0]])
    with np.errstate(divide="ignore"):
        cell = score_cell(p, logit(p))
    assert (fine_of_cell(False)[cell] == fine_cell(p)).all()
    assert (np.diff(cell[np.argsort(p, kind="stable")]) >= 0).all()
    assert (cell[p == 0] == 0).all()
    assert (cell[p == 1] == SCORE_CELLS - 1).all()


def test_lower_and_upper_tail_mirror():
    margin = np.random.default_rng(0).uniform(4.4, 30, 3000)
    upper, lower = score_cell(expit(margin), margin), score_cell(expit(-margin), -margin)
    assert (upper + lower == SCORE_CELLS - 1).all()


def test_margins_within_a_cell_are_close():
    margin = np.linspace(0, 39.9, 400_001)
    cell = pair_cell(expit(margin), margin)
    width = np.bincount(cell, margin**2) / np.bincount(cell) - (np.bincount(cell, margin) / np.bincount(cell)) ** 2
    assert np.sqrt(width.max()) < 0.16
    assert np.sqrt(width[: HALF // 2].max()) < 0.01


@pytest.mark.parametrize("p", [0.0, 0.49999, 0.5, 1.0])
def test_fine_cell_edges(p):
    assert fine_cell(np.array([p]))[0] == min(int(p * 960), 959)


@pytest.mark.parametrize("paired", [True, False])
def test_the_shared_cells_cannot_be_written_over(paired):
    with pytest.raises(ValueError, match="read-only"):
        fine_of_cell(paired)[0] = 1
