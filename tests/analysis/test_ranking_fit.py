"""The models against other people's packages, published figures and numerical derivatives."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit

from engine.analysis.elo import ELO, elo
from engine.analysis.ranking import bradley_terry, davidson
from engine.analysis.ranking.board import Board
from engine.analysis.ranking.bootstrap import drawn, resampled
from engine.analysis.ranking.bradley_terry import Duels
from engine.analysis.ranking.controls import controlled
from engine.analysis.ranking.fitted import Fitted, fit_bradley_terry, fit_davidson
from engine.analysis.ranking.observe import observe
from engine.analysis.shapes import Table
from engine.types import Rows
from tests.analysis.battles import battles, rows_of, take

GOLDEN = json.loads((Path(__file__).parent / "golden" / "ranking.json").read_text())


def golden_rows() -> Rows:
    given = {name: np.array(values) for name, values in GOLDEN["rows"].items()}
    names = [[f"item {item}" for item in given[side]] for side in ("a", "b")]
    prompt = given["prompt"].astype(np.uint64)
    where = {"bucket": prompt.astype(np.uint16), "prompt_hash": prompt}
    rows = rows_of(*names, given["label"])
    styles = {"length": (given["length_a"], given["length_b"])}
    return Rows(rows.kind, {**rows.columns, **where}, {}, rows.names, styles)


def board(rows: Rows) -> Board:
    state = observe(rows)
    return Board(state.items, state.pairs)


def from_first(fitted: Fitted) -> np.ndarray:
    """Standard errors of the differences to the first item, without the jackknife's factor."""
    return fitted.deviation[0, 1:] / np.sqrt(fitted.factor)


def test_bradley_terry_equals_choix_evalica_and_a_logistic_regression():
    fitted = fit_bradley_terry(board(golden_rows()))
    for package in (GOLDEN["choix"], GOLDEN["evalica"], GOLDEN["glm"]["strengths"]):
        assert fitted.strengths == pytest.approx(package, abs=1e-8)
    assert fitted.buckets == 60


def test_the_clustered_sandwich_equals_that_of_statsmodels():
    fitted = fit_bradley_terry(board(golden_rows()), corrected=False)
    assert from_first(fitted) == pytest.approx(GOLDEN["glm"]["deviation_to_first"], rel=1e-7)


def test_style_control_equals_a_logistic_regression_with_the_feature():
    rows = golden_rows()
    state = observe(rows)
    whole = Board(state.items, state.pairs)
    plain = fit_bradley_terry(whole, corrected=False)
    found = controlled(whole, plain, state.sample, "length", corrected=False)
    expected = GOLDEN["glm_length"]
    assert found.rows == 600
    assert found.fitted.strengths == pytest.approx(expected["strengths"], abs=1e-8)
    assert from_first(found.fitted) == pytest.approx(expected["deviation_to_first"], rel=1e-6)
    value, influence = found.fitted.others["coefficient_length"]
    assert value == pytest.approx(expected["coefficient"], abs=1e-8)
    deviation = np.sqrt(np.square(influence).sum())
    assert deviation == pytest.approx(expected["coefficient_deviation"], rel=1e-6)


def test_davidson_equals_the_log_linear_model():
    fitted = fit_davidson(board(golden_rows()))
    assert fitted.strengths == pytest.approx(GOLDEN["davidson"]["strengths"], abs=1e-7)
    assert np.exp(fitted.others["log_nu"][0]) == pytest.approx(GOLDEN["davidson"]["nu"], abs=1e-7)


# ------------------------------------------------------------------ figures printed by others


def test_choix_and_evalica_on_a_small_win_matrix():
    wins = np.array([[0, 3, 6, 7], [3, 0, 2, 5], [1, 4, 0, 9], [2, 2, 3, 0]])
    a, b = (np.repeat(side, wins.ravel()) for side in np.indices((4, 4)).reshape(2, -1))
    duels = Duels.of_rows(4, a, b, np.ones(len(a)))
    printed = [0.7191577157102919, 0.05644828952768585, 0.07096118652688646, -0.8465671917648648]
    assert bradley_terry.fit(duels) == pytest.approx(printed, abs=1e-7)


