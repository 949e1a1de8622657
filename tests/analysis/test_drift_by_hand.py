"""Drift: windows, features, change points and sentences against examples worked by hand and loops over every case."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from engine.analysis import DriftParameters
from engine.analysis.drift.attribution import Attribution
from engine.analysis.drift.cells import Cell, judged
from engine.analysis.drift.change import (
    Change,
    Series,
    _partition,
    changes_of,
    from_differences,
    long_run_variance,
    series_of,
)
from engine.analysis.drift.features import Feature, features_of
from engine.analysis.drift.means import Measure
from engine.analysis.drift.pictures import cells_told, matrix
from engine.analysis.drift.sentence import digits, percent, sentence
from engine.analysis.drift.shown import Shown
from engine.analysis.drift.windows import Windows, spoken, windows_of
from engine.errors import NotEnoughData, NotFound, UsageError
from engine.types import Estimate, Rows
from tests.analysis.compare_worlds import named
from tests.analysis.drifts import ANALYSIS, cells, conclude, rollouts, scores

# ------------------------------------------------------------------ windows


def cut(step: np.ndarray, prompt: np.ndarray | None = None, **params: Any) -> tuple[Windows, np.ndarray]:
    """The windows of rows at these steps, and the step of each row in the order of the windows' codes."""
    rows = scores(np.arange(len(step)), step, np.arange(len(step)) if prompt is None else prompt)
    parameters = DriftParameters.parse(params)
    state = ANALYSIS.observe(rows, parameters)
    return windows_of(state, parameters), state.columns["step"]


@pytest.mark.parametrize("seed", range(30))
def test_windows_begin_at_the_step_nearest_to_equal_numbers_of_rows(seed: int) -> None:
    generator = np.random.default_rng(seed)
    size, count = int(generator.integers(5, 200)), int(generator.integers(2, 9))
    step = generator.integers(0, generator.integers(2, 40), size)
    step[:2] = 0, 1
    ordered = np.sort(step)
    begins = [int(np.searchsorted(ordered, one)) for one in np.unique(step)[1:]]
    starts = sorted({min(begins, key=lambda at, k=k: (abs(at - size * k / count), -at)) for k in range(1, count)})
    found, at = cut(step, windows=count)
    assert found.low.tolist() == [ordered[0], *ordered[starts]]
    assert found.high.tolist() == [*ordered[np.array(starts) - 1], ordered[-1]]
    assert found.code.tolist() == [int((found.low <= one).sum()) - 1 for one in at]
    assert (found.unknown, found.outside) == (0, 0)


def test_equal_spans_are_of_steps_and_empty_ones_left_out() -> None:
    found, _ = cut(np.array([0, 1, 2, 3, 9, 10, 40, 41]), windows=4, cut="span")
    assert (found.low.tolist(), found.high.tolist()) == ([0, 40], [10, 41])
    assert found.names == ("0–10", "40–41")
    one, _ = cut(np.r_[np.zeros(5), np.full(7, 30)], windows=3, cut="span")
    assert one.names == ("0", "30")


def test_a_reference_is_taken_out_first_and_the_rest_cut_in_one_less() -> None:
    step = np.r_[np.full(3, -1), np.arange(100)]
    found, at = cut(step, reference="10..29", windows=3)
    assert found.names == ("10–29", "30–64", "65–99")
    assert (found.unknown, found.outside) == (3, 10)
    assert (found.code[at < 10] == -1).all()
    two, _ = cut(step, reference="10..29", windows=2)
    assert two.names == ("10–29", "30–99")
    last, _ = cut(step, reference="98..98", windows=4)
    assert last.names == ("98", "99")


@pytest.mark.parametrize(("prompts", "windows"), [(30, 2), (179, 2), (180, 3), (299, 4), (479, 7), (480, 8), (900, 8)])
def test_there_are_as_many_windows_as_hold_sixty_prompts_up_to_eight(prompts: int, windows: int) -> None:
    prompt = np.r_[np.arange(prompts), np.arange(prompts), np.arange(10**4, 10**4 + 500)]
    step = np.r_[np.arange(2 * prompts), np.full(500, -1)]
    assert len(cut(step, prompt)[0]) == windows


