"""Typed parameters, as an API hands them over: what does not fit is refused, never rounded or crashed on."""

from __future__ import annotations

import math
from typing import Any

import pytest

from engine.analysis import ANALYSES
from engine.errors import UsageError

PARAMETERS = ANALYSES["calibration"].parameters


@pytest.mark.parametrize("name", ["bins", "scale", "level", "seed"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, True, -1, None, [], {}, [15], "x", "1_0"])
def test_what_is_no_number_of_its_kind_is_refused(name: str, value: Any) -> None:
    with pytest.raises(UsageError):
        PARAMETERS.parse({name: value})


@pytest.mark.parametrize("value", [15.5, "15.5", 1e9, "1e1"])
def test_a_fraction_is_no_number_of_bins(value: Any) -> None:
    with pytest.raises(UsageError):
        PARAMETERS.parse({"bins": value})


@pytest.mark.parametrize("value", [20, 20.0, "20"])
def test_a_whole_number_may_come_as_text_or_float(value: Any) -> None:
    assert PARAMETERS.parse({"bins": value}) == PARAMETERS.parse({"bins": 20})
