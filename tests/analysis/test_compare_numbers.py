"""Numbers of the comparison against what numpy, scipy and a loop over left-out buckets make of the same rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from engine.analysis.compare.differences import standard_errors
from engine.analysis.sequences import anytime_p, confidence_sequence
from engine.types import Result, Rows
from tests.analysis.compare_worlds import apart, coins, conclude, identity, named, pairs_of, scores_of, take


def judged(values: dict[str, np.ndarray], prompt: np.ndarray) -> Rows:
    """Scores that several judges gave to the same answers, of which a prompt may have many; NaN where one gave none."""
    judges, n = list(values), len(prompt)
    items = [f"i{at:04}" for at in range(n)]
    columns = {"value": np.concatenate(list(values.values())), **identity(np.tile(prompt, len(judges)))}
    judge = named(np.repeat(np.arange(len(judges)), n), judges)
    return Rows("score", columns, {}, {"judge": judge, "item": named(np.tile(np.arange(n), len(judges)), items)})


def uneven(seed: int, prompts: int = 50) -> np.ndarray:
    """Prompt numbers, each one to four times."""
    return np.repeat(np.arange(prompts), np.random.default_rng(seed).integers(1, 5, prompts))


def buckets_of(prompt: np.ndarray) -> np.ndarray:
    return identity(prompt)["prompt_hash"] % np.uint64(4096)


def error_without_each(values: np.ndarray, group: np.ndarray) -> float:
    """The jackknife's standard error of a mean, one group left out after the other."""
    means = np.array([values[group != one].mean() for one in np.unique(group)])
    return float(np.sqrt((len(means) - 1) / len(means) * np.square(means - means.mean()).sum()))


def t_of(groups: int, level: float = 0.95) -> float:
    return float(stats.t.ppf(0.5 + level / 2, groups - 1))


def wilsons(share: float, count: float, quantile: float) -> list[float]:
    """The two roots of (share − p)² = quantile² · p (1 − p) / count."""
    square = quantile**2 / count
    return sorted(np.roots([1 + square, -2 * share - square, share**2]).real.tolist())


def bounds(result: Result, name: str = "difference") -> list[float]:
    found = result.estimates[name]
    return [found.low, found.high]


def by_name(result: Result) -> dict[str, dict]:
    return {item["item"]: item for item in result.items}


def from_pairs(result: Result, field: str, first: str, second: str) -> float:
    table = result.pictures["pairs"]
    at = {name: place for place, name in enumerate(table["systems"])}
    return table[field][at[first]][at[second]]


def value(result: Result, name: str) -> float:
    found = result.estimates[name].value
    assert found is not None
    return found


# ------------------------------------------------------------------ each system by itself


def test_the_share_of_one_row_a_prompt_has_wilsons_interval():
    marks = coins(130, {"x": 0.6, "y": 0.85}, 3)
    result = conclude(pairs_of(marks, np.arange(130)), baseline="x", level=0.9)
    for name, role in (("x", "baseline"), ("y", "candidate")):
        hits = int(marks[name].sum())
        expected = stats.binomtest(hits, 130).proportion_ci(0.9, method="wilson")
        found = by_name(result)[name]
        assert (found["n"], found["prompts"], found["value"]) == (130, 130, hits / 130)
        assert [found["low"], found["high"]] == pytest.approx([expected.low, expected.high])
        assert bounds(result, role) == [found["low"], found["high"]]
        assert result.estimates[role].method == "Wilson"


def test_the_share_of_clusters_has_wilsons_interval_at_the_rows_that_their_spread_is_worth():
    prompt = uneven(1)
    group, generator = buckets_of(prompt), np.random.default_rng(1)
    lean = generator.normal(0, 0.4, 50)[prompt]
    marks = {name: (generator.random(len(prompt)) < 0.5 + lean).astype(float) for name in "xy"}
    result = conclude(pairs_of(marks, prompt, side=np.arange(len(prompt))))
    for name, right in marks.items():
        share, error = right.mean(), error_without_each(right, group)
        alone = share * (1 - share) / error**2
        assert 1 < alone < len(prompt)
        found = by_name(result)[name]
        assert (found["n"], found["prompts"]) == (len(prompt), 50)
        assert [found["low"], found["high"]] == pytest.approx(wilsons(share, alone, t_of(len(np.unique(group)))))


