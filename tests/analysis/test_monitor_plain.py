"""Every part of the monitors worked out again the long way, point by point."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from engine.analysis.monitor import alarms, bootstrap, change, checks, page_hinkley, past_runs
from engine.analysis.monitor.alarms import Allowed, watch
from engine.analysis.monitor.betting import Betting, bounds
from engine.analysis.monitor.bootstrap import Baseline, made_up, statistic, threshold_of_chance, threshold_of_rate
from engine.analysis.monitor.conformal import Jumper, Ranks, normal_scores
from engine.analysis.monitor.cusum import Cusum, sums, threshold
from engine.analysis.monitor.page_hinkley import PageHinkley
from engine.analysis.monitor.past_runs import Past, against, past_of
from engine.analysis.monitor.streams import Stream
from engine.analysis.sequences import anytime_p, confidence_sequence, log_wealth
from engine.errors import UsageError
from tests.analysis.training_worlds import stream

LEVELS = {"white": "white", "depends": "ar_5", "wanders": "random_walk"}


def made(values: np.ndarray, run: str = "", metric: str = "m", start: int = 10, **also: object) -> Stream:
    at = np.arange(start, start + 2 * len(values), 2, dtype=float)
    chance = np.random.default_rng(77).random(len(values))
    return Stream(run, metric, "step", at, values, chance, **also)  # type: ignore[arg-type]


def lag_one(values: np.ndarray) -> float:
    """Autocorrelation at lag 1, less its bias (Kendall 1954: E r = ρ − (1 + 3 ρ) / n)."""
    rest = values - values.mean()
    near = sum(rest[place] * rest[place + 1] for place in range(len(rest) - 1)) / sum(rest * rest)
    return float(near + (1 + 3 * near) / len(values))


# ------------------------------------------------------------------ checks


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("weight", [0.0, 0.25, 0.5])
def test_exchangeable_is_a_test_of_rank_correlations_at_three_lags_and_with_time(seed, weight):
    generator = np.random.default_rng(seed)
    values = generator.normal(size=60).round(1)
    values = values + weight * np.r_[0.0, values[:-1]] + (seed % 3) * weight * np.arange(60) / 60
    ranks = stats.zscore(stats.rankdata(values))
    by_lag = [np.mean([ranks[at] * ranks[at - lag] for at in range(lag, 60)]) * (60 - lag) / 60 for lag in (1, 2, 3)]
    strongest = by_lag[int(np.argmax(np.abs(by_lag)))]
    depends = 3 * 2 * stats.norm.sf(abs(strongest * 60**0.5 + 60**-0.5)) < 0.01
    with_time = float(np.corrcoef(ranks, np.arange(60))[0, 1])
    found = checks.exchangeable(values)
    if depends:
        expected = f"neighbouring points depend on each other (rank autocorrelation {strongest:.2f})"
    elif 2 * stats.norm.sf(abs(with_time * 60**0.5)) < 0.01:
        expected = f"its baseline has a trend (rank correlation with time {with_time:.2f})"
    else:
        expected = "no order was found in its first 60 points"
    assert (found.said, found.passed) == (expected, expected.startswith("no order"))


def test_a_baseline_is_judged_from_thirty_points_on():
    values = np.random.default_rng(4).normal(size=30)
    for check in (checks.exchangeable, checks.stationary):
        assert check(values).passed
        assert check(values[:29]).said == "its baseline has 29 points; 30 are needed"
        assert check(np.full(30, 2.0)).said == "its baseline never moves"
    assert not checks.stationary(1e3 + 1e-10 * values).passed
    for level, unit in ((0.0, 1e-8), (1e5, 1.0), (0.0, 1e8)):
        assert checks.stationary(level + unit * values).passed, "whatever the unit and the level"
        assert checks.unit_root(level + unit * values) == pytest.approx(checks.unit_root(values), rel=1e-6)


@pytest.mark.parametrize("kind", ["white", "ar_5", "ar_9", "saturating"])
def test_a_trend_is_that_of_a_line_whose_error_allows_for_dependence(kind):
    for seed in range(6):
        values = stream(kind, 90, np.random.default_rng(seed)) * 3 + 1
        line = stats.linregress(np.arange(90), values)
        near = lag_one(values - line.intercept - line.slope * np.arange(90))
        near = min(max(near, 0.0), 0.98)
        slope, p = checks.trend(values)
        t = line.slope / line.stderr / np.sqrt((1 + near) / (1 - near))
        freedom = max(90 * (1 - near) / (1 + near) - 2, 2)
        assert (slope, p) == (pytest.approx(line.slope), pytest.approx(2 * stats.t.sf(abs(t), freedom)))
        assert checks.effective(values) == pytest.approx(
            90 * (1 - max(lag_one(values), 0)) / (1 + max(lag_one(values), 0))
        )
        own = lag_one(values)
        assert checks.strength(values) == pytest.approx(own + 1.5 * np.sqrt(max(1 - own**2, 0) / 90))
    assert checks.trend(np.zeros(40)) == (0.0, 1.0)
    assert checks.trend(np.arange(41.0))[1] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("points", [40, 130, 400, 900])
def test_the_unit_root_statistic_is_that_of_regressions_with_fewer_and_fewer_lags(points):
    for seed in range(5):
        generator = np.random.default_rng(seed)
        values = stream(("white", "ar_5", "random_walk")[seed % 3], points, generator)
        values = values + 0.7 * np.r_[np.zeros(2), values[:-2]] * (seed > 2)
        steps = np.diff(values)
        for lags in range(int(4 * (points / 100) ** 0.25), -1, -1):
            rows = [[1, values[at], *(steps[at - lag] for lag in range(1, lags + 1))] for at in range(lags, len(steps))]
            x, y = np.array(rows), steps[lags:]
            found = np.linalg.solve(x.T @ x, x.T @ y)
            variance = np.sum((y - x @ found) ** 2) / (len(y) - x.shape[1])
            t = found / np.sqrt(variance * np.diag(np.linalg.inv(x.T @ x)))
            if abs(t[-1]) > 1.645 or lags == 0:
                break
        assert checks.unit_root(values) == pytest.approx(t[1], rel=1e-6)


@pytest.mark.parametrize("kind", ["white", "ar_5", "ar_9", "saturating", "random_walk"])
def test_stationary_says_the_first_thing_that_is_wrong(kind):
    seen = set()
    for seed in range(25):
        values = stream(kind, (60, 120)[seed % 2], np.random.default_rng(seed)) * (-1) ** seed
        size, (slope, p) = len(values), checks.trend(values)
        worth = checks.effective(values)
        if p < 0.05:
            said = f"its baseline is still {'rising' if slope > 0 else 'falling'}"
        elif checks.unit_root(values) > -3.43:
            said = "it may wander without a level of its own (a unit root is not excluded)"
        elif worth < 15:
            said = f"its {size:,} points are worth only {worth:.0f} independent ones; 15 are needed"
        else:
            said = f"its first {size:,} points keep a level"
        assert checks.stationary(values) == checks.Check("keep a level" in said, said)
        seen.add(said.split()[1])
    assert len(seen) > (kind in ("ar_5", "ar_9"))


# ------------------------------------------------------------------ thresholds


def test_a_baseline_has_the_spread_and_the_error_of_its_points():
    for kind in ("white", "ar_5", "ar_9", "random_walk"):
        values = stream(kind, 70, np.random.default_rng(3)) + 4
        near = min(max(lag_one(values), 0.0), 0.98)
        one = Baseline.of(values)
        assert (float(one.level[0]), float(one.spread[0])) == (
            pytest.approx(values.mean()), pytest.approx(values.std(ddof=1)),
        )  # fmt: skip
        assert float(one.error[0]) == pytest.approx(values.std(ddof=1) * np.sqrt((1 + near) / (1 - near) / 70))
        two = Baseline.of(np.stack([values, 2 * values]))
        assert two.error[1, 0] == pytest.approx(2 * one.error[0])


@pytest.mark.parametrize("sides", [0, 1, -1])
def test_statistics_are_those_of_the_plain_recursions(sides):
    first, values = (stream("ar_5", size, np.random.default_rng(size)) + 3 for size in (50, 120))
    base = Baseline.of(first)
    scaled = (values - base.level[0]) / base.spread[0]
    slack = 0.5 + base.error[0] / base.spread[0]
    up = down = total = rising = falling = 0.0
    lowest, highest = np.inf, -1.0
    sums_of, hinkley = [], []
    for count, value in enumerate(scaled, 1):
        up, down = max(0.0, up + value - slack), max(0.0, down - value - slack)
        sums_of.append({0: max(up, down), 1: up, -1: down}[sides])
        total += value
        rising = 0.9999 * rising + value - total / count - 0.005
        falling = 0.9999 * falling + value - total / count + 0.005
        lowest, highest = min(lowest, rising), max(highest, falling)
        far = {0: max(rising - lowest, highest - falling), 1: rising - lowest, -1: highest - falling}[sides]
        hinkley.append(far if count >= 30 else 0.0)
    assert statistic(values, base, "cusum", sides) == pytest.approx(sums_of)
    assert statistic(values, base, "page_hinkley", sides) == pytest.approx(hinkley)
    assert page_hinkley.statistic(scaled, sides) == pytest.approx(hinkley)
    both = statistic(np.stack([values, values]), Baseline.of(np.stack([first, first])), "cusum", sides)
    assert both[1] == pytest.approx(sums_of)


@pytest.mark.parametrize("kind", ["white", "ar_5", "twos"])
def test_made_up_runs_are_blocks_of_what_is_left_put_together_again(kind):
    first = stream("white" if kind == "twos" else kind, 120, np.random.default_rng(8)) + 2
    if kind == "twos":
        first[2:] += 0.8 * first[:-2]
    size, horizon = len(first), 40
    near = min(checks.strength(first), 0.98)
    rest = first - first.mean()
    left = np.array([rest[at] - near * rest[at - 1] for at in range(1, size)])
    left = (left - left.mean()) * np.sqrt((size - 1) / (size - 3))
    lags = [sum(left[at] * left[at - lag] for at in range(lag, size - 1)) / sum(left**2) for lag in range(1, 6)]
    block = 1 if max(np.abs(lags)) < 2.6 / np.sqrt(size - 1) else int(np.ceil((size - 1) ** (1 / 3)))
    assert kind == "ar_5" or block == (1 if kind == "white" else 5)
    length = 60 + size + horizon
    starts = np.random.default_rng(9).integers(0, size - 1, (4, -(-length // block)))
    for run, begun in zip(made_up(first, 9, 4, horizon), starts, strict=True):
        drawn = [left[(start + place) % (size - 1)] for start in begun for place in range(block)][:length]
        state, told = 0.0, []
        for one in drawn:
            state = near * state + one
            told.append(first.mean() + state)
        assert run == pytest.approx(told[60:])


def test_dependence_at_any_of_five_lags_is_drawn_in_blocks():
    for lag in range(1, 6):
        noise = np.random.default_rng(lag).normal(size=300)
        noise[lag:] += 0.9 * noise[:-lag]
        assert bootstrap._block(noise) == 7
    noise = np.random.default_rng(0).normal(size=300)
    noise[6:] += 0.9 * noise[:-6]
    assert bootstrap._block(noise) == 1, "no lag beyond the fifth is looked at"
    assert bootstrap._block(np.zeros(40)) == 1


@pytest.mark.parametrize("detector", ["cusum", "page_hinkley"])
@pytest.mark.parametrize("sides", [0, 1])
def test_the_threshold_of_a_rate_is_the_least_of_all_that_keep_it(detector, sides):
    first = stream("ar_5", 60, np.random.default_rng(2))
    runs = made_up(first, 3)
    told = np.array([statistic(run[60:], Baseline.of(run[:60]), detector, sides) for run in runs])

    def rate(value: float) -> float:
        rang = watched = 0
        for run in told:
            beyond = np.flatnonzero(run > value)
            rang += len(beyond) > 0
            watched += int(beyond[0]) + 1 if len(beyond) else 1000
        return 1000 * rang / watched

    peaks = np.sort(told.max(axis=1))
    for asked in (0.1, 0.5, 2.0):
        found = threshold_of_rate(first, detector, sides, asked, 3)
        least = next(value for value in peaks if rate(value) <= asked)
        assert (found.value, found.rate, found.runs) == (pytest.approx(least), pytest.approx(rate(least)), 300)
    chance = threshold_of_chance(first, detector, sides, 0.05, 1000, 3)
    assert (told.max(axis=1) > chance.value).mean() <= 0.05
    assert (told.max(axis=1) >= chance.value).mean() >= 0.05
    assert chance.rate == pytest.approx(rate(chance.value))


# ------------------------------------------------------------------ when it began


def least_squares(values: np.ndarray, place: int, sloped: bool) -> tuple[float, np.ndarray]:
    at = np.arange(len(values))
    shape = np.where(at >= place, at - place + 1.0 if sloped else 1.0, 0.0)
    design = np.stack([np.ones(len(values)), shape], axis=1)
    rest = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
    return float(rest @ rest), rest


def likeliest(values: np.ndarray, healthy: int) -> tuple[int, int, int]:
    places = list(range(max(healthy, 3), len(values)))
    left = {(sloped, place): least_squares(values, place, sloped)[0] for sloped in (False, True) for place in places}
    sloped, best = min(left, key=lambda one: left[one])
    least = left[sloped, best]
    rest = least_squares(values, best, sloped)[1]
    near = float(rest[1:] @ rest[:-1]) / float(rest @ rest)
    near = min(max(near + (1 + 3 * near) / len(values), 0.0), 0.95)
    variance = least / (len(values) - 4) * (1 + near) / (1 - near)
    within = [
        place
        for place in places
        if (min(left[False, place], left[True, place]) - least) / (2 * variance) <= -np.log(1 - np.sqrt(0.95))
    ]
    return best, within[0], within[-1]


@pytest.mark.parametrize("kind", ["white", "ar_5"])
@pytest.mark.parametrize("sloped", [False, True])
@pytest.mark.parametrize("healthy", [0, 30])
def test_a_change_is_that_of_the_best_of_all_steps_and_slopes(kind, sloped, healthy):
    for seed in range(4):
        values = stream(kind, 110, np.random.default_rng(seed)) + 5
        values[45:] += 0.2 * np.arange(1, 66) if sloped else 2.5
        alarm = 70 if seed % 2 else 50
        first, _, _ = likeliest(values[: alarm + 1], healthy)
        expected = likeliest(values[: alarm + 1 + max(alarm - first, 10)], healthy)
        found = change.changed(values, alarm, healthy)
        assert (found.at, found.low, found.high) == tuple(min(one, alarm) for one in expected)


def test_of_too_few_points_the_last_is_the_change():
    values = np.r_[np.zeros(50), 4.0, 5.0]
    assert change.changed(values, 51, 50) == change.Changed(51, 50, 51)
    assert change.changed(values[:5], 4) == change.Changed(4, 0, 4)
    assert change.changed(np.r_[0.0, 0, 0, 9, 9, 9], 5, 0).at == 3


# ------------------------------------------------------------------ detectors of one side


@pytest.mark.parametrize("sides", [0, 1, -1])
def test_the_jumper_moves_its_stakes_and_bets_on_the_sides_that_it_watches(sides):
    p = np.random.default_rng(sides + 4).beta(0.7, 1.2, 80)
    bets = {0: (-1, 0, 1), 1: (-1, 0), -1: (0, 1)}[sides]
    stakes, told = np.full(len(bets), 1 / len(bets)), []
    for one in p:
        stakes = (0.99 * stakes + 0.01 * stakes.sum() / len(bets)) * (1 + np.array(bets) * (one - 0.5))
        told.append(np.log(stakes.sum()))
    after, found = Jumper(sides=sides, alpha=0.3).feed(p)
    assert found == pytest.approx(told)
    rang = np.flatnonzero(np.array(told) >= -np.log(0.3))
    assert after.alarms == tuple(rang[:1])
    assert after.seen == 80


def test_the_sides_of_a_detector_mirror_each_other():
    values = np.random.default_rng(0).normal(size=3000)
    for detector in (Cusum(h=3.0), PageHinkley(threshold=6.0, fading=0.999)):
        up, down = (type(detector)(**{**vars(detector), "sides": sides}) for sides in (1, -1))
        assert up.feed(values)[0].alarms == down.feed(-values)[0].alarms != down.feed(values)[0].alarms
    ups, downs = sums(values[:50], 0.3, 2.0, 1.5)
    up, down = 2.0, 1.5
    for place, value in enumerate(values[:50]):
        up, down = max(0.0, up + value - 0.3), max(0.0, down - value - 0.3)
        assert (ups[place], downs[place]) == (pytest.approx(up), pytest.approx(down))


def test_a_threshold_is_met_by_standard_normal_values_and_has_its_ends():
    for sides in (0, 1):
        h, lengths = threshold(60.0, sides=sides), []
        for seed in range(4):
            alarmed = Cusum(h=h, sides=sides).feed(np.random.default_rng(seed).normal(size=30_000))[0].alarms
            lengths += np.diff((-1, *alarmed)).tolist()
        assert np.mean(lengths) == pytest.approx(60, rel=0.06)
    assert threshold(20.0) < threshold(1e6)
    for outside in (19.9, 1.1e6):
        with pytest.raises(UsageError):
            threshold(outside)


def test_ranks_are_the_same_over_blocks():
    values = np.random.default_rng(0).integers(0, 60, 1400).astype(float)
    ties = np.random.default_rng(1).random(1400)
    _, p = Ranks(np.zeros(0)).feed(values, ties)
    for place in range(0, 1400, 97):
        before = values[:place]
        larger, equal = (before > values[place]).sum(), (before == values[place]).sum()
        assert p[place] == pytest.approx((larger + ties[place] * (equal + 1)) / (place + 1))
    assert normal_scores(np.array([0.025, 0.5, 0.975])) == pytest.approx([1.95996, 0, -1.95996], abs=1e-4)
    assert normal_scores(np.array([0.0, 1.0])) == pytest.approx([7.034, -7.034], abs=0.01)


# ------------------------------------------------------------------ betting for an interval


def test_the_wealth_of_bets_is_the_mean_of_their_products():
    values = np.random.default_rng(1).random(30).round(1)
    bets = [0.96 / 2 ** (place / 2) for place in range(18)]

    def wealth(of: np.ndarray, mean: float) -> float:
        return float(np.mean([np.prod([1 - bet + bet * one / mean for one in of]) for bet in bets]))

    found, counts = np.unique(values, return_counts=True)
    assert log_wealth(found, counts * 1.0, 0.4) == pytest.approx(np.log(wealth(values, 0.4)))
    low, high = confidence_sequence(values, 0.9)
    assert wealth(values, low) == pytest.approx(20, rel=1e-6)
    assert wealth(1 - values, 1 - high) == pytest.approx(20, rel=1e-6)
    for mean in (0.1, 0.3, 0.5, 0.9):
        both = (wealth(values, mean) + wealth(1 - values, 1 - mean)) / 2
        assert anytime_p(values, mean) == pytest.approx(min(1 / both, 1))
    assert confidence_sequence(np.zeros(0), 0.95) == (0.0, 1.0)
    assert confidence_sequence(np.zeros(9), 0.95)[0] == 0.0
    assert confidence_sequence(np.ones(9), 0.95)[1] == 1.0
    assert bounds(values, 0.1) == confidence_sequence(values, 0.9)
    assert bounds(np.ones(50), 0.1)[1] == 1 - 1e-6


# ------------------------------------------------------------------ monitors


def moved(points: int = 260, at: int = 150, size: float = 0.45) -> np.ndarray:
    values = np.clip(np.random.default_rng(3).beta(2, 5, points), 0, 1)
    values[at:] = np.clip(values[at:] + size, 0, 1)
    return values


@pytest.mark.parametrize("sides", [0, 1, -1])
@pytest.mark.parametrize("sign", [1, -1])
def test_each_monitor_of_an_audit_is_its_detector_over_what_follows_the_baseline(sides, sign):
    share = moved() if sign > 0 else 1 - moved()
    audit = made(share * 4 + 2, drawn=True, lowest=2.0, highest=6.0)
    allowed = Allowed(0.04, 2.0, sides, 0)
    p = Ranks(np.zeros(0)).feed(audit.value, audit.chance)[1]
    wealth = Jumper(sides=sides).feed(p[60:])[1] / np.log(10)
    low, high = confidence_sequence(share[:60], 1 - 0.02)
    each = 0.02 if sides else 0.01
    ups = Betting(mean=high).feed(share[60:])[1] / np.log(10)
    downs = Betting(mean=1 - low).feed(1 - share[60:])[1] / np.log(10)
    score = sums(normal_scores(p[60:]), 0.5)
    expected = {
        "conformal": (wealth, np.log10(25), None, 0.04,
                      "while prompts come at random, the chance of any false alarm is at most 0.04"),
        "mean": ({0: np.maximum(ups, downs), 1: ups, -1: downs}[sides], -np.log10(each), None, 0.04,
                 "while its mean stays, the chance of any false alarm is at most 0.04"),
        "rank_cusum": ({0: np.maximum(*score), 1: score[0], -1: score[1]}[sides], threshold(500.0, sides=sides),
                       2.0, None, "while prompts come at random, false alarms lie 500 prompts apart on average (ARL0)"),
    }  # fmt: skip
    for monitor, (told, limit, rate, alpha, said) in expected.items():
        found = watch(audit, monitor, 60, allowed, None)
        assert np.isnan(found.statistic[:60]).all()
        assert found.statistic[60:] == pytest.approx(told)
        assert (found.threshold, found.rate, found.alpha) == (pytest.approx(limit), rate, alpha)
        assert (found.statement, found.monitor, found.baseline) == (said, monitor, 60)
        beyond = np.flatnonzero(told > limit)
        assert found.alarm == (60 + beyond[0] if len(beyond) else None)
        if sides in (0, sign):
            assert found.alarm is not None
            assert found.alarm >= 150
            assert found.rose == (sign > 0)
            assert found.change == change.changed(audit.even, found.alarm, 60)
            assert found.delay == 2 * (found.alarm - found.change.at)
        else:
            assert found.delay is None


@pytest.mark.parametrize("kind", ["cusum", "page_hinkley"])
def test_each_monitor_of_made_up_runs_is_its_statistic_in_the_unit_of_the_beginning(kind):
    values = stream("ar_5", 200, np.random.default_rng(4)) * 1e5
    values[120:] += 4e5
    trained = made(values)
    even = values / np.abs(values).max()
    found = watch(trained, kind, 60, Allowed(0.01, 0.5, 1, 7), None)
    limit = threshold_of_rate(even[:60], kind, 1, 0.5, 7)
    assert found.statistic[60:] == pytest.approx(statistic(even[60:], Baseline.of(even[:60]), kind, 1))
    assert (found.threshold, found.rate) == (limit.value, limit.rate)
    assert (
        found.statement == f"{limit.rate:.2g} false alarms per 1,000 points on 300 made-up runs like its own first 60"
    )
    assert found.alarm is not None
    assert found.alarm >= 120
    assert found.rose


@pytest.mark.parametrize("sides", [0, 1, -1])
def test_a_run_is_held_against_the_smoothed_mean_of_the_others(sides):
    generator = np.random.default_rng(8)
    course = np.sqrt(np.arange(60))
    others = [made(course + generator.normal(size=60), f"r{place}") for place in range(4)]
    own = made(course[:40] + np.r_[np.zeros(25), np.full(15, -3.0)] + generator.normal(size=40), "own", start=15)
    past = Past(tuple(others))

    def smoothed(one: Stream, beside: list[Stream]) -> np.ndarray:
        state, told = 0.0, []
        for at, value in zip(one.at, one.value, strict=True):
            known = [np.interp(at, each.at, each.value) for each in beside if each.at[0] <= at <= each.at[-1]]
            state = 0.9 * state + 0.1 * (value - np.mean(known) if known else 0.0)
            told.append(state)
        return np.array(told)

    apart = [smoothed(one, [each for each in others if each is not one]) for one in others]
    spread = np.sqrt(np.mean(np.concatenate(apart) ** 2))
    found = against(own, past)
    assert found.distance == pytest.approx(smoothed(own, others) / spread)
    assert found.threshold == pytest.approx(max(np.abs(one).max() for one in apart) / spread)
    told = watch(own, "runs", 30, Allowed(0.01, 0.3, sides, 0), past)
    assert told.statistic == pytest.approx(np.abs(found.distance) if not sides else sides * found.distance)
    assert (told.baseline, told.alpha, told.rate) == (0, 0.2, None)
    assert told.statement == "no false alarm in the 240 points of 4 other runs; about 1 in 5 healthy runs has one"
    beyond = np.flatnonzero(told.statistic > found.threshold)
    assert told.alarm == (beyond[0] if len(beyond) else None)
    assert (told.alarm is None) == (sides == 1)
    if told.alarm is not None:
        assert not told.rose
        off = [value - np.mean([np.interp(at, each.at, each.value) for each in others])
               for at, value in zip(own.at, own.value, strict=True)]  # fmt: skip
        assert told.change == change.changed(np.array(off), told.alarm)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_run_that_leaves_the_others_is_said_to_leave_them_then_and_to_that_side(sign):
    """All runs rise: that of the one which falls behind is still not called a rise, nor dated to the common start."""
    course = 3 * (1 - np.exp(-np.arange(300) / 50))
    others = [made(course + stream("white", 300, np.random.default_rng(seed)) / 3, f"r{seed}") for seed in range(4)]
    left = course + stream("white", 300, np.random.default_rng(9)) / 3 + sign * np.where(np.arange(300) < 150, 0, 1.5)
    for sides in (0, sign):
        found = watch(made(left, "own"), "runs", 75, Allowed(0.01, 0.3, sides, 0), Past(tuple(others)))
        assert found.alarm is not None
        assert found.change is not None
        assert found.rose == (sign > 0)
        assert 140 <= found.change.low <= found.change.at <= found.change.high <= 155
        assert found.alarm < 165


def test_other_runs_cover_the_steps_of_the_one_that_is_watched():
    own = made(np.zeros(40), "own", start=10)
    fits = [made(np.zeros(40), "same"), made(np.zeros(60), "earlier", start=8), made(np.zeros(41), "later end")]
    misfits = [
        made(np.zeros(60), "late", start=12), made(np.zeros(39), "short"), made(np.zeros(40), "own"),
        made(np.zeros(40), "other", metric="x"),
    ]  # fmt: skip
    assert [one.run for one in past_of(own, [*misfits, own, *fits]).runs] == ["same", "earlier", "later end"]
    assert past_of(made(np.zeros(0)), fits) == Past(())
    few = made(np.zeros(20), "few")
    assert [one.run for one in past_of(few, [made(np.zeros(29), "a"), made(np.zeros(30), "b")]).runs] == ["b"]
    assert past_runs.Past((few, own)).steps == 60
    still = Past(tuple(made(np.zeros(40), name) for name in "abc"))
    assert against(own, still).threshold == 0
    outside = made(np.ones(40), "own", start=200)
    assert against(outside, still).distance.tolist() == [0.0] * 40, "where no other run is known nothing is off"


def test_the_direction_is_that_since_the_change_beside_what_came_before():
    """A beginning that is all there is before the change is not outweighed by what follows it."""
    assert set(alarms.STATISTICS) == set(alarms._WAYS)
    values = np.r_[stream("white", 100, np.random.default_rng(1)) + 10, np.full(30, 4.0)]
    found = watch(made(values), "cusum", 100, Allowed(0.01, 0.3, 0, 0), None)
    assert found.alarm is not None
    assert not found.rose
    mirrored = watch(made(-values), "cusum", 100, Allowed(0.01, 0.3, 0, 0), None)
    assert mirrored.rose
