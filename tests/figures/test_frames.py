"""Frames of a timeline in one payload: each is what it was, axes do not jump, and it is small."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.figures import frames, packed
from engine.figures.chart import figure
from engine.figures.player import LARGEST, events, player
from engine.types import Estimate, Evidence, Frame, Notice, Result


def unpacked(told: dict[str, Any], index: int) -> dict[str, Any]:
    """One frame again, as the player makes it."""
    whole = copy.deepcopy(told["base"])
    for change in told["changes"]:
        value = _value(change, index)
        place = whole
        for step in change["path"][:-1]:
            place = place[step] if isinstance(place, list) else place.setdefault(step, {})
        if value is None and isinstance(place, dict):
            place.pop(change["path"][-1], None)
        else:
            place[change["path"][-1]] = value
    whole["data"] = [trace for trace in whole["data"] if trace and trace.get("type")]
    return whole


def _value(change: dict[str, Any], index: int) -> Any:
    if "values" in change:
        at = change["at"][index]
        return None if at < 0 else change["values"][at]
    lengths, width = change["lengths"], change.get("width", 1)
    if lengths[index] < 0:
        return None
    begin = sum(max(length, 0) for length in lengths[:index]) * width
    flat = packed.unpacked(change["numbers"])[begin : begin + lengths[index] * width].tolist()
    flat = [None if one != one else one for one in flat]
    return [flat[at : at + width] for at in range(0, len(flat), width)] if "width" in change else flat


def scatter(y: list[Any], **more: Any) -> dict[str, Any]:
    return {"type": "scatter", "x": list(range(len(y))), "y": y, **more}


numbers = st.lists(st.one_of(st.none(), st.integers(-1000, 1000)), min_size=1, max_size=9)


@given(st.lists(st.lists(numbers, min_size=1, max_size=3), min_size=2, max_size=6))
def test_every_frame_is_what_it_was(made):
    figures = [figure([scatter(y, name=f"run {place}") for place, y in enumerate(each)]) for each in made]
    told = orjson.loads(orjson.dumps(frames.together(copy.deepcopy(figures))))
    for index, each in enumerate(made):
        shown = unpacked(told, index)["data"]
        assert [trace["y"] for trace in shown] == each
        assert [trace["name"] for trace in shown] == [f"run {place}" for place in range(len(each))]


def test_what_all_frames_share_is_written_once():
    long = "a name that is long " * 20
    figures = [figure([scatter([index, 1], name=long)]) for index in range(50)]
    told = orjson.dumps(frames.together(figures))
    assert told.count(b"a name that is long") == 20
    assert len(told) < 5_000


def test_axes_hold_all_frames_and_do_not_jump():
    figures = [figure([scatter([0, index])], xaxis={"range": [0, 9]}) for index in (1, 5, 100)]
    told = frames.together(figures)
    low, high = told["base"]["layout"]["yaxis"]["range"]
    assert low == 0
    assert 100 < high < 110
    assert told["base"]["layout"]["xaxis"]["range"] == [0, 9]


def test_ends_of_intervals_are_within_the_axes_too():
    bars = {"array": [50, 1], "arrayminus": [1, 9]}
    told = frames.together([figure([scatter([1, 2], error_y=bars)]), figure([scatter([1, 3])])])
    low, high = told["base"]["layout"]["yaxis"]["range"]
    assert low < -7
    assert high > 51


def test_logarithmic_axes_and_bars_have_ranges_of_their_own():
    told = frames.together([figure([scatter([top, 1])], yaxis={"type": "log"}) for top in (10, 1000)])
    assert told["base"]["layout"]["yaxis"]["range"][1] == pytest.approx(3.12)
    bars = frames.together([figure([{"type": "bar", "x": ["a", "b"], "y": [3, top]}]) for top in (5, 6)])
    assert bars["base"]["layout"]["yaxis"]["range"][0] == 0
    assert "range" not in bars["base"]["layout"].get("xaxis", {})


def test_two_hundred_surfaces_of_sixty_by_sixty_fit():
    across = np.linspace(-2, 2, 60)
    surfaces = [
        figure([{"type": "surface", "z": (np.sin(across[:, None] * 2 + at / 9) * across).tolist()}])
        for at in range(200)
    ]
    told = frames.together(surfaces)
    assert len(orjson.dumps(told)) <= LARGEST
    again = np.array(unpacked(orjson.loads(orjson.dumps(told)), 7)["data"][0]["z"])
    assert np.abs(again - np.sin(across[:, None] * 2 + 7 / 9) * across).max() < 1e-4
    low, high = told["base"]["layout"]["scene"]["zaxis"]["range"]
    assert low == pytest.approx(-2, abs=1e-2)
    assert told["base"]["data"][0]["cmax"] == high


def test_numbers_above_2_to_the_24_are_kept():
    told = frames.together([figure([scatter([1], x=[2**24 + 1 + 2 * at])]) for at in range(2)])
    assert unpacked(told, 1)["data"][0]["x"] == [2**24 + 3]


# ------------------------------------------------------------------ the payload of the player


def result(value: float, verdict: str = "calm", warnings: tuple[str, ...] = (), points: int = 3) -> Result:
    picture = {"metric": "reward", "by": "step", "axis": "step", "log": False, "smooth": 0, "at": "", "bands": []}
    line = {"run": "a", "at": list(range(points)), "value": [value * at for at in range(points)], "points": points}
    return Result(
        "curves",
        verdict,
        f"It is {value}.",
        {"last": Estimate(value, value - 1, value + 1)},
        Evidence("curves", "1", rows=7),
        warnings=[Notice(code, f"{code}!") for code in warnings],
        pictures={"curves": {**picture, "lines": [line], "events": [], "points": points, "thinned": False}},
    )


def test_the_leading_number_of_every_frame_is_there_with_its_interval():
    made = [Frame(f"step {at}", at, at, result(float(at))) for at in range(4)]
    told = player(made, "curves")
    assert packed.unpacked(told["line"]["value"]).tolist() == [0, 1, 2, 3]
    assert packed.unpacked(told["line"]["low"]).tolist() == [-1, 0, 1, 2]
    assert [one["label"] for one in told["frames"]] == ["step 0", "step 1", "step 2", "step 3"]
    assert (told["chart"], told["left_out"]) == ("curves", 0)


def test_changes_of_the_verdict_and_new_warnings_are_events():
    made = [result(1), result(2, warnings=("few",)), result(3, "loud", ("few",)), result(4, "loud", ("few", "odd"))]
    found = events([Frame(str(at), at, at, one) for at, one in enumerate(made)])
    assert [(one["frame"], one["kind"]) for one in found] == [(1, "warning"), (2, "verdict"), (3, "warning")]
    assert found[1]["said"] == "calm to loud"


def test_frames_without_an_answer_are_left_out_and_counted():
    made = [Frame("a", 0, 0, missing="too few"), Frame("b", 1, 1, result(1)), Frame("c", 2, 2, result(2))]
    told = player(made, "curves", "no such picture")
    assert [one["label"] for one in told["frames"]] == ["b", "c"]
    assert told["left_out"] == 1
    assert player(made[:1], "curves")["figures"] is None


def test_a_payload_that_is_too_large_leaves_out_every_second_frame(monkeypatch):
    monkeypatch.setattr("engine.figures.player.LARGEST", 20_000)
    rng = np.random.default_rng(0)
    made = [Frame(str(at), at, at, result(rng.normal(), points=200)) for at in range(64)]
    told = player(made, "curves")
    assert len(orjson.dumps(told, option=orjson.OPT_SERIALIZE_NUMPY)) <= 20_000
    assert (told["frames"][0]["label"], told["frames"][-1]["label"]) == ("0", "63")
    assert told["left_out"] == 64 - len(told["frames"]) > 0
