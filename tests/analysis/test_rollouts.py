"""Rollouts: every number against pandas and loops, intervals against simulated truth, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from engine.analysis.rollouts import windows
from engine.errors import NotEnoughData, NotFound, UsageError
from engine.types import Estimate
from tests.analysis import rolls


@pytest.fixture(scope="module")
def made() -> pd.DataFrame:
    return rolls.table(again=2)


def by_jackknife(frame: pd.DataFrame, statistic: Any) -> tuple[float, float, float]:
    """Leaving out one prompt at a time, in a loop: every prompt here has a bucket of its own but for chance."""
    value = statistic(frame)
    left = np.array([statistic(frame[frame["bucket"] != bucket]) for bucket in frame["bucket"].unique()])
    error = np.sqrt((len(left) - 1) / len(left) * ((left - left.mean()) ** 2).sum())
    reach = stats.t.ppf(0.975, len(left) - 1) * error
    return value, value - reach, value + reach


def with_buckets(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(bucket=rolls.rows(frame).columns["bucket"].astype(int))


def assert_is(found: Estimate, value: float, low: float, high: float) -> None:
    assert found.value == pytest.approx(value, abs=1e-9)
    assert found.low == pytest.approx(low, abs=1e-9)
    assert found.high == pytest.approx(high, abs=1e-9)


# ------------------------------------------------------------------ against pandas


def test_both_ends_and_their_difference_are_those_of_pandas(made: pd.DataFrame) -> None:
    found = rolls.conclude(rolls.rows(made)).estimates
    ends = with_buckets(made)
    ends = ends[ends["step"].isin([0, 1, 18, 19])]
    first, last = ends["step"] < 2, ends["step"] >= 18
    for name in ("reward", "gold", "length", "kl", "entropy"):
        assert found[f"{name}_first"].value == pytest.approx(ends.loc[first, name].mean())
        assert found[f"{name}_last"].value == pytest.approx(ends.loc[last, name].mean())
    assert_is(found["reward_last"], *by_jackknife(ends[last], lambda part: part["reward"].mean()))

    def change(part: pd.DataFrame) -> float:
        side = part["step"] < 2
        return float(part.loc[~side, "reward"].mean() - part.loc[side, "reward"].mean())

    assert_is(found["reward_change"], *by_jackknife(ends, change))
    assert found["reward_spread"].value == pytest.approx(ends.loc[last, "reward"].std())
    assert_is(found["reward_spread"], *by_jackknife(ends[last], lambda part: part["reward"].std()))


def test_reward_by_length_is_a_regression_with_a_dummy_for_each_prompt_and_step(made: pd.DataFrame) -> None:
    found = rolls.conclude(rolls.rows(made)).estimates
    small = with_buckets(made)
    groups = small.groupby(["prompt", "step"])[["length", "reward"]]
    small[["x", "y"]] = small[["length", "reward"]] - groups.transform("mean")

    def slope(part: pd.DataFrame) -> float:
        return float(np.polyfit(part["x"] / 100, part["y"], 1)[0])

    few = small[small["prompt"] < 40]
    dummies = pd.get_dummies(few["prompt"] * 100 + few["step"]).to_numpy(float)
    design = np.column_stack([few["length"] / 100, dummies])
    fitted = np.linalg.lstsq(design, few["reward"].to_numpy(), rcond=None)[0][0]
    alone = rolls.conclude(rolls.rows(few)).estimates["length_slope"]
    assert alone.value == pytest.approx(fitted, abs=1e-9)
    assert found["length_slope"].value == pytest.approx(slope(small), abs=1e-9)
    assert found["length_correlation"].value == pytest.approx(small["x"].corr(small["y"]), abs=1e-3)
    value, low, high = by_jackknife(few.assign(bucket=few["prompt"]), slope)
    assert alone.value == pytest.approx(value, abs=1e-9)
    assert (alone.low, alone.high) == (pytest.approx(low, abs=0.02), pytest.approx(high, abs=0.02))


def test_shares_are_counted_by_answer_and_by_prompt(made: pd.DataFrame) -> None:
    found = rolls.conclude(rolls.rows(made))
    last = made[made["step"] >= 18]
    assert found.estimates["truncated_last"].value == pytest.approx(last["truncated"].mean())
    spread = last.groupby(["prompt", "step"])["reward"].agg(lambda values: values.max() == values.min())
    assert found.estimates["zero_variance_last"].value == pytest.approx(spread.mean())
    assert found.estimates["zero_variance_last"].n == len(spread)
    equal = found.estimates["zero_variance_last"]
    assert equal.low is not None
    assert equal.high is not None
    assert 0 <= equal.low < spread.mean() < equal.high <= 1


def test_every_step_is_told_with_its_own_interval(made: pd.DataFrame) -> None:
    picture = rolls.conclude(rolls.rows(made)).pictures
    assert picture["places"]["first"] == picture["places"]["last"] == list(range(20))
    frame = with_buckets(made)
    for step in (0, 7, 19):
        part = frame[frame["step"] == step]
        value, low, high = by_jackknife(part, lambda each: each["reward"].mean())
        told = [picture["reward"][name][step] for name in ("value", "low", "high")]
        assert told == pytest.approx([value, low, high], abs=1e-9)
        assert picture["reward"]["count"][step] == len(part)
        assert picture["spread"]["value"][step] == pytest.approx(part["reward"].std())
        assert picture["truncated"]["value"][step] == pytest.approx(part["truncated"].mean())


def test_components_have_a_line_each(made: pd.DataFrame) -> None:
    parts = {"reward.format": made["gold"].to_numpy() * 2, "reward.never": np.full(len(made), np.nan)}
    found = rolls.conclude(rolls.rows(made, **parts))
    assert found.dataset["components"] == ["format"]
    assert found.estimates["reward.format_last"].value == pytest.approx(2 * made.loc[made["step"] >= 18, "gold"].mean())
    (line,) = found.pictures["components"]["lines"]
    assert line["value"][5] == pytest.approx(2 * made.loc[made["step"] == 5, "gold"].mean())


# ------------------------------------------------------------------ against the truth


def coverage(name: str, truth: float, runs: int, **world: Any) -> float:
    hits = 0
    for seed in range(runs):
        found = rolls.conclude(rolls.rows(rolls.table(seed=seed, **world), seed)).estimates[name]
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= truth <= found.high
    return hits / runs


@pytest.mark.parametrize(
    ("name", "truth", "world"),
    [
        ("reward_change", 0.4, {"rise": 0.4, "steps": 2}),
        ("reward_change", 0.0, {"rise": 0.0, "steps": 2, "again": 2}),
        ("length_slope", 0.1, {"slope": 0.001, "steps": 5, "prompts": 120, "shared": False}),
        ("length_change", 8.0, {"steps": 2, "prompts": 150}),
    ],
)
def test_intervals_hold_the_truth_as_often_as_they_say(name: str, truth: float, world: dict[str, Any]) -> None:
    assert 0.88 <= coverage(name, truth, 120, **world) <= 0.995


def test_prompts_are_clusters_not_rows(made: pd.DataFrame) -> None:
    """Eight copies of each answer say nothing new: the interval stays as wide."""
    one = rolls.conclude(rolls.rows(made)).estimates["reward_last"]
    many = pd.concat([made] * 8, ignore_index=True)
    eight = rolls.conclude(rolls.rows(many)).estimates["reward_last"]
    assert one.low is not None
    assert eight.low is not None
    assert eight.value == pytest.approx(one.value)
    assert eight.value - eight.low == pytest.approx(one.value - one.low, rel=0.05)  # type: ignore[operator]


# ------------------------------------------------------------------ what is said


@pytest.mark.parametrize(
    ("world", "code", "said"),
    [
        ({"rise": 0.8}, "rose", "Reward rose from "),
        ({"rise": -0.8}, "fell", "Reward fell from "),
        ({"rise": 0.0}, "no_change_detected", "Reward did not surely move: "),
        ({"steps": 1}, "one_step", "Mean reward "),
        ({"prompts": 20, "rise": 0.8}, "too_few_prompts", "Reward went from "),
    ],
)
def test_the_sentence_and_its_code(world: dict[str, Any], code: str, said: str) -> None:
    found = rolls.conclude(rolls.rows(rolls.table(**world).drop(columns="gold")))
    assert found.verdict == code
    assert found.sentence.startswith(said)
    assert found.sentence.endswith(".")


def test_reward_that_rises_while_gold_falls_is_said_first() -> None:
    made = rolls.table(rise=1.0)
    made["gold"] -= made["step"] / 19
    found = rolls.conclude(rolls.rows(made))
    assert found.verdict == "reward_rose_gold_fell"
    assert "; gold fell from " in found.sentence
    assert "responses grew from " in found.sentence


def test_without_enough_prompts_there_are_values_and_no_interval() -> None:
    found = rolls.conclude(rolls.rows(rolls.table(prompts=29)))
    assert found.estimates["reward_last"].value is not None
    intervals = [one for one in found.estimates.values() if one.low is not None or one.high is not None]
    assert intervals == []
    assert any(notice.code == "few_prompts" and "30" in notice.message for notice in found.warnings)


def test_ends_are_as_long_as_it_takes_for_thirty_prompts() -> None:
    made = rolls.table(prompts=200, steps=100)
    found = rolls.conclude(rolls.rows(made))
    size, place = found.dataset["ends"], made["step"].rank(method="dense") - 1
    count = int(place.max()) + 1

    def prompts(long: int) -> int:
        return min(made.loc[side, "prompt"].nunique() for side in (place < long, place >= count - long))

    assert prompts(size) >= 30 > prompts(size - 1)
    assert rolls.conclude(rolls.rows(made), ends=7).dataset["ends"] == 7
    assert rolls.conclude(rolls.rows(made), ends=10_000).dataset["ends"] == count // 2


def test_the_leading_run_is_told_of_and_others_by_name() -> None:
    short, long = rolls.table(prompts=100, rise=2.0), rolls.table(prompts=300, rise=0.0, seed=1)
    both = pd.concat([short.assign(run="short"), long.assign(run="long", prompt=long["prompt"] + 1000)])
    found = rolls.conclude(rolls.rows(both))
    assert (found.dataset["run"], found.dataset["runs"]) == ("long", ["long", "short"])
    assert [line["run"] for line in found.pictures["runs"]["lines"]] == ["long", "short"]
    assert "several_runs" in {notice.code for notice in found.warnings}
    other = rolls.conclude(rolls.rows(both), run="short")
    alone = rolls.conclude(rolls.rows(short))
    assert other.estimates["reward_change"].value == pytest.approx(alone.estimates["reward_change"].value)
    with pytest.raises(NotFound, match="long, short"):
        rolls.conclude(rolls.rows(both), run="none")


def test_of_many_steps_neighbours_share_a_window_and_no_line_is_longer() -> None:
    made = rolls.table(prompts=900, steps=900, answers=2)
    picture = rolls.conclude(rolls.rows(made)).pictures
    assert len(picture["reward"]["value"]) == windows.MOST_WINDOWS
    first, last = picture["places"]["first"], picture["places"]["last"]
    assert first[0] == made["step"].min()
    assert last[-1] == made["step"].max()
    assert all(one <= other for one, other in zip(first, last, strict=True))
    assert all(end < start for end, start in zip(last, first[1:], strict=False))
    assert sum(picture["reward"]["count"]) == len(made)


def test_answers_without_a_step_are_put_in_order_by_their_time() -> None:
    made = rolls.table()
    made["time"] = 1_700_000_000.0 + 60 * made["step"]
    made["step"] = -1
    found = rolls.conclude(rolls.rows(made))
    assert found.dataset["by"] == "time"
    assert "over 20 times" in found.sentence
    assert "by_time" in {notice.code for notice in found.warnings}


def test_answers_without_step_or_reward_are_counted_and_left() -> None:
    made = rolls.table()
    made.loc[:9, "reward"] = np.nan
    made.loc[10:14, "step"] = -1
    found = rolls.conclude(rolls.rows(made))
    (notice,) = [one for one in found.warnings if one.code == "unplaced"]
    assert notice.message.startswith("15 answers")
    made["reward"] = np.nan
    with pytest.raises(NotEnoughData, match="No answer has a reward at a step"):
        rolls.conclude(rolls.rows(made))


def test_one_answer_a_prompt_says_nothing_within_prompts() -> None:
    found = rolls.conclude(rolls.rows(rolls.table(answers=1))).estimates
    assert found["length_slope"].value is None
    assert "two answers" in found["length_slope"].method
    assert "zero_variance_last" not in found


def test_equal_lengths_say_nothing_of_length() -> None:
    made = rolls.table()
    made["length"] = 100.0
    assert rolls.conclude(rolls.rows(made)).estimates["length_slope"].value is None


@pytest.mark.parametrize("params", [{"ends": -1}, {"level": 1.0}, {"level": 0.2}, {"nothing": 1}])
def test_parameters_out_of_range_are_refused(params: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        rolls.conclude(rolls.rows(rolls.table()), **params)


def test_a_state_comes_back_from_its_bytes_and_in_parts(made: pd.DataFrame) -> None:
    analysis, params = rolls.ANALYSIS, rolls.ANALYSIS.parameters()
    whole = rolls.rows(made)
    state = analysis.observe(whole, params)
    again = analysis.from_bytes(analysis.to_bytes(state))
    assert analysis.conclude(again, params).estimates == analysis.conclude(state, params).estimates


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(-1, 4), st.floats(-1e12, 1e12), st.floats(0, 1e6)),
        min_size=1,
        max_size=60,
    )
)
def test_whatever_the_rewards_every_interval_holds_its_value(given_rows: list[tuple[int, int, float, float]]) -> None:
    made = pd.DataFrame(given_rows, columns=["prompt", "step", "reward", "length"]).assign(run="only")
    try:
        found = rolls.conclude(rolls.rows(made))
    except NotEnoughData:
        assert (made["step"] < 0).all()
        return
    for one in found.estimates.values():
        assert one.value is None or np.isfinite(one.value)
        if one.low is not None and one.high is not None and one.value is not None:
            assert one.low <= one.value <= one.high
