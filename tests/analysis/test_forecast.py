"""What a forecast answers: where, how sure, by which model, when a threshold is passed; and what it refuses."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.analysis import Forecast, ForecastParameters
from engine.analysis.forecast.answering import Answer, answer_of
from engine.analysis.forecast.backtest import origins
from engine.analysis.forecast.keeping import grade, kept_of, overwritten
from engine.analysis.forecast.models import MIXTURE, MODELS, NAIVE, WALK
from engine.analysis.forecast.pictures import thinned
from engine.analysis.forecast.scores import quantile
from engine.analysis.lines import Line
from engine.errors import NotEnoughData, NotFound, UsageError
from engine.types import Result
from tests.analysis.curve_worlds import WORLDS, limit_of, rows, saturating, walk

FORECAST = Forecast()
HOSTILE = "<b>$ink</b>\x07"


def conclude(values: np.ndarray, at: np.ndarray | None = None, by: str = "step", **params: Any) -> Result:
    chosen = ForecastParameters.parse(params)
    return FORECAST.conclude(FORECAST.observe(rows(values, at, by=by), chosen), chosen)


def forecast(values: np.ndarray, ahead: float, seed: int = 0) -> Answer:
    return answer_of(np.arange(len(values), dtype=float), values, ahead, 0.95, seed)


def held(answer: Answer, values: np.ndarray, size: int) -> float:
    """The share of what came that lies within the 95 % band."""
    at = np.arange(size, len(values), dtype=float)
    low, high = (np.interp(at, answer.ahead, quantile(answer.draws, share)) for share in (0.025, 0.975))
    return float(((low <= values[size:]) & (values[size:] <= high)).mean())


# ------------------------------------------------------------------ bands that hold


@pytest.mark.parametrize("name", [one for one in WORLDS if one != "slow waves"])
def test_bands_hold_about_as_often_as_they_say(name: str) -> None:
    """A few lines each; benchmarks/coverage_forecast.py has hundreds."""
    shares = []
    for seed in range(16):
        values = WORLDS[name](1_000, seed)
        shares.append(held(forecast(values[:900], 100.0, seed), values, 900))
    assert np.mean(shares) >= 0.86


def test_bands_in_the_family_are_narrow() -> None:
    """Hardly wider than the noise itself, whose 95 % are .136 wide."""
    widths = []
    for seed in range(8):
        draws = forecast(saturating(4_500, seed), 500.0, seed).draws
        widths.append(float((quantile(draws, 0.975) - quantile(draws, 0.025)).mean()))
    assert 0.12 < np.median(widths) < 0.16


def test_a_random_walk_is_not_answered_with_a_trend() -> None:
    models = Counter(forecast(walk(1_500, seed), 150.0).model for seed in range(12))
    assert models[WALK] + models[NAIVE] >= 9
    assert models[WALK] >= 1
    trends = Counter(forecast(saturating(1_500, seed), 150.0).model for seed in range(12))
    assert trends[MIXTURE] >= 10


def test_no_model_that_loses_to_naive_is_the_answer() -> None:
    for seed in range(12):
        answer = forecast(walk(400, seed), 40.0)
        if answer.model != NAIVE:
            assert answer.tested.ratio(answer.model, "error") < 1
            assert answer.tested.ratio(answer.model, "crps") < 1
        else:
            assert answer.tested.beaten(MIXTURE) or answer.tested.beaten(WALK)


def test_bands_that_did_not_hold_are_widened_and_it_is_said() -> None:
    """Waves are nothing that any model here knows of."""
    found = [forecast(WORLDS["slow waves"](2_000, seed), 200.0) for seed in range(12)]
    widened = [one for one in found if one.widened > 1]
    assert widened
    for one in found:
        own = one.tested.scores[one.model]
        assert (one.widened > 1) == (own.covered < 0.85 and own.needed > 1)
    for one in widened:
        raw = np.sort(one.future.draws[one.model].T, axis=-1)
        width, before = (quantile(each, 0.975) - quantile(each, 0.025) for each in (one.draws, raw))
        np.testing.assert_allclose(width, one.widened * before)
    seed = next(seed for seed, one in enumerate(found) if one.widened > 1)
    assert "widened" in [one.code for one in conclude(WORLDS["slow waves"](2_000, seed), ahead=200).warnings]


# ------------------------------------------------------------------ the answer


def test_the_sentence_says_where_how_sure_and_how_good() -> None:
    found = conclude(saturating(4_500, 2), threshold="2")
    assert found.sentence.startswith("reward reaches .")
    assert "at step 4,949; chance to pass 2 by then below 1 %; in back-tests " in found.sentence
    assert found.sentence.endswith(" of naive's.")
    assert found.verdict in ("rises", "holds")
    assert found.dataset["until"] == 4_949
    assert found.estimates["error_ratio"].value < 1
    assert found.estimates["dm_p"].value < 0.05


def test_a_rising_line_rises_and_a_falling_one_falls() -> None:
    noise = np.random.default_rng(1).normal(0, 0.02, 600)
    up = np.linspace(0, 1, 600) + noise
    assert (conclude(up).verdict, conclude(-up).verdict) == ("rises", "falls")
    assert conclude(up).estimates["forecast"].value == pytest.approx(1.1, abs=0.05)
    assert conclude(np.exp(-np.linspace(0, 9, 600)) + noise).verdict == "holds"


def test_naive_is_said_to_be_as_good_where_it_is() -> None:
    found = [conclude(walk(500, seed)) for seed in range(6)]
    said = [one for one in found if one.verdict == "naive_as_good"]
    assert said
    assert said[0].sentence.startswith("Naive is as good: no model forecasts reward better than its last value")
    assert "the mixture's error is" in said[0].sentence


def test_the_threshold_is_passed_when_the_line_passes_it() -> None:
    noise = np.random.default_rng(4).normal(0, 0.01, 800)
    up = np.linspace(0, 0.8, 800) + noise
    found = conclude(up, ahead=400, threshold="1")
    when = found.estimates["crossing"]
    assert when.low <= 1_000 <= when.high
    assert found.estimates["chance"].value > 0.95
    assert "chance to pass 1 by then above 99 %" in found.sentence
    chances = found.pictures["threshold"]["chance"]
    assert chances == sorted(chances)
    sooner = conclude(up, ahead=100, threshold="1")
    assert sooner.estimates["chance"].value < 0.05
    assert "chance to fall below" in conclude(-up, ahead=100, threshold="-1").sentence


def test_a_threshold_that_is_never_passed_has_no_step() -> None:
    found = conclude(saturating(1_000, 6), threshold="50")
    assert found.estimates["crossing"].value is None
    assert [one.code for one in found.warnings if one.code == "not_passed"]


def test_a_plateau_is_told_where_the_line_shows_it_and_not_of_a_walk() -> None:
    found = {seed: conclude(saturating(3_000, seed)).estimates["plateau"] for seed in range(16)}
    told = {seed: one for seed, one in found.items() if one.value is not None}
    assert len(told) >= 3
    assert sum(one.low <= limit_of(seed) <= one.high for seed, one in told.items()) >= len(told) - 1
    assert all(one.low < one.value < one.high for one in told.values())
    noise = np.random.default_rng(5).normal(0, 0.03, 3_000)
    for values in (walk(3_000, 1), np.linspace(0, 1, 3_000) + noise):
        assert conclude(values).estimates["plateau"].value is None


def test_lines_over_time_are_forecast_in_seconds() -> None:
    begin = 1_700_000_000.0
    at = begin + 60.0 * np.arange(400)
    found = conclude(saturating(400, 7), at, by="time", ahead=3_600)
    assert "at 15 Nov 2023, 05:52 UTC" in found.sentence
    assert "by_time" in [one.code for one in found.warnings]
    assert found.pictures["forecast"]["by"] == "time"


def test_places_need_not_be_regular() -> None:
    generator = np.random.default_rng(8)
    at = np.cumsum(generator.integers(1, 40, 900)).astype(float)
    values = 0.9 - 0.6 * np.exp(-at / at[-1] / 0.1) + generator.normal(0, 0.02, 900)
    found = conclude(values, at)
    assert found.estimates["forecast"].value == pytest.approx(0.9, abs=0.02)
    assert found.dataset["until"] == pytest.approx(at[-1] + 0.1 * (at[-1] - at[0]), abs=1)


def test_the_same_seed_gives_the_same_answer_and_another_one_nearly() -> None:
    values = saturating(800, 9)
    one, two, other = conclude(values), conclude(values), conclude(values, seed=5)
    assert one.estimates == two.estimates
    assert one.pictures == two.pictures
    assert one.estimates["forecast"].value == pytest.approx(other.estimates["forecast"].value, abs=0.01)


def test_the_named_metric_and_run_are_forecast() -> None:
    one = FORECAST.observe(rows(saturating(300, 1), run="a"), ForecastParameters())
    two = FORECAST.observe(rows(walk(200, 2), run=HOSTILE), ForecastParameters())
    three = FORECAST.observe(rows(walk(250, 3), run="a", metric="loss"), ForecastParameters())
    state = one + two + three

    def asked(**params: Any) -> Result:
        return FORECAST.conclude(state, ForecastParameters.parse(params))

    assert (asked().dataset["run"], asked().dataset["metric"]) == ("a", "reward")
    assert asked(run=HOSTILE).dataset["points"] == 200
    assert asked(metric="loss").dataset["points"] == 250
    assert "other_runs" in [one.code for one in asked().warnings]
    with pytest.raises(NotFound, match="no run 'b'"):
        asked(run="b")
    with pytest.raises(NotFound, match="no metric"):
        asked(metric="gold")
    with pytest.raises(NotFound, match="no run"):
        asked(metric="loss", run=HOSTILE)


# ------------------------------------------------------------------ refusals


def test_too_few_points_say_how_many_are_needed() -> None:
    with pytest.raises(NotEnoughData, match=r"reward of run has 29 points; a forecast needs at least 30\."):
        conclude(saturating(29, 1))
    assert conclude(saturating(30, 1)).estimates["forecast"].low is not None


def test_values_that_no_square_holds_are_refused_and_those_below_do_not_move() -> None:
    with pytest.raises(UsageError, match="beyond 1e"):
        conclude(1e150 * saturating(60, 1))
    assert conclude(1e-150 * saturating(60, 1)).verdict == "constant"


def test_a_constant_line_is_said_to_be_constant() -> None:
    found = conclude(np.full(50, 0.25), threshold="1")
    assert (found.verdict, found.sentence) == (
        "constant", "reward never moves: .25 at all 50 points; there is nothing to forecast.",
    )  # fmt: skip
    assert found.estimates["forecast"].low is None


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"ahead": "-1"}, "from 0 on"),
        ({"ahead": "inf"}, "from 0 on"),
        ({"ahead": "1000"}, "farther than the line has gone"),
        ({"threshold": "high"}, "not a number"),
        ({"threshold": "nan"}, "not a number"),
        ({"level": "0.3"}, "not between"),
        ({"seed": "-1"}, "negative"),
    ],
)
def test_what_cannot_be_meant_is_refused(params: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        conclude(saturating(100, 1), **params)


# ------------------------------------------------------------------ lines of any kind


@settings(max_examples=25, deadline=None)
@given(
    st.integers(30, 400),
    st.sampled_from(["noise", "steps", "spike", "alternating", "line", "late", "huge", "tiny", "nearly constant"]),
    st.integers(0, 10**6),
    st.sampled_from([0.02, 0.1, 0.5, 1.0]),
)
def test_any_line_gives_finite_bands_in_order(size: int, kind: str, seed: int, far: float) -> None:
    generator, at = np.random.default_rng(seed), np.arange(size, dtype=float)
    spike = np.zeros(size)
    spike[generator.integers(size)] = 1e9
    values = {
        "noise": generator.standard_cauchy(size),
        "steps": np.floor(at / 7),
        "spike": spike,
        "alternating": at % 2,
        "line": 3 * at - 7,
        "late": (at > size - 3) * 1.0,
        "huge": 1e100 * generator.uniform(0.5, 1, size),
        "tiny": 1e-99 * generator.uniform(0.5, 1, size),
        "nearly constant": 1 + 1e-14 * generator.integers(0, 2, size),
    }[kind]
    answer = answer_of(at, values, max(far * size, 1.0) - 1 if far == 1 else max(far * size, 1.0), 0.95, seed)
    assert np.isfinite(answer.draws).all()
    assert (np.diff(answer.draws, axis=-1) >= 0).all()
    assert set(answer.tested.scores) == set(MODELS)
    assert answer.model in MODELS


@settings(max_examples=60)
@given(st.integers(30, 128), st.integers(1, 128))
def test_every_origin_has_something_before_and_after_it(blocks: int, ahead: int) -> None:
    cuts, tested = origins(blocks, ahead)
    assert cuts[-1] == blocks
    assert list(cuts) == sorted(set(cuts))
    assert cuts[0] >= 20
    assert all(cut + tested <= blocks for cut in cuts[:-1])
    assert len(cuts) >= 2


@settings(max_examples=40)
@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=400), st.integers(4, 50))
def test_a_thinned_line_keeps_its_ends_and_extremes(values: list[float], most: int) -> None:
    line = np.array(values)
    kept = thinned(line, most)
    assert len(kept) <= max(most, 4)
    assert (np.diff(kept) > 0).all()
    assert {line[kept].min(), line[kept].max()} == {line.min(), line.max()}
    assert (kept[0], kept[-1]) == (0, len(line) - 1)


# ------------------------------------------------------------------ kept and graded


def line_of(values: np.ndarray) -> Line:
    at = np.arange(len(values), dtype=float)
    return Line("run", "reward", "reward", "", at, values, np.full(len(values), np.nan))


def test_a_kept_forecast_is_graded_by_what_came() -> None:
    values = saturating(1_000, 11)
    answer = forecast(values[:900], 90.0)
    kept = kept_of(answer, line_of(values[:900]), "step")
    found = grade(line_of(values), 899.0, answer.until, kept)
    assert found is not None
    assert found.points == 90
    assert found.held == pytest.approx(held(answer, values[:990], 900), abs=0.05)
    assert found.crps < found.crps_naive
    assert found.scaled == pytest.approx(found.error / np.abs(np.diff(values[:900])).mean())
    far = grade(line_of(np.where(np.arange(1_000) < 900, values, 9.0)), 899.0, answer.until, kept)
    assert far is not None
    assert (far.held, far.crps > 5) == (0.0, True)


def test_a_forecast_of_another_history_is_not_graded() -> None:
    values = saturating(400, 12)
    kept = kept_of(forecast(values[:300], 30.0), line_of(values[:300]), "step")
    assert not overwritten(line_of(values), 299.0, kept)
    assert overwritten(line_of(values + 0.1), 299.0, kept)
    assert overwritten(line_of(values[:200]), 299.0, kept)
    assert grade(line_of(values[:300]), 299.0, 329.0, kept) is None