def test_windows_and_moments_are_called_as_people_call_them() -> None:
    def called(*moments: str, **params: Any) -> tuple[str, ...]:
        time = np.array([datetime.fromisoformat(one).replace(tzinfo=UTC).timestamp() for one in moments])
        rows = scores(np.arange(len(time)), np.full(len(time), np.nan), np.arange(len(time)))
        rows = replace(rows, columns={**rows.columns, "time": time})
        parameters = DriftParameters.parse({"windows": 2, **params})
        return windows_of(ANALYSIS.observe(rows, parameters), parameters).names

    assert called("2026-03-02T09:00", "2026-03-02T11:30", "2026-03-03T23:00", "2026-03-04T01:00") == (
        "03-02 09:00–11:30",
        "03-03 23:00–03-04 01:00",
    )
    assert called("2026-03-02T09:00", "2026-03-04T09:00", "2026-03-05T09:00", "2026-03-07T08:00") == (
        "03-02–03-04",
        "03-05 09:00–03-07 08:00",
    )
    assert cut(np.array([1200, 1390, 2000, 2000]), windows=2)[0].names == ("1,200–1,390", "2,000")
    assert spoken("step", 1200.0) == "step 1,200"
    assert spoken("time", datetime(2026, 3, 2, 9, tzinfo=UTC).timestamp()) == "2026-03-02 09:00"


def test_datasets_go_before_steps_and_steps_before_times() -> None:
    rows = rollouts(80)
    columns = {**rows.columns, "time": 1.77e9 + rows.columns["step"]}
    both = replace(rows, columns=columns)
    assert conclude(both).dataset["by"] == "step"
    assert conclude(both, by="time").dataset["by"] == "time"
    state = ANALYSIS.observe(both, DriftParameters())
    pair = ANALYSIS.combine(ANALYSIS.labelled(state, "one"), ANALYSIS.labelled(state, "two"))
    result = ANALYSIS.conclude(pair, DriftParameters())
    assert result.dataset["by"] == "dataset"
    assert result.pictures["means"]["wheres"] == ["", ""]
    assert result.pictures["means"]["at"] == result.pictures["means"]["low_at"] == []
    assert not [notice for notice in result.warnings if notice.code == "without_time"]
    with pytest.raises(UsageError, match="cannot be cut by dataset"):
        conclude(rows, by="dataset")


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ({"windows": 2}, {"windows": 1}),
        ({"windows": 48}, {"windows": 49}),
        ({"window": 0}, {"window": -1}),
        ({"effect": 0}, {"effect": -0.01}),
        ({"effect": 10}, {"effect": 10.01}),
        ({"alpha": 0.001}, {"alpha": 0.0009}),
        ({"alpha": 0.5}, {"alpha": 0.51}),
        ({"level": 0.5}, {"level": 0.49}),
        ({"level": 0.999}, {"level": 0.9991}),
    ],
)
def test_parameters_may_be_at_their_ends_and_not_beyond(good: dict[str, Any], bad: dict[str, Any]) -> None:
    DriftParameters.parse(good)
    with pytest.raises(UsageError):
        DriftParameters.parse(bad)


# ------------------------------------------------------------------ features


def features(rows: Rows) -> dict[str, Feature]:
    return {feature.name: feature for feature in features_of(ANALYSIS.observe(rows, DriftParameters()))}