def test_a_share_without_any_spread_between_prompts_counts_its_prompts():
    prompt = np.repeat(apart(40), 2)
    marks = {"half": np.tile([0.0, 1.0], 40), "all": np.ones(80)}
    found = by_name(conclude(pairs_of(marks, prompt, side=np.arange(80))))
    for name, share in (("half", 0.5), ("all", 1.0)):
        assert [found[name]["low"], found[name]["high"]] == pytest.approx(wilsons(share, 40, t_of(40)), abs=1e-7)


def test_a_share_is_worth_one_row_at_least():
    prompt = np.repeat(np.arange(40), 2)
    right = np.repeat([1.0, 0.0], [60, 20])
    rows = pairs_of({"x": right, "y": 1 - right}, prompt, side=np.arange(80))
    hashes = np.uint64(4096) * np.tile(prompt, 2).astype(np.uint64) + np.tile(right, 2).astype(np.uint64)
    rows = replace(rows, columns={**rows.columns, "prompt_hash": hashes})
    found = by_name(conclude(rows))["x"]
    assert [found["low"], found["high"]] == pytest.approx(wilsons(0.75, 1.0, t_of(2)))


def test_means_of_values_have_students_interval_between_buckets():
    prompt = uneven(2)
    group, generator = buckets_of(prompt), np.random.default_rng(2)
    values = {
        name: generator.normal(at, 1, len(prompt)) + generator.normal(0, 1, 50)[prompt] for at, name in enumerate("xy")
    }
    values["x"][:20] = np.nan
    result = conclude(judged(values, prompt), level=0.8)
    for name, own in values.items():
        there = np.isfinite(own)
        spread = t_of(len(np.unique(group[there])), 0.8) * error_without_each(own[there], group[there])
        found, mean = by_name(result)[name], own[there].mean()
        assert (found["n"], found["prompts"]) == (there.sum(), len(np.unique(prompt[there])))
        assert [found["low"], found["value"], found["high"]] == pytest.approx([mean - spread, mean, mean + spread])


# ------------------------------------------------------------------ differences


def test_standard_errors_are_those_of_leaving_each_bucket_out():
    generator = np.random.default_rng(0)
    counts = generator.integers(1, 5, (9, 4)).astype(float)
    counts[3:, 1] = 0
    counts[2:, 2] = 0
    counts[1:, 3] = 0
    sums = np.where(counts > 0, generator.normal(1, 1, counts.shape) * counts, 0.0)
    expected = []
    for column in range(4):
        there = np.flatnonzero(counts[:, column])
        left = [np.delete(there, place) for place in range(len(there))]
        means = np.array([sums[rest, column].sum() / counts[rest, column].sum() for rest in left if len(rest)])
        expected.append(
            np.sqrt((len(means) - 1) / len(means) * np.square(means - means.mean()).sum()) if len(means) else 0.0
        )
    assert standard_errors(sums, counts) == pytest.approx(expected)


def test_differences_of_values_have_students_interval_between_buckets():
    prompt = uneven(3)
    group, generator = buckets_of(prompt), np.random.default_rng(3)
    values = {name: generator.normal(0, 1, len(prompt)) + generator.normal(0, 1, 50)[prompt] for name in "xyz"}
    values["x"][::5] = np.nan
    values["y"][prompt < 7] = np.nan
    result = conclude(judged(values, prompt), candidate="y", baseline="x", level=0.9)
    difference = values["y"] - values["x"]
    there = np.isfinite(difference)
    mean, error = difference[there].mean(), error_without_each(difference[there], group[there])
    spread = t_of(len(np.unique(group[there])), 0.9) * error
    found = result.estimates["difference"]
    assert found.value == pytest.approx(mean)
    assert bounds(result) == pytest.approx([mean - spread, mean + spread])
    assert (found.n, result.dataset["common_prompts"]) == (there.sum(), len(np.unique(prompt[there])))
    assert result.dataset["prompts"] == 50
    detectable = spread + stats.norm.ppf(0.8) * error
    assert value(result, "minimum_detectable_effect") == pytest.approx(detectable)
    sure = conclude(judged(values, prompt), candidate="y", baseline="x", level=0.9, power=0.95)
    assert value(sure, "minimum_detectable_effect") == pytest.approx(spread + stats.norm.ppf(0.95) * error)


