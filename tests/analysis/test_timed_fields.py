"""When an analysis has something to say of curves: rows with a step or a time; of sweeps, parameters of their runs."""

from __future__ import annotations

import pytest

from engine.analysis import applicable
from engine.analysis.curves import Curves


@pytest.mark.parametrize("placed", ["step", "time"])
def test_a_step_or_a_time_places_a_row(placed: str) -> None:
    assert Curves().missing("curve", ["value", "metric", placed]) == ()


def test_trials_without_steps_are_led_by_their_sweep() -> None:
    found = applicable({"kind": "curve", "fields": ["value", "metric", "run", "config.beta"]})
    assert [analysis.name for analysis in found] == ["sweep", "surface"]


def test_rows_with_none_of_them_are_told_what_they_lack() -> None:
    assert Curves().missing("curve", ["value", "metric", "run"]) == ("step or time",)


def test_a_table_of_trials_is_answered_by_its_sweep_a_log_with_parameters_by_its_curves():
    fields = ["config.lr", "metric", "run", "step", "value"]
    first = {form: applicable({"kind": "curve", "fields": fields, "format": form})[0].name for form in ("sweep", "log")}
    assert first == {"sweep": "sweep", "log": "curves"}
