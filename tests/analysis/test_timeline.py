"""Timeline: the grid depends on the rows alone, frames are the answers of their rows, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.analysis import ANALYSES, TIMELINE, TimelineParameters, expected
from engine.analysis.timeline import cells_of_records, frames_of
from engine.analysis.timeline.grid import DAY, FEWEST_CELLS, MANY_ROWS, MOST_CELLS, finest, most_cells
from engine.analysis.timeline.state import taken
from engine.analysis.timeline.windows import windows_of
from engine.errors import NotEnoughData, NotFound, UsageError
from engine.types import Rows

CALIBRATION = ANALYSES["calibration"]


def pairs(size: int = 3_000, steps: int = 12, seed: int = 0, **columns: np.ndarray) -> Rows:
    """Pairs of a run that grows over-confident; further columns as given."""
    rng = np.random.default_rng(seed)
    step = np.sort(rng.integers(0, steps, size)) * 10
    margin = rng.normal(0.8, 1.5, size)
    told = {
        "margin": margin * (1 + 3 * step / step.max()),
        "label": (rng.random(size) < 1 / (1 + np.exp(-margin))).astype(float),
        "row_hash": rng.integers(0, 2**63, size).astype(np.uint64),
        "prompt_hash": (prompt := rng.integers(0, 2**63, size).astype(np.uint64)),
        "bucket": (prompt % np.uint64(4096)).astype(np.uint16),
        "step": step.astype(np.int64),
    }
    topic = rng.integers(0, 2, size).astype(np.int32), ["law", "math"]
    return Rows("comparison", {**told, **columns}, slices={"topic": topic})


def curve(size: int = 400) -> Rows:
    """A training log of two runs."""
    rng = np.random.default_rng(3)
    step = np.tile(np.arange(size // 2), 2)
    number = rng.integers(0, 2**63, size).astype(np.uint64)
    columns = {"value": step + rng.normal(size=size), "step": step, "row_hash": number, "prompt_hash": number}
    columns |= {"bucket": (number % np.uint64(4096)).astype(np.uint16), "source_line": np.arange(size) * 1.0}
    columns["time"] = 1.7e9 + step * 60.0
    run = np.repeat(np.arange(2, dtype=np.int32), size // 2), ["a", "b"]
    metric = np.zeros(size, np.int32), ["reward"]
    return Rows("curve", columns, names={"run": run, "metric": metric})


def asked(**given: object) -> TimelineParameters:
    return TimelineParameters.parse({"of": "calibration", "by": "step", **given})


def state_of(rows: Rows, params: TimelineParameters):
    return TIMELINE.observe(rows, params)


# ------------------------------------------------------------------ the grid


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=400), st.integers(16, 256))
def test_cells_are_the_finest_that_are_few_enough(steps, most):
    at = np.array(steps, float)
    exponent, cell = finest(at, "step", most)
    assert np.array_equal(cell, np.floor(at / 2.0**exponent))
    assert len(np.unique(cell)) <= most
    assert exponent == 0 or len(np.unique(np.floor(at / 2.0 ** (exponent - 1)))) > most


def test_cells_of_time_begin_with_days():
    at = 1.7e9 + np.arange(0, 400 * DAY, DAY / 3)
    exponent, cell = finest(at, "time", MOST_CELLS)
    assert exponent == 1
    assert np.all(cell * 2 * DAY % DAY == 0)
    assert finest(at[:60], "time", 256)[0] < 0


@pytest.mark.parametrize(("rows", "cells"), [(1, 256), (MANY_ROWS, 256), (MANY_ROWS + 1, 128), (10**9, FEWEST_CELLS)])
def test_many_rows_have_fewer_cells(rows, cells):
    assert most_cells(rows) == cells


@settings(max_examples=6, deadline=None)
@given(st.lists(st.integers(1, 900), min_size=1, max_size=4, unique=True), st.permutations(range(5)))
def test_however_rows_are_split_and_in_whatever_order_the_cells_are_the_same(cuts, order):
    rows, params = pairs(900, steps=500), asked(of="compare")
    edges = [0, *sorted(cuts), 900]
    place = np.arange(900)
    parts = [taken(rows, (place >= low) & (place < high)) for low, high in pairwise(edges) if low < high]
    states = [state_of(part, params) for part in parts]
    joined = reduce(TIMELINE.combine, [states[one] for one in order if one < len(states)])
    whole = state_of(rows, params)
    assert (joined.exponent, list(joined.cells)) == (whole.exponent, list(whole.cells))
    for key, cell in whole.cells.items():
        told, other = (ANALYSES["compare"].to_bytes(one) for one in (cell, joined.cells[key]))
        assert len(told) == len(other)


def test_a_state_survives_its_bytes():
    params = asked()
    state = state_of(pairs(), params)
    again = TIMELINE.from_bytes(TIMELINE.to_bytes(state))
    assert TIMELINE.to_bytes(again) == TIMELINE.to_bytes(state)
    assert TIMELINE.conclude(again, params).pictures == TIMELINE.conclude(state, params).pictures


# ------------------------------------------------------------------ frames


def test_a_frame_is_the_answer_on_all_rows_up_to_it():
    rows, params = pairs(), asked()
    found = frames_of(state_of(rows, params), CALIBRATION, CALIBRATION.parameters(), 0, 0)
    assert [frame.label for frame in found[:3]] == ["step 0", "step 10", "step 20"]
    for place in (4, 11):
        frame = found[place]
        alone = CALIBRATION.observe(taken(rows, rows.columns["step"] <= frame.high), CALIBRATION.parameters())
        expect = CALIBRATION.conclude(alone, CALIBRATION.parameters())
        assert frame.result is not None
        assert frame.result.sentence == expect.sentence
        assert frame.result.estimates["brier"].value == pytest.approx(expect.estimates["brier"].value, rel=1e-12)


@pytest.mark.parametrize("span", [1, 3])
def test_a_frame_of_a_span_is_the_answer_on_its_windows_alone(span):
    rows, params = pairs(8_000, steps=8), asked()
    found = frames_of(state_of(rows, params), CALIBRATION, CALIBRATION.parameters(), 0, span)
    step, frame = rows.columns["step"], found[5]
    alone = CALIBRATION.observe(taken(rows, (step <= 50) & (step > 50 - span * 10)), CALIBRATION.parameters())
    assert frame.result is not None
    assert frame.result.evidence.rows == np.count_nonzero((step <= 50) & (step > 50 - span * 10))
    expect = CALIBRATION.conclude(alone, CALIBRATION.parameters()).estimates["accuracy"].value
    assert frame.result.estimates["accuracy"].value == pytest.approx(expect, rel=1e-12)


@pytest.mark.parametrize("count", [2, 3, 7, 36, 37, 38, 100, 200])
def test_equal_windows_hold_every_row_once(count):
    state = state_of(pairs(400, steps=37), asked(of="compare"))
    windows = windows_of(state, count)
    assert all(one.high <= other.low for one, other in pairwise(windows))
    keys = [key for window in windows for key in window.keys]
    assert keys == list(state.cells)
    assert 2 <= len(windows) <= count


def test_records_are_cut_and_say_what_a_state_of_their_own_says():
    rows, inner = curve(), ANALYSES["curves"]
    records = inner.observe(rows, inner.parameters())
    cells = cells_of_records(records, "curves", "step")
    found = frames_of(cells, inner, inner.parameters(), 10, 0)
    observed = frames_of(state_of(rows, asked(of="curves")), inner, inner.parameters(), 10, 0)
    assert [one.label for one in found] == [one.label for one in observed]
    assert [one.result.sentence for one in found] == [one.result.sentence for one in observed]
    assert found[-1].result.sentence == inner.conclude(records, inner.parameters()).sentence


def test_days_are_windows_of_time_and_hours_where_there_are_few_days():
    time = 1_767_225_600 + np.sort(np.random.default_rng(1).uniform(0, 14 * DAY, 3_000))
    params = asked(by="time")
    month = TIMELINE.conclude(state_of(pairs(time=time), params), params)
    assert month.pictures["timeline"]["label"][:2] == ["1 Jan 2026", "2 Jan 2026"]
    assert "14 windows of a day" in month.sentence
    short = TIMELINE.conclude(state_of(pairs(time=1_767_225_600 + (time - time[0]) / 60), params), params)
    assert short.pictures["timeline"]["label"][0].startswith("1 Jan 2026, 00:")


def test_changes_of_the_verdict_are_counted_and_said():
    params = asked()
    found = TIMELINE.conclude(state_of(pairs(), params), params)
    verdicts = found.pictures["timeline"]["verdict"]
    changes = sum(one != other for one, other in pairwise(verdicts))
    assert (found.estimates["changes"].value, found.verdict) == (changes, "changes")
    assert f"changes {changes} time" in found.sentence


def test_windows_without_enough_rows_say_so_and_have_no_answer():
    params = asked(span=1)
    state = state_of(pairs(400, steps=20), params)
    with pytest.raises(NotEnoughData, match="No window has an answer"):
        TIMELINE.conclude(state, params)
    grown = TIMELINE.conclude(state, asked())
    assert [notice.code for notice in grown.warnings] == ["without_answer"]


# ------------------------------------------------------------------ slices, refusals


def test_a_slice_is_the_timeline_of_its_rows():
    params = asked()
    state = state_of(pairs(), params)
    law = TIMELINE.conclude(state, replace(params, slice="topic=law"))
    assert 0 < law.pictures["timeline"]["value"][-1] < 1
    with pytest.raises(NotFound):
        TIMELINE.conclude(state, replace(params, slice="topic=none"))


def test_rows_without_a_place_are_left_out_and_counted():
    rows = pairs()
    step = rows.columns["step"].copy()
    step[::2] = -1
    params = asked()
    found = TIMELINE.conclude(state_of(replace(rows, columns={**rows.columns, "step": step}), params), params)
    assert found.warnings[0].message.startswith("1,500 rows without a step")


def test_no_step_or_only_one_is_refused_by_name():
    params, rows = asked(), pairs()
    for step in (-1, 7):
        state = state_of(replace(rows, columns={**rows.columns, "step": np.full(3_000, step)}), params)
        with pytest.raises(NotEnoughData, match="a timeline needs"):
            TIMELINE.conclude(state, params)


@pytest.mark.parametrize(
    "given", [{"of": "astrology"}, {"by": "moon"}, {"windows": 201}, {"span": -1}, {"scale": 0}, {"given": "slice=a=b"}]
)
def test_what_is_not_there_is_refused(given):
    with pytest.raises(UsageError):
        state_of(pairs(30), asked(**given))


def test_given_parameters_reach_the_analysis():
    params = asked(given="bins=8", windows=3)
    found = frames_of(state_of(pairs(), params), CALIBRATION, TIMELINE.inner_params(params, CALIBRATION), 3, 0)
    assert found[-1].result.evidence.params["bins"] == 8


def test_nobody_observes_it_unasked():
    report = {"kind": "comparison", "fields": ["margin", "label", "step", "time"]}
    assert "timeline" not in [one.name for one in expected(report)]
    assert TIMELINE.missing("comparison", ["margin", "label"]) == ("step or time",)
