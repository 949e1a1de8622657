"""When an analysis over time has something to say: rows with a step, a time or a parameter of their run."""

from __future__ import annotations

import pytest

from engine.analysis.curves import Curves


@pytest.mark.parametrize("placed", ["step", "time", "config.beta"])
def test_a_step_a_time_or_a_parameter_places_a_row(placed: str) -> None:
    assert Curves().missing("curve", ["value", "metric", placed]) == ()


def test_rows_with_none_of_them_are_told_what_they_lack() -> None:
    assert Curves().missing("curve", ["value", "metric", "run"]) == ("step or time",)
