"""Numbers of the ranking against what numpy, scipy and plain loops make of the same rows."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from scipy import optimize, stats
from scipy.special import expit

from engine.analysis import RankingParameters
from engine.analysis.elo import elo
from engine.analysis.ranking import bradley_terry, davidson
from engine.analysis.ranking.board import Board
from engine.analysis.ranking.bootstrap import resampled
from engine.analysis.ranking.bradley_terry import Duels
from engine.analysis.ranking.conclude import Ranked, rank
from engine.analysis.ranking.fitted import Fitted, fit_bradley_terry
from engine.analysis.ranking.observe import observe
from engine.analysis.ranking.ranks import Ranks, gap_width, largest
from engine.analysis.ranking.sentence import more_battles
from engine.analysis.ranking.table import Standing, gap
from engine.types import Rows
from tests.analysis.battles import ANALYSIS, battles, conclude, rows_of, strengths_of, take

ELO = 400 / np.log(10)


def ranked(rows: Rows, **params: object) -> Ranked:
    parameters = RankingParameters.parse(params)
    return rank(ANALYSIS.observe(rows, parameters), parameters)


def changed(rows: Rows, **columns: np.ndarray) -> Rows:
    return replace(rows, columns={**rows.columns, **columns})


def sides(rows: Rows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return rows.names["item_a"][0].astype(int), rows.names["item_b"][0].astype(int), rows.columns["label"]


def error_without_each(share, groups: np.ndarray) -> float:
    """The jackknife's standard error of `share(rows kept)`, one bucket left out after the other."""
    left = np.array([share(groups != one) for one in np.unique(groups)])
    return float(np.sqrt((len(left) - 1) / len(left) * np.square(left - left.mean()).sum()))


def quantile_of_t(level: float, groups: int) -> float:
    return float(stats.t.ppf(0.5 + level / 2, groups - 1))


def standing_of(strengths: list[float], deviation: float, critical: float) -> Standing:
    """Items whose differences have about this standard error, and ranks that ask for `critical` of them."""
    generator = np.random.default_rng(0)
    influence = generator.normal(0, 1, (40, len(strengths)))
    fitted = Fitted(np.array(strengths), influence)
    fitted = Fitted(fitted.strengths, influence * deviation / fitted.deviation[0, 1])
    none = np.zeros(len(strengths), np.int64)
    ranks = Ranks(np.zeros((len(strengths),) * 2, np.bool_), none + 1, none + len(strengths), critical)
    return Standing(tuple("abcdef"[: len(strengths)]), fitted, ranks, fitted.strengths, fitted.strengths)


# ------------------------------------------------------------------ intervals of strengths


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_intervals_are_students_around_the_strength(level):
    rows = battles(600, nu=0.4, prompts=60, spread=0.5, seed=1)
    found = ranked(rows, level=level).standing
    influence = found.fitted.influence
    deviation = np.sqrt((len(influence) - 1) / len(influence) * np.square(influence).sum(axis=0))
    spread = stats.t.ppf(0.5 + level / 2, len(np.unique(rows.columns["bucket"])) - 1) * deviation
    for item in conclude(rows, level=level).items:
        place = found.names.index(item["item"])
        middle = found.fitted.strengths[place]
        expected = [1000 + ELO * (middle + side * spread[place]) for side in (-1, 0, 1)]
        assert [item["low"], item["value"], item["high"]] == pytest.approx(expected)


def test_bootstrap_intervals_and_ranks_are_those_of_the_refits():
    rows = battles(500, nu=0.4, prompts=120, seed=2)
    result = conclude(rows, interval="bootstrap", draws=150, level=0.9, seed=3)
    plain = fit_bradley_terry(_board(rows))
    draws = resampled(_board(rows), plain.strengths, 150, 3)
    low, high = np.percentile(draws, [5, 95], axis=0)
    off = draws - plain.strengths
    pairs = list(combinations(range(5), 2))
    largest_of = [max(abs(one[i] - one[j]) / plain.deviation[i, j] for i, j in pairs) for one in off]
    width = np.quantile(largest_of, 0.9 + 2 * np.sqrt(0.9 * 0.1 / 150))
    before = np.array(
        [[plain.strengths[i] - plain.strengths[j] > width * plain.deviation[i, j] for j in range(5)] for i in range(5)]
    )
    for item in result.items:
        place = int(item["item"][-1])
        assert [item["low"], item["high"]] == pytest.approx([elo(low[place]), elo(high[place])])
        assert item["rank_low"] == 1 + before[:, place].sum()
        assert item["rank_high"] == 5 - before[place].sum()
    assert 0 < before.sum() < 10


