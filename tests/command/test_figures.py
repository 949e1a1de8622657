"""`make figures`: published values of real files, golden values, and that a difference is seen."""

import os
from pathlib import Path

import pytest

from benchmarks import figures

DATA = os.environ.get("PLUMBLINE_REAL_DATA", "")


def test_golden_values():
    lines = list(figures.golden_values())
    assert len(lines) >= 20
    assert [line for line in lines if not line.fits] == []


@pytest.mark.real_data
@pytest.mark.skipif(not DATA, reason="PLUMBLINE_REAL_DATA is not set")
def test_published_figures_of_real_files():
    lines = list(figures.real_files(Path(DATA)))
    assert len(lines) == 20
    assert [line for line in lines if not line.fits] == []


@pytest.mark.parametrize(
    ("expected", "got", "fits"),
    [
        (".1338", 0.13384, True),
        (".1338", 0.13386, False),
        (".72", 0.72, True),
        (".72", 0.726, False),
        (".08171925271286642", 0.08171925271286642, True),
        (".08171925271286642", 0.0817192547, False),
        (".1", float("nan"), False),
    ],
)
def test_what_fits(expected, got, fits):
    assert figures.Line("", "", expected, got).fits is fits


def test_a_difference_is_an_exit_code(capsys):
    assert figures.report([figures.Line("made up", "accuracy", ".50", 0.5)]) == 0
    assert figures.report([figures.Line("made up", "accuracy", ".50", 0.6)]) == 1
    assert "DIFFERS" in capsys.readouterr().out


def test_absent_files_are_named(capsys, tmp_path):
    assert list(figures.real_files(tmp_path)) == []
    assert capsys.readouterr().out.count("absent:") == len(figures.FILES)
