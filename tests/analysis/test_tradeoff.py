"""Trade-off: which steps are best at a price of KL, which are not told apart, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analysis import Tradeoff, TradeoffParameters
from engine.analysis.tradeoff.best import weighed, windows_of
from engine.errors import NotEnoughData, NotFound, UsageError
from engine.figures.view import charts
from engine.types import Result, Rows
from tests.analysis.compare_worlds import named
from tests.analysis.test_lines import Point, curve
from tests.analysis.worlds import hashes_of, value

ANALYSIS = Tradeoff()


def conclude(rows: Rows, **params: object) -> Result:
    parameters = TradeoffParameters.parse(params)
    return ANALYSIS.conclude(ANALYSIS.observe(rows, parameters), parameters)


def run(noise: float = 0.02, seed: int = 0, steps: int = 200, gold: str = "gold") -> list[Point]:
    """Gold rises to its peak at step 100 and falls; KL is a tenth of the step."""
    generator = np.random.default_rng(seed)
    points: list[Point] = []
    for step in range(steps):
        points.append(("a", gold, float(step), 1 - ((step - 100) / 100) ** 2 + generator.normal(0, noise)))
        points.append(("a", "kl_ref", float(step), step / 10))
    return points


def test_the_best_window_is_where_reward_less_its_price_is_highest():
    result = conclude(curve(run()))
    assert result.verdict == "earlier_is_better"
    assert value(result, "best_step") == pytest.approx(100, abs=10)
    dear = conclude(curve(run()), coefficient=0.1)
    assert value(dear, "best_step") == pytest.approx(50, abs=10)  # 2 (100 − s) / 100² = .1 / 10
    assert "at 0.1 for each nat" in dear.sentence


def test_objectives_are_means_of_the_windows():
    points = run(noise=0)
    result = conclude(curve(points), coefficient=0.05)
    gold = np.array([one[3] for one in points if one[1] == "gold"])
    divergence = np.array([one[3] for one in points if one[1] == "kl_ref"])
    by_window = (gold - 0.05 * divergence).reshape(20, 10).mean(axis=1)
    assert result.pictures["objective"]["objective"] == pytest.approx(by_window.tolist())
    assert value(result, "objective_now") == pytest.approx(by_window[-1])
    assert value(result, "objective_best") == pytest.approx(by_window.max())
    assert value(result, "objective_lost") == pytest.approx(by_window.max() - by_window[-1])


def test_the_price_at_which_another_window_would_be_best_is_told():
    result = conclude(curve(run(noise=0)))
    turn = value(result, "turning_coefficient")
    picture = result.pictures["coefficient"]
    best = dict(zip(picture["coefficient"], picture["best"], strict=True))
    assert best[turn] != best[0.0]
    assert all(best[one] == best[0.0] for one in picture["coefficient"] if one < turn)


def test_a_run_that_still_rises_is_best_at_its_end():
    points = [
        ("a", name, float(step), scale * step)
        for step in range(100)
        for name, scale in (("gold", 0.1), ("kl_ref", 0.01))
    ]
    result = conclude(curve(points))
    assert (result.verdict, value(result, "objective_lost")) == ("last_is_best", 0.0)
    assert result.sentence.startswith("The last steps are the best")


def test_a_run_that_never_moves_says_so():
    points = [("a", name, float(step), 0.0) for step in range(50) for name in ("gold", "kl_ref")]
    assert conclude(curve(points)).verdict == "flat"


def test_the_truly_best_window_is_among_those_that_may_be_it():
    kept = 0
    windows = windows_of(np.arange(200.0), 10)
    truth = np.repeat(np.array([0, 0.2, 0.3, 0.35, 0.36, 0.37, 0.33, 0.3, 0.2, 0.1]), 20)
    for seed in range(200):
        kept += bool(weighed(truth + np.random.default_rng(seed).normal(0, 0.2, 200), windows, 0.95).may[5])
    assert kept / 200 >= 0.95


def test_windows_hold_neighbouring_steps_and_at_least_five():
    windows = windows_of(np.arange(23.0), 20)
    assert np.diff(windows.edges).tolist() == [6, 6, 5, 6] or min(np.diff(windows.edges)) >= 5
    assert (windows.first[0], windows.last[-1]) == (0, 22)
    assert np.all(windows.first[1:] > windows.last[:-1])


def rollouts(n: int = 600) -> Rows:
    generator = np.random.default_rng(3)
    step = np.arange(n) // 10
    columns = {
        "step": step,
        "reward": step * 0.02 + generator.normal(0, 0.1, n),
        "gold": 1 - ((step - 30) / 30) ** 2 + generator.normal(0, 0.05, n),
        "kl": step / 10 + generator.normal(0, 0.1, n),
        "row_hash": hashes_of(np.arange(n)),
        "prompt_hash": hashes_of(np.arange(n) % 40),
        "bucket": np.zeros(n, np.uint16),
    }
    return Rows("rollout", columns, {}, {"run": named(np.zeros(n, np.int64), ["seed-1"])})


def test_rollouts_are_taken_by_the_means_of_their_steps():
    result = conclude(rollouts(), coefficient=0.0)
    assert (result.dataset["metric"], result.dataset["run"]) == ("gold", "seed-1")
    assert value(result, "best_step") == pytest.approx(30, abs=6)
    assert value(result, "objective_best") == pytest.approx(1.0, abs=0.05)
    by_proxy = conclude(rollouts(), metric="reward")
    assert by_proxy.verdict == "last_is_best"
    assert "proxy_only" in {notice.code for notice in by_proxy.warnings}


def test_what_is_not_there_is_refused_by_name():
    with pytest.raises(NotFound, match="no metric 'golden'"):
        conclude(curve(run()), metric="golden")
    with pytest.raises(NotFound, match="no run 'b'"):
        conclude(curve(run()), run="b")
    with pytest.raises(NotEnoughData, match="beside kl_ref"):
        conclude(curve([one for one in run() if one[1] == "gold"]))
    with pytest.raises(NotEnoughData, match="at least 15"):
        conclude(curve(run(steps=14)))
    for params in ({"coefficient": -1}, {"coefficient": "nan"}, {"windows": 1}, {"level": 2}):
        with pytest.raises(UsageError):
            TradeoffParameters.parse(params)


def test_its_pictures_grey_out_what_is_surely_not_best():
    result = conclude(curve(run()))
    drawn = charts(result)
    assert list(drawn) == ["objective", "coefficient"]
    colours = drawn["objective"].figure["data"][-1]["marker"]["color"]
    assert colours.count("$first") == sum(result.pictures["objective"]["may"])
    assert "$quiet" in colours
