"""Every figure of agreement and judges comes out, of the public files where they are there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.figures_agreement import golden, llmbar, pandalm, tulu

DATA = os.environ.get("PLUMBLINE_REAL_DATA", "")


def test_golden_values():
    found = list(golden())
    assert len(found) == 7
    assert [line for line in found if not line.fits] == []


@pytest.mark.real_data
@pytest.mark.skipif(not DATA, reason="PLUMBLINE_REAL_DATA names no folder of public files")
@pytest.mark.parametrize(("figures", "number"), [(tulu, 6), (pandalm, 7), (llmbar, 24)])
def test_published_figures(figures, number):
    found = list(figures(Path(DATA)))
    assert len(found) == number
    assert [line for line in found if not line.fits] == []