def _board(rows: Rows) -> Board:
    state = observe(rows)
    return Board(state.items, state.pairs)


def fitted_of(items: int, buckets: int, seed: int = 0) -> Fitted:
    generator = np.random.default_rng(seed)
    return Fitted(generator.normal(0, 1, items), generator.normal(0, 0.1, (buckets, items)))


def test_the_largest_of_many_differences_among_resamples():
    fitted = fitted_of(34, 60)
    draws = fitted.strengths + np.random.default_rng(1).normal(0, 0.5, (100, 34))
    first, second = np.triu_indices(34, 1)
    off = (draws - fitted.strengths)[:, first] - (draws - fitted.strengths)[:, second]
    most = np.abs(off / fitted.deviation[first, second]).max(axis=1)
    found = largest(fitted, first, second, 0.7, 0, draws)
    assert found == pytest.approx(np.quantile(most, 0.7 + 2 * np.sqrt(0.7 * 0.3 / 100)))
    assert largest(fitted, first, second, 0.999, 0, draws) == pytest.approx(most.max())
    one = np.abs(off[:, 5] / fitted.deviation[first[5], second[5]])
    alone = largest(fitted, first[5:6], second[5:6], 0.7, 0, draws)
    assert alone == pytest.approx(np.quantile(one, 0.7 + 2 * np.sqrt(0.7 * 0.3 / 100)))


@pytest.mark.parametrize("buckets", [2, 3, 40])
def test_one_difference_asks_for_students_quantile_and_very_many_for_bonferronis(buckets):
    fitted = fitted_of(50, buckets)
    first, second = np.triu_indices(50, 1)
    assert largest(fitted, first[:1], second[:1], 0.9, 0) == pytest.approx(quantile_of_t(0.9, buckets))
    assert largest(fitted, first[:1001], second[:1001], 0.9, 0) == pytest.approx(
        stats.t.isf(0.1 / 2002, buckets - 1), rel=1e-6
    )
    assert largest(fitted, first, second, 0.95, 0) == pytest.approx(stats.t.isf(0.05 / 2450, buckets - 1), rel=1e-6)


@pytest.mark.parametrize("copies", [2, 1000])
@pytest.mark.parametrize("buckets", [3, 60])
def test_differences_that_err_alike_ask_for_no_more_than_one(copies, buckets):
    fitted = fitted_of(4, buckets)
    found = largest(fitted, np.full(copies, 1), np.full(copies, 3), 0.9, 5)
    assert found == pytest.approx(quantile_of_t(0.9 + 2 * np.sqrt(0.09 / 2000), buckets), rel=0.07)


def test_the_largest_of_a_few_differences_is_that_of_errors_correlated_as_theirs_are():
    fitted = fitted_of(5, 30, seed=3)
    fitted = Fitted(fitted.strengths, fitted.influence * np.array([5, 1, 1, 0.2, 2]))
    first, second = np.triu_indices(5, 1)
    generator = np.random.default_rng(9)
    errors = generator.standard_normal((50_000, 30)) @ fitted.influence * np.sqrt(29 / 30)
    errors /= np.sqrt(generator.chisquare(29, 50_000) / 29)[:, None]
    most = np.abs((errors[:, first] - errors[:, second]) / fitted.deviation[first, second]).max(axis=1)
    expected = np.quantile(most, 0.95 + 2 * np.sqrt(0.95 * 0.05 / 2000))
    assert largest(fitted, first, second, 0.95, 1) == pytest.approx(expected, rel=0.03)