def published() -> Board:
    """3,000 rows of six items, made as the reference made them; each row a bucket of its own."""
    generator = np.random.default_rng(7)
    true, n = np.linspace(-1, 1, 6), 3000
    a = generator.integers(0, 6, n)
    b = (a + generator.integers(1, 6, n)) % 6
    length = generator.normal(0, 1, n)
    draw = generator.random(n)
    distance = true[a] - true[b] + 0.3 * length
    win, loss = np.exp(distance / 2), np.exp(-distance / 2)
    label = np.where(draw < win / (win + loss + 0.6), 1.0, np.where(draw < (win + loss) / (win + loss + 0.6), 0.0, 0.5))
    swapped = a > b
    cell = np.minimum(a, b) * 6 + np.maximum(a, b)
    wins = np.where(swapped, 1 - label, label)
    return Board(tuple("abcdef"), Table.of_rows(n, 36, np.arange(n), cell, [wins, label == 0.5]))


def test_elo_and_standard_errors_of_arena_rank():
    fitted = fit_bradley_terry(published(), corrected=False)
    ratings = [880.1351, 914.7349, 970.3339, 1018.3572, 1092.3404, 1124.0985]
    assert [elo(float(one)) for one in fitted.strengths] == pytest.approx(ratings, abs=6e-5)
    deviation = ELO * np.sqrt(np.diag(fitted.covariance) / fitted.factor)
    assert deviation == pytest.approx([8.8481, 8.4839, 8.3265, 8.3725, 8.4410, 8.7174], abs=6e-5)
    assert deviation == pytest.approx([8.847, 8.4829, 8.3256, 8.3716, 8.44, 8.7164], abs=2e-3)


def test_davidson_of_the_published_rows():
    fitted = fit_davidson(published())
    assert np.exp(fitted.others["log_nu"][0]) == pytest.approx(0.6191593158767478, abs=1e-5)
    assert fitted.strengths == pytest.approx([-0.913, -0.6485, -0.2255, 0.1394, 0.7024, 0.9451], abs=1e-4)


# ------------------------------------------------------------------ derivatives, sums, resamples


@pytest.mark.parametrize("model", ["bradley_terry", "davidson", "length"])
def test_influences_are_what_the_fit_moves_by_without_a_bucket(model):
    rows = battles(3000, nu=0.8, prompts=60, seed=3, spread=0.5, length=0.4)
    prompts = np.unique(rows.columns["bucket"])

    def parameters(chosen: np.ndarray) -> Fitted:
        state = observe(take(rows, chosen))
        whole = Board(state.items, state.pairs)
        if model == "davidson":
            return fit_davidson(whole)
        plain = fit_bradley_terry(whole)
        return plain if model == "bradley_terry" else controlled(whole, plain, state.sample, "length").fitted

    fitted = parameters(np.ones(3000, np.bool_))
    for place in (0, 30, 36):
        without = parameters(rows.columns["bucket"] != prompts[place])
        moved = fitted.strengths - without.strengths
        assert fitted.influence[place] == pytest.approx(moved, abs=0.008 * np.abs(moved).max())
        for name, (value, influence) in fitted.others.items():
            step = value - without.others[name][0]
            assert influence[place] == pytest.approx(step, abs=0.03 * np.abs(influence).max())


def test_influences_of_davidson_are_made_of_each_buckets_own_derivatives():
    whole = board(battles(1500, (1.5, 1.2, -0.5, -0.9, -1.3), nu=1.5, prompts=31, seed=3, spread=0.8))
    fitted = fit_davidson(whole)
    log_nu, of_nu = fitted.others["log_nu"]
    found = np.append(fitted.strengths, log_nu)
    inverse = np.linalg.inv(davidson.curvature(whole.duels, found))
    for place, bucket in enumerate(whole.table.filled):
        inside = whole.table.bucket == bucket
        count, wins, ties = whole.table.sums[:, inside]
        low, high = np.divmod(whole.table.cell[inside], 5)
        own = Duels(5, low, high, count, wins, ties)
        curved = davidson.curvature(own, found)
        curved[:5, :5] -= 1 / 5
        expected = (inverse + inverse @ curved @ inverse) @ davidson.gradient(own, found)
        assert np.append(fitted.influence[place], of_nu[place]) == pytest.approx(expected, abs=1e-10)


