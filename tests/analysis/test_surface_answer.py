"""What a surface says: sentence, interval, edge, refusals, and what stays silent."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import numpy as np
import pytest

from engine.analysis import ANALYSES, SurfaceParameters
from engine.analysis.surface import grid_of
from engine.analysis.surface.hull import Hull
from engine.errors import InputRefused, NotEnoughData, NotFound, UsageError
from engine.figures import charts
from engine.reports.data import to_json
from engine.types import Result
from tests.analysis.trialing import conclude, hill, places, rate, rows, scattered

HOSTILE = "<img src=x onerror=alert(1)>"


def value(result: Result, name: str) -> float:
    found = result.estimates[name].value
    assert found is not None
    return found


def codes(result: Result) -> set[str]:
    return {notice.code for notice in result.warnings}


def test_the_best_point_is_told_with_its_interval_and_what_it_is_told_from():
    result = conclude("surface", scattered(60))
    best = result.estimates["best_value"]
    assert result.verdict == "inside"
    assert best.low is not None
    assert best.high is not None
    assert best.low < 0.7 < best.high
    assert result.sentence.startswith("reward is highest, 0.")
    assert result.sentence.endswith("told from 60 trials.")
    assert " near learning_rate " in result.sentence
    assert result.estimates["best_x"].low < 10 ** (2 * 0.6 - 6) < result.estimates["best_x"].high  # type: ignore[operator]
    assert result.estimates["best_y"].low < 0.55 < result.estimates["best_y"].high  # type: ignore[operator]


def test_at_the_edge_it_says_which_way_to_go():
    u, v = places(60, 3)
    z = 0.3 * v - (u - 0.5) ** 2 + np.random.default_rng(0).normal(0, 0.01, 60)
    result = conclude("surface", rows(z, {"learning_rate": rate(u), "beta": v}))
    assert result.verdict == "at_edge"
    assert result.sentence.endswith("; at the edge in beta: try larger.")
    lower = conclude("surface", rows(z, {"learning_rate": rate(u), "beta": v}), better="lower")
    assert "reward is lowest" in lower.sentence
    assert "at the edge in" in lower.sentence


def test_without_a_difference_no_place_is_called_better():
    flat = 0
    for seed in range(20):
        u, v = places(40, seed)
        z = np.random.default_rng(seed).normal(0, 1, 40)
        flat += conclude("surface", rows(z, {"a": u, "b": v})).verdict == "flat"
    assert flat >= 17


def test_loss_is_better_where_it_is_lower_and_a_name_may_say_otherwise():
    u, v = places(60, 1)
    given = rows(-hill(u, v), {"a": u, "b": v}, metric="eval_loss")
    result = conclude("surface", given)
    assert "eval_loss is lowest, −0." in result.sentence
    assert value(result, "best_value") == pytest.approx(-0.7, abs=0.02)
    assert "is highest" in conclude("surface", given, better="higher").sentence


def test_scales_are_logarithmic_where_values_span_a_decade_unless_told():
    axes = conclude("surface", scattered()).pictures["surface"]["axes"]
    assert [axis["log"] for axis in axes] == [True, True]
    axes = conclude("surface", scattered(), log_x="off", log_y="off").pictures["surface"]["axes"]
    assert [axis["log"] for axis in axes] == [False, False]
    u, v = places(30, 0)
    negative = rows(hill(u, v), {"a": u - 0.5, "b": v})
    with pytest.raises(InputRefused, match="has no logarithm"):
        conclude("surface", negative, log_x="on", x="a", y="b")


def test_nothing_is_said_outside_of_what_was_tried():
    result = conclude("surface", scattered(20, seed=5))
    picture = result.pictures["surface"]
    known = [one for row in picture["value"] for one in row if one is not None]
    assert 0 < len(known) < 61 * 61
    assert picture["value"][0][0] is None or picture["value"][-1][0] is None
    cut = result.pictures["cut_x"]
    assert any(one is None for one in cut["value"]) or len(cut["at"]) == 101


def test_an_axis_may_be_the_step_and_runs_stay_together():
    runs, steps = 12, 50
    generator = np.random.default_rng(2)
    beta = np.linspace(0.05, 0.2, runs)
    step = np.tile(np.arange(1, steps + 1) * 10, runs)
    z = np.repeat(1 - 20 * (beta - 0.12) ** 2, steps) * (1 - np.exp(-step / 200)) + generator.normal(
        0, 0.02, runs * steps
    )
    names = [f"r{run:02}" for run in range(runs) for _ in range(steps)]
    given = rows(z, {"beta": np.repeat(beta, steps)}, names, step)
    result = conclude("surface", given)
    assert (result.dataset["x"], result.dataset["y"]) == ("beta", "step")
    assert result.sentence.endswith("told from 240 points of 12 trials; at the edge in step: try larger.")
    assert result.estimates["best_value"].low is not None
    few = conclude("surface", rows(z[:200], {"beta": np.repeat(beta, steps)[:200]}, names[:200], step[:200]))
    assert few.estimates["best_value"].low is None
    assert (few.verdict, "few_runs" in codes(few)) == ("no_interval", True)
    assert "next_value" not in few.estimates


def test_at_a_step_only_trials_that_came_to_it_count():
    step = np.array([10, 20, 30, 10, 20] * 12)
    names = [f"r{place:02}" for place in range(24) for _ in range(3 if place % 2 == 0 else 2)]
    u, v = places(24, 0)
    index = np.unique(names, return_inverse=True)[1]
    given = rows(hill(u, v)[index] + step / 100, {"a": u[index], "b": v[index]}, names, step)
    late = conclude("surface", given, at="30")
    assert value(late, "trials") == 12
    assert "left_out" in codes(late)
    last = conclude("surface", given)
    assert value(last, "trials") == 24
    assert "uneven_steps" in codes(last)
    assert "best_step" in codes(conclude("surface", given, at="best"))


def test_few_places_give_a_plane_and_say_so():
    result = conclude("surface", scattered(10))
    assert "low_order" in codes(result)
    assert result.dataset["form"] in ("plane", "twisted plane", "quadratic")
    with pytest.raises(NotEnoughData, match="even a plane needs 7"):
        conclude("surface", scattered(6))


@pytest.mark.parametrize("method", ["exact", "preview"])
def test_what_has_no_interval_claims_none(method):
    result = conclude("surface", scattered(40), method=method)
    assert result.verdict == "no_interval"
    assert result.estimates["best_value"].low is None
    assert result.pictures["surface"]["error"] is None
    assert result.pictures["cut_x"]["low"] is None
    assert {"follows_noise", "preview"} & codes(result)


def test_cuts_lie_where_they_are_asked_for_within_what_was_tried():
    result = conclude("surface", scattered(40), cut_x="1e-5", cut_y="9")
    assert result.pictures["cut_y"]["fixed"] == pytest.approx(1e-5)
    high = result.pictures["surface"]["axes"][1]["high"]
    assert result.pictures["cut_x"]["fixed"] == pytest.approx(high)
    analysis = ANALYSES["surface"]
    params = SurfaceParameters(resolution=61)
    grid = grid_of(analysis.observe(scattered(40), params), params, "value")
    assert np.nanmax(grid) == pytest.approx(result.estimates["best_value"].value)


def test_main_effects_and_the_next_trial():
    result = conclude("surface", scattered(80), log_y="off")
    u, v = places(80, 0)
    at = np.linspace(0, 1, 61)
    across, up = (low + (high - low) * at for low, high in ((u.min(), u.max()), (v.min(), v.max())))
    scaled = (u - u.min()) / np.ptp(u), (v - v.min()) / np.ptp(v)
    truth = np.where(Hull.of(*scaled).inside(at, at), hill(*np.meshgrid(across, up)), np.nan)
    count = np.isfinite(truth).sum(axis=0), np.isfinite(truth).sum(axis=1)
    for axis, name in ((0, "effect_x"), (1, "effect_y")):
        effect, known = result.estimates[name], count[axis] >= count[axis].max() / 4
        mean = np.nansum(truth, axis=axis)[known] / count[axis][known]
        assert effect.low <= np.nanmax(mean) - np.nanmin(mean) <= effect.high  # type: ignore[operator]
    assert result.estimates["next_value"].high >= result.estimates["best_value"].high - 1e-9  # type: ignore[operator]


def test_refusals_say_what_to_do():
    u, v = places(30, 0)
    with pytest.raises(InputRefused) as refused:
        conclude("surface", rows(hill(u, v), {"a": u, "b": 2 * u}))
    assert refused.value.code == "on_a_line"
    with pytest.raises(NotEnoughData, match="needs two parameters that differ between trials; there are a"):
        conclude("surface", rows(hill(u, v), {"a": u, "b": np.ones(30)}))
    with pytest.raises(NotFound, match="No parameter 'gamma'"):
        conclude("surface", scattered(), x="gamma")
    with pytest.raises(NotFound, match="There is no metric"):
        conclude("surface", scattered(), metric="nothing")
    with pytest.raises(NotEnoughData):
        conclude("surface", rows(np.full(20, np.nan), {"a": u[:20], "b": v[:20]}))


@pytest.mark.parametrize(
    "params",
    [
        {"method": "magic"}, {"log_x": "maybe"}, {"resolution": 19}, {"resolution": 501}, {"level": 1.0},
        {"at": "soon"}, {"better": "worse"}, {"cut_x": "nan"}, {"cut_y": "1e9999"}, {"x": "a", "y": "a"},
    ],
)  # fmt: skip
def test_choices_that_are_none(params: dict[str, Any]):
    with pytest.raises(UsageError):
        SurfaceParameters.parse(params)


def test_seeds_are_no_parameters():
    u, v = places(30, 0)
    given = rows(hill(u, v), {"a": u, "b": v, "seed": np.arange(30), "data.seed": np.arange(30)})
    assert conclude("surface", given).dataset["parameters"] == ["a", "b"]


def shown_in_hints(trace):
    """What a hint takes out of the data behind marks; the rest is read by our own script, as text."""
    places = {int(place) for place in re.findall(r"%{customdata\[(\d+)\]", trace.get("hovertemplate") or "")}
    return [[own[place] for place in places] for own in trace.get("customdata") or [] if isinstance(own, list)]


def test_results_are_plain_and_names_of_files_never_become_markup():
    u, v = places(30, 0)
    names = [f"{HOSTILE}{place}" for place in range(30)]
    result = conclude("surface", rows(hill(u, v), {HOSTILE: u, "b": v}, names, metric=HOSTILE))
    told = json.loads(to_json(result))
    assert all(math.isfinite(one) for row in told["pictures"]["surface"]["value"] for one in row if one is not None)
    drawn = {name: chart.figure for name, chart in charts(result).items()}
    assert set(drawn) == {"contour", "cut_x", "cut_y", "effect_x", "effect_y"}
    for figure in drawn.values():
        for trace in figure["data"]:
            assert "<img" not in trace.get("hovertemplate", "")
            assert "<img" not in trace.get("name", "")
            assert "<img" not in json.dumps(shown_in_hints(trace))
        assert "<img" not in json.dumps(figure["layout"])


def test_what_needs_no_parameters_is_not_offered_a_surface():
    surface = ANALYSES["surface"]
    assert surface.missing("curve", ("value", "step")) == ("parameters of the runs",)
    assert surface.missing("curve", ("value", "config.beta")) == ()
    assert surface.missing("score", ("value",)) is None
