"""Parameters abused: whatever is typed gives checked parameters or a usage error, before any file is opened."""

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.analysis import ANALYSES
from engine.errors import UsageError
from engine.standalone import Analysing

NAMES = [name for analysis in ANALYSES.values() for name in analysis.parameters.__dataclass_fields__]
VALUES = st.one_of(
    st.text(max_size=20),
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(["", "nan", "inf", "-1", "1e9", "1000000000", "True", "None", "0x10", "١٥", "9" * 5000, "a=b=c"]),
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.one_of(st.sampled_from(NAMES), st.text(max_size=8)), VALUES, max_size=4))
def test_checked_or_refused(typed):
    work = Analysing([Path("never-opened")], "calibration", typed, {})
    try:
        _, params = work.choose()
    except UsageError:
        return
    assert set(typed) <= set(NAMES)
    assert 2 <= params.bins <= 960
    assert 0.5 <= params.level < 1
    assert 0 < params.scale < math.inf
    assert params.seed >= 0


@pytest.mark.parametrize("bins", ["0", "-15", "7", "961", "1000000000", "15.5", "nan"])
def test_bins_that_do_not_divide_are_refused(bins):
    with pytest.raises(UsageError):
        Analysing([Path("never-opened")], "calibration", {"bins": bins}, {}).choose()
