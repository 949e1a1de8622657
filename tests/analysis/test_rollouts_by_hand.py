"""Rollouts: every estimate and every line again from the table in plain loops; limits; what is said at its edges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from engine.analysis.rollouts.sentence import sentence, verdict
from engine.types import Estimate, Result
from tests.analysis import rolls

COLUMNS = ("reward", "gold", "length", "kl", "entropy")


@pytest.fixture(scope="module")
def made() -> pd.DataFrame:
    """With gaps in everything but the reward, and prompts that come again."""
    table = rolls.table(prompts=160, steps=24, answers=3, again=3, seed=4, growth=4.0)
    generator = np.random.default_rng(4)
    table["kl"] += generator.normal(0, 0.05, len(table))
    table["entropy"] += generator.normal(0, 0.1, len(table))
    for name, share in (("gold", 0.3), ("length", 0.2), ("kl", 0.1), ("entropy", 0.4), ("truncated", 0.25)):
        table.loc[generator.random(len(table)) < share, name] = np.nan
    return table.assign(bucket=rolls.rows(table).columns["bucket"].astype(int))


@pytest.fixture(scope="module")
def result(made: pd.DataFrame) -> Result:
    return rolls.conclude(rolls.rows(made), level=0.9, ends=4)


def left_out(frame: pd.DataFrame, statistic: Callable[[pd.DataFrame], float]) -> np.ndarray:
    return np.array([statistic(frame[frame["bucket"] != bucket]) for bucket in frame["bucket"].unique()])


def jackknife(frame: pd.DataFrame, statistic: Callable[[pd.DataFrame], float]) -> tuple[float, float, float]:
    value, left = statistic(frame), left_out(frame, statistic)
    error = np.sqrt((len(left) - 1) / len(left) * ((left - left.mean()) ** 2).sum())
    reach = stats.t.ppf(0.95, len(left) - 1) * error
    return value, value - reach, value + reach


def wilson(frame: pd.DataFrame, name: str, independent: int) -> tuple[float, float, float]:
    """Wilson's interval at the number of independent rows with the jackknife's variance."""
    value, left = float(frame[name].mean()), left_out(frame, lambda part: float(part[name].mean()))
    error = np.sqrt((len(left) - 1) / len(left) * ((left - left.mean()) ** 2).sum())
    size = max(value * (1 - value) / error**2, 1) if error > 0 else independent
    z = stats.t.ppf(0.95, len(left) - 1)
    middle = (value + z**2 / 2 / size) / (1 + z**2 / size)
    reach = z * np.sqrt(value * (1 - value) / size + z**2 / 4 / size**2) / (1 + z**2 / size)
    return value, middle - reach, middle + reach


def is_told(found: Estimate, told: tuple[float, float, float], n: int) -> None:
    assert (found.value, found.low, found.high) == pytest.approx(told, abs=1e-9)
    assert (found.n, found.level) == (n, 0.9)


def equal_groups(frame: pd.DataFrame) -> pd.DataFrame:
    """One row for each prompt at a step with two answers or more, and whether all of them get the same."""
    groups = frame.groupby(["prompt", "step", "bucket"])["reward"]
    found = groups.agg(["min", "max", "size"]).reset_index()
    return found[found["size"] >= 2].assign(equal=lambda part: (part["min"] == part["max"]) * 1.0)


def test_every_mean_at_both_ends_and_its_change(made: pd.DataFrame, result: Result) -> None:
    size = result.dataset["ends"]
    for name in COLUMNS:
        known = made[made[name].notna()]
        first, last = known[known["step"] < size], known[known["step"] >= 24 - size]
        for end, part in (("first", first), ("last", last)):
            told = jackknife(part, lambda each, name=name: float(each[name].mean()))
            is_told(result.estimates[f"{name}_{end}"], told, len(part))

        def change(part: pd.DataFrame, name: str = name, size: int = size) -> float:
            return float(part.loc[part["step"] >= size, name].mean() - part.loc[part["step"] < size, name].mean())

        either = pd.concat([first, last])
        is_told(result.estimates[f"{name}_change"], jackknife(either, change), len(either))


def test_spread_and_shares_at_the_ends(made: pd.DataFrame, result: Result) -> None:
    size = result.dataset["ends"]
    last = made[made["step"] >= 24 - size]
    is_told(result.estimates["reward_spread"], jackknife(last, lambda part: float(part["reward"].std())), len(last))
    for end, side in (("first", made["step"] < size), ("last", made["step"] >= 24 - size)):
        cut = made[side & made["truncated"].notna()]
        is_told(result.estimates[f"truncated_{end}"], wilson(cut, "truncated", cut["prompt"].nunique()), len(cut))
        equal = equal_groups(made[side])
        is_told(result.estimates[f"zero_variance_{end}"], wilson(equal, "equal", len(equal)), len(equal))
    for name, count in (("prompts", 160), ("steps", 24)):
        assert (result.estimates[name].value, result.estimates[name].n) == (count, len(made))


def test_every_line_at_every_step(made: pd.DataFrame, result: Result) -> None:
    lines = result.pictures
    assert (lines["places"]["by"], lines["places"]["first"]) == ("step", list(range(24)))

    def line(name: str, step: int) -> list[float | None]:
        return [lines[name][end][step] for end in ("value", "low", "high")]

    for step in (0, 7, 12, 23):
        here = made[made["step"] == step]
        for name in COLUMNS:
            part = here[here[name].notna()]
            told = jackknife(part, lambda each, name=name: float(each[name].mean()))
            expected = told if part["bucket"].nunique() >= 10 else (told[0], None, None)
            assert line(name, step) == pytest.approx(list(expected), abs=1e-9)
            assert lines[name]["count"][step] == len(part)
        assert line("spread", step) == pytest.approx(
            list(jackknife(here, lambda each: float(each["reward"].std()))), abs=1e-9
        )
        for name, part in (("truncated", here[here["truncated"].notna()]), ("zero_variance", equal_groups(here))):
            column = "truncated" if name == "truncated" else "equal"
            shown = wilson(part, column, part["bucket"].nunique())
            assert part["bucket"].nunique() >= 10
            assert line(name, step) == pytest.approx(list(shown), abs=1e-9)
            assert lines[name]["count"][step] == len(part)


def centred(made: pd.DataFrame) -> pd.DataFrame:
    known = made[made["length"].notna()]
    groups = known.groupby(["prompt", "step"])["length"]
    usable = known[(groups.transform("size") >= 2) & (groups.transform("max") > groups.transform("min"))]
    means = usable.groupby(["prompt", "step"])[["length", "reward"]].transform("mean")
    return usable.assign(x=usable["length"] - means["length"], y=usable["reward"] - means["reward"])


def test_slope_and_correlation_within_prompts(made: pd.DataFrame, result: Result) -> None:
    usable = centred(made)

    def slope(part: pd.DataFrame) -> float:
        return float((part["x"] * part["y"]).sum() / (part["x"] ** 2).sum() * 100)

    def correlation(part: pd.DataFrame) -> float:
        return float((part["x"] * part["y"]).sum() / np.sqrt((part["x"] ** 2).sum() * (part["y"] ** 2).sum()))

    is_told(result.estimates["length_slope"], jackknife(usable, slope), len(usable))
    is_told(result.estimates["length_correlation"], jackknife(usable, correlation), len(usable))


def test_reward_by_tenths_of_the_distance_in_length(made: pd.DataFrame, result: Result) -> None:
    usable, told = centred(made), result.pictures["by_length"]
    edges = np.quantile(usable["x"], np.linspace(0, 1, 11))
    place = np.searchsorted(edges[1:-1], usable["x"], side="right")
    assert len(told["reward"]) == 10
    for each in range(10):
        part = usable[place == each]
        expected = jackknife(part, lambda every: float(every["y"].mean()))
        assert [told[end][each] for end in ("reward", "low", "high")] == pytest.approx(list(expected), abs=1e-9)
        assert told["length"][each] == pytest.approx(part["x"].mean())
        assert told["count"][each] == len(part)


def test_a_perfect_line_has_a_correlation_of_one_and_no_more(made: pd.DataFrame) -> None:
    straight = made.assign(reward=made["length"].fillna(0) * 0.01)
    for sign in (1, -1):
        found = rolls.conclude(rolls.rows(straight.assign(reward=sign * straight["reward"]))).estimates
        one = found["length_correlation"]
        assert (one.value, one.low, one.high) == pytest.approx((sign, sign, sign))
        assert -1 <= one.low <= one.high <= 1  # type: ignore[operator]
        assert found["length_slope"].value == pytest.approx(sign)


def test_few_rows_have_no_tenths_of_length() -> None:
    small = rolls.table(prompts=10, answers=2, steps=1, shared=False)
    small["length"] = np.arange(20) ** 1.5
    found = rolls.conclude(rolls.rows(small)).pictures["by_length"]
    assert found["count"] == [2] * 10
    assert found["low"] == found["high"] == [None] * 10
    assert "by_length" not in rolls.conclude(rolls.rows(small[:18])).pictures


# ------------------------------------------------------------------ windows and ends


@pytest.mark.parametrize(
    ("by", "steps", "most"), [("step", 201, 200), ("step", 200, 200), ("time", 41, 40), ("time", 95, 40)]
)
def test_windows_are_neighbouring_steps_about_as_many_each(by: str, steps: int, most: int) -> None:
    made = rolls.table(prompts=steps, answers=2, steps=1)
    made["step"] = made["prompt"] * 10
    if by == "time":
        made["time"], made["step"] = 1e9 + made["step"], -1
    places = rolls.conclude(rolls.rows(made)).pictures["places"]
    at = (made["time"] if by == "time" else made["step"]).unique()
    window = np.arange(steps) * most // steps if steps > most else np.arange(steps)
    assert places["by"] == by
    assert places["first"] == [at[window == one].min() for one in range(min(steps, most))]
    assert places["last"] == [at[window == one].max() for one in range(min(steps, most))]


@pytest.mark.parametrize("seed", range(6))
def test_the_ends_grow_until_both_hold_thirty_prompts(seed: int) -> None:
    generator = np.random.default_rng(seed)
    prompt = np.repeat(np.arange(90), 3)
    step = generator.integers(0, 60, 270) if seed % 2 else np.sort(generator.integers(0, 60, 270))
    made = pd.DataFrame({"prompt": prompt, "step": step, "reward": generator.normal(size=270), "run": "only"})
    ends = rolls.conclude(rolls.rows(made)).dataset["ends"]
    rank = made["step"].rank(method="dense").astype(int) - 1
    count = rank.max() + 1

    def holds(size: int) -> bool:
        return all(made.loc[side, "prompt"].nunique() >= 30 for side in (rank < size, rank >= count - size))

    least = next(size for size in range(1, count + 1) if holds(size))
    assert ends == min(max(round(count / 10), least), count // 2)


def test_a_tenth_of_the_steps_where_they_hold_enough() -> None:
    for steps, ends in ((20, 2), (26, 3), (24, 2), (5, 1), (2, 1), (1, 1)):
        made = rolls.table(prompts=100, steps=steps, again=steps, answers=1)
        assert rolls.conclude(rolls.rows(made)).dataset["ends"] == ends
    made = rolls.table(prompts=29, steps=40, again=40, answers=1)
    assert rolls.conclude(rolls.rows(made)).dataset["ends"] == 4
    assert rolls.conclude(rolls.rows(made), ends=1).dataset["ends"] == 1
    few = rolls.table(prompts=29, steps=5, again=5, answers=1)
    assert rolls.conclude(rolls.rows(few)).dataset["ends"] == 1
    assert rolls.conclude(rolls.rows(made), ends=0, level=0.5).dataset["ends"] == 4


def test_thirty_prompts_in_ten_buckets_have_an_interval() -> None:
    def found(prompts: int, buckets: int) -> dict[str, Estimate]:
        made = rolls.table(prompts=prompts, steps=2, again=2, answers=3, shared=False)
        rows = rolls.rows(made)
        prompt = made["prompt"].to_numpy()
        hashes = (prompt // buckets * 4096 * 7 + prompt % buckets).astype(np.uint64)
        rows.columns["prompt_hash"] = hashes
        return dict(rolls.conclude(rows).estimates)

    for prompts, buckets, told in ((30, 10, True), (29, 29, False), (40, 9, False)):
        estimates = found(prompts, buckets)
        for name in ("reward_last", "reward_change", "reward_spread", "length_slope", "truncated_last"):
            one = estimates[name]
            assert (one.low is not None) == (one.high is not None) == told, name
            assert ("too few prompts" in one.method) != told
            assert one.value is not None
            assert one.n in ((90 if told else 3 * prompts), 6 * prompts)


# ------------------------------------------------------------------ what is said


def est(value: float, low: float | None = None, high: float | None = None) -> Estimate:
    return Estimate(value, low, high, 0.95)


FIRST = {"reward_first": est(0.5), "reward_last": est(0.75, 0.7, 0.8), "length_slope": est(0.1, -0.1, 0.3)}


def said(**more: Estimate) -> str:
    return sentence({**FIRST, "reward_change": est(0.25, 0.1, 0.4), **more}, "", "step", 20, 400)


def test_which_way_it_moved_is_what_its_interval_excludes() -> None:
    def code(low: float | None, high: float | None, **more: Estimate) -> str:
        return verdict({"reward_change": est(0.1, low, high), **more})

    assert verdict({}) == "one_step"
    assert code(None, None) == "too_few_prompts"
    assert code(0.01, 1) == "rose"
    assert code(0.0, 1) == code(-1, 0.0) == "no_change_detected"
    assert code(-1, -0.01) == "fell"
    assert code(0.01, 1, gold_change=est(-1, -2, -0.1)) == "reward_rose_gold_fell"
    assert code(0.01, 1, gold_change=est(-1, -2, 0.0)) == "rose"
    assert code(0.01, 1, gold_change=est(1, 0.1, 2)) == code(0.01, 1, gold_change=est(-1)) == "rose"
    assert code(-1, -0.1, gold_change=est(-1, -2, -0.1)) == "fell"


def test_the_head_of_the_sentence() -> None:
    rose = "Reward rose from .5 to .75 (+.25 [.1, .4]) over 20 steps on 400 prompts."
    assert said() == rose
    assert said(reward_change=est(-0.25, -0.4, -0.1)) == (
        "Reward fell from .5 to .75 (−.25 [−.4, −.1]) over 20 steps on 400 prompts."
    )
    assert said(reward_change=est(0.0, -0.4, 0.4)) == (
        "Reward did not surely move: .5 to .75 (0 [−.4, .4]) over 20 steps on 400 prompts."
    )
    assert said(reward_change=est(0.25)) == "Reward went from .5 to .75 over 20 steps on 400 prompts."
    alone = {key: FIRST[key] for key in ("reward_last", "length_slope")}
    assert sentence(alone, "", "step", 1, 1) == "Mean reward .75 [.7, .8] at one step, on 1 prompt."
    bare = {**alone, "reward_last": est(0.75)}
    assert sentence(bare, "r1", "time", 1, 9) == "Mean reward of r1 .75 at one time, on 9 prompts."
    moved = {**FIRST, "reward_change": est(0.25, 0.1, 0.4)}
    assert sentence(moved, "r1", "time", 20, 400) == rose.replace("Reward", "Reward of r1").replace("steps", "times")


def test_what_is_said_beside_it() -> None:
    gold = {"gold_first": est(1.0), "gold_last": est(2.0)}
    assert "; gold rose from 1 to 2." in said(**gold, gold_change=est(1, 0.1, 2))
    assert "; gold fell from 1 to 2." in said(**gold, gold_change=est(-1, -2, -0.1))
    assert "; gold went from 1 to 2." in said(**gold, gold_change=est(1))
    assert "; gold did not surely move (1 to 2)." in said(**gold, gold_change=est(1, 0, 2))
    length = {"length_first": est(1234.4), "length_last": est(99.6)}
    assert "; responses grew from 1,234 to 100 tokens." in said(**length, length_change=est(1, 0.1, 2))
    assert "; responses shrank from 1,234 to 100 tokens." in said(**length, length_change=est(1, -2, -0.1))
    assert "from 0 to 0 tokens" in said(length_first=est(0.0), length_last=est(0.0), length_change=est(1, 0.1, 2))
    for change in (est(1), est(1, 0, 2), est(1, -2, 0)):
        assert "responses" not in said(**length, length_change=change)
    assert "; reward per 100 tokens within a prompt +.2 [.1, .3]." in said(length_slope=est(0.2, 0.1, 0.3))
    assert "; reward per 100 tokens within a prompt −.2 [−.3, −.1]." in said(length_slope=est(-0.2, -0.3, -0.1))
    assert "; 5% of the last answers are truncated." in said(truncated_last=est(0.05))
    assert "truncated" not in said(truncated_last=est(0.0499))
    assert "; for 25% of the last prompts all answers get the same reward." in said(zero_variance_last=est(0.25))
    assert "same reward" not in said(zero_variance_last=est(0.2499))
    every = said(
        **gold,
        **length,
        gold_change=est(1, 0.1, 2),
        length_change=est(1, 0.1, 2),
        length_slope=est(0.2, 0.1, 0.3),
        truncated_last=est(0.5),
        zero_variance_last=est(0.5),
    )
    assert every.count(";") == 3
    assert every.endswith("reward per 100 tokens within a prompt +.2 [.1, .3].")


# ------------------------------------------------------------------ warnings and runs


def notices(made: pd.DataFrame, **params: Any) -> dict[str, str]:
    return {one.code: one.message for one in rolls.conclude(rolls.rows(made), **params).warnings}


def test_few_prompts_are_told_of_below_two_hundred_and_below_thirty() -> None:
    told = {prompts: notices(rolls.table(prompts=prompts, steps=2, again=2)) for prompts in (29, 30, 199, 200)}
    assert told == {
        29: {"few_prompts": "Only 29 prompts: no interval is honest below 30."},
        30: {"few_prompts": "Only 30 prompts: intervals are approximate."},
        199: {"few_prompts": "Only 199 prompts: intervals are approximate."},
        200: {},
    }


def test_of_six_runs_four_are_drawn_the_one_that_is_told_of_first() -> None:
    parts = [
        rolls.table(prompts=20 + place, steps=3, again=3, seed=place).assign(run=f"r{place}") for place in range(6)
    ]
    made = pd.concat([part.assign(prompt=part["prompt"] + 100 * place) for place, part in enumerate(parts)])
    made.loc[made["run"] == "r4", "reward"] = np.nan
    found = rolls.conclude(rolls.rows(made), run="r2")
    assert found.dataset["runs"] == ["r5", "r4", "r3", "r2", "r1", "r0"]
    lines = {line["run"]: line for line in found.pictures["runs"]["lines"]}
    assert list(lines) == ["r2", "r5", "r4", "r3"]
    assert lines["r4"]["value"] == lines["r4"]["first"] == lines["r4"]["last"] == lines["r4"]["count"] == []
    for name, place in (("r2", 2), ("r5", 5), ("r3", 3)):
        means = parts[place].groupby("step")["reward"].mean()
        assert lines[name]["value"] == pytest.approx(means.tolist())
        assert (lines[name]["first"], lines[name]["by"]) == ([0, 1, 2], "step")
    assert found.sentence.startswith("Reward of r2 ")
    (several,) = [one.message for one in found.warnings if one.code == "several_runs"]
    assert several == "Of 6 runs this is r2; name another with run=…."
    assert "unplaced" not in {one.code for one in found.warnings}
    alone = rolls.conclude(rolls.rows(parts[5]))
    assert "runs" not in alone.pictures
    assert alone.sentence.startswith("Reward ")
    assert " of r5 " not in alone.sentence
    assert rolls.conclude(rolls.rows(parts[5]), run="r5").sentence == alone.sentence


@pytest.mark.parametrize("level", [0.5, 0.999])
def test_the_level_may_be_at_its_ends(level: float) -> None:
    found = rolls.conclude(rolls.rows(rolls.table(prompts=60)), level=level).estimates["reward_last"]
    assert found.level == level


def test_a_sample_of_prompts_is_said_to_be_one() -> None:
    params = rolls.ANALYSIS.parameters()
    state = rolls.ANALYSIS.observe(rolls.rows(rolls.table(prompts=200)), params)
    for limit, sampled in ((state.limit, False), (2**63, True)):
        found = rolls.ANALYSIS.conclude(replace(state, limit=limit), params).warnings
        assert ("sampled" in {one.code for one in found}) == sampled