def test_accuracy_on_clusters_gets_two_prompts_more_of_which_each_wins_one():
    prompt = uneven(4)
    group, generator = buckets_of(prompt).astype(np.int64), np.random.default_rng(4)
    marks = {name: (generator.random(len(prompt)) < 0.6).astype(float) for name in "xy"}
    result = conclude(pairs_of(marks, prompt, side=np.arange(len(prompt))), baseline="x")
    difference = np.append(marks["y"] - marks["x"], [1, -1])
    spread = t_of(len(np.unique(group))) * error_without_each(difference, np.append(group, [10**6, 10**7]))
    assert bounds(result) == pytest.approx([difference.mean() - spread, difference.mean() + spread])
    assert value(result, "difference") == pytest.approx(difference[:-2].mean())


def test_intervals_of_several_pairs_are_at_the_quantile_of_their_largest_error():
    """Of normal errors that are correlated as the influences of buckets are, widened as Student's t is."""
    prompt = uneven(5)
    group, generator = buckets_of(prompt), np.random.default_rng(5)
    shared = generator.normal(0, 3, 50)[prompt]
    values = {name: at * 20 + generator.normal(0, 1, len(prompt)) + shared for at, name in enumerate("xyz")}
    values["z"] = values["z"] - shared * 0.9
    values["y"][prompt % 4 == 0] = np.nan
    result = conclude(judged(values, prompt))
    names = np.unique(group)
    influences = []
    for first, second in ("xy", "xz", "yz"):
        difference = values[first] - values[second]
        known = np.isfinite(difference)
        pulled = np.where(known, difference - difference[known].mean(), 0.0) / known.sum()
        influences.append([pulled[group == one].sum() for one in names])
    correlation = _correlation(np.array(influences))
    largest = np.abs(generator.multivariate_normal(np.zeros(3), correlation, 100_000)).max(axis=1)
    quantile = stats.t.ppf(stats.norm.cdf(np.quantile(largest, 0.95)), len(names) - 1)
    for first, second in ("xy", "xz", "yz"):
        difference = values[first] - values[second]
        known = np.isfinite(difference)
        spread = (from_pairs(result, "high", first, second) - from_pairs(result, "low", first, second)) / 2
        error = error_without_each(difference[known], group[known])
        assert spread / error == pytest.approx(quantile, rel=0.025)


def _correlation(influences: np.ndarray) -> np.ndarray:
    products = influences @ influences.T
    size = np.sqrt(np.diag(products))
    return products / np.outer(size, size)


def test_several_identical_systems_may_differ_by_what_so_many_prompts_can_hide():
    marks = coins(100, {"x": 0.7}, 1)["x"]
    result = conclude(pairs_of({"x": marks, "y": marks, "z": marks}, np.arange(100)))
    hidden = 1 - (0.05 / (2 * 3)) ** (1 / 100)
    table = result.pictures["pairs"]
    assert [table["high"][0][1], table["low"][2][0]] == pytest.approx([hidden, -hidden])
    values = conclude(scores_of({"x": marks, "y": marks}, np.arange(100)))
    assert bounds(values) == [0, 0]


# ------------------------------------------------------------------ live


