"""Trade-off against a plain recomputation, with loops, of everything that it says; its words at their edges."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy import stats

from engine.analysis import TradeoffParameters
from engine.errors import NotEnoughData, NotFound, UsageError
from engine.types import Rows
from engine.words import significant
from tests.analysis.compare_worlds import named
from tests.analysis.test_lines import Point, curve
from tests.analysis.test_tradeoff import ANALYSIS, conclude, rollouts, run
from tests.analysis.worlds import value


def newey_west(values: np.ndarray) -> float:
    """Standard error of a mean around a straight line, written out."""
    n = len(values)
    slope, level = np.polyfit(np.arange(n), values, 1)
    rest = [values[at] - level - slope * at for at in range(n)]
    lags = min(int(4 * (n / 100) ** (2 / 9)), n - 2)
    total = 0.0
    for one in range(n):
        for other in range(n):
            if abs(one - other) <= lags:
                total += (1 - abs(one - other) / (lags + 1)) * rest[one] * rest[other]
    return float(np.sqrt(max(total, 0) / (n - 2) / n))


def by_hand(step: np.ndarray, objective: np.ndarray, count: int, level: float) -> dict[str, Any]:
    """The windows of an objective, and which of them may be the best."""
    parts = min(count, len(step) // 5)
    edges = [round(len(step) * at / parts) for at in range(parts + 1)]
    cut = list(pairwise(edges))
    mean = [objective[low:high].mean() for low, high in cut]
    error = [newey_west(objective[low:high]) for low, high in cut]
    least = min(high - low for low, high in cut)
    quantile = stats.t.ppf(1 - (1 - level) / (parts - 1), 2 * least - 4)
    may = [
        all(mean[other] - mean[one] <= quantile * np.hypot(error[one], error[other]) for other in range(parts))
        for one in range(parts)
    ]
    half = stats.t.ppf(0.5 + level / 2, least - 2)
    return {
        "first": [step[low] for low, _ in cut],
        "last": [step[high - 1] for _, high in cut],
        "middle": [step[low:high].mean() for low, high in cut],
        "mean": mean,
        "error": error,
        "low": [one - half * each for one, each in zip(mean, error, strict=True)],
        "high": [one + half * each for one, each in zip(mean, error, strict=True)],
        "best": int(np.argmax(mean)),
        "may": may,
        "points": least,
    }


def split(points: list[Point]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    step, gold = np.array([(one[2], one[3]) for one in points if one[1] == "gold"], float).T
    return step, gold, np.array([one[3] for one in points if one[1] == "kl_ref"])


@pytest.mark.parametrize(
    ("steps", "windows", "coefficient", "level"),
    [(200, 20, 0.0, 0.95), (107, 20, 0.03, 0.9), (15, 20, 0.0, 0.8), (203, 2, 0.05, 0.95), (333, 7, 0.2, 0.99)],
)
def test_everything_is_as_a_plain_recomputation_has_it(steps, windows, coefficient, level):
    points = run(noise=0.1, seed=steps, steps=steps)
    result = conclude(curve(points), windows=windows, coefficient=coefficient, level=level)
    step, gold, divergence = split(points)
    now = by_hand(step, gold - coefficient * divergence, windows, level)
    picture = result.pictures["objective"]
    assert (picture["first"], picture["last"]) == (now["first"], now["last"])
    assert picture["step"] == pytest.approx(now["middle"])
    assert picture["objective"] == pytest.approx(now["mean"])
    assert picture["low"] == pytest.approx(now["low"])
    assert picture["high"] == pytest.approx(now["high"])
    assert (picture["may"], picture["best"]) == (now["may"], now["best"])

    best, points_of, told = now["best"], now["points"], result.estimates
    assert told["best_step"].value == pytest.approx(now["middle"][best])
    assert told["best_step"].n == told["turning_coefficient"].n == steps
    for name, place in (("objective_best", best), ("objective_now", -1)):
        one = told[name]
        expected = (now["mean"][place], now["low"][place], now["high"][place])
        assert (one.value, one.low, one.high) == pytest.approx(expected)
        assert (one.n, one.level) == (points_of, level)
    lost = told["objective_lost"]
    apart = now["mean"][best] - now["mean"][-1]
    half = stats.t.ppf(0.5 + level / 2, 2 * points_of - 4) * np.hypot(now["error"][best], now["error"][-1])
    if best == len(now["mean"]) - 1:
        assert (lost.value, lost.low, lost.high) == (0.0, None, None)
    else:
        assert (lost.value, lost.low, lost.high) == pytest.approx((apart, apart - half, apart + half))
        assert lost.n == points_of
    assert all(one.level == level for one in told.values())

    tried = result.pictures["coefficient"]
    each = [by_hand(step, gold - price * divergence, windows, level) for price in tried["coefficient"]]
    assert tried["best"] == pytest.approx([one["middle"][one["best"]] for one in each])
    assert tried["earliest"] == [one["first"][one["may"].index(True)] for one in each]
    assert tried["latest"] == [one["last"][len(one["may"]) - 1 - one["may"][::-1].index(True)] for one in each]
    assert tried["now"] == coefficient
    others = [
        price
        for price, one in zip(tried["coefficient"], each, strict=True)
        if price > coefficient and one["best"] != best
    ]
    assert told["turning_coefficient"].value == (others[0] if others else None)
    assert result.verdict == ("last_is_best" if now["may"][-1] else "earlier_is_better")

    words = f"steps {now['first'][best]:,.0f} to {now['last'][best]:,.0f} are best "
    words += f"at {coefficient:.3g} for each nat" if coefficient else "with KL for nothing"
    words += f" (gold less kl_ref: {significant(now['mean'][best])})"
    if (rest := sum(now["may"]) - 1) > 0:
        words += f", not told apart from {rest} other window{'s' if rest > 1 else ''}"
    assert result.sentence.endswith(words + (f"; from {others[0]:.3g} on another window would be." if others else "."))


def test_prices_reach_to_where_the_reward_is_paid_for_three_times():
    points = run(noise=0, steps=107)
    found = conclude(curve(points), coefficient=0.07).pictures["coefficient"]["coefficient"]
    step, gold, divergence = split(points)
    tops = (np.ptp(by_hand(step, each, 20, 0.95)["mean"]) for each in (gold, divergence))
    scale = next(tops) / next(tops)
    assert found == pytest.approx(sorted([0.0, 0.07, *(scale * 10 ** np.linspace(-2, np.log10(3), 32))]))
    assert conclude(curve(points)).pictures["coefficient"]["now"] == 0.0


@pytest.mark.parametrize("still", ["gold", "kl_ref"])
def test_where_reward_or_kl_never_moves_only_the_price_asked_for_is_tried(still):
    points: list[Point] = [(one[0], one[1], one[2], 2.0 if one[1] == still else one[3]) for one in run(noise=0)]
    assert conclude(curve(points), coefficient=0.5).pictures["coefficient"]["coefficient"] == [0.0, 0.5]


def test_sentences_begin_with_what_to_do():
    """Noise alone: the last window is not surely behind, and mostly not the best either."""
    noise = np.random.default_rng(5).normal(0, 1, 100)
    points: list[Point] = [("a", "gold", float(at), float(noise[at])) for at in range(100)]
    points += [("a", "kl_ref", float(at), at / 10) for at in range(100)]
    found = conclude(curve(points))
    assert found.pictures["objective"]["best"] != 19
    assert found.sentence.startswith("The last steps may be the best: steps ")
    assert conclude(curve(run())).sentence.startswith("An earlier checkpoint is better: steps 100 to 109 are best")
    still: list[Point] = [("a", name, float(step), 0.5) for step in range(50) for name in ("gold", "kl_ref")]
    flat = conclude(curve(still), coefficient=0.5)
    assert flat.sentence == "Nothing moves: gold less kl_ref is 0.25 all along."


def test_two_windows_are_enough_and_fifteen_steps_are():
    assert len(conclude(curve(run()), windows=2).pictures["objective"]["step"]) == 2
    assert len(conclude(curve(run(steps=15))).pictures["objective"]["step"]) == 3
    with pytest.raises(NotEnoughData, match="a: 14 steps with gold and kl_ref; at least 15 are needed"):
        conclude(curve(run(steps=14)))


def test_reward_and_kl_at_different_steps_have_none_in_common():
    apart = [(name, metric, step * 2 + (metric == "gold"), number) for name, metric, step, number in run()]  # type: ignore[operator]
    with pytest.raises(NotEnoughData, match="a: 0 steps with gold and kl_ref"):
        conclude(curve(apart))
    with_more = [*run(steps=40), ("a", "gold", 41.0, 100.0), ("a", "kl_ref", 43.0, 5.0)]
    assert value(conclude(curve(with_more)), "best_step") < 40


# ------------------------------------------------------------------ which run and metric


def test_the_truest_reward_of_the_first_run_that_has_both_is_taken():
    second = [("b", *one[1:]) for one in run(seed=1)]
    alone: list[Point] = [("0", "gold", float(step), 1.0) for step in range(50)]
    further: list[Point] = [("a", "reward", float(step), 1.0 * step) for step in range(200)]
    rows = curve([*run(), *second, *alone, *further])
    found = conclude(rows)
    assert (found.dataset["run"], found.dataset["runs"], found.dataset["metric"]) == ("a", ["a", "b"], "gold")
    assert found.dataset["kind"] == "curve"
    assert found.dataset["rows"] == len(rows.columns["value"])
    assert conclude(rows, run="b").dataset["run"] == "b"
    assert conclude(rows, metric="reward").dataset["metric"] == "reward"
    assert conclude(rows, metric="kl_ref", kl="reward").dataset["kl"] == "reward"
    with pytest.raises(NotEnoughData) as refused:
        conclude(rows, run="0")
    assert refused.value.code == "no_kl"
    with pytest.raises(NotEnoughData, match="No run has gold or eval_gold or eval_reward or reward beside kl_ref"):
        conclude(curve(alone))


def test_names_that_are_not_there_are_told_with_those_that_are():
    with pytest.raises(NotFound, match="no metric 'x'; known are gold, kl_ref"):
        conclude(curve(run()), kl="x")
    with pytest.raises(NotFound, match="no run 'x'; known are a"):
        conclude(curve(run()), run="x")
    many: list[Point] = [("a", f"m{place:02}", 1.0, 1.0) for place in range(25)]
    with pytest.raises(NotFound, match=r"m18, m19\.$"):
        conclude(curve(many), kl="x")
    runs: list[Point] = [(f"r{place:02}", one[1], one[2], one[3]) for place in range(25) for one in run(steps=2)]
    with pytest.raises(NotFound, match=r"r18, r19\.$"):
        conclude(curve(runs), run="x")


def test_warnings_say_what_the_numbers_are_not():
    def codes(rows: Rows, **params: object) -> list[str]:
        return [notice.code for notice in conclude(rows, **params).warnings]

    assert codes(curve(run())) == []
    assert codes(curve(run(gold="reward"))) == ["proxy_only"]
    assert [codes(curve(run(gold=name))) for name in ("eval_gold", "eval_reward")] == [[], []]
    below = [(*one[:3], one[3] - 0.001) if one[1] == "kl_ref" else one for one in run()]
    assert codes(curve(below)) == ["negative_kl"]  # type: ignore[arg-type]
    rows = curve(run())
    is_kl = rows.names["metric"][0] == list(rows.names["metric"][1]).index("kl_ref")
    for unit, told in (("nats, mean of tokens", ["kl_unit"]), ("nats, sum of the sequence", [])):
        said = replace(rows, names={**rows.names, "unit": (np.where(is_kl, 0, -1).astype(np.int32), [unit])})
        found = conclude(said)
        assert ([notice.code for notice in found.warnings], found.dataset["unit"]) == (told, unit)
    state = ANALYSIS.observe(rows, TradeoffParameters())
    params = TradeoffParameters()
    assert [one.code for one in ANALYSIS.conclude(replace(state, limit=1), params).warnings] == ["sampled"]


def test_rollouts_are_averaged_by_run_and_step():
    rows = rollouts()
    step, gold, kl = (np.asarray(rows.columns[name], float).copy() for name in ("step", "gold", "kl"))
    run_of = np.arange(600) % 2
    kl[7], gold[11], step[13] = np.nan, np.nan, -1
    changed = replace(
        rows,
        columns={**rows.columns, "step": step, "gold": gold, "kl": kl},
        names={"run": named(run_of, ["x", "y"])},
    )
    result = conclude(changed, run="y", windows=60, coefficient=0.1)
    assert (result.dataset["kind"], result.dataset["runs"], result.dataset["kl"]) == ("rollout", ["x", "y"], "kl_ref")
    means = []
    for one in range(60):
        mine = (run_of == 1) & (step == one)
        means.append(np.nanmean(gold[mine]) - 0.1 * np.nanmean(kl[mine]))
    expected = np.array(means).reshape(12, 5).mean(axis=1)
    assert result.pictures["objective"]["objective"] == pytest.approx(expected.tolist())
    nameless = replace(rows, names={})
    assert conclude(nameless).dataset["runs"] == ["run"]


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ({"coefficient": 0}, {"coefficient": -1e-9}),
        ({"windows": 2}, {"windows": 1}),
        ({"windows": 60}, {"windows": 61}),
        ({"level": 0.5}, {"level": 0.49}),
        ({"level": 0.999}, {"level": 0.9991}),
    ],
)
def test_parameters_are_taken_up_to_their_ends(good, bad):
    TradeoffParameters.parse(good)
    with pytest.raises(UsageError):
        TradeoffParameters.parse(bad)


def test_what_is_usual():
    assert (TradeoffParameters().coefficient, TradeoffParameters().windows, TradeoffParameters().level) == (0, 20, 0.95)
