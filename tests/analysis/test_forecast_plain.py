"""The parts of a forecast worked out again the long way: noise, weights, futures, back-test, limits, crossings."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy.stats import t

from engine.analysis import Forecast, ForecastParameters
from engine.analysis.forecast import analysis, backtest, keeping, models, outlook, sentence
from engine.analysis.forecast.answering import Answer, answer_of
from engine.analysis.forecast.blocks import Blocks, blocks_of
from engine.analysis.forecast.ets import smooth
from engine.analysis.forecast.mixture import Mixture, fit
from engine.analysis.forecast.models import DRIFT, ETS, MIXTURE, MODELS, NAIVE, WALK
from engine.analysis.forecast.noise import noise
from engine.analysis.forecast.outlook import Crossing
from engine.analysis.forecast.paths import sample
from engine.analysis.forecast.pictures import thinned
from engine.analysis.forecast.plateau import plateau_of
from engine.analysis.forecast.scores import diebold_mariano
from engine.analysis.forecast.shapes import CHANGES, PRIOR, changes, shapes, trends
from engine.analysis.lines import Line, Lines
from engine.errors import UsageError
from engine.types import Estimate, Result
from tests.analysis.curve_worlds import rows, saturating, walk


def line_of(values: np.ndarray, at: np.ndarray | None = None) -> Line:
    at = np.arange(len(values), dtype=float) if at is None else at
    return Line("run", "reward", "reward", "", at, values, np.full(len(values), np.nan))


def blocks(values: np.ndarray) -> Blocks:
    return blocks_of(np.arange(len(values), dtype=float), values)


def forecast(values: np.ndarray, ahead: float, seed: int = 0, level: float = 0.95) -> Answer:
    return answer_of(np.arange(len(values), dtype=float), values, ahead, level, seed)


# ------------------------------------------------------------------ kinds of noise


def covariance(place: int, averaged: bool, size: int) -> np.ndarray:
    inverse = np.linalg.inv(noise(averaged).whiten[place, :size, :size])
    return np.asarray(inverse @ inverse.T)


def test_noise_of_points_is_that_of_its_process() -> None:
    kinds, at = noise(False), np.arange(1, 7)
    for place, keeps in enumerate(kinds.keeps):
        slow = np.minimum.outer(at, at) * 1.0 if keeps == 1 else keeps ** np.abs(np.subtract.outer(at, at))
        slow = slow if place else np.zeros((6, 6))
        np.testing.assert_allclose(covariance(place, False, 6), slow + kinds.white[place] * np.eye(6), atol=1e-9)
        np.testing.assert_allclose(kinds.now[place, :6, :6], np.tril(slow), atol=1e-12)
        np.testing.assert_allclose(kinds.variance[place, :6], np.diag(slow), atol=1e-12)
        if place and keeps < 1:
            assert kinds.white[place] / (kinds.white[place] + 1) == pytest.approx(0.6 * (kinds.white[place] > 0))
        assert kinds.step[place] == pytest.approx(1 - keeps**2 if 0 < keeps < 1 else keeps)


def test_noise_of_means_is_that_of_its_process_over_time() -> None:
    """A fine grid of the process: its covariance at 100 points of each of four blocks and at their ends."""
    kinds, fine, size = noise(True), 100, 4
    inner = (np.arange(fine * size) + 0.5) / fine
    at = np.concatenate([inner, np.arange(size + 1.0)])
    mean = np.zeros((size, len(at)))
    for block in range(size):
        mean[block, block * fine : (block + 1) * fine] = 1 / fine
    ends = np.eye(len(at))[fine * size :]
    for place, keeps in enumerate(kinds.keeps):
        if not place:
            continue
        whole = np.minimum.outer(at, at) if keeps == 1 else keeps ** np.abs(np.subtract.outer(at, at))
        slow = mean @ whole @ mean.T
        np.testing.assert_allclose(
            covariance(place, True, size), slow + kinds.white[place] * np.eye(size), rtol=3e-4, atol=1e-6
        )
        np.testing.assert_allclose(kinds.now[place, :size, :size], np.tril(ends[1:] @ whole @ mean.T), atol=2e-3)
        np.testing.assert_allclose(kinds.variance[place, :size], np.diag(ends[1:] @ whole @ ends[1:].T))
        two, last = ends[1:3], mean[1]
        weight = np.linalg.solve(two @ whole @ two.T, two @ whole @ last)
        within = last @ whole @ last - weight @ two @ whole @ last
        assert weight == pytest.approx([kinds.middle[place]] * 2, rel=1e-3)
        assert kinds.within[place] == pytest.approx(within, rel=2e-3)
        if keeps < 1 and kinds.white[place]:
            assert kinds.white[place] / (kinds.white[place] + slow[0, 0]) == pytest.approx(0.6, rel=1e-3)
    walks = kinds.keeps == 1
    assert kinds.prior[walks].sum() == pytest.approx(kinds.prior[~walks].sum())
    assert len(set(kinds.prior[walks].round(12))) == len(set(kinds.prior[~walks].round(12))) == 1


# ------------------------------------------------------------------ shapes and blocks


def test_the_dictionary_holds_what_its_families_say() -> None:
    known, time = shapes(), np.linspace(0, 1.3, 14)
    told, after = trends(time), changes(time)
    for place, family in enumerate(known.family):
        scale, power = known.scale[place], known.power[place]
        expected = {
            "constant": 0 * time,
            "power": (1 + time / scale) ** -power,
            "exponential": np.exp(-time / scale),
            "logarithm": np.log(1 + time / scale),
            "line": time,
        }[family]
        np.testing.assert_allclose(told[place], expected, rtol=1e-12)
        ends = abs(float(trends(np.array([1e9]))[place, 0] - trends(np.array([1e12]))[place, 0])) < 0.01
        assert known.saturating[place] == ends
        assert known.prior[place] == pytest.approx(PRIOR[family] / known.family.count(family))
    assert known.prior.sum() == pytest.approx(1)
    assert known.change_prior.sum() == pytest.approx(1)
    assert not after[0].any()
    for place, where in enumerate(known.place[1:], 1):
        expected = np.maximum(time - where, 0) if known.kink[place] else (time > where) * 1.0
        np.testing.assert_allclose(after[place], expected)
    assert known.change_prior[known.kink].sum() == pytest.approx(CHANGES["kink"])
    assert known.change_prior[1:][~known.kink[1:]].sum() == pytest.approx(CHANGES["step"])
    places = known.place[1:]
    assert (places > 0).all()
    assert (places < 1).all()


@pytest.mark.parametrize("size", [40, 128, 129, 300, 511, 512, 1000])
def test_blocks_are_means_of_neighbouring_points(size: int) -> None:
    generator = np.random.default_rng(size)
    at, value = np.cumsum(generator.integers(1, 5, size)).astype(float), generator.normal(size=size)
    found = blocks_of(at, value)
    ends = [*found.starts.tolist()]
    parts = [slice(one, other) for one, other in pairwise(ends)]
    assert found.at == pytest.approx([at[part].mean() for part in parts])
    assert found.mean == pytest.approx([value[part].mean() for part in parts])
    assert found.time == pytest.approx((found.at - at[ends[0]]) / (at[-1] - at[ends[0]]), abs=1e-6)
    assert (found.first, found.span) == (at[ends[0]], at[-1] - at[ends[0]])
    assert found.spacing == pytest.approx((at[-1] - at[size // 2]) / (size - 1 - size // 2))
    assert found.points == pytest.approx((size - ends[0]) / len(parts))
    assert found.averaged == (found.points >= 4)
    assert found.width == pytest.approx(found.points * found.spacing)
    late = parts[len(parts) // 2 :]
    rest = np.concatenate([value[part] - value[part].mean() for part in late])
    assert found.around == pytest.approx(rest if found.points > 1 else np.zeros(1))
    assert (len(parts) == 128) == (size in (128, 512, 1000))


def test_the_next_blocks_lie_where_the_next_points_would() -> None:
    for size in (60, 900):
        found = blocks(np.random.default_rng(size).normal(size=size))
        each = found.points
        middles = [size - 1 + each * place + (each + 1) / 2 for place in range(4)]
        assert found.ahead(4) == pytest.approx(middles, rel=1e-9)
        assert found.timed(np.array([float(found.starts[0]), size - 1.0])).tolist() == [0, 1]


# ------------------------------------------------------------------ the mixture


def columns(found: Blocks, s: int, k: int, time: np.ndarray) -> np.ndarray:
    one = [np.ones(len(time)), *([trends(time)[s]] if s else []), *([changes(time)[k]] if k else [])]
    return np.stack(one, axis=1)


@pytest.mark.parametrize(("points", "cut"), [(64, 40), (900, 75)])
def test_weights_are_those_of_restricted_likelihoods_and_bic(points: int, cut: int) -> None:
    found = blocks(saturating(points, 1))
    mixture, known = fit(found, (cut, len(found))), shapes()
    averaged, y = found.averaged, (found.mean - found.mean[0]) / found.mean.std()
    generator, logs, told = np.random.default_rng(3), [], []
    size = mixture.weights.shape
    for _ in range(150):
        c, s, k = (int(generator.integers(0, each)) for each in size[:3])
        beyond = int((found.time[:cut] > known.place[k]).sum())
        if k and beyond < (8 if known.kink[k] else 3):
            assert mixture.weights[c, s, k, 0] == 0
            continue
        x, v = columns(found, s, k, found.time[:cut]), covariance(c, averaged, cut)
        inverse = np.linalg.inv(v)
        inner = x.T @ inverse @ x
        if np.linalg.cond(inner) > 1e9:
            continue
        beta = np.linalg.solve(inner, x.T @ inverse @ y[:cut])
        rest = y[:cut] - x @ beta
        square, freedom = float(rest @ inverse @ rest), cut - x.shape[1]
        one = np.log(known.prior[s] * known.change_prior[k] * mixture.kinds.prior[c])
        one -= 0.5 * np.linalg.slogdet(v)[1] + 0.5 * freedom * np.log(square / y[:cut].var())
        one += 0.5 * (np.linalg.slogdet(x.T @ x)[1] - np.linalg.slogdet(inner)[1])
        logs.append(one - 0.5 * x.shape[1] * np.log(cut))
        told.append(mixture.weights[c, s, k, 0])
    logs, told = np.array(logs), np.array(told)
    seen = told > 1e-200
    assert seen.sum() > 40
    gap = np.log(told[seen]) - logs[seen]
    assert gap == pytest.approx(np.full(len(gap), gap[0]), abs=1e-4)
    assert mixture.weights.sum(axis=(0, 1, 2)) == pytest.approx([1, 1])
    np.testing.assert_allclose(mixture.sums[1], np.cumsum(mixture.weights[..., 1].ravel()))
    walks = [c for c in range(size[0]) if mixture.kinds.keeps[c] == 1 and mixture.kinds.white[c] <= 1]
    assert mixture.random_walk(0) == pytest.approx(sum(mixture.weights[c, :, :, 0].sum() for c in walks))
    flat = [s for s, name in enumerate(known.family) if name in ("constant", "power", "exponential")]
    assert mixture.saturating == pytest.approx([mixture.weights[:, s, :, 1].sum() for s in flat])


def test_models_are_drawn_as_often_as_they_weigh() -> None:
    mixture = fit(blocks(saturating(300, 2)), (80, 100))
    c, s, k = mixture.choose(0, 4_000, np.random.default_rng(1))
    often = np.zeros(mixture.weights.shape[:3])
    np.add.at(often, (c, s, k), 1)
    assert np.abs(often - 4_000 * mixture.weights[..., 0]).max() <= 1
    kind, none, nothing = mixture.choose_walks(1, 4_000, np.random.default_rng(1))
    assert not none.any()
    assert not nothing.any()
    walks = np.flatnonzero(mixture.kinds.keeps == 1)
    weights = mixture.weights[walks, 0, 0, 1] / mixture.weights[walks, 0, 0, 1].sum()
    assert np.abs([(kind == one).sum() for one in walks] - 4_000 * weights).max() <= 1


def kriging(mixture: Mixture, c: int, s: int, k: int, cut: int, cross: np.ndarray, own: np.ndarray, x: np.ndarray):
    """Mean and covariance of what is asked for by generalised least squares, in units of the fit."""
    found = mixture.blocks
    y = (found.mean[:cut] - mixture.shift) / mixture.scale
    inverse = np.linalg.inv(covariance(c, found.averaged, cut))
    design = columns(found, s, k, found.time[:cut])
    inner = np.linalg.inv(design.T @ inverse @ design)
    beta = inner @ design.T @ inverse @ y
    rest = y - design @ beta
    lean = x - cross @ inverse @ design
    spread = float(rest @ inverse @ rest) / (cut - design.shape[1] - 2)
    return x @ beta + cross @ inverse @ rest, spread * (own - cross @ inverse @ cross.T + lean @ inner @ lean.T)


@pytest.mark.parametrize("points", [70, 900])
@pytest.mark.parametrize("whole", [False, True])
def test_futures_have_the_mean_and_the_covariance_of_generalised_least_squares(points: int, whole: bool) -> None:
    value = saturating(points, 4) + 0.02 * walk(points, 5)
    found = blocks(value)
    cut = len(found) if whole else 60
    mixture = fit(found, (cut,) if whole else (cut, len(found)))
    known, kinds, ahead = shapes(), mixture.kinds, found.ahead(5) if whole else found.at[cut : cut + 5]
    power, line = known.family.index("power"), known.family.index("line")
    step, kink = 8, int(np.flatnonzero(known.kink)[2])
    total = min(cut + 5, 128)
    asked = total - cut
    until = 1.0 if whole else float(found.time[cut - 1 : cut + 1].mean())
    for c, s, k in [(0, power, 0), (2, line, step), (4, 0, kink), (3, 0, 0), (8, power + 4, step), (7, 0, 0)]:
        chosen = tuple(np.full(40_000, one) for one in (c, s, k))
        drawn = sample(mixture, 0, chosen, ahead, np.random.default_rng(c))  # type: ignore[arg-type]
        white = np.median(drawn.spread / mixture.scale) * np.sqrt(kinds.white[c])
        assert (drawn.mean - drawn.level).std() / mixture.scale == pytest.approx(white, rel=0.05, abs=1e-12)
        v = covariance(c, found.averaged, total)
        if asked:
            x = columns(found, s, k, found.timed(ahead[:asked]))
            mean, spread = kriging(mixture, c, s, k, cut, v[cut:, :cut], v[cut:, cut:], x)
            own = (drawn.mean[:, :asked] - mixture.shift) / mixture.scale
            deviation = np.sqrt(np.diag(spread))
            assert (np.abs(own.mean(axis=0) - mean) < 0.03 * deviation).all()
            np.testing.assert_allclose(np.cov(own.T), spread, atol=0.05 * deviation.max() ** 2)
        cross = kinds.now[c, cut - 1, :cut][None, :]
        x = columns(found, s, k, np.array([until]))
        mean, spread = kriging(mixture, c, s, k, cut, cross, kinds.variance[c, cut - 1 : cut, None], x)
        now = (drawn.now - mixture.shift) / mixture.scale
        assert abs(now.mean() - mean[0]) < 0.03 * np.sqrt(spread[0, 0]) + 1e-9
        assert now.var() == pytest.approx(spread[0, 0], rel=0.05)


def test_what_a_trend_ends_on_is_its_level_and_its_change() -> None:
    time = np.linspace(0, 1, 100)
    value = 2 + 1.0 * (time > 0.5) - 3 * np.exp(-time / 0.1) + np.random.default_rng(0).normal(0, 0.01, 100)
    mixture, known = fit(blocks(value), (100,)), shapes()
    trend = next(
        place for place, name in enumerate(known.family) if name == "exponential" and known.scale[place] == 0.1
    )
    step = int(np.argmin(np.abs(known.place[1:43] - 0.5))) + 1
    for change, expected in ((step, 3.0), (0, None)):
        chosen = tuple(np.full(2_000, one) for one in (0, trend, change))
        drawn = sample(mixture, 0, chosen, mixture.blocks.ahead(3), np.random.default_rng(1))  # type: ignore[arg-type]
        far = drawn.level[:, -1]
        assert np.median(drawn.plateau) == pytest.approx(np.median(far), abs=0.02)
        assert expected is None or np.median(drawn.plateau) == pytest.approx(expected, abs=0.03)


# ------------------------------------------------------------------ every model


def test_each_model_of_a_future_is_what_its_name_says() -> None:
    value = 0.01 * np.arange(400) + np.random.default_rng(2).normal(0, 0.3, 400)
    found = models.fitted(blocks(value), value, (60, 100))
    for origin, last in ((0, 239), (1, 399)):
        assert found.last(origin) == last
        ahead = found.blocks.ahead(6) if origin else found.blocks.at[60:66]
        told = models.future(found, origin, ahead, 20_000, np.random.default_rng(1))
        steps = ahead - last if origin else ahead - last - 0.5
        slope = (value[last] - value[0]) / last
        naive, drift = told.draws[NAIVE] - value[last], told.draws[DRIFT] - value[last]
        np.testing.assert_allclose((drift - slope * steps) / np.sqrt(1 + steps / last), naive, atol=1e-4)
        around = told.draws[MIXTURE] - told.paths.mean
        np.testing.assert_allclose(told.draws[WALK] - told.walk.mean, around, atol=1e-9)
        assert set(np.unique(around.round(9))) == set(np.unique(found.blocks.around.round(9)))
        mean, variance = found.ets[origin].ahead(6)
        own = told.draws[ETS] - around - mean
        assert own.std(axis=0) == pytest.approx(np.sqrt(variance), rel=0.03)
        assert (np.abs(own.mean(axis=0)) < 0.03 * np.sqrt(variance)).all()
        white = np.sqrt(found.mixture.kinds.white[told.walk.kind]) * told.walk.spread
        moves = told.walk.mean - told.walk.now[:, None]
        expected = moves.var(axis=0) + 2 * found.blocks.around.var() + np.mean(white**2)
        assert naive.var(axis=0) == pytest.approx(expected, rel=0.05)
        assert (np.abs(naive.mean(axis=0)) < 0.02).all()


def test_smoothing_takes_the_best_of_its_grid_from_the_line_of_its_beginning() -> None:
    value = walk(60, 3)
    slope, constant = np.polyfit(np.arange(1, 11), value[:10], 1)
    best: tuple[float, ...] = (np.inf,)
    for alpha in (0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9, 0.99):
        for share in (0.0, 0.05, 0.2, 0.5):
            for damping in (0.8, 0.9, 0.98):
                level, trend, errors = constant, slope, 0.0
                for one in value:
                    error = one - level - damping * trend
                    level, trend = level + damping * trend + alpha * error, damping * trend + alpha * share * error
                    errors += error**2
                best = min(best, (errors / 60, alpha, alpha * share, damping, level, trend))
    (own,) = smooth(value, (60,))
    assert (own.variance, own.alpha, own.beta, own.damping, own.level, own.trend) == pytest.approx(best)


# ------------------------------------------------------------------ the back-test


@pytest.mark.parametrize(
    ("blocks_there", "ahead"), [(120, 10), (120, 30), (30, 3), (30, 100), (128, 1), (128, 128), (32, 4)]
)
def test_origins_lie_evenly_between_a_third_and_the_end(blocks_there: int, ahead: int) -> None:
    found, each = backtest.origins(blocks_there, ahead)
    start = max(20, blocks_there // 3)
    assert each == max(min(ahead, (blocks_there - start) // 2), 1)
    apart = max(min(each, (blocks_there - each - start) // 4), 1)
    expected = [one for one in (blocks_there - each - apart * place for place in range(5)) if one >= start]
    assert found == (*sorted(expected), blocks_there)
    assert backtest.origins(120, 10) == ((70, 80, 90, 100, 110, 120), 10)
    assert backtest.origins(32, 4) == ((20, 22, 24, 26, 28, 32), 4), "the first origin may lie at the very start"


@pytest.mark.parametrize(("points", "ahead", "level"), [(90, 6, 0.8), (700, 4, 0.95), (200, 3, 0.5)])
def test_scores_are_means_over_every_point_asked_for(points: int, ahead: int, level: float) -> None:
    value = saturating(points, 7)
    at, made = np.arange(points, dtype=float), blocks(value)
    cuts, tested = backtest.origins(len(made), ahead)
    found = models.fitted(made, value, cuts)
    own = backtest.backtest(found, at, tested, level, 5)
    generator = np.random.default_rng(5)
    sizes = np.diff(made.starts)
    each = min(4, int(sizes.min()))
    losses: dict[str, list[tuple[float, ...]]] = {model: [] for model in MODELS}
    for place, cut in enumerate(cuts[:-1]):
        told = models.future(found, place, made.at[cut : cut + tested], 100, generator)
        shown: dict[str, list[float]] = {"at": []}
        for block in range(tested):
            start, size = int(made.starts[cut + block]), int(sizes[cut + block])
            points_of = [start + int((one + 0.5) * size / each) for one in range(each)]
            shown["at"].append(float(np.mean(points_of)))
            for model in MODELS:
                draws = told.draws[model][:, block]
                low, middle, high = np.quantile(draws, [(1 - level) / 2, 0.5, (1 + level) / 2])
                for name, end in ((f"{model} low", low), (model, middle), (f"{model} high", high)):
                    shown.setdefault(name, []).append(float(end))
                for one in points_of:
                    seen = value[one]
                    pairs = np.abs(np.subtract.outer(draws, draws)).mean() / 2
                    half = middle - low if seen < middle else high - middle
                    losses[model].append((
                        abs(seen - middle), np.abs(draws - seen).mean() - pairs, low <= seen <= high, high - low,
                        abs(seen - middle) / half,
                    ))  # fmt: skip
        assert own.shown[place].keys() == shown.keys()
        for name, values in shown.items():
            assert own.shown[place][name] == pytest.approx(values)
    assert (own.points, own.origins, own.ahead) == (len(losses[NAIVE]), len(cuts) - 1, tested)
    by_model = {model: np.array(each, float).T for model, each in losses.items()}
    for model, (error, crps, inside, width, outside) in by_model.items():
        score = own.scores[model]
        assert (score.error, score.crps, score.covered, score.width) == pytest.approx(
            (error.mean(), crps.mean(), inside.mean(), width.mean())
        )
        assert score.scaled == pytest.approx(error.mean() / np.abs(np.diff(value)).mean())
        assert score.needed == pytest.approx(np.quantile(outside, level))
        if model != NAIVE:
            steps = min(tested * each, len(crps) // 2)
            assert score.p_value == pytest.approx(diebold_mariano(crps, by_model[NAIVE][1], steps)[1])
            assert own.ratio(model, "crps") == pytest.approx(crps.mean() / by_model[NAIVE][1].mean())
            better = own.ratio(model, "crps") < 1 and own.ratio(model, "error") < 1
            assert own.beaten(model) == (not better)
    assert own.beaten(NAIVE)


# ------------------------------------------------------------------ what is read off


@pytest.fixture(scope="module")
def rising() -> Answer:
    return forecast(np.linspace(0, 1, 500) + np.random.default_rng(1).normal(0, 0.05, 500), 60.0)


def test_bands_and_the_end_are_quantiles_of_draws(rising: Answer) -> None:
    told = outlook.bands(rising, 0.9)
    for name, share in (
        ("median", 0.5), ("low_50", 0.25), ("high_50", 0.75), ("low_80", 0.1), ("high_80", 0.9), ("low_level", 0.05),
        ("high_level", 0.95),
    ):  # fmt: skip
        assert told[name] == pytest.approx(np.quantile(rising.draws, share, axis=1))
    end = outlook.at_step(rising, rising.until, 0.9)
    for own, share in ((end.value, 0.5), (end.low, 0.05), (end.high, 0.95)):
        assert own == pytest.approx(np.interp(559, rising.ahead, np.quantile(rising.draws, share, axis=1)))
    assert end.n == 500
    assert rising.until == 559
    assert rising.draws.shape == (len(rising.ahead), 1000)
    assert rising.ahead == pytest.approx(rising.blocks.ahead(int(np.ceil(60 / rising.blocks.width))))
    moved = outlook.move(rising, 0.9)
    own = rising.future.paths.level[:, -1] - rising.future.paths.now
    assert (moved.low, moved.value, moved.high) == pytest.approx(tuple(np.quantile(own, [0.05, 0.5, 0.95])))


@pytest.mark.parametrize("limit", [1.05, 1.12, 1.6, 0.9, None])
def test_a_crossing_is_the_first_passing_of_each_sampled_level(rising: Answer, limit: float | None) -> None:
    limit = limit or float(np.median(rising.paths.now)) + 0.004
    found = outlook.crossing(rising, limit, 3)
    paths, rises = rising.future.paths, limit != 0.9
    assert found.up == rises
    passed = (paths.level >= limit) if rises else (paths.level <= limit)
    chances = [passed[:, : block + 1].any(axis=1).mean() for block in range(passed.shape[1])]
    assert found.curve == pytest.approx(chances)
    assert found.chance.value == pytest.approx(chances[-1])
    mixture, generator = rising.found.mixture, np.random.default_rng(3)
    ahead = rising.blocks.ahead(len(rising.blocks))
    far = sample(mixture, len(rising.found.cuts) - 1, mixture.choose(-1, 1000, generator), ahead, generator)
    when = []
    for now, level in zip(far.now, far.level, strict=True):
        course, at = [now, *level], [499.0, *ahead]
        first = next((place for place, one in enumerate(course) if (one >= limit if rises else one <= limit)), None)
        if first is None:
            when.append(np.inf)
        elif not first:
            when.append(499.0)
        else:
            share = (limit - course[first - 1]) / (course[first] - course[first - 1])
            when.append(at[first - 1] + share * (at[first] - at[first - 1]))
    ordered = sorted(when)
    ends = [ordered[int(np.ceil(1000 * share)) - 1] for share in (0.1, 0.5, 0.9)]
    expected = [one if np.isfinite(one) else None for one in ends]
    assert [found.when.low, found.when.value, found.when.high] == [one and pytest.approx(one) for one in expected]


def test_a_naive_answer_has_the_paths_of_a_walk(rising: Answer) -> None:
    assert rising.model == MIXTURE
    assert rising.paths is rising.future.paths
    wandering = next(one for one in (forecast(walk(400, seed), 40.0) for seed in range(9)) if one.model == NAIVE)
    assert wandering.paths is wandering.future.walk
    assert outlook.plateau(wandering, 0.9).value is None
    far = outlook.crossing(wandering, float(np.median(wandering.paths.now)) + 0.2, 0)
    assert far.up
    assert far.when.n == 400


@pytest.mark.parametrize("seed", [0, 3, 7])
def test_a_plateau_is_the_limit_over_every_power_law(seed: int) -> None:
    time = np.linspace(0, 1, 100)
    value = 0.8 - 0.5 * (1 + time / 0.05) ** -1.5 + np.random.default_rng(seed).normal(0, 0.01, 100)
    value += 0.2 * (time > 0.4) * (seed % 2)
    mixture, known = fit(blocks(value), (100,)), shapes()
    weights = mixture.weights[..., -1]
    flat = weights[:, :, ~known.kink]
    found = plateau_of(mixture, 0.9)
    if flat[:, known.saturating].sum() < 0.8 or mixture.random_walk() > 0.1:
        assert found.value is None
        return
    ways, y = flat.sum(axis=1), (value - mixture.shift) / mixture.scale
    limits, chances = [], []
    for c, k in np.argwhere(ways >= 0.1 * ways.max()):
        whiten, logs, ends = mixture.kinds.whiten[c, :100, :100], [], []
        for scale in np.geomspace(0.004, 4.0, 40):
            for power in np.geomspace(0.15, 8.0, 32):
                x = [np.ones(100), *([changes(time)[k]] if k else []), (1 + time / scale) ** -power]
                x = whiten @ np.stack(x, axis=1)
                beta, *_ = np.linalg.lstsq(x, whiten @ y, rcond=None)
                rest = whiten @ y - x @ beta
                lean = np.append(np.ones(x.shape[1] - 1), 0.0)
                freedom = 100 - x.shape[1] - 2
                error = np.sqrt(rest @ rest / freedom * lean @ np.linalg.inv(x.T @ x) @ lean)
                ends.append(lean @ beta + error * t.ppf((np.arange(9) + 0.5) / 9, freedom))
                logs.append(-0.5 * (freedom + 3) * np.log(rest @ rest))
        each = np.exp(np.array(logs) - max(logs))
        chances.append(np.repeat(each / each.sum() / 9, 9) * ways[c, k])
        limits.append(mixture.shift + mixture.scale * np.array(ends).ravel())
    every, chance = np.concatenate(limits), np.concatenate(chances)
    order = np.argsort(every)
    sums = np.cumsum(chance[order]) / chance.sum()
    low, middle, high = (every[order][np.searchsorted(sums, share)] for share in (0.05, 0.5, 0.95))
    if found.value is None:
        assert high - low > np.ptp(value)
    else:
        assert (found.low, found.value, found.high) == pytest.approx((low, middle, high), rel=1e-4)
        assert abs(found.value - (0.8 + 0.2 * (seed % 2))) < 0.1


# ------------------------------------------------------------------ kept and graded


def test_a_grade_holds_points_against_quantiles_between_places() -> None:
    values = saturating(700, 3)
    answer = forecast(values[:400], 250.0)
    line, kept = line_of(values), keeping.kept_of(answer, line_of(values[:400]), "step")
    chosen = np.linspace(0, len(answer.ahead) - 1, 8).astype(int)
    assert (kept["by"], kept["last"], len(kept["at"])) == ("step", values[399], 8)
    assert kept["at"] == pytest.approx(answer.ahead[chosen])
    assert kept["scale"] == pytest.approx(np.abs(np.diff(values[:400])).mean())
    for name, draws in (("quantiles", answer.draws), ("naive", answer.future.draws[NAIVE].T)):
        assert np.array(kept[name]) == pytest.approx(np.quantile(draws[chosen], kept["levels"], axis=1), rel=1e-6)
    found = keeping.grade(line, 399.0, 600.0, kept)
    assert found is not None
    at, seen, levels = np.arange(400, 601.0), values[400:601], np.array(kept["levels"])
    bounds = np.concatenate([[0.0], (levels[1:] + levels[:-1]) / 2, [1.0]])
    means = {}
    for name in ("quantiles", "naive"):
        own = np.array([np.interp(at, kept["at"], row) for row in kept[name]])
        loss = [
            np.where(seen >= q, share * (seen - q), (1 - share) * (q - seen))
            for share, q in zip(levels, own, strict=True)
        ]
        means[name] = (2 * (np.diff(bounds) @ np.array(loss)).mean(), np.abs(seen - own[6]).mean(), own)
    own = means["quantiles"][2]
    assert found.points == 201
    assert found.held == pytest.approx(((own[0] <= seen) & (seen <= own[-1])).mean())
    assert (found.crps, found.error) == pytest.approx(means["quantiles"][:2])
    assert (found.crps_naive, found.error_naive) == pytest.approx(means["naive"][:2])
    assert found.scaled == pytest.approx(found.error / kept["scale"])
    still = keeping.grade(line, 399.0, 600.0, {**kept, "scale": 0.0})
    assert still is not None
    assert still.scaled is None
    long = line_of(np.r_[values[:400], np.tile(values[400:], 6)])
    many = keeping.grade(long, 399.0, 5_000.0, kept)
    assert many is not None
    assert many.points == 500
    flat = {**kept, "quantiles": np.ones_like(kept["quantiles"]).tolist()}
    on_it = keeping.grade(line_of(np.ones(700)), 399.0, 600.0, flat)
    assert on_it is not None
    assert (on_it.held, on_it.crps, on_it.error) == (1.0, 0.0, 0.0), "the ends of a band belong to it"
    assert not keeping.overwritten(line, 399.0, kept)
    assert keeping.overwritten(line, 398.5, kept)


# ------------------------------------------------------------------ words


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "unknown"), (float("nan"), "unknown"), (0.0, "0"), (0.5, ".5"), (-0.0625, "−.0625"), (1.0, "1"),
        (10.0, "10"), (999.4, "999"), (999.9, "1,000"), (999_999.4, "999,999"), (1e6, "1e+06"), (-1500.0, "−1,500"),
        (20.5, "20.5"), (1e-5, "1e−05"),
    ],
)  # fmt: skip
def test_numbers_have_three_digits_and_no_leading_nought(value: float | None, said: str) -> None:
    assert sentence.number(value) == said


@pytest.mark.parametrize(
    ("share", "said"),
    [(None, "unknown"), (0.0, "below 1 %"), (0.0099, "below 1 %"), (0.01, "1 %"), (0.5, "50 %"), (0.99, "99 %"),
     (0.9901, "above 99 %"), (1.0, "above 99 %")],
)  # fmt: skip
def test_chances_are_never_rounded_to_none_or_all(share: float | None, said: str) -> None:
    assert sentence.percent(share) == said


def test_the_verdict_is_that_of_the_model_or_of_how_the_level_moves(rising: Answer) -> None:
    def of(low: float | None, high: float | None, model: str = MIXTURE) -> str:
        return sentence.verdict(replace(rising, model=model), Estimate(0.5, low, high))

    assert [of(0.1, 1), of(-1, -0.1), of(-1, 1), of(0, 1), of(-1, 0), of(None, 1), of(1, None)] == [
        "rises", "falls", "holds", "holds", "holds", "holds", "holds",
    ]  # fmt: skip
    assert (of(0.1, 1, NAIVE), of(0.1, 1, WALK)) == ("naive_as_good", "wanders")


def test_the_sentence_in_full_of_each_model(rising: Answer) -> None:
    end = Estimate(1.1, 1.0, 1.25, 0.95)
    own = rising.tested.scores[MIXTURE]
    held = f"in back-tests {100 * own.covered:.0f} % of points fell inside their 95 % bands"
    ratio = sentence.number(rising.tested.ratio(MIXTURE, "error"))
    passing = Crossing(True, Estimate(0.3), Estimate(None), [])

    def said(model: str, limit: float | None, found: Crossing | None, by: str = "step") -> str:
        return sentence.sentence("kl", by, replace(rising, model=model), end, limit, found)

    assert (
        said(MIXTURE, None, None)
        == f"kl reaches 1.1 [1, 1.25] at step 559; {held} and the error is {ratio} of naive's."
    )
    assert "at step 559; chance to pass 2 by then 30 %; in back-tests" in said(MIXTURE, 2.0, passing)
    assert "; chance to fall below 2 by then 30 %; " in said(MIXTURE, 2.0, replace(passing, up=False))
    assert said(WALK, None, None).startswith("kl cannot be told from a random walk: 1.1 [1, 1.25] at step 559; in ")
    assert said(NAIVE, None, None).startswith(
        "Naive is as good: no model forecasts kl better than its last value, 1.1 [1, 1.25] at step 559; in back-tests "
    )
    assert said(NAIVE, None, None).endswith(f"bands and the mixture's error is {ratio} of naive's.")


# ------------------------------------------------------------------ the answer


def test_the_usual_horizon_is_a_tenth_in_whole_steps() -> None:
    for gone, expected in ((29.0, 2.9), (30.0, 3.0), (34.0, 3.0), (36.0, 4.0), (999.0, 100.0)):
        line = line_of(np.zeros(31), np.linspace(5, 5 + gone, 31))
        assert analysis.horizon(line, 0.0) == pytest.approx(expected)
        assert analysis.horizon(line, gone) == gone
        with pytest.raises(UsageError, match="farther than the line has gone"):
            analysis.horizon(line, gone * 1.001)


def test_what_moves_less_than_a_square_can_hold_is_still() -> None:
    assert analysis.still(line_of(np.r_[np.zeros(40), 0.9e-100]))
    assert not analysis.still(line_of(np.r_[np.zeros(40), 1.1e-100]))
    assert not analysis.still(line_of(np.r_[np.zeros(40), -1.0]))


def notices(values: np.ndarray, **how: Any) -> dict[str, str]:
    answer = forecast(values, 10.0)
    line = line_of(values)
    found = Lines(lines=(line,), by="step", sampled=False, **how)
    return {one.code: one.message for one in analysis._warnings(found, line, answer, None)}


def test_few_points_are_said_below_sixty_or_three_origins() -> None:
    assert "few_points" in notices(saturating(59, 1))
    assert "few_points" not in notices(saturating(60, 1))


def test_not_passed_says_when_one_in_ten_does() -> None:
    none = Crossing(True, Estimate(0.0), Estimate(None, None, None), [])
    some = Crossing(True, Estimate(0.0), Estimate(None, 812.4, None), [])
    assert analysis._not_passed("step", none).startswith("Fewer than one future in ten passes the threshold")
    assert analysis._not_passed("step", some).endswith("one in ten does before step 812.")


# ------------------------------------------------------------------ pictures


def test_a_thinned_line_has_the_extremes_of_each_stretch() -> None:
    values = np.random.default_rng(1).normal(size=5_003)
    edges = np.linspace(0, 5_003, 800).astype(int).tolist()
    expected = {0, 5_002}
    for start, end in pairwise(edges):
        expected |= {start + int(values[start:end].argmin()), start + int(values[start:end].argmax())}
    assert thinned(values).tolist() == sorted(expected)
    assert thinned(values[:1_600]).tolist() == list(range(1_600))
    assert len(thinned(values[:1_601])) < 1_601


def concluded(values: np.ndarray, **params: Any) -> Result:
    chosen = ForecastParameters.parse(params)
    return Forecast().conclude(Forecast().observe(rows(values), chosen), chosen)


def test_the_answer_is_that_of_its_parts(rising: Answer) -> None:
    values = rising.found.value
    found = concluded(values, ahead=60, threshold="1.12")
    told, tested = found.estimates, rising.tested
    passing = outlook.crossing(rising, 1.12, 0)
    assert told["forecast"] == outlook.at_step(rising, 559.0, 0.95)
    assert told["move"] == outlook.move(rising, 0.95)
    assert (told["chance"], told["crossing"]) == (passing.chance, passing.when)
    own = tested.scores[MIXTURE]
    expected = {
        "held": own.covered, "mase": own.scaled, "band_width": own.width, "dm_p": own.p_value,
        "error_ratio": own.error / tested.scores[NAIVE].error, "crps_ratio": own.crps / tested.scores[NAIVE].crps,
        "mixture_error_ratio": own.error / tested.scores[NAIVE].error,
        "random_walk": rising.found.mixture.random_walk(),
    }  # fmt: skip
    assert {name: told[name].value for name in expected} == pytest.approx(expected)
    assert {told[name].n for name in expected if name != "random_walk"} == {tested.points}
    drawn = found.pictures
    assert drawn["threshold"] == {
        "threshold": 1.12, "up": True, "at": rising.ahead.tolist(), "chance": passing.curve,
    }  # fmt: skip
    assert drawn["forecast"]["bands"] == outlook.bands(rising, 0.95)
    assert drawn["forecast"]["points"] == {"at": list(range(500)), "value": values.tolist(), "of": 500}
    assert drawn["forecast"]["means"]["value"] == rising.blocks.mean.tolist()
    back = drawn["backtest"]
    assert [row["model"] for row in back["rows"]] == list(MODELS)
    for row in back["rows"]:
        score = tested.scores[row["model"]]
        assert (row["error"], row["crps"], row["mase"], row["covered"], row["width"]) == (
            score.error, score.crps, score.scaled, score.covered, score.width,
        )  # fmt: skip
        assert row["ratio"] == pytest.approx(score.error / tested.scores[NAIVE].error)
    assert back["rows"][-1]["p_value"] is None, "naive is not held against itself"
    assert all(isinstance(row["p_value"], float) for row in back["rows"][:-1])
    assert [one["value"] for one in back["origins"]] == [one[MIXTURE] for one in tested.shown]
    assert [one["low"] for one in back["origins"]] == [one[f"{MIXTURE} low"] for one in tested.shown]
    assert found.dataset["points"] == 500
    assert found.dataset["last"] == 499


def test_which_model_answers_follows_from_its_scores(rising: Answer) -> None:
    for seed in range(8):
        one = forecast(walk(300 + 20 * seed, seed), 30.0)
        scores = one.tested
        own = WALK if one.found.mixture.random_walk() > 0.5 else MIXTURE
        if scores.scores[WALK].crps > scores.scores[MIXTURE].crps:
            own = MIXTURE
        ratios = [scores.ratio(own, name) for name in ("error", "crps")]
        assert one.model == (own if max(ratios) < 1 else NAIVE)
        short = scores.scores[one.model].covered < 0.85
        assert one.widened == (min(max(scores.scores[one.model].needed, 1.0), 3.0) if short else 1.0)


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("ahead", (0.0, 1e9), (-0.1, float("inf"), float("nan"))), ("level", (0.5, 0.99), (0.49, 0.991)),
        ("seed", (0, 2**40), (-1,)), ("threshold", ("", " ", "-1e3", "0"), ("x", "inf", "nan")),
    ],
)  # fmt: skip
def test_parameters_have_ends(name: str, inside: tuple[Any, ...], outside: tuple[Any, ...]) -> None:
    for value in inside:
        ForecastParameters(**{name: value})
    for value in outside:
        with pytest.raises(UsageError, match=name):
            ForecastParameters(**{name: value})
    assert (ForecastParameters(threshold=" ").limit, ForecastParameters(threshold="-1e3").limit) == (None, -1000.0)


def test_values_up_to_a_hundred_powers_of_ten_are_forecast() -> None:
    at_most = np.r_[saturating(40, 1), 1.0]
    assert concluded(at_most / np.abs(at_most).max() * 1e100).estimates["forecast"].value is not None
    with pytest.raises(UsageError, match="holds values beyond 1e"):
        concluded(at_most / np.abs(at_most).max() * 1.01e100)


def test_a_constant_line_has_its_points_for_a_picture() -> None:
    found = concluded(np.full(40, 2.5))
    assert found.pictures == {
        "forecast": {
            "by": "step", "metric": "reward", "run": "run", "level": 0.95,
            "points": {"at": list(range(40)), "value": [2.5] * 40, "of": 40},
        }
    }  # fmt: skip
    assert found.estimates["forecast"] == Estimate(2.5, level=0.95, method="every point so far", n=40)
    assert (found.dataset["model"], found.dataset["until"], found.dataset["last"]) == (None, None, 39.0)


def test_what_is_said_of_a_line_beside_its_forecast() -> None:
    line = replace(line_of(np.arange(9.0)), restarts=2)
    other = replace(line, run="other")

    def said(**how: Any) -> dict[str, str]:
        found = Lines(**{"lines": (line,), "by": "step", **how})
        return {one.code: one.message for one in analysis._line_warnings(found, line)}

    assert said() == {"restarted": "The run began again from an earlier step 2 times: what it wrote later counts."}
    assert said(lines=(line, other))["other_runs"] == "run is forecast; 1 further run of reward can be named."
    assert set(said(by="time", sampled=True)) == {"restarted", "by_time", "sampled"}


def test_widened_bands_are_said_with_how_much(rising: Answer) -> None:
    line = line_of(rising.found.value)
    found = Lines(lines=(line,), by="step")
    wide = {one.code: one.message for one in analysis._warnings(found, line, replace(rising, widened=1.52), None)}
    held = sentence.percent(rising.tested.scores[MIXTURE].covered)
    assert wide == {
        "widened": f"In back-tests only {held} of points fell inside the bands: they are widened 1.5 times."
    }
    assert not analysis._warnings(found, line, replace(rising, widened=1.0), None)
    few = replace(rising, widened=1.0, tested=replace(rising.tested, origins=2))
    (notice,) = analysis._warnings(found, line, few, None)
    assert notice.message == "500 points only: the back-test rests on 2 origins."
    few = replace(few, tested=replace(rising.tested, origins=3))
    assert not analysis._warnings(found, line, few, None)
    missed = Crossing(True, Estimate(0.2), Estimate(None, 600.0, None), [])
    assert [one.code for one in analysis._warnings(found, line, few, missed)] == ["not_passed"]
    passed = Crossing(True, Estimate(0.2), Estimate(590.0, 560.0, None), [])
    assert not analysis._warnings(found, line, few, passed)


def test_the_longest_line_is_forecast_and_thirty_points_are_enough() -> None:
    short, long = line_of(np.arange(30.0)), replace(line_of(np.arange(31.0)), run="b")
    found = Lines(lines=(short, long), by="step")
    assert analysis.chosen_line(found, "", "") is long
    assert analysis.chosen_line(found, "reward", "run") is short