def test_live_numbers_are_of_one_value_a_prompt():
    prompt = uneven(6)
    generator = np.random.default_rng(6)
    values = {name: generator.random(len(prompt)) ** power for name, power in (("x", 2), ("y", 1), ("z", 1))}
    values["x"][::4] = np.nan
    values["y"][prompt < 5] = np.nan
    result = conclude(judged(values, prompt), candidate="y", baseline="x", live="yes")
    difference = values["y"] - values["x"]
    by_prompt = np.array([_mean(difference[prompt == one]) for one in range(50)])
    by_prompt = by_prompt[np.isfinite(by_prompt)]
    assert value(result, "difference") == pytest.approx(by_prompt.mean())
    low, high = confidence_sequence((by_prompt + 1) / 2, 0.95)
    assert bounds(result) == pytest.approx([2 * low - 1, 2 * high - 1], abs=1e-8)
    assert value(result, "p_value") == pytest.approx(anytime_p((by_prompt + 1) / 2, 0.5))
    for name, own in values.items():
        means = np.array([_mean(own[prompt == one]) for one in range(50)])
        means = means[np.isfinite(means)]
        found = by_name(result)[name]
        assert found["value"] == pytest.approx(means.mean())
        assert [found["low"], found["high"]] == pytest.approx(list(confidence_sequence(means, 0.95)), abs=1e-8)


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


# ------------------------------------------------------------------ p-values


def test_random_signs_come_near_all_patterns_of_signs():
    generator = np.random.default_rng(7)
    prompt = np.arange(36)
    values = {"x": generator.normal(0, 1, 36), "y": generator.normal(0.2, 1, 36)}
    rows = scores_of(values, prompt)
    hashes = np.uint64(4096) * np.tile(prompt, 2).astype(np.uint64) + np.tile(prompt % 12, 2).astype(np.uint64)
    result = conclude(replace(rows, columns={**rows.columns, "prompt_hash": hashes}))
    sums = np.array([(values["y"] - values["x"])[prompt % 12 == one].sum() for one in range(12)])
    signs = 2 * (np.arange(2**12)[:, None] >> np.arange(12) & 1) - 1
    exact = np.mean(np.abs(signs @ sums) >= abs(sums.sum()) - 1e-9)
    assert 0.005 < exact < 0.3
    assert value(result, "p_value") == pytest.approx(exact, abs=4 * np.sqrt(exact / 9999))


def test_each_pair_has_the_test_that_its_answers_allow():
    marks = coins(80, {"x": 0.5, "y": 0.7, "z": 0.6}, 9)
    marks["z"][::7] = 0.5
    rows = take(pairs_of(marks, np.arange(80)), np.r_[0:80, 80:150, 160:240])
    for candidate, baseline in (("y", "x"), ("x", "y")):
        found = conclude(rows, candidate=candidate, baseline=baseline)
        wins = np.sum((marks[candidate] > marks[baseline])[:70])
        losses = np.sum((marks[candidate] < marks[baseline])[:70])
        assert found.estimates["p_value"].method == "McNemar, exact"
        assert (value(found, "wins"), value(found, "losses")) == (wins, losses)
        exact = stats.binomtest(int(wins), int(wins + losses))
        assert value(found, "p_value") == pytest.approx(exact.pvalue)
        least = min(wins, losses)
        expected = exact.pvalue - stats.binom.pmf(least, wins + losses, 0.5)
        assert value(found, "p_mid") == pytest.approx(expected)
    halves = conclude(rows, candidate="z", baseline="x")
    assert halves.estimates["p_value"].method.startswith("random signs")
    assert "p_mid" not in halves.estimates
    assert "wins" not in halves.estimates


def test_prompts_of_two_rows_have_no_table_of_right_and_wrong():
    marks = coins(120, {"x": 0.5, "y": 0.7}, 9)
    found = conclude(pairs_of(marks, np.arange(120) % 60))
    assert found.estimates["p_value"].method.startswith("random signs")