def test_the_width_of_the_top_gap_is_of_all_that_may_be_first_and_second():
    fitted = fitted_of(6, 40)
    draws = fitted.strengths + np.random.default_rng(1).normal(0, 0.3, (200, 6))
    for low in ([1, 1, 2, 3, 2, 1], [2, 1, 2, 3, 4, 2], [1, 2, 3, 3, 4, 5], [1] * 6):
        none = np.zeros((6, 6), np.bool_)
        found = Ranks(none, np.array(low), np.full(6, 6), 2.0)
        pairs = {frozenset((i, j)) for i in range(6) for j in range(6) if i != j and low[i] == 1 and low[j] <= 2}
        off = draws - fitted.strengths
        most = [max(abs(one[i] - one[j]) / fitted.deviation[i, j] for i, j in map(sorted, pairs)) for one in off]
        expected = np.quantile(most, 0.9 + 2 * np.sqrt(0.09 / 200))
        assert gap_width(fitted, found, 0.9, 0, draws) == pytest.approx(expected)


def test_the_gap_lies_between_first_and_second():
    found = standing_of([0.1, 0.7, 0.4], 0.2, 2.0)
    spread = 1.5 * found.fitted.deviation[1, 2]
    assert gap(found, 1.5) == pytest.approx((ELO * 0.3, ELO * (0.3 - spread), ELO * (0.3 + spread)))
    assert found.place.tolist() == [3, 1, 2]
    assert standing_of([0.5, 0.5 + 1e-14, 0.2], 0.2, 2.0).order.tolist() == [0, 1, 2]


# ------------------------------------------------------------------ how many battles more


@pytest.mark.parametrize(
    ("more", "told"),
    [(-5.0, 0), (0.3, 1), (7.2, 8), (37.1, 38), (99.5, 100), (123.4, 130), (1230.5, 1300), (40_100.0, 41_000)],
)
def test_battles_that_are_needed_are_rounded_up_to_two_digits(more, told):
    """The variance falls as 1 / battles: with 50 + more of them the gap is `critical` standard errors wide."""
    apart, critical = 0.5, 2.0
    deviation = apart / critical * np.sqrt(1 + more / 50)
    assert more_battles(standing_of([0.3, -0.2], deviation, critical), 50) == told


@pytest.mark.parametrize(("times", "told"), [(999.0, 99_800), (1000.5, None)])
def test_more_than_a_thousand_times_as_many_battles_are_no_number(times, told):
    found = standing_of([0.3, -0.2], 0.5 / 2.0 * np.sqrt(times), 2.0)
    assert more_battles(found, 100) == (None if told is None else pytest.approx(told, rel=0.02))


# ------------------------------------------------------------------ rates


def test_the_rate_of_ties_has_the_jackknifes_interval():
    rows = battles(400, nu=0.6, prompts=50, spread=0.3, seed=4)
    tied, bucket = rows.columns["label"] == 0.5, rows.columns["bucket"]
    error = error_without_each(lambda kept: tied[kept].mean(), bucket)
    spread = quantile_of_t(0.9, len(np.unique(bucket))) * error
    found = conclude(rows, level=0.9).estimates["tie_rate"]
    assert [found.low, found.value, found.high] == pytest.approx(
        [tied.mean() - spread, tied.mean(), tied.mean() + spread]
    )
    label = rows.columns["label"].copy()
    label[tied] = np.where(np.arange(tied.sum()) < 2, 0.5, 1.0)
    few = conclude(changed(rows, label=label)).estimates["tie_rate"]
    assert few.low == 0
    mostly = np.where(np.arange(400) < 2, rows.columns["label"], 0.5)
    assert conclude(changed(rows, label=mostly)).estimates["tie_rate"].high == 1


def test_position_bias_has_the_jackknifes_interval_over_buckets_that_know_the_order():
    rows = battles(400, nu=0.6, prompts=50, spread=0.3, seed=5)
    first = np.random.default_rng(5).integers(-1, 2, 400)
    first[rows.columns["bucket"] % 3 == 0] = -1
    label, known = rows.columns["label"], first >= 0
    won = np.where(first == 1, label, 1 - label)[known]
    bucket = rows.columns["bucket"][known]
    error = error_without_each(lambda kept: won[kept].mean(), bucket)
    spread = quantile_of_t(0.95, len(np.unique(bucket))) * error
    found = conclude(changed(rows, first=first.astype(np.int8))).estimates["position_bias"]
    assert found.n == known.sum()
    bias = won.mean() - 0.5
    assert [found.low, found.value, found.high] == pytest.approx([bias - spread, bias, bias + spread])