def test_fits_are_where_observed_and_expected_wins_agree():
    duels = board(battles(3000, nu=0.4, seed=5)).duels
    expected = bradley_terry.expected_rate(duels, bradley_terry.fit(duels))
    assert duels.net(duels.wins - duels.count * expected) == pytest.approx(np.zeros(5), abs=1e-8)


def test_far_apart_strengths_are_found_from_a_far_start():
    true = np.array([-9.0, -3.0, 0.0, 4.0, 8.0])
    low, high = np.triu_indices(5, 1)
    count = np.full(10, 1e6)
    duels = Duels(5, low, high, count, count * expit(true[low] - true[high]), np.zeros(10))
    assert bradley_terry.fit(duels) == pytest.approx(true, abs=1e-6)


@pytest.mark.parametrize("form", [np.int64, np.int32, np.int16])
def test_outcomes_are_counted_as_rows_are(form):
    generator = np.random.default_rng(0)
    for items, n in ((3, 50), (20, 200_000), (200, 70_000)):
        a = generator.integers(0, items, n)
        b = (a + generator.integers(1, items, n)) % items
        outcome = generator.integers(0, 3, n)
        one = Duels.of_outcomes(items, a.astype(form), b.astype(form), outcome.astype(np.int8))
        two = Duels.of_rows(items, a, b, outcome / 2)
        for name in ("low", "high", "count", "wins", "ties"):
            assert (getattr(one, name) == getattr(two, name)).all()
        assert one.count.sum() == n


@pytest.mark.parametrize(("a", "b", "outcome"), [(3, 0, 0), (0, -2, 0), (2, 2, 3), (0, 0, -1)])
def test_numbers_that_no_item_has_are_refused(a, b, outcome):
    with pytest.raises(ValueError, match="outside"):
        Duels.of_outcomes(3, *(np.array([value], np.int64) for value in (a, b, outcome)))


def test_a_resample_is_the_fit_of_its_buckets():
    whole = board(battles(3000, nu=0.4, prompts=300, spread=0.5, seed=2))
    fitted = fit_bradley_terry(whole)
    draws = resampled(whole, fitted.strengths, 150, 11)
    weights = drawn(whole.buckets, 150, 11)
    assert (weights.sum(axis=1) == whole.buckets).all()
    for draw in (0, 99, 149):
        scale = whole.table.at_keys(weights[draw]).astype(float)
        again = Board(whole.items, Table(4096, 25, whole.table.keys, whole.table.sums * scale))
        assert draws[draw] == pytest.approx(bradley_terry.fit(again.duels), abs=1e-5)
    spread = draws.std(axis=0) / np.sqrt(np.diag(fitted.covariance))
    assert spread == pytest.approx(np.ones(5), abs=0.15)


def test_a_restricted_board_is_that_of_the_rows_among_the_items():
    rows = battles(500, seed=8)
    whole = board(rows)
    kept = np.array([True, False, True, True, False])
    few = whole.restricted(kept)
    assert few.items == ("model 0", "model 2", "model 3")
    names = [rows.names[side] for side in ("item_a", "item_b")]
    inside = np.logical_and(*(np.isin(codes, [0, 2, 3]) for codes, _ in names))
    expected = Duels.of_rows(
        3, *(np.array([0, 9, 1, 2, 9])[codes[inside]] for codes, _ in names), rows.columns["label"][inside]
    )
    assert few.duels.count.tolist() == expected.count.tolist()
    assert few.duels.wins.tolist() == expected.wins.tolist()
    buckets = rows.columns["bucket"][inside]
    of_first = np.logical_or(*(codes[inside] == 0 for codes, _ in names))
    assert few.clusters[0] == len(np.unique(buckets[of_first]))
