"""Tiles of a surface: numbers, bytes, what is refused."""

from __future__ import annotations

import base64

import numpy as np
import plotly.graph_objects as go
import pytest

from engine.errors import UsageError
from tests.analysis.trialing import franke
from web.tiles import OUTSIDE, tile

AT = np.linspace(0, 1, 200)
GRID = franke(*np.meshgrid(AT, AT)).astype(np.float32)
GRID[:3, :50] = np.nan


def test_whole_numbers_become_values_again_and_outside_stays_outside() -> None:
    found = tile(GRID, "uint16", 0, 50)
    codes = np.frombuffer(base64.b64decode(found["data"]), "<u2").reshape(50, 200)
    values = np.where(codes == OUTSIDE, np.nan, found["low"] + found["step"] * codes)
    assert np.array_equal(np.isnan(values), np.isnan(GRID[:50]))
    assert np.nanmax(np.abs(values - GRID[:50])) <= 0.51 * found["step"] + 1e-6
    assert (found["from"], found["rows"], found["of"]) == (0, 50, 200)


def test_floats_are_the_grid_to_the_bit() -> None:
    found = tile(GRID, "float32", 150, 100)
    values = np.frombuffer(base64.b64decode(found["data"]), "<f4").reshape(50, 200)
    assert np.array_equal(values, GRID[150:], equal_nan=True)
    assert found["rows"] == 50


def test_flat_and_empty_grids_are_tiles_too() -> None:
    for grid in (np.full((20, 20), 3.0, np.float32), np.full((20, 20), np.nan, np.float32)):
        found = tile(grid, "uint16", 0, 20)
        codes = np.frombuffer(base64.b64decode(found["data"]), "<u2")
        assert set(codes.tolist()) in ({0}, {OUTSIDE})
        assert found["step"] > 0


@pytest.mark.parametrize(("form", "share"), [("float32", 0.95), ("uint16", 0.47)])
def test_they_are_smaller_than_plotlys_own(form: str, share: float) -> None:
    theirs = len(go.Figure(go.Surface(z=np.nan_to_num(GRID))).to_json())
    assert len(tile(GRID, form, 0, 200)["data"]) <= share * theirs


def test_rows_that_there_are_not_are_refused() -> None:
    with pytest.raises(UsageError, match="200 rows"):
        tile(GRID, "uint16", 200, 50)