def test_position_bias_needs_two_buckets_and_stays_within_its_range():
    rows = battles(200, seed=6)
    bucket = (np.arange(200) % 20).astype(np.uint16)
    for known, told in ((1, False), (2, True)):
        first = np.where(bucket < known, np.arange(200) // 20 % 2, -1).astype(np.int8)
        found = conclude(changed(rows, bucket=bucket, first=first)).estimates["position_bias"]
        assert (found.value is not None) is told
    for shown, expected in ((1, 0.5), (0, -0.5)):
        first = np.where(rows.columns["label"] == 1, shown, 1 - shown).astype(np.int8)
        first[:3] = 1 - first[:3]
        found = conclude(changed(rows, first=first)).estimates["position_bias"]
        assert found.value == pytest.approx(expected * (1 - 2 * 3 / 200))
        assert (found.high if expected > 0 else found.low) == pytest.approx(expected, abs=1e-2)
        assert -0.5 <= found.low < found.high <= 0.5


def test_rows_that_are_left_out_tell_nothing_of_the_order():
    rows = battles(300, seed=7)
    first = np.ones(300, np.int8)
    codes = rows.names["item_b"][0].copy()
    codes[:50] = -1
    names = {**rows.names, "item_b": (codes, rows.names["item_b"][1])}
    found = conclude(replace(changed(rows, first=first), names=names)).estimates["position_bias"]
    assert found.n == 250
    assert found.value == pytest.approx(rows.columns["label"][50:].mean() - 0.5)


# ------------------------------------------------------------------ fits by a general minimiser


def extreme(model: str, seed: int = 0) -> Duels:
    """Counts of very unequal items, so that Newton's steps are too long at first."""
    generator = np.random.default_rng(seed)
    true = np.array([-6.0, -5.5, 0.0, 5.0, 7.0])
    low, high = np.triu_indices(5, 1)
    distance = true[low] - true[high]
    count = generator.integers(500, 90_000, 10).astype(float)
    nu = 0.05 if model == "few ties" else 40.0
    odds = np.stack([np.exp(distance / 2), np.exp(-distance / 2), np.full(10, nu)])
    won, _, tied = count * odds / odds.sum(axis=0)
    return Duels(5, low, high, count, won + tied / 2, tied)


def minimised(duels: Duels) -> np.ndarray:
    """Strengths with sum zero and log ν of Davidson's likelihood, written out, by BFGS."""

    def loss(parameters: np.ndarray) -> float:
        strengths, log_nu = parameters[:-1], parameters[-1]
        pi = np.exp(strengths)
        first, second = pi[duels.low], pi[duels.high]
        tie = np.exp(log_nu) * np.sqrt(first * second)
        total = first + second + tie
        won = duels.wins - duels.ties / 2
        lost = duels.count - won - duels.ties
        parts = won * np.log(first / total) + lost * np.log(second / total) + duels.ties * np.log(tie / total)
        return -float(parts.sum()) / float(duels.count.sum())

    found = optimize.minimize(loss, np.zeros(duels.items + 1), method="BFGS", options={"gtol": 1e-9})
    return np.append(found.x[:-1] - found.x[:-1].mean(), found.x[-1])


@pytest.mark.parametrize("model", ["few ties", "many ties"])
def test_davidsons_model_of_very_unequal_items(model):
    duels = extreme(model)
    found = davidson.fit(duels)
    assert found.strengths.sum() == pytest.approx(0, abs=1e-9)
    assert found.strengths == pytest.approx([-6.1, -5.6, -0.1, 4.9, 6.9], abs=1e-5)
    assert found.log_nu == pytest.approx(np.log(0.05 if model == "few ties" else 40.0), abs=1e-5)


def test_davidsons_model_equals_a_general_minimiser_on_few_battles():
    generator = np.random.default_rng(3)
    low, high = np.triu_indices(4, 1)
    ties, won, lost = generator.integers(1, 9, (3, 6)).astype(float)
    duels = Duels(4, low, high, ties + won + lost, won + ties / 2, ties)
    found = davidson.fit(duels)
    assert np.append(found.strengths, found.log_nu) == pytest.approx(minimised(duels), abs=1e-5)


@pytest.mark.parametrize("model", ["few ties", "many ties"])
def test_derivatives_of_davidsons_likelihood(model):
    duels, parameters = extreme(model), np.array([0.4, -0.3, 0.2, 0.5, -0.8, -0.6])
    distance = parameters[duels.low] - parameters[duels.high]

    def likelihood(at: np.ndarray) -> float:
        apart = at[duels.low] - at[duels.high]
        logits = np.stack([apart / 2, -apart / 2, np.full(10, at[-1])])
        won = duels.wins - duels.ties / 2
        outcomes = np.stack([won, duels.count - won - duels.ties, duels.ties])
        return float((outcomes * (logits - np.log(np.exp(logits).sum(axis=0)))).sum())

    step = 1e-5 * np.eye(6)
    slope = [(likelihood(parameters + one) - likelihood(parameters - one)) / 2e-5 for one in step]
    assert davidson.gradient(duels, parameters) == pytest.approx(slope, rel=1e-5, abs=1)
    curved = [
        (davidson.gradient(duels, parameters - one) - davidson.gradient(duels, parameters + one)) / 2e-5 for one in step
    ]
    expected = np.array(curved)
    expected[:5, :5] += 1 / 5
    assert davidson.curvature(duels, parameters) == pytest.approx(expected, rel=1e-5, abs=0.1)
    lead, tie = davidson.expected(distance, -0.6)
    total = np.exp(distance / 2) + np.exp(-distance / 2) + np.exp(-0.6)
    assert tie == pytest.approx(np.exp(-0.6) / total)
    assert lead == pytest.approx((np.exp(distance / 2) - np.exp(-distance / 2)) / total)


def test_nu_has_an_interval_of_its_logarithm():
    rows = battles(800, nu=0.6, prompts=80, seed=8)
    found = ranked(rows, model="davidson").standing.fitted
    log_nu, influence = found.others["log_nu"]
    deviation = np.sqrt((len(influence) - 1) / len(influence) * np.square(influence).sum())
    spread = quantile_of_t(0.9, len(influence)) * deviation
    nu = conclude(rows, model="davidson", level=0.9).estimates["nu"]
    assert [nu.low, nu.value, nu.high] == pytest.approx(np.exp([log_nu - spread, log_nu, log_nu + spread]).tolist())
    assert nu.n == 800


def test_expected_win_rates_of_davidsons_model_count_ties_as_half():
    rows = battles(900, nu=0.8, seed=9)
    result = conclude(rows, model="davidson")
    strengths = {name: (value - 1000) / ELO for name, value in strengths_of(result).items()}
    nu = result.estimates["nu"].value
    wins = result.pictures["wins"]
    for one, two in combinations(range(5), 2):
        first, second = (np.exp(strengths[wins["items"][place]]) for place in (one, two))
        tie = nu * np.sqrt(first * second)
        assert wins["expected"][one][two] == pytest.approx((first + tie / 2) / (first + second + tie))


def test_bradley_terry_of_items_that_almost_never_lose():
    """One win in a thousand against the better ones, far from where Newton's method begins."""
    low, high = np.triu_indices(6, 1)
    count = np.full(15, 1000.0)
    wins = np.where(high - low == 1, 30.0, np.where(high - low == 2, 1.0, 0.0))
    found = bradley_terry.fit(Duels(6, low, high, count, wins, np.zeros(15)))
    expected = expit(found[low] - found[high])
    gained = np.bincount(low, wins - count * expected, 6) - np.bincount(high, wins - count * expected, 6)
    assert gained == pytest.approx(np.zeros(6), abs=1e-5)
    assert (np.diff(found) > 2).all()


def test_bradley_terry_where_a_whole_step_would_go_much_too_far():
    """Counts on which Newton's method without halved steps ends elsewhere: its answer still meets the equations."""
    count = [52384, 1283, 5, 711, 1, 506594, 17, 129, 1260, 1, 47603, 74005, 1467, 24, 1]
    wins = np.array([0, 0, 1, 1, 1, 0, 1, 1, 1260, 1, 1, 74005, 1, 1, 1], float)
    low, high = np.triu_indices(6, 1)
    found = bradley_terry.fit(Duels(6, low, high, np.array(count, float), wins, np.zeros(15)))
    surplus = wins - count * expit(found[low] - found[high])
    assert np.bincount(low, surplus, 6) == pytest.approx(np.bincount(high, surplus, 6), abs=1e-4)


def test_davidsons_model_where_a_whole_step_would_go_much_too_far():
    """At the highest likelihood the expected points and ties are the observed ones."""
    won, lost, tied = np.array([[1, 278, 18], [0, 2, 74], [5, 19679, 0]], float)
    low, high = np.triu_indices(3, 1)
    count = won + lost + tied
    found = davidson.fit(Duels(3, low, high, count, won + tied / 2, tied))
    first, second = (np.exp(found.strengths[side]) for side in (low, high))
    tie = np.exp(found.log_nu) * np.sqrt(first * second)
    total = first + second + tie
    surplus = won + tied / 2 - count * (first + tie / 2) / total
    assert np.bincount(low, surplus, 3) == pytest.approx(np.bincount(high, surplus, 3), abs=1e-6)
    assert (count * tie / total).sum() == pytest.approx(tied.sum())


# ------------------------------------------------------------------ style


@pytest.mark.parametrize("strength", [0.5, 6.0])
def test_style_control_equals_a_general_minimiser(strength):
    generator = np.random.default_rng(10)
    rows = battles(500, (1.0, 0.3, -0.4, -0.9), seed=10)
    a, b, _ = sides(rows)
    long = [np.round(generator.lognormal(5, 0.8, 500)) for _ in range(2)]
    bold = [generator.poisson(2, 500).astype(float) for _ in range(2)]
    apart = [np.divide(x - y, x + y, out=np.zeros(500), where=x + y > 0) for x, y in (bold, long)]
    z = np.stack([one / np.sqrt(np.mean(one**2)) for one in apart])
    true = np.array([1.0, 0.3, -0.4, -0.9])
    label = (generator.random(500) < expit(true[a] - true[b] + strength * z[1] - 0.4 * z[0])).astype(float)
    rows = replace(changed(rows, label=label), styles={"length": tuple(long), "bold": tuple(bold)})

    def loss(parameters: np.ndarray) -> float:
        logit = parameters[a] - parameters[b] + parameters[4:] @ z
        return float((np.logaddexp(0, logit) - label * logit).sum())

    def slope(parameters: np.ndarray) -> np.ndarray:
        off = expit(parameters[a] - parameters[b] + parameters[4:] @ z) - label
        return np.concatenate([np.bincount(a, off, 4) - np.bincount(b, off, 4), z @ off])

    found = optimize.minimize(loss, np.zeros(6), jac=slope, method="BFGS", options={"gtol": 1e-9}).x
    result = conclude(rows, controls="style")
    expected = {f"model {place}": 1000 + ELO * (found[place] - found[:4].mean()) for place in range(4)}
    assert strengths_of(result) == pytest.approx(expected, abs=1e-3)
    assert result.estimates["coefficient_bold"].value == pytest.approx(found[4], abs=1e-5)
    assert result.estimates["coefficient_length"].value == pytest.approx(found[5], abs=1e-5)


@pytest.mark.parametrize(("known", "held"), [(150, True), (149, False)])
def test_a_feature_is_held_equal_where_half_of_the_rows_know_it(known, held):
    rows = battles(300, length=0.5, seed=11)
    bold = np.random.default_rng(11).poisson(3, (2, 300)).astype(float)
    bold[:, known:] = np.nan
    result = conclude(replace(rows, styles={**rows.styles, "bold": tuple(bold)}), controls="style")
    assert ("coefficient_bold" in result.estimates) is held
    assert result.estimates["coefficient_length"].n == (known if held else 300)


def test_styles_are_told_as_shares_of_their_sum():
    rows = battles(8, seed=12)
    given = (
        np.array([3.0, 0.0, 5.0, np.nan, 2.0, -1.0, np.inf, 4.0]),
        np.array([1.0, 0.0, 0.0, 2.0, 2.0, 3.0, 1.0, 6.0]),
    )
    kept = observe(replace(rows, styles={"length": given})).sample
    assert sorted(kept.features["length"]) == pytest.approx(sorted([0.5, 0.0, 1.0, 0.0, -1.0, -0.2]))
    assert kept.whole


# ------------------------------------------------------------------ slices


def few_buckets(seed: int) -> Rows:
    """240 battles in ten buckets, with slices of which some lie in few of them."""
    generator = np.random.default_rng(seed)
    rows = battles(240, (0.4, 0.2, 0.0, -0.6), seed=seed)
    bucket = generator.integers(0, 10, 240)
    spread = generator.integers(0, 3, 240)
    four = np.where(bucket < 4, 0, 1)
    two = np.where(bucket < 2, 0, 1)
    label = np.where(
        (spread == 1) & (rows.names["item_a"][0] == 3) & (generator.random(240) < 0.6), 1.0, rows.columns["label"]
    )
    columns = {"four": (four, ["in", "out"]), "spread": (spread, ["x", "y", "z"]), "two": (two, ["in", "out"])}
    columns["half"] = np.isin(bucket, [5, 7, 9]).astype(int), ["rest", "odd"]
    slices = {name: (codes.astype(np.int32), values) for name, (codes, values) in columns.items()}
    return replace(changed(rows, bucket=bucket.astype(np.uint16), label=label), slices=slices)


def effect_by_hand(rows: Rows, expected: np.ndarray, inside: np.ndarray, item: int, half: int):
    """How much stronger an item is in a slice than outside, in one half: effect, error, buckets; None where unknown."""
    a, b, label = sides(rows)
    bucket = rows.columns["bucket"].astype(int)
    own = ((a == item) | (b == item)) & (bucket % 2 == half)
    gain = np.where(a == item, label - expected, expected - label)
    weight = expected * (1 - expected)
    parts = [own & inside, own & ~inside]
    groups = np.unique(bucket[parts[0]])
    if min(part.sum() for part in parts) < 10 or len(groups) < 2:
        return None
    means = [gain[part].sum() / weight[part].sum() for part in parts]
    pulled = sum(
        sign * np.bincount(bucket[part], (gain - mean * weight)[part], 10) / weight[part].sum()
        for sign, part, mean in zip((1, -1), parts, means, strict=True)
    )
    error = np.sqrt(len(groups) / (len(groups) - 1) * np.square(pulled).sum())
    return ELO * (means[0] - means[1]), ELO * error, len(groups)


@pytest.mark.parametrize("seed", range(8))
def test_slices_are_what_loops_over_their_rows_say(seed):
    rows = few_buckets(seed)
    result = conclude(rows)
    strengths = np.array([(strengths_of(result)[f"model {place}"] - 1000) / ELO for place in range(4)])
    a, b, _ = sides(rows)
    expected = expit(strengths[a] - strengths[b])
    told = {(one["column"], one["value"]): one for one in result.slices}
    assert not {("two", "in"), ("half", "rest"), ("half", "odd")} & set(told)
    for name, (codes, values) in rows.slices.items():
        for code, value in enumerate(values):
            halves = [
                {item: effect_by_hand(rows, expected, codes == code, item, half) for item in range(4)}
                for half in (0, 1)
            ]
            known = [item for item in range(4) if halves[0][item] and halves[1][item]]
            assert ((name, value) in told) is bool(known)
            if not known:
                continue
            p = {
                item: 2 * stats.t.sf(abs(halves[0][item][0]) / halves[0][item][1], halves[0][item][2] - 1)
                for item in known
            }
            item = min(known, key=p.__getitem__)
            effect, error, groups = halves[1][item]
            one = told[name, value]
            assert one["item"] == f"model {item}"
            assert one["effect"] == pytest.approx(effect)
            assert (one["rows"], one["prompts"]) == ((codes == code).sum(),) * 2
            chosen = p[item] * len(known) <= 0.1
            side = np.sign(halves[0][item][0])
            one_sided = stats.t.sf(side * effect / error, groups - 1) if chosen else 1.0
            assert one["p_value"] == pytest.approx(one_sided)
            if not chosen:
                spread = quantile_of_t(0.95, groups) * error
                assert [one["low"], one["high"]] == pytest.approx([effect - spread, effect + spread])
    assert told
    order = [(not one["confirmed"], -abs(one["effect"])) for one in result.slices]
    assert order == sorted(order)


def test_slices_of_thirty_prompts_are_listed():
    rows = battles(400, (0.2, -0.2), seed=13)
    for few, listed in ((30, ["few", "many"]), (29, ["many"])):
        codes = np.where(np.arange(400) < few, 0, 1).astype(np.int32)
        found = conclude(replace(rows, slices={"rare": (codes, ["few", "many"])})).slices
        assert sorted(one["value"] for one in found) == listed


# ------------------------------------------------------------------ tables of pairs


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize(("n", "buckets"), [(40, 4096), (3000, 2)])
def test_pairs_are_summed_by_bucket_in_all_and_by_slice(soft, n, buckets):
    """Whether labels are decided or means of votes, and whether keys are many or few."""
    generator = np.random.default_rng(n)
    rows = battles(n, (0.3, 0.0, -0.3), nu=0.5, seed=14)
    label = np.where(generator.random(n) < 0.3, 0.75, rows.columns["label"]) if soft else rows.columns["label"]
    bucket = generator.integers(0, buckets, n)
    topic = generator.integers(-1, 2, n).astype(np.int32)
    rows = changed(rows, label=label, bucket=bucket.astype(np.uint16))
    state = observe(replace(rows, slices={"topic": (topic, ["z", "a"])}))
    a, b, _ = sides(rows)
    low, high = np.minimum(a, b), np.maximum(a, b)
    wins = np.where(a < b, label, 1 - label)

    def summed(table, cell_of, bucket_of, chosen: np.ndarray) -> None:
        found = {
            (at, cell): sums
            for at, cell, sums in zip(table.bucket.tolist(), table.cell.tolist(), table.sums.T.tolist(), strict=True)
        }
        places = set(zip(bucket_of[chosen].tolist(), cell_of[chosen].tolist(), strict=True))
        assert set(found) == places
        assert sorted(table.keys) == table.keys.tolist()
        for place in places:
            inside = chosen & (bucket_of == place[0]) & (cell_of == place[1])
            assert found[place] == pytest.approx([inside.sum(), wins[inside].sum(), (label[inside] == 0.5).sum()])

    summed(state.pairs, low * 3 + high, bucket, np.ones(n, np.bool_))
    column = state.columns["topic"]
    assert column.values == ("a", "z")
    summed(column.pairs, np.where(topic == 0, 9, 0) + low * 3 + high, bucket % 64, topic >= 0)
    assert [one.count for one in column.prompts] == pytest.approx([(topic == 1).sum(), (topic == 0).sum()], rel=0.01)
    assert column.shown.totals()[0].tolist() == [(topic == 1).sum(), (topic == 0).sum()]


def test_a_slice_of_means_of_votes_is_ranked_as_its_rows_alone():
    rows = battles(600, (0.4, 0.0, -0.4), seed=15)
    label = np.where(np.arange(600) % 4 == 0, 0.75, rows.columns["label"])
    codes = (np.arange(600) % 2).astype(np.int32)
    rows = replace(changed(rows, label=label), slices={"topic": (codes, ["even", "odd"])})
    within, alone = conclude(rows, slice="topic=odd"), conclude(take(rows, codes == 1))
    assert strengths_of(within) == pytest.approx(strengths_of(alone), abs=1e-6)
    assert {one["item"]: one["wins"] for one in within.items} == {one["item"]: one["wins"] for one in alone.items}


def test_equal_items_are_listed_by_name():
    every = [(one, two, label) for one in "dbca" for two in "dbca" if one != two for label in (0.0, 1.0)] * 3
    equal = rows_of(*([battle[place] for battle in every] for place in (0, 1)), [battle[2] for battle in every])
    assert [one["item"] for one in conclude(equal).items] == ["a", "b", "c", "d"]