def test_features_have_their_column_and_the_rarest_names_go_together() -> None:
    n = 2000
    row = np.arange(n)
    code = np.where(row < 1500, row % 100, 100 + row % 20)  # a hundred of fifteen and more, twenty of some 25
    code = np.where(row < 1500, code, 100 + row % 3 + 20 * (row % 50 == 0))
    words = [f"w{place:03}" for place in range(140)]
    half = np.where(row % 4 == 0, row // 8, -1)
    names = {"judge": named(code, words), "item": named(row, [f"i{place:04}" for place in row])}
    names["annotator"] = half.astype(np.int32), [f"a{place:04}" for place in range(250)]
    styles = {"length": (row % 50 * 1.0,), "same": (np.ones(n),)}
    rows = scores(row % 9, row, row, names=names, styles=styles)
    rows = replace(rows, columns={**rows.columns, "source_line": row * 1.0}, numbers={"config.rate": row % 3 * 1.0})
    found = features(rows)
    assert list(found) == ["length", "value", "annotator", "judge"]
    count = np.bincount(code, minlength=140)
    kept = sorted(np.argsort(-count, kind="stable")[:100].tolist())
    assert found["judge"].words == (*(words[place] for place in kept), "others")
    told = np.bincount(found["judge"].codes, minlength=101)
    assert told.tolist() == [*count[kept], n - count[kept].sum()]
    assert len(found["annotator"].words) == 101
    assert (found["annotator"].codes < 0).sum() == (half < 0).sum()
    assert {name: one.column for name, one in found.items()} == {name: name for name in found}


def test_names_that_most_rows_have_alone_are_no_feature() -> None:
    row = np.arange(200)
    for used, there in ((100, True), (101, False)):
        names = {"judge": named(row % used, [f"j{place:03}" for place in range(used)])}
        assert ("judge" in features(scores(row % 9, row, row, names=names))) == there
    for one in (np.zeros(200, int), np.full(200, -1)):
        assert "judge" not in features(scores(row % 9, row, row, names={"judge": named(one, ["only"])}))


def test_columns_of_a_side_are_called_as_canonical_rows_call_them() -> None:
    row = np.arange(300)
    sides = (row % 7 * 1.0, row % 5 * 1.0)
    columns = {**scores(row, row, row).columns, "margin": row % 11 - 5.0, "first": row % 2, "verdict": row % 3 / 2}
    del columns["value"]
    topic = (np.asarray(row % 2, np.int32), ["x", "y"])
    rows = Rows("comparison", columns, {"margin": topic, "topic": topic}, styles={"length": sides, "headers": sides})
    assert {name: one.column for name, one in features(rows).items()} == {
        "first": "",
        "verdict": "",
        "margin": "margin",
        "length.a": "length_a",
        "length.b": "length_b",
        "headers.a": "style.headers.a",
        "headers.b": "style.headers.b",
        "slice.margin": "slice.margin",
        "topic": "slice.topic",
    }


# ------------------------------------------------------------------ change points


def line(seed: int, size: int = 60) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return np.cumsum(generator.normal(size=size)) * 0.1 + generator.normal(size=size) + 2.0 * (np.arange(size) > 35)


def cost(value: np.ndarray, bounds: list[int], penalty: float) -> float:
    parts = [value[one:two] for one, two in pairwise(bounds)]
    return sum(float(((part - part.mean()) ** 2).sum()) for part in parts) + penalty * (len(parts) - 1)


@pytest.mark.parametrize("seed", range(8))
def test_the_partition_is_the_cheapest_of_all_of_four_or_more(seed: int) -> None:
    value = line(seed, 19)
    size = len(value)
    every: list[list[int]] = []
    waiting = [[0]]
    while waiting:
        bounds = waiting.pop()
        every.append([*bounds, size])
        waiting += [[*bounds, place] for place in range(bounds[-1] + 4, size - 3)]
    for penalty in (0.3, 1.0, 4.0):
        found = _partition(value, penalty)
        assert cost(value, found, penalty) == pytest.approx(min(cost(value, bounds, penalty) for bounds in every))


def test_where_a_line_lies_does_not_move_its_partition() -> None:
    value = line(3)
    for penalty in (1.0, 5.0, 20.0):
        assert _partition(value + 1e8, penalty) == _partition(value, penalty)


def test_correlation_and_variance_come_from_the_smaller_differences() -> None:
    value = line(1)
    smaller = {}
    for lag in (1, 2):
        squares = sorted((value[place + lag] - value[place]) ** 2 for place in range(len(value) - lag))
        kept = squares[: int(np.ceil(0.95 * len(squares)))]
        smaller[lag] = sum(kept) / len(kept) / 0.7588416170698973
    correlation = smaller[2] / smaller[1] - 1 + 4 / 60
    assert 0 < correlation < 0.99
    fresh = [value[place] - correlation * value[place - 1] for place in range(1, 60)]
    squares = sorted((two - one) ** 2 for one, two in pairwise(fresh))[: int(np.ceil(0.95 * 58))]
    variance = sum(squares) / len(squares) / 0.7588416170698973 / 2 / (1 - correlation) ** 2
    assert from_differences(value) == pytest.approx((correlation, variance))
    assert from_differences(np.arange(30.0))[0] < 1
    assert np.isfinite(from_differences(np.arange(30.0))[1])
    turns = np.tile([0.0, 1.0], 30)
    assert from_differences(turns)[0] == 0


def test_the_trimmed_mean_of_normal_squares_is_what_they_are_divided_by() -> None:
    """The mean of the smaller 95 % of squares of normal numbers, drawn."""
    squares = np.sort(np.random.default_rng(0).normal(size=2_000_000) ** 2)[:1_900_000]
    value = np.random.default_rng(1).normal(size=100_000)
    assert squares.mean() == pytest.approx(0.7588416, abs=0.002)
    assert from_differences(value)[1] == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("seed", range(4))
def test_long_run_variance_is_that_of_the_fitted_autoregression(seed: int) -> None:
    rest = line(seed) - line(seed).mean()
    raw = sum(one * two for one, two in pairwise(rest)) / sum(rest**2)
    correlation = min(max(raw + (1 + 3 * raw) / 60, 0), 0.85)
    fresh = [two - correlation * one for one, two in pairwise(rest)]
    assert long_run_variance(rest) == pytest.approx(sum(np.square(fresh)) / 58 / (1 - correlation) ** 2)
    assert long_run_variance(np.zeros(9)) == 0


@pytest.mark.parametrize("seed", range(6))
def test_the_set_of_a_change_are_the_places_whose_likelihood_is_near_the_best(seed: int) -> None:
    generator = np.random.default_rng(seed)
    value = generator.normal(size=90) + 3.0 * (np.arange(90) >= 30) - 2.6 * (np.arange(90) >= 62)
    found = changes_of(value, 0.9)
    assert found
    bounds = [0, *(change.place for change in found), 90]
    fitted = np.concatenate([np.full(two - one, value[one:two].mean()) for one, two in pairwise(bounds)])
    variance = max(from_differences(value)[1], long_run_variance(value - fitted))
    for change, start, end in zip(found, bounds, bounds[2:], strict=False):
        rest = {place: cost(value, [start, place, end], 0) for place in range(start + 1, end)}
        near = [
            place
            for place, squares in rest.items()
            if squares <= rest[change.place] - 2 * np.log(1 - 0.9**0.5) * variance
        ]
        assert (change.low, change.high) == (min(*near, change.place), max(*near, change.place))
        assert change.before == pytest.approx(value[start : change.place].mean())
        assert change.after == pytest.approx(value[change.place : end].mean())
    penalty = 3 * from_differences(value)[1] * np.log(90)
    assert bounds == _partition(value, penalty)


def test_twenty_cells_are_enough_for_a_change_and_nineteen_are_not() -> None:
    turns = np.tile([1.0, -1.0], 10) + np.repeat([0.0, 5.0], 10)
    assert changes_of(turns[1:], 0.95) == []
    (change,) = changes_of(turns, 0.95)
    assert (change.place, change.before, change.after) == (10, 0, 5)


@pytest.mark.parametrize("seed", range(12))
def test_cells_of_a_line_begin_with_the_step_that_holds_their_first_row(seed: int) -> None:
    generator = np.random.default_rng(seed)
    size = int(generator.integers(3, 3000))
    at, values = generator.integers(0, generator.integers(2, 300), size) * 1.0, generator.normal(size=size)
    ordered = np.sort(at)
    count = min(max(size // 8, 1), 200)
    begins = sorted({float(ordered[size * place // count]) for place in range(count)})
    found = series_of(at, values)
    assert found.at.tolist() == begins
    for place, (begin, until) in enumerate(zip(begins, [*begins[1:], np.inf], strict=True)):
        inside = (at >= begin) & (at < until)
        assert found.end[place] == at[inside].max()
        assert found.value[place] == pytest.approx(values[inside].mean())


def test_the_picture_has_the_places_of_changes_and_the_sentence_the_largest() -> None:
    n = 1200
    step = np.arange(n)
    value = np.random.default_rng(3).normal(size=n) + 1.0 * (step >= 400) + 2.5 * (step >= 800)
    result = conclude(scores(value, step, step), windows=2)
    told = result.pictures["means"]
    series = series_of(step * 1.0, value)
    assert (told["at"], told["value"]) == (series.at.tolist(), pytest.approx(series.value.tolist()))
    expected = changes_of(series.value, 0.95)
    assert [(one["at"], one["low"], one["high"]) for one in told["changes"]] == [
        (series.at[change.place], series.at[change.low], series.at[change.high]) for change in expected
    ]
    assert len(told["changes"]) == 2
    assert result.estimates["change_points"].value == 2
    assert result.estimates["change_points"].n == len(series)
    most = told["changes"][1]
    ends = f" [{most['low']:,.0f}, {most['high']:,.0f}]" if most["low"] < most["high"] else ""
    assert result.sentence.startswith(f"Drifted since step {most['at']:,.0f}{ends}: value rose by ")


# ------------------------------------------------------------------ what is said

WINDOWS = Windows(
    "step",
    np.zeros(1, int),
    np.zeros(1),
    ("0–99", "100–199", "200–299"),
    np.array([0.0, 100, 200]),
    np.array([99.0, 199, 299]),
)


def cell(feature: str, window: int = 1, **more: Any) -> Cell:
    return Cell(feature, window, **{"known": True, "rows": 500, "prompts": 300, **more})


def shown(one: Cell, changes: list[Change] | None = None, found: list[Attribution] | None = None) -> Shown:
    at = np.arange(0.0, 300, 10)
    return Shown(
        one,
        Feature(one.feature, one.feature, np.zeros(1), np.zeros(0, int)),
        Measure(one.feature, np.zeros(1), bounded=False),
        [],
        Series(at, at + 9, at),
        changes or [],
        found or [],
        None,
        None,
    )


def by(share: float, low: float = 0.1, high: float = 0.3, column: str = "topic") -> Attribution:
    known = Estimate(0.2, low, high, 0.95)
    return Attribution(column, known, known, known, share, [])


UP = cell("length", 2, effect=0.824, low=0.7, high=0.951, cramers_v=0.3, q_value=0.001, drifted=True)
EARLIER = cell("length", 1, effect=0.3, low=0.2, high=0.4, q_value=0.01, drifted=True)
OTHER = cell("reward", 1, effect=0.1, low=0.0, high=0.2, q_value=0.05)


def test_the_sentence_of_a_drift() -> None:
    every = [EARLIER, UP, OTHER]
    head = "length rose by .82 sd [.70, .95] against 0–99; 1 of 2 features at 5\u00a0% false discoveries"

    def said(*found: Attribution, changes: list[Change] | None = None) -> str:
        return sentence("drifted", WINDOWS, every, shown(UP, changes, list(found)), 0.05, 0.2)

    assert said() == f"Drifted since step 100: {head}."
    assert sentence("drifted", WINDOWS, [UP, OTHER], shown(UP), 0.05, 0.2).startswith("Drifted since step 200: ")
    small, large = Change(5, 4, 7, 0.0, 1.0), Change(12, 11, 14, 1.0, -1.0)
    assert said(changes=[small, large]) == f"Drifted since step 120 [110, 140]: {head}."
    assert said(changes=[replace(large, low=12, high=12), small]) == f"Drifted since step 120: {head}."
    assert said(by(0.4)) == f"Drifted since step 100: {head}; the mix of topic explains 40\u00a0% of it."
    assert said(by(1.0)).endswith("; the mix of topic explains 100\u00a0% of it.")
    assert said(by(1.01)).endswith("; the mix of topic explains more than all of it.")
    assert said(by(-0.2)).endswith("; the mix of topic pulls the other way.")
    assert said(by(0.0)).endswith("; the mix of topic explains 0\u00a0% of it.")
    for low, high in ((0.0, 0.3), (-0.3, 0.0), (-0.1, 0.1)):
        assert said(by(0.4, low, high)).endswith("; another mix explains none of it.")
    assert said(by(0.4, -0.3, -0.1)).endswith("; the mix of topic explains 40\u00a0% of it.")
    assert said(by(0.4), by(-0.9, column="judge")).endswith("; the mix of topic explains 40\u00a0% of it.")


def test_a_fall_a_shape_and_a_mix_are_told_apart() -> None:
    def moved(**more: Any) -> str:
        one = cell("x", 1, **{"v_low": 0.25, "v_high": 0.35, "drifted": True, **more})
        return sentence("drifted", WINDOWS, [one], shown(one), 0.05, 0.2).split(": ")[1].split(" against")[0]

    assert moved(effect=-0.5, low=-0.6, high=-0.41, cramers_v=0.2) == "x fell by .50 sd [.41, .60]"
    assert moved(effect=0.4, low=0.1, high=0.7, cramers_v=0.3) == "x rose by .40 sd [.10, .70]"  # at the limit of 1.5
    assert moved(effect=-0.4, low=-0.7, high=-0.1, cramers_v=0.301) == "x took another shape, Cramér's V .30 [.25, .35]"
    assert moved(named=True, effect=0.3, cramers_v=0.3) == "x came in another mix, Cramér's V .30 [.25, .35]"


def test_the_sentence_of_no_drift_and_of_rows_that_arrive() -> None:
    small = cell("kl", 2, effect=0.1, low=0.05, high=0.15, q_value=0.05)
    blank = cell("old", 1, known=False, q_value=0.0)
    none = cell("reward", 1, effect=0.12, low=-0.01, high=0.25, q_value=0.051)
    said = sentence("no_drift_detected", WINDOWS, [small, blank, none], shown(none), 0.05, 0.2)
    assert said == (
        "No drift detected: none of 3 features in 2 windows moved by .20 sd or more at 5\u00a0% false discoveries; "
        "1 feature moved by less; the most is reward rose by .12 sd [−.01, .25] in 100–199."
    )
    assert "moved by less" not in sentence("no_drift_detected", WINDOWS, [none], shown(none), 0.05, 0.2)
    said = sentence("ranked", WINDOWS, [small, none], shown(none), 0.05, 0.2)
    assert said == (
        "Moved most of 2 features in 2 windows: reward rose by .12 sd in 100–199; nothing is tested while rows arrive."
    )


def test_digits_and_percent_at_their_edges() -> None:
    told = {0.824: ".82", 1.25: "1.25", -0.05: "−.05", 0.004: "0", -0.004: "0", 1.0: "1.00", 10.04: "10", 123.4: "123"}
    told |= {9.949: "9.95", 9.95: "9.95", 9.96: "9.96", 100.9: "101", -1.5: "−1.50", -12.34: "−12.3", 0.999: "1.00"}
    told |= {1234.0: "1.23e+03", -0.5: "−.50", 20.05: "20.1"}
    assert {value: digits(value) for value in told} == told
    shares = {0.05: "5", 0.01: "1", 0.0099: "0.99", 0.001: "0.1", 0.126: "13", 1.0: "100"}
    assert {share: percent(share) for share in shares} == {share: f"{text}\u00a0%" for share, text in shares.items()}


def test_at_the_limits_of_both_a_cell_has_drifted() -> None:
    one = cell("a", effect=-0.2, p_value=0.05)
    for found, drifted in ((one, True), (replace(one, p_value=0.0501), False), (replace(one, effect=-0.199), False)):
        assert judged([found], 0.05, 0.2)[0].drifted == drifted
    mix = cell("a", effect=0.3, cramers_v=0.1, named=True, p_value=0.01)
    assert judged([mix], 0.05, 0.2)[0].drifted
    assert not judged([replace(mix, cramers_v=0.099)], 0.05, 0.2)[0].drifted
    blank, two = judged([cell("b", known=False, p_value=0.0), replace(one, p_value=0.02)], 0.05, 0.2)
    assert (blank.drifted, blank.q_value, two.q_value) == (False, 1.0, 0.02)


# ------------------------------------------------------------------ pictures and warnings


def test_the_matrix_has_a_row_for_each_feature_the_one_that_moved_most_first() -> None:
    every = [
        cell("small", 1, effect=0.1, rows=7),
        cell("small", 2, known=False),
        cell("big", 1, effect=-0.1, rows=8),
        cell("big", 2, effect=-0.9, rows=9, drifted=True),
        *(cell(name, window, named=True, effect=0.2, cramers_v=0.2) for name in ("mix", "also") for window in (1, 2)),
        *(cell(f"none{place:02}", window) for place in range(40) for window in (1, 2)),
    ]
    told = matrix(WINDOWS, every)
    assert told["features"] == ["big", "also", "mix", "small", *(f"none{place:02}" for place in range(36))]
    assert told["windows"] == ["100–199", "200–299"]
    assert told["named"][:4] == [False, True, True, False]
    assert told["effect"][:4] == [[-0.1, -0.9], [0.2, 0.2], [0.2, 0.2], [0.1, None]]
    assert told["drifted"][0] == [False, True]
    assert told["rows"][0] + told["rows"][3] == [8.0, 9.0, 7.0, None]
    assert told["wheres"] == ["step=100..199", "step=200..299"]
    listed = cells_told(WINDOWS, [*every[:4], replace(every[0], drifted=True)])
    assert [(one["feature"], one["window"], one["over"]) for one in listed] == [
        ("big", 2, "200–299"),
        ("small", 1, "100–199"),
        ("small", 1, "100–199"),
        ("big", 1, "100–199"),
    ]
    assert all("known" not in one for one in listed)
    assert listed[0]["drifted"] is True
    assert listed[1]["drifted"] is True


def codes(result: Any) -> dict[str, str]:
    return {notice.code: notice.message for notice in result.warnings}


def test_few_prompts_are_below_two_hundred() -> None:
    for each, told in ((199, True), (200, False)):
        step = np.repeat([0, 1], [each, 230])
        value = np.random.default_rng(each).normal(size=len(step)) + step
        result = conclude(scores(value, 1 - step, np.arange(len(step))), windows=2)
        assert ("few_prompts" in codes(result)) == told
    assert codes(conclude(rollouts(150), windows=4))["few_prompts"].startswith("A window has only 3")


def test_what_is_left_out_is_said() -> None:
    rows = rollouts(300, seed=3)
    step = np.where(np.arange(600) < 7, np.nan, rows.columns["step"])
    entropy = np.where(step > 250, np.nan, rows.columns["entropy"])
    result = conclude(replace(rows, columns={**rows.columns, "step": step, "entropy": entropy}), windows=4)
    told = codes(result)
    assert told["without_time"] == "7 rows without a step left out."
    assert told["cells_blank"].startswith("Cells of fewer than 30 prompts are left blank, in ")
    assert "before_reference" not in told
    assert set(codes(conclude(rows, windows=2, feature="topic"))) == {"few_prompts"}
    assert "scorer_not_identified" in codes(conclude(rows, windows=2, feature="reward"))
    live = codes(conclude(rows, windows=2, feature="reward", live="yes"))
    assert "live" in live
    assert "scorer_not_identified" not in live


def test_more_than_eighty_features_are_not_held_against_the_reference() -> None:
    step = np.repeat([0, 1], 40)
    for count, said in ((78, False), (79, True), (90, True)):
        numbers = {f"reward.p{place:02}": (np.arange(80) * 7 + place) % 5 * 1.0 for place in range(count)}
        result = conclude(replace(scores(np.arange(80) % 3, step, np.arange(80)), numbers=numbers), windows=2)
        assert len(result.dataset["features"]) == min(count + 1, 80)
        assert ("many_features" in codes(result)) == said


def test_a_cell_may_be_chosen_by_feature_or_window_or_both() -> None:
    rows = rollouts(600, length=0.9, seed=21)
    found = cells(conclude(rows, windows=4))

    def size(key: tuple[str, int]) -> float:
        return max(0 if found[key]["named"] else abs(found[key]["effect"]), 2 * found[key]["cramers_v"])

    def most(keys: list[tuple[str, int]]) -> tuple[str, int]:
        return max(keys, key=lambda key: (found[key]["drifted"], size(key)))

    def chosen(**params: Any) -> tuple[str, int]:
        told = conclude(rows, windows=4, **params).dataset
        return told["feature"], told["window"]

    assert chosen() == most(list(found))
    assert chosen(feature="reward") == most([key for key in found if key[0] == "reward"])
    assert chosen(window=1) == most([key for key in found if key[1] == 1])
    assert chosen(feature="entropy", window=2) == ("entropy", 2)
    with pytest.raises(NotEnoughData, match="Too little is known"):
        conclude(rows, windows=4, window=9)


def test_kl_leads_only_where_nothing_else_drifted() -> None:
    step = np.repeat([0, 1], 300)
    generator = np.random.default_rng(8)
    rows = rollouts(300, seed=5)
    columns = {**rows.columns, "step": step * 1.0, "kl": generator.normal(size=600) + 3 * step}
    columns["reward"] = generator.normal(size=600) + step
    assert conclude(replace(rows, columns=columns), windows=2).dataset["feature"] == "reward"
    del columns["reward"]
    assert conclude(replace(rows, columns=columns), windows=2).dataset["feature"] == "kl"


def test_estimates_count_what_they_say() -> None:
    rows = rollouts(900, length=0.8, mix=0.5, seed=22)
    result = conclude(rows, windows=4, feature="length", window=3)
    every = cells(result)
    drifted = {feature for (feature, _), one in every.items() if one["drifted"]}
    counts = {name: result.estimates[name].value for name in ("features", "drifted", "windows")}
    assert counts == {"features": 5, "drifted": len(drifted), "windows": 3}
    assert 2 <= len(drifted) < 5
    assert all(result.estimates[name].n == 0 for name in counts)
    own = every["length", 3]
    for name in ("effect", "cramers_v", "psi", "js", "ks", "wasserstein", "energy", "p_value", "q_value"):
        assert (result.estimates[name].value, result.estimates[name].n) == (own[name], own["rows"])
    assert (result.estimates["effect"].low, result.estimates["effect"].high) == (own["low"], own["high"])
    assert (result.estimates["cramers_v"].low, result.estimates["cramers_v"].high) == (own["v_low"], own["v_high"])
    assert "chi_square" not in result.estimates
    topic = conclude(rows, windows=4, feature="topic", window=3).estimates
    assert topic["chi_square"].value == every["topic", 3]["chi_square"]
    assert not {"ks", "cliffs_delta", "wasserstein"} & set(topic)
    assert "category" in topic["psi"].method
    assert "deciles" in result.estimates["psi"].method
    assert topic["effect"].method == topic["cramers_v"].method != result.estimates["effect"].method


def test_a_sample_of_prompts_is_said_to_be_one() -> None:
    params = DriftParameters(windows=2)
    state = ANALYSIS.observe(rollouts(200), params)
    assert "sampled" not in codes(ANALYSIS.conclude(state, params))
    assert "sampled" in codes(ANALYSIS.conclude(replace(state, limit=2**63), params))


def test_too_few_prompts_say_where() -> None:
    for first, second, told in (
        (29, 50, "The reference has 29 prompts; an honest interval needs at least 30."),
        (30, 29, "The largest later window has 29 prompts; an honest interval needs at least 30."),
    ):
        step = np.repeat([0, 1, 2], [first, second, 5])
        rows = scores(np.arange(len(step)) % 7, step, np.arange(len(step)))
        with pytest.raises(NotEnoughData) as refused:
            conclude(rows, reference="0..0", windows=3)
        assert str(refused.value) == told


def test_what_no_column_of_rows_holds_leads_to_none() -> None:
    step = np.arange(400)
    columns = {**scores(step, step, step).columns, "label": step % 3 / 2, "first": step // 7 % 2}
    del columns["value"]
    rows = Rows("comparison", columns, {"topic": (np.asarray(step // 3 % 2, np.int32), ["x", "y"])})
    wheres = {
        name: conclude(rows, windows=2, feature=name).pictures["distribution"]["wheres"] for name in ("first", "label")
    }
    assert wheres["first"] == ["", ""]
    assert wheres["label"] == [f"step=200..399;label={one}..{one}" for one in ("0", "0.5", "1")]
    state = ANALYSIS.observe(rows, DriftParameters())
    pair = ANALYSIS.combine(ANALYSIS.labelled(state, "one"), ANALYSIS.labelled(state, "two"))
    told = ANALYSIS.conclude(pair, DriftParameters(feature="label")).pictures["distribution"]
    assert told["wheres"] == ["", "", ""]
    assert told["before"] == told["after"] == pytest.approx([134 / 400, 133 / 400, 133 / 400])


def test_of_many_names_the_first_are_said() -> None:
    numbers = {f"reward.p{place:02}": (np.arange(80) * 7 + place) % 5 * 1.0 for place in range(30)}
    rows = replace(scores(np.arange(80) % 3, np.repeat([0, 1], 40), np.arange(80)), numbers=numbers)
    with pytest.raises(NotFound) as refused:
        conclude(rows, windows=2, feature="none")
    assert str(refused.value).endswith(f"there are {', '.join(f'reward.p{place:02}' for place in range(20))}.")
    step = np.repeat(np.arange(9), [99, 5, 5, 5, 5, 5, 5, 5, 99])
    blank = codes(conclude(scores(np.arange(len(step)) % 7, step, np.arange(len(step))), windows=9, cut="span"))
    assert blank["cells_blank"] == "Cells of fewer than 30 prompts are left blank, in 1, 2, 3, 4, 5."


def test_a_dataset_that_drifted_is_named() -> None:
    windows = replace(WINDOWS, by="dataset", names=("old", "new", "newer"))
    assert sentence("drifted", windows, [UP], shown(UP), 0.05, 0.2).startswith("Drifted in newer: length rose")