def test_adjusted_p_values_are_holms_and_benjaminis_and_hochbergs():
    shares = {"a": 0.5, "b": 0.55, "c": 0.6, "d": 0.75}
    result = conclude(pairs_of(coins(150, shares, 4), np.arange(150)))
    table = result.pictures["pairs"]
    cells = [(one, two) for one in range(4) for two in range(one + 1, 4)]
    p = np.array([table["p"][one][two] for one, two in cells])
    order = np.argsort(p)
    holms, hochbergs = np.empty(6), np.empty(6)
    for rank, place in enumerate(order):
        holms[place] = min(1.0, max((6 - at) * p[order[at]] for at in range(rank + 1)))
        hochbergs[place] = min(1.0, min(6 / (at + 1) * p[order[at]] for at in range(rank, 6)))
    assert [table["p_holm"][one][two] for one, two in cells] == pytest.approx(holms.tolist())
    assert [table["p_bh"][two][one] for one, two in cells] == pytest.approx(hochbergs.tolist())
    both = conclude(pairs_of(coins(150, shares, 4), np.arange(150)), candidate="d", baseline="a")
    at = {name: place for place, name in enumerate(table["systems"])}
    assert value(both, "p_holm") == table["p_holm"][at["d"]][at["a"]]
    assert value(both, "p_bh") == table["p_bh"][at["d"]][at["a"]]


def test_very_many_pairs_are_tested_by_students_t():
    generator = np.random.default_rng(10)
    values = {f"s{at:02}": generator.normal(at / 40, 1, 32) for at in range(30)}
    values["s07"] = values["s03"]
    result = conclude(scores_of(values, apart(32)), baseline="s03")
    pairs = result.pictures["pairs"]
    for first, second in (("s00", "s29"), ("s20", "s11"), ("s03", "s04")):
        expected = stats.ttest_rel(values[first], values[second])
        assert from_pairs(result, "p", first, second) == pytest.approx(expected.pvalue)
    assert from_pairs(result, "p", "s03", "s07") == 1
    assert result.estimates["p_value"].method == "Student's t by bucket"
    assert sum(each is not None for line in pairs["p"] for each in line) == 30 * 29
    forest = result.pictures["forest"]
    assert len(forest["p"]) == 29
    assert all("s03" in both for both in zip(forest["candidate"], forest["baseline"], strict=True))


# ------------------------------------------------------------------ plans


@pytest.mark.parametrize(("by", "answers"), [("item", 2), ("judge", 1)])
def test_labels_and_cost_of_the_prompts_that_are_needed(by, answers):
    generator = np.random.default_rng(11)
    prompt = uneven(11) if by == "judge" else np.arange(60)
    values = {name: generator.normal(0, 1, len(prompt)) for name in "xy"}
    rows = judged(values, prompt) if by == "judge" else scores_of(values, prompt)
    result = conclude(rows, candidate="y", baseline="x", by=by, delta=0.001, cost_per_label=0.5)
    difference = values["y"] - values["x"]
    error = error_without_each(difference, buckets_of(prompt))
    prompts = len(np.unique(prompt))
    detectable = t_of(len(np.unique(buckets_of(prompt)))) * error + stats.norm.ppf(0.8) * error
    more = np.ceil(prompts * ((detectable / (difference.mean() + 0.001)) ** 2 - 1))
    assert result.verdict == "need_more"
    assert value(result, "prompts_needed") == more
    labels = np.ceil(more * answers * len(prompt) / prompts)
    assert value(result, "labels_needed") == labels
    assert value(result, "cost") == labels / 2
    assert f"about {more:,.0f} more prompts would settle it" in result.sentence


def test_no_cost_is_told_where_none_was_asked():
    rows = scores_of({"x": np.arange(40.0), "y": np.arange(40.0) + np.arange(40) % 3}, np.arange(40))
    assert "cost" not in conclude(rows).estimates
    assert value(conclude(rows, cost_per_label=0.25), "cost") == 0


def test_the_design_effect_is_that_of_the_differences_that_both_have():
    prompt = np.repeat(np.arange(45), 4)
    generator = np.random.default_rng(12)
    values = {name: generator.normal(0, 1, 180) + generator.normal(0, 1, 45)[prompt] for name in "xyz"}
    values["x"][prompt < 5] = np.nan
    result = conclude(judged(values, prompt), candidate="y", baseline="x")
    table = (values["y"] - values["x"]).reshape(45, 4)[5:]
    between = 4 * table.mean(axis=1).var(ddof=1)
    within = table.var(axis=1, ddof=1).mean()
    correlation = (between - within) / (between + 3 * within)
    assert value(result, "design_effect") == pytest.approx(1 + 3 * correlation)
