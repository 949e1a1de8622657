"""Published figures of a public file and values that several packages agree on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.figures_ranking import golden, llmfao

HOME = os.environ.get("PLUMBLINE_REAL_DATA", "")


def test_values_of_other_packages():
    found = list(golden())
    assert len(found) == 23
    assert [line.name for line in found if not line.fits] == []


@pytest.mark.real_data
@pytest.mark.skipif(not HOME, reason="PLUMBLINE_REAL_DATA names no folder of public files")
def test_two_judges_of_59_models():
    found = list(llmfao(Path(HOME) / "llmfao"))
    assert len(found) == 3
    assert [line.name for line in found if not line.fits] == []
