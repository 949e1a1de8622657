"""Cells, windows and frames with states that are plain lists of numbers: each frame says what it is of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from engine.analysis import TIMELINE, TimelineParameters
from engine.analysis.base import Parameters
from engine.analysis.timed import observe
from engine.analysis.timeline import cells_of_records, frames_of
from engine.analysis.timeline.analysis import by_of, concluded
from engine.analysis.timeline.frames import width_of
from engine.analysis.timeline.grid import DAY, MANY_ROWS, finest, most_cells, start
from engine.analysis.timeline.state import Cells, cells_of_rows, from_bytes, joined, taken, to_bytes
from engine.analysis.timeline.windows import Window, label, spans, windows_of
from engine.errors import NotEnoughData, NotFound, UsageError
from engine.types import Estimate, Evidence, Frame, Result, Rows
from tests.analysis.test_timeline import asked, curve, pairs

JANUARY = 1_767_225_600.0
"""1 Jan 2026, 00:00 UTC."""


class Listing:
    """An analysis whose state are the values of its rows, in order; below zero on average there is no answer."""

    name = "listing"
    title = "Listing"
    known = "values"

    def observe(self, rows: Rows, params: Any) -> tuple[float, ...]:
        return tuple(rows.columns["value"].tolist())

    def combine(self, left: tuple[float, ...], right: tuple[float, ...]) -> tuple[float, ...]:
        return left + right

    def conclude(self, state: tuple[float, ...], params: Any) -> Result:
        if np.mean(state) < 0:
            raise NotEnoughData(f"The mean is {np.mean(state):g}.")
        told = {"none": Estimate(None), "mean": Estimate(float(np.mean(state)), min(state), max(state))}
        verdict = "large" if np.mean(state) >= 10 else "small"
        return Result("listing", verdict, "", told, Evidence("listing", "1"), {"prompts": len(state)})

    def to_bytes(self, state: tuple[float, ...]) -> bytes:
        return np.array(state).tobytes()

    def from_bytes(self, data: bytes) -> tuple[float, ...]:
        return tuple(np.frombuffer(data).tolist())


LISTING: Any = Listing()


def rows_at(step: Any, value: Any = None, **further: Any) -> Rows:
    step = np.asarray(step, float)
    value = np.arange(len(step)) if value is None else value
    return Rows("score", {"step": step, "value": np.asarray(value, float), "bucket": np.zeros(len(step)), **further})


def cells_of(step: Any, value: Any = None) -> Cells:
    return cells_of_rows(rows_at(step, value), LISTING, None, "step")


def timed(time: Any) -> Cells:
    time = np.asarray(time, float)
    rows = Rows("score", {"time": time, "value": np.arange(len(time), dtype=float), "bucket": np.zeros(len(time))})
    return cells_of_rows(rows, LISTING, None, "time")


# ------------------------------------------------------------------ cells


def test_rows_lie_in_the_cell_of_their_step_and_others_are_counted():
    found = cells_of([3, 0, -1, np.nan, 3, 5])
    assert dict(found.cells) == {0: (1,), 3: (0, 4), 5: (5,)}
    assert (found.exponent, found.rows, found.without, found.by, found.of) == (0, 6, 2, "step", "listing")
    nothing = cells_of([-1, np.nan])
    assert (dict(nothing.cells), nothing.rows, nothing.without) == ({}, 2, 2)
    without = cells_of_rows(Rows("score", {"value": np.zeros(3), "bucket": np.zeros(3)}), LISTING, None, "time")
    assert (without.rows, without.without) == (3, 3)


def test_times_before_1970_are_times():
    found = timed([-2.5 * DAY, -0.5 * DAY, 0.5 * DAY, np.nan])
    assert (found.rows, found.without, len(found.cells)) == (4, 1, 3)


def test_only_some_of_the_rows_are_so_in_all_their_columns():
    size = np.arange(4)
    rows = Rows(
        "score", {"a": size}, {"s": (size, ["w"])}, {"n": (size, ["v"])}, {"f": (size, size * 2)}, {"config.x": size}
    )
    found = taken(rows, np.array([True, False, False, True]))
    assert found.kind == "score"
    held = [
        found.columns["a"],
        found.slices["s"][0],
        found.names["n"][0],
        found.styles["f"][0],
        found.numbers["config.x"],
    ]
    assert [one.tolist() for one in held] == [[0, 3]] * 5
    assert (found.styles["f"][1].tolist(), found.slices["s"][1], found.names["n"][1]) == ([0, 6], ["w"], ["v"])


def test_cells_double_until_they_are_few_enough():
    step = np.arange(0, 3000, 7)
    for most in (16, 100, 256):
        exponent, cell = finest(step * 1.0, "step", most)
        expected = next(power for power in range(20) if len(set(step >> power)) <= most)
        assert (exponent, cell.tolist()) == (expected, (step >> expected).tolist())
    assert finest(np.arange(16.0), "step", 16)[0] == 0
    assert finest(np.arange(17.0), "step", 16)[0] == 1
    exponent, cell = finest(np.array([JANUARY]), "time", 16)
    assert (exponent, start(int(cell[0]), exponent, "time")) == (-20, JANUARY)
    assert start(3, 2, "step") == 12
    assert start(3, -1, "time") == 1.5 * DAY


@pytest.mark.parametrize(
    ("rows", "most"),
    [
        (0, 256),
        (1, 256),
        (MANY_ROWS, 256),
        (MANY_ROWS + 1, 128),
        (2 * MANY_ROWS, 128),
        (2 * MANY_ROWS + 1, 64),
        (4 * MANY_ROWS + 1, 32),
        (8 * MANY_ROWS + 1, 16),
        (64 * MANY_ROWS, 16),
    ],
)
def test_each_doubling_of_many_rows_halves_the_cells(rows, most):
    assert most_cells(rows) == most


def test_joined_cells_are_those_of_all_rows():
    step = np.concatenate([np.arange(200), np.arange(1000, 1300, 3), [-1, -1]])
    whole = cells_of(step)
    left, right = cells_of(step[:250]), cells_of(step[250:], np.arange(250, len(step)))
    assert left.exponent != whole.exponent or right.exponent != whole.exponent
    for one, other in ((left, right), (right, left)):
        both = joined(one, other, LISTING)
        assert (both.exponent, both.rows, both.without) == (whole.exponent, len(step), 2)
        assert list(both.cells) == list(whole.cells)
        assert {key: tuple(sorted(cell)) for key, cell in both.cells.items()} == dict(whole.cells)
    assert joined(left, cells_of([-1]), LISTING).cells == left.cells
    assert joined(cells_of([-1]), left, LISTING).exponent == left.exponent


@pytest.mark.parametrize("change", [{"of": "other"}, {"by": "time"}, {"narrowed": "a=b"}])
def test_cells_of_different_timelines_do_not_join(change):
    left = cells_of([1, 2])
    with pytest.raises(UsageError, match="one timeline"):
        joined(left, replace(left, **change), LISTING)


def test_a_segment_without_any_step_joins_one_with_times():
    params = TimelineParameters(of="calibration")
    rows = pairs(400)
    without = replace(rows, columns={name: one for name, one in rows.columns.items() if name != "step"})
    timeless = TIMELINE.observe(without, params)
    stepped = TIMELINE.observe(rows, params)
    assert (timeless.by, stepped.by) == ("time", "step")
    for both in (TIMELINE.combine(timeless, stepped), TIMELINE.combine(stepped, timeless)):
        assert (both.by, both.rows, both.without, list(both.cells)) == ("step", 800, 400, list(stepped.cells))
    other = TIMELINE.observe(replace(without, columns={**without.columns, "time": np.full(400, JANUARY)}), params)
    with pytest.raises(UsageError):
        TIMELINE.combine(other, stepped)


def test_a_state_survives_its_bytes_whole():
    found = replace(cells_of([5, 3, 3, 900, -1]), narrowed="topic=law")
    again = from_bytes(to_bytes(found, LISTING), {"listing": LISTING})
    assert again == found


def test_records_are_cut_cell_by_cell():
    rows = curve(40)
    step = np.where(np.arange(40) % 4 == 0, -1, rows.columns["step"])
    records = observe(replace(rows, columns={**rows.columns, "step": step}))
    found = cells_of_records(records, "curves", "step")
    assert (found.rows, found.without, found.exponent, found.of) == (40, 10, 0, "curves")
    assert list(found.cells) == sorted(set(step[step >= 0].tolist()))
    for key, part in found.cells.items():
        assert part.rows == len(part) == np.count_nonzero(step == key)
        assert set(part.columns["step"].tolist()) == {float(key)}
    nothing = observe(replace(rows, columns={**rows.columns, "step": np.full(40, -1)}))
    empty = cells_of_records(nothing, "curves", "step")
    assert (dict(empty.cells), empty.rows, empty.without) == ({}, 40, 40)


# ------------------------------------------------------------------ windows and what they are called


def test_windows_of_equal_length_cover_from_the_first_to_the_last_cell():
    found = windows_of(cells_of([10, 11, 15, 19, 22]), 3)
    assert [(one.low, one.high, one.keys) for one in found] == [(10, 12, (10, 11)), (15, 16, (15,)), (19, 23, (19, 22))]
    assert windows_of(cells_of([-1]), 3) == []


def test_each_step_is_a_window_and_of_more_than_two_hundred_two_together():
    assert [one.keys for one in windows_of(cells_of([4, 7, 4]), 0)] == [(4,), (7,)]
    assert len(windows_of(cells_of(np.arange(200)), 0)) == 200
    two = windows_of(cells_of(np.arange(201)), 0)
    assert [(one.low, one.high) for one in two[:2]] == [(0, 2), (2, 4)]
    assert (two[-1].low, two[-1].high, len(two)) == (200, 201, 101)
    assert label(two[-1], "step") == "step 200"


@pytest.mark.parametrize(("days", "length"), [(12, DAY), (11, DAY / 2), (6, DAY / 2), (3, DAY / 4)])
def test_twelve_days_are_windows_of_a_day_fewer_of_less(days, length):
    time = JANUARY + np.arange(0, days * DAY, DAY / 16)
    found = windows_of(timed(time), 0)
    assert {one.high - one.low for one in found} == {length}
    assert found[0].low == JANUARY
    assert len(found) == days * DAY / length


def test_windows_of_days_are_whole_where_rows_are_not():
    time = JANUARY + (np.arange(20) + 0.5) * DAY
    found = windows_of(timed(time), 0)
    assert [(one.low, one.high) for one in found[:2]] == [(JANUARY, JANUARY + DAY), (JANUARY + DAY, JANUARY + 2 * DAY)]
    long = windows_of(timed(JANUARY + np.arange(201) * DAY), 0)
    assert {one.high - one.low for one in long} == {2 * DAY}


@pytest.mark.parametrize(
    ("low", "high", "by", "expected"),
    [
        (120, 121, "step", "step 120"),
        (100, 200, "step", "steps 100 to 199"),
        (1000, 12_000, "step", "steps 1,000 to 11,999"),
        (99.5, 101.5, "step", "steps 100 to 101"),
        (JANUARY, JANUARY + DAY, "time", "1 Jan 2026"),
        (JANUARY, JANUARY + 3 * DAY, "time", "1 Jan 2026, 3 days"),
        (JANUARY + DAY / 4, JANUARY + DAY / 2, "time", "1 Jan 2026, 06:00"),
        (JANUARY, JANUARY + DAY / 2, "time", "1 Jan 2026, 00:00"),
        (JANUARY + DAY / 2, JANUARY + DAY, "time", "1 Jan 2026, 12:00"),
        (JANUARY + 90, JANUARY + 180, "time", "1 Jan 2026, 00:01:30"),
        (JANUARY, JANUARY + DAY + 60, "time", "1 Jan 2026, 00:00"),
        (JANUARY + 60, JANUARY + DAY, "time", "1 Jan 2026, 00:01"),
    ],
)
def test_what_a_stretch_is_called(low, high, by, expected):
    assert label(Window(low, high, ()), by) == expected


def test_a_span_is_of_the_last_windows():
    windows = [Window(at, at + 1, (at,)) for at in range(4)]

    def keys(span: int) -> list[list[int]]:
        return [[one.keys[0] for one in part] for part in spans(windows, span)]

    assert keys(0) == [[0], [0, 1], [0, 1, 2], [0, 1, 2, 3]]
    assert keys(1) == [[0], [1], [2], [3]]
    assert keys(3) == [[0], [0, 1], [0, 1, 2], [1, 2, 3]]


# ------------------------------------------------------------------ frames and the answer


def means(frames: list[Frame]) -> list[float | None]:
    return [None if one.result is None else one.result.estimates["mean"].value for one in frames]


def test_frames_are_of_the_rows_of_their_windows():
    cells = cells_of([0, 1, 1, 2, 3], [1, 2, 3, -30, 8])
    grown = frames_of(cells, LISTING, Parameters(), 0, 0)
    assert means(grown) == [1, 2, None, None]
    assert means(frames_of(cells, LISTING, Parameters(), 0, 1)) == [1, 2.5, None, 8]
    assert means(frames_of(cells, LISTING, Parameters(), 0, 2)) == [1, 2, None, None]
    assert [(one.label, one.low, one.high) for one in frames_of(cells, LISTING, Parameters(), 2, 0)] == [
        ("steps 0 to 1", 0, 1), ("steps 2 to 3", 2, 3)
    ]  # fmt: skip
    assert grown[2].missing == "The mean is -6."
    days = frames_of(timed(JANUARY + np.arange(12) * DAY), LISTING, Parameters(), 0, 0)
    assert (days[0].low, days[0].high) == (JANUARY, JANUARY + DAY)


def test_two_windows_and_one_answer_are_needed():
    with pytest.raises(NotEnoughData, match="No row has a step: a timeline needs one"):
        frames_of(cells_of([-1]), LISTING, Parameters(), 0, 0)
    with pytest.raises(NotEnoughData, match="All rows are of one step: a timeline needs two"):
        frames_of(cells_of([7, 7]), LISTING, Parameters(), 0, 0)
    with pytest.raises(NotEnoughData, match="All rows are of one moment"):
        frames_of(timed([JANUARY]), LISTING, Parameters(), 0, 0)
    with pytest.raises(NotEnoughData, match=r"No window has an answer. Of the last one: The mean is -5\."):
        frames_of(cells_of([1, 2], [-2, -8]), LISTING, Parameters(), 0, 0)
    assert len(frames_of(cells_of([1, 2]), LISTING, Parameters(), 0, 0)) == 2


@pytest.mark.parametrize(
    ("ends", "by", "windows", "expected"),
    [
        ([(1, 1), (2, 2)], "step", 0, "a step"),
        ([(0, 9), (10, 19)], "step", 0, "10 steps"),
        ([(0, 9), (10, 15)], "step", 0, "about 8 steps"),
        ([(0, 999), (1000, 2999)], "step", 2, "about 1,500 steps"),
        ([(0, DAY), (DAY, 2 * DAY)], "time", 0, "a day"),
        ([(0, 2 * DAY), (2 * DAY, 4 * DAY)], "time", 0, "2 days"),
        ([(0, 2 * DAY), (2 * DAY, 5 * DAY)], "time", 0, "about 2.5 days"),
        ([(0, DAY / 4), (DAY / 4, DAY / 2)], "time", 0, "6 hours"),
        ([(0, 3600.0), (3600.0, 7200.0)], "time", 0, "1 hours"),
        ([(0, 900.0), (900.0, 1800.0)], "time", 0, "15 minutes"),
    ],
)
def test_how_long_a_window_is(ends, by, windows, expected):
    frames = [Frame("", *one) for one in ends]
    assert width_of(Cells("listing", by, 0, {}), frames, windows) == expected


def test_the_answer_tells_how_the_verdict_moved():
    cells = cells_of([0, 1, 2, 3, 4, -1], [1, 20, 20, 1, -99, 0])
    params = TimelineParameters(span=1)
    found = concluded(cells, "Listing", frames_of(cells, LISTING, Parameters(), 0, 1), params)
    assert found.sentence == (
        "Listing over 5 windows of a step, each of the last 1 window: the verdict changes 2 times, last at step 3."
    )
    assert found.verdict == "changes"
    assert {name: (one.value, one.n) for name, one in found.estimates.items()} == {
        "frames": (5, 6), "changes": (2, 6)
    }  # fmt: skip
    assert [(one.code, one.message) for one in found.warnings] == [
        ("without_place", "1 row without a step are left out."),
        ("without_answer", "1 window without an answer, the first at step 4: The mean is -99."),
    ]
    picture = found.pictures["timeline"]
    assert (picture["number"], picture["by"], picture["label"][-1]) == ("mean", "step", "step 3")
    assert (picture["at"], picture["value"], picture["low"]) == ([0, 1, 2, 3], [1, 20, 20, 1], [1, 20, 20, 1])
    assert picture["verdict"] == ["small", "large", "large", "small"]
    assert (found.dataset, found.evidence.rows) == ({"of": "listing", "by": "step", "prompts": 1}, 6)
    grown = cells_of([0, 1], [1, 2])
    steady = concluded(grown, "Listing", frames_of(grown, LISTING, Parameters(), 0, 0), TimelineParameters())
    assert steady.sentence == (
        "Listing over 2 windows of a step, each of all before it too: the verdict never changes."
    )
    assert (steady.verdict, steady.warnings, steady.dataset["prompts"]) == ("steady", [], 2)
    assert (steady.pictures["timeline"]["low"], steady.pictures["timeline"]["high"]) == ([1, 1], [1, 2])


def test_a_slice_needs_only_one_cell_that_has_it():
    rows = pairs(600)
    of = {"law": rows.columns["step"] < 100, "math": rows.columns["step"] >= 100}
    parts = [
        replace(taken(rows, kept), slices={"topic": (np.zeros(np.count_nonzero(kept), np.int32), [name])})
        for name, kept in of.items()
    ]
    state = TIMELINE.combine(*(TIMELINE.observe(part, asked()) for part in parts))
    last = TIMELINE.narrow(state, "topic", "math")
    assert (list(last.cells), last.narrowed) == ([100, 110], "topic=math")
    with pytest.raises(NotFound):
        TIMELINE.narrow(state, "topic", "none")


def test_steps_are_taken_where_a_row_has_one_unless_told():
    for step, by in (([-1, 0], "step"), ([-1, -1], "time")):
        rows = rows_at(step)
        assert by_of(rows, TimelineParameters()) == by
        assert by_of(rows, TimelineParameters(by="time")) == "time"
        assert by_of(rows, TimelineParameters(by="step")) == "step"
    assert by_of(Rows("score", {"value": np.zeros(2), "bucket": np.zeros(2)}), TimelineParameters()) == "time"


def test_whose_answers_are_shown():
    first = TIMELINE.inner(TimelineParameters(), "curve")
    assert first.name == next(name for name, one in TIMELINE.known.items() if "curve" in one.kinds)
    assert TIMELINE.inner(TimelineParameters(of="curves"), "curve").name == "curves"
    with pytest.raises(UsageError, match=r"of='calibration' is none of .*curves"):
        TIMELINE.inner(TimelineParameters(of="calibration"), "curve")
    with pytest.raises(UsageError):
        TIMELINE.inner(TimelineParameters(), None)
    calibration = TIMELINE.known["calibration"]
    params: Any = TIMELINE.inner_params(TimelineParameters(scale=5, given="level=0.9"), calibration)
    assert (params.scale, params.level) == (5, 0.9)
    for given in ("slice=a=b", "where=a"):
        with pytest.raises(UsageError):
            TIMELINE.inner_params(TimelineParameters(given=given), calibration)
    assert "time" in TIMELINE.reads
    assert not TIMELINE.applies("comparison", ["step"])
    assert TIMELINE.missing("comparison", ["time"]) == ()


@dataclass(frozen=True)
class Ends:
    """A parameter at its ends, and just beyond."""

    good: dict[str, object]
    bad: dict[str, object]


@pytest.mark.parametrize(
    "ends",
    [
        Ends({"windows": 0}, {"windows": -1}),
        Ends({"windows": 200}, {"windows": 201}),
        Ends({"span": 200}, {"span": 201}),
        Ends({"span": 0}, {"span": -1}),
        Ends({"scale": 0.01}, {"scale": 0}),
        Ends({"scale": 1e9}, {"scale": "inf"}),
        Ends({"by": "time"}, {"by": "day"}),
    ],
)
def test_parameters_are_taken_up_to_their_ends(ends):
    TimelineParameters.parse(ends.good)
    with pytest.raises(UsageError):
        TimelineParameters.parse(ends.bad)
