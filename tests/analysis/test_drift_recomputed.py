"""Drift: every number of the cells and of the one that is shown, again from the rows in plain loops and by scipy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from engine import cohort
from engine.analysis.drift.attribution import attribution
from engine.analysis.drift.homogeneity import homogeneity
from engine.analysis.drift.shown import BARS, POINTS
from engine.analysis.records import mixed
from engine.analysis.sequences import confidence_sequence
from engine.types import Estimate, Result, Rows
from tests.analysis.compare_worlds import apart, identity, named
from tests.analysis.drifts import cells, conclude, rollouts, scores

NUMBERS = ("reward", "length", "entropy", "truncated")


def world(prompts: int, seed: int = 31) -> Rows:
    """Some of everything: gaps, a feature that two values have, a topic that is not known of all, rows of no step."""
    rows = rollouts(prompts, answers=3, length=0.4, mix=0.25, spread=1.5, seed=seed)
    generator = np.random.default_rng(seed)
    columns = dict(rows.columns)
    columns["entropy"] = np.where(generator.random(len(rows)) < 0.2, np.nan, columns["entropy"])
    columns["step"] = np.where(generator.random(len(rows)) < 0.03, np.nan, columns["step"])
    codes, words = rows.slices["topic"]
    return replace(
        rows, columns=columns, slices={"topic": (np.where(generator.random(len(rows)) < 0.1, -1, codes), words)}
    )


def window_of(rows: Rows, result: Result) -> np.ndarray:
    """The window of each row by the ends that the picture tells; −1 none."""
    told, found = result.pictures["means"], np.full(len(rows), -1)
    for place, (low, high) in enumerate(zip(told["low_at"], told["high_at"], strict=True)):
        found[(rows.columns["step"] >= low) & (rows.columns["step"] <= high)] = place
    return found


def by_leaving_out(statistic: Callable[[np.ndarray], float], bucket: np.ndarray, kept: np.ndarray) -> float:
    """Jackknife standard error of a statistic of rows, one bucket of those kept after the other left out."""
    left = np.array([statistic(kept & (bucket != one)) for one in np.unique(bucket[kept])])
    return float(np.sqrt((len(left) - 1) / len(left) * ((left - left.mean()) ** 2).sum()))


class Sides:
    """The known rows of one feature in the reference and in one window."""

    def __init__(self, values: np.ndarray, known: np.ndarray, window: np.ndarray, one: int, bucket: np.ndarray) -> None:
        self.values, self.bucket = values, bucket
        self.first, self.second = known & (window == 0), known & (window == one)
        self.either = self.first | self.second
        self.groups = min(len(np.unique(bucket[side])) for side in (self.first, self.second))
        self.quantile = float(stats.t.ppf(0.975, self.groups - 1))

    def error(self, statistic: Callable[[np.ndarray, np.ndarray], float]) -> float:
        return by_leaving_out(lambda kept: statistic(self.first & kept, self.second & kept), self.bucket, self.either)

    def effect(self, first: np.ndarray, second: np.ndarray) -> float:
        one, two = self.values[first], self.values[second]
        return float((two.mean() - one.mean()) / np.sqrt((one.var() + two.var()) / 2))

    def p_of_means(self) -> float:
        """Each bucket's part of the difference about the mean of both windows."""
        middle = self.values[self.either].mean()
        parts = [
            sum(
                sign * (self.values[side & (self.bucket == one)] - middle).sum() / side.sum()
                for sign, side in ((1, self.second), (-1, self.first))
            )
            for one in np.unique(self.bucket[self.either])
        ]
        error = np.sqrt(np.square(parts).sum() * len(parts) / (len(parts) - 1))
        difference = self.values[self.second].mean() - self.values[self.first].mean()
        return float(2 * stats.t.sf(abs(difference) / error, self.groups - 1))


class Bins(Sides):
    """The same of categories, told by number."""

    def shares(self, side: np.ndarray) -> np.ndarray:
        return np.bincount(self.values[side], minlength=self.values.max() + 1) / max(side.sum(), 1)

    def distance(self, first: np.ndarray, second: np.ndarray) -> float:
        p, q = self.shares(first), self.shares(second)
        return float(sum(2 * (b - a) ** 2 / (a + b) for a, b in zip(p, q, strict=True) if a + b > 0))

    def told(self) -> dict[str, float]:
        p, q = self.shares(self.first), self.shares(self.second)
        middle, covariance = (p + q) / 2, np.zeros((len(p), len(p)))
        filled = np.unique(self.bucket[self.either])
        for one in filled:
            inside = self.bucket == one
            part = np.zeros(len(p))
            for sign, side, share in ((1, self.second, q), (-1, self.first, p)):
                count = np.bincount(self.values[side & inside], minlength=len(p))
                part += sign * (count - share * count.sum()) / side.sum()
            part = np.where(middle > 0, part / np.sqrt(np.where(middle > 0, middle, 1)), 0)
            covariance += np.outer(part, part) * len(filled) / (len(filled) - 1)
        eigenvalues = np.linalg.eigvalsh(covariance)
        trace, square = eigenvalues.sum(), np.square(eigenvalues).sum()
        distance = self.distance(self.first, self.second)
        reach = self.quantile * self.error(self.distance)
        low, value, high = (
            float(np.sqrt(max(end, 0)) / 2)
            for end in (distance - trace - reach, distance - trace, distance - trace + reach)
        )
        degrees = trace**2 / square
        kept = (p > 0) | (q > 0)
        p_filled = np.where(p > 0, p, 0.5 / self.first.sum())[kept]
        q_filled = np.where(q > 0, q, 0.5 / self.second.sum())[kept]
        return {
            "cramers_v": value,
            "v_low": low,
            "v_high": min(high, 1.0),
            "p_value": float(stats.f.sf(distance / trace, degrees, degrees * (self.groups - 1))),
            "psi": float(((q_filled - p_filled) * np.log(q_filled / p_filled)).sum()),
            "js": float(jensenshannon(p, q, 2)),
        }


def expected(feature: str, rows: Rows, window: np.ndarray, one: int, bucket: np.ndarray) -> dict[str, float]:
    """All numbers of a cell but its q-value."""
    if feature == "topic":
        codes = rows.slices["topic"][0]
        bins = Bins(codes, codes >= 0, window, one, bucket)
        told = bins.told()
        table = np.stack([np.bincount(codes[side], minlength=4) for side in (bins.first, bins.second)])
        told["chi_square"] = float(stats.chi2_contingency(table, correction=False).statistic)
        told |= {"effect": told["cramers_v"], "low": told["v_low"], "high": told["v_high"]}
    else:
        values = rows.columns[feature]
        known = np.isfinite(values)
        sides = Sides(values, known, window, one, bucket)
        edges = np.quantile(values[sides.first], np.linspace(0, 1, 11)[1:-1])
        inside = np.searchsorted(edges, values, "right") if feature != "truncated" else (values > 0).astype(int)
        bins = Bins(inside, known, window, one, bucket)
        told, effect = bins.told(), sides.effect(sides.first, sides.second)
        reach = sides.quantile * sides.error(sides.effect)
        pair = values[sides.first], values[sides.second]
        told |= {
            "effect": effect,
            "low": effect - reach,
            "high": effect + reach,
            "p_value": min(1.0, 2 * min(told["p_value"], sides.p_of_means())),
            "ks": float(stats.ks_2samp(*pair).statistic),
            "wasserstein": float(stats.wasserstein_distance(*pair)),
            "energy": float(stats.energy_distance(*pair)),
        }
    side = bins.second
    return told | {"rows": int(side.sum()), "prompts": len(np.unique(rows.columns["prompt_hash"][side]))}


@pytest.mark.parametrize(("prompts", "windows"), [(150, 4), (1030, 2)])
def test_every_number_of_every_cell_is_that_of_its_rows(prompts: int, windows: int) -> None:
    """From 1,025 prompts on buckets are folded to 512."""
    rows = world(prompts)
    result = conclude(rows, windows=windows)
    window, found = window_of(rows, result), cells(result)
    seen = len(np.unique(rows.columns["prompt_hash"]))
    bucket = rows.columns["bucket"].astype(int) % (512 if seen > 1024 else 4096)
    assert len(found) == 5 * (windows - 1)
    assert (window >= 0).sum() == result.dataset["rows"] == np.isfinite(rows.columns["step"]).sum()
    assert result.dataset["prompts"] == len(np.unique(rows.columns["prompt_hash"][window >= 0]))
    assert result.dataset["prompts_approximate"] is False
    for (feature, one), cell in found.items():
        told = expected(feature, rows, window, one, bucket)
        assert {name: cell[name] for name in told} == pytest.approx(told, rel=1e-7, abs=1e-10), (feature, one)
        absent = ("ks", "wasserstein", "energy") if feature == "topic" else ("chi_square",)
        assert all(cell[name] is None for name in absent)
        assert cell["named"] is (feature == "topic")
    every = list(found.values())
    q_values = stats.false_discovery_control([cell["p_value"] for cell in every])
    assert [cell["q_value"] for cell in every] == pytest.approx(q_values.tolist(), rel=1e-9)
    for cell in every:
        size = max(0 if cell["named"] else abs(cell["effect"]), 2 * cell["cramers_v"])
        assert cell["drifted"] == (cell["q_value"] <= 0.05 and size >= 0.2)
    keys = [
        (not cell["drifted"], -max(0 if cell["named"] else abs(cell["effect"]), 2 * cell["cramers_v"]))
        for cell in every
    ]
    assert keys == sorted(keys)


def test_where_buckets_do_not_differ_a_change_is_as_rare_as_so_many_coins() -> None:
    apart = np.zeros((3, 12, 2))
    apart[0, :, 0] = apart[1, :, 1] = apart[2, :, 0] = 5
    found = homogeneity(apart, [1, 2])
    assert (found.p_value(0, 12), found.p_value(1, 12)) == (2.0**-11, 1.0)
    close = np.broadcast_to(np.array([[5.0, 5], [6, 4]])[:, None], (2, 12, 2)).copy()
    assert homogeneity(close, [1]).p_value(0, 12) == 2.0**-11
    assert (found.cramers_v(0, 2.0), found.cramers_v(1, 2.0)) == ((1.0, 1.0, 1.0), (0.0, 0.0, 0.0))


def test_what_does_not_vary_in_the_reference_is_measured_by_what_comes_later() -> None:
    step = np.arange(600) // 200
    value = np.where(step == 0, 3.0, np.where(step == 1, 7.0, 7 + np.random.default_rng(2).normal(size=600)))
    result = conclude(scores(value, step, np.arange(600)), windows=3, feature="value", window=1)
    found = cells(result)
    assert found["value", 1]["effect"] == 0  # both constant: no standard deviation to tell it in
    assert found["value", 1]["low"] == found["value", 1]["high"] == 0
    assert found["value", 1]["cramers_v"] == 1
    assert found["value", 1]["drifted"]
    for low, high in ((0.1, 0.7), (0.7, 0.1), (1e6 + 0.1, 1e6 + 0.7)):  # means of these are not exactly themselves
        two = conclude(scores(np.where(step == 0, low, high), step, np.arange(600)), windows=3)
        assert "value took another shape, Cramér's V 1.00" in two.sentence
    later = value[step == 2]
    assert found["value", 2]["effect"] == pytest.approx((later.mean() - 3) / np.sqrt(later.var() / 2))


# ------------------------------------------------------------------ the one that is shown


def is_told(found: Estimate, value: float, error: float, groups: int, n: int) -> None:
    reach = stats.t.ppf(0.975, groups - 1) * error
    assert (found.value, found.low, found.high) == pytest.approx(
        (value, value - reach, value + reach), rel=1e-7, abs=1e-10
    )
    assert (found.n, found.level) == (n, 0.95)


def kitagawa(values: np.ndarray, codes: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Composition and change within of each code, in a loop; a code of one window alone is all composition."""
    found = np.zeros((4, 2))
    for code in range(4):
        sides = [values[side & (codes == code)] for side in (first, second)]
        p, q = (len(part) / side.sum() for part, side in zip(sides, (first, second), strict=True))
        one, two = (part.mean() if len(part) else None for part in sides)
        one, two = (two if one is None else one), (one if two is None else two)
        if one is not None and two is not None:
            found[code] = (q - p) * (one + two) / 2, (p + q) / 2 * (two - one)
    return found


def test_composition_by_column_has_the_intervals_of_leaving_buckets_out() -> None:
    rows = world(150)
    codes = rows.slices["topic"][0]
    other = ("even", (np.arange(len(rows)) % 2).astype(np.int32), ["no", "yes"])
    rows = replace(rows, slices={**rows.slices, other[0]: other[1:]})
    result = conclude(rows, windows=2, feature="length")
    window, bucket, values = window_of(rows, result), rows.columns["bucket"].astype(int), rows.columns["length"]
    kept = (codes >= 0) & np.isfinite(values)
    first, second = kept & (window == 0), kept & (window == 1)
    whole = kitagawa(values, codes, first, second)
    found, groups = result.estimates, len(np.unique(bucket[first | second]))
    statistics: dict[str, Callable[[np.ndarray], float]] = {
        "composition": lambda part: float(part[:, 0].sum()),
        "within": lambda part: float(part[:, 1].sum()),
        "mean_change": lambda part: float(part.sum()),
    }
    told = result.pictures["attribution"]
    assert [column["column"] for column in told["columns"]] == ["topic", "even"]
    for name, statistic in statistics.items():
        error = by_leaving_out(
            lambda part, of=statistic: of(kitagawa(values, codes, first & part, second & part)), bucket, first | second
        )
        is_told(found[name], statistic(whole), error, groups, int((first | second).sum()))
        drawn = {end: told["columns"][0][f"{name.removeprefix('mean_')}{end}"] for end in ("", "_low", "_high")}
        assert list(drawn.values()) == [found[name].value, found[name].low, found[name].high]
    assert found["composition_share"].value == pytest.approx(whole[:, 0].sum() / whole.sum())
    assert told["columns"][0]["share"] == found["composition_share"].value
    assert (told["measure"], told["column"]) == ("length", "topic")
    for code, part in enumerate(told["parts"]):
        assert part["value"] == rows.slices["topic"][1][code]
        assert part["before"] == pytest.approx((codes[first] == code).mean())
        assert part["after"] == pytest.approx((codes[second] == code).mean())
        assert (part["composition"], part["within"]) == pytest.approx(tuple(whole[code]))


def test_a_window_of_two_rows_has_a_composition_too() -> None:
    generator = np.random.default_rng(6)
    values, codes, later = generator.normal(size=40), generator.integers(0, 4, 40), np.repeat([0, 1], [38, 2])
    words, first, second, bucket = ("a", "b", "c", "d"), later == 0, later == 1, np.arange(40) % 10
    found = attribution("topic", words, codes, values, later, bucket, 0.95)
    assert found is not None
    error = by_leaving_out(
        lambda part: float(kitagawa(values, codes, first & part, second & part)[:, 0].sum()), bucket, later >= 0
    )
    is_told(found.composition, float(kitagawa(values, codes, first, second)[:, 0].sum()), error, 10, 40)
    level = attribution("topic", words, codes, np.zeros(40), later, bucket, 0.95)
    assert level is not None
    assert (level.change.value, level.share) == (0, 0)


def test_cliffs_delta_has_the_interval_of_its_influence_by_bucket() -> None:
    rows = world(150)
    result = conclude(rows, windows=3, feature="entropy", window=2)
    window, bucket, values = window_of(rows, result), rows.columns["bucket"].astype(int), rows.columns["entropy"]
    first, second = (np.flatnonzero(np.isfinite(values) & (window == one)) for one in (0, 2))
    signs = np.sign(values[second][:, None] - values[first][None, :])
    delta = signs.mean()
    parts = [
        (signs[bucket[second] == one].mean(axis=1) - delta).sum() / len(second)
        + (signs[:, bucket[first] == one].mean(axis=0) - delta).sum() / len(first)
        for one in np.unique(bucket)
    ]
    groups = min(len(np.unique(bucket[side])) for side in (first, second))
    is_told(
        result.estimates["cliffs_delta"],
        delta,
        float(np.sqrt(np.square(parts).sum() * groups / (groups - 1))),
        groups,
        len(second),
    )
    live = conclude(rows, windows=3, feature="entropy", window=2, live="yes").estimates["cliffs_delta"]
    assert (live.value, live.low, live.high, live.n) == (pytest.approx(delta), None, None, len(second))


def test_cliffs_delta_of_sides_apart_stays_at_one() -> None:
    step = np.arange(200)
    value = np.where(step < 100, 0.0, 5.0) + np.random.default_rng(0).normal(size=200) * 0.01
    for sign in (1, -1):
        found = conclude(scores(sign * value, step, step), windows=2).estimates["cliffs_delta"]
        assert (found.value, found.low, found.high) == (sign, sign, sign)


def test_means_by_window_have_the_intervals_of_leaving_buckets_out() -> None:
    rows = world(150)
    result = conclude(rows, windows=4, feature="entropy", window=2)
    window, bucket, values = window_of(rows, result), rows.columns["bucket"].astype(int), rows.columns["entropy"]
    told = result.pictures["means"]
    for one in range(4):
        side = np.isfinite(values) & (window == one)
        error = by_leaving_out(lambda kept, side=side: float(values[side & kept].mean()), bucket, side)
        reach = error * stats.t.ppf(0.975, len(np.unique(bucket[side])) - 1)
        mean = values[side].mean()
        assert [told[end][one] for end in ("mean", "low", "high")] == pytest.approx([mean, mean - reach, mean + reach])
    assert result.estimates["reference_mean"].value == told["mean"][0]
    assert result.estimates["window_mean"].value == told["mean"][2]
    assert (told["chosen"], told["by"], told["measure"]) == (2, "step", "entropy")


def test_live_a_share_has_the_sequence_of_its_prompts_and_a_number_no_interval() -> None:
    rows = world(150)
    result = conclude(rows, windows=2, feature="truncated", live="yes")
    window = window_of(rows, result)
    prompts = np.unique(rows.columns["prompt_hash"][window == 1])
    by_prompt = [
        rows.columns["truncated"][(window == 1) & (rows.columns["prompt_hash"] == one)].mean() for one in prompts
    ]
    found = result.estimates["window_mean"]
    assert found.value == pytest.approx(np.mean(by_prompt))
    assert found.n == (window == 1).sum()
    order = np.argsort(mixed(prompts))  # prompts come in the order of their mixed hashes
    assert (found.low, found.high) == pytest.approx(confidence_sequence(np.array(by_prompt)[order], 0.95))
    number = conclude(rows, windows=2, feature="length", live="yes").estimates["window_mean"]
    assert number.value == pytest.approx(rows.columns["length"][window == 1].mean())
    assert (number.low, number.high, number.n) == (None, None, (window == 1).sum())
    assert "without bounds" in number.method
    share = conclude(rows, windows=2, feature="topic", live="yes")
    codes, words = rows.slices["topic"]
    one, two = (np.bincount(codes[(window == side) & (codes >= 0)]) for side in (0, 1))
    most = int(np.argmax(np.abs(two / two.sum() - one / one.sum())))
    assert share.pictures["means"]["measure"] == f"share of {words[most]}"
    assert share.estimates["window_mean"].low is not None
    assert share.estimates["window_mean"].n == two.sum()


def test_the_rows_shown_are_those_of_the_likeliest_bins_of_the_window() -> None:
    rows = world(150)
    for feature in ("length", "topic"):
        result = conclude(rows, windows=2, feature=feature)
        window = window_of(rows, result)
        if feature == "topic":
            at = rows.slices["topic"][0]
            away = np.zeros(len(rows))
        else:
            values = rows.columns["length"]
            at = np.searchsorted(np.quantile(values[window == 0], np.linspace(0, 1, 11)[1:-1]), values, "right")
            away = np.abs(values - values[window == 0].mean())
        one, two = (np.bincount(at[(window == side) & (at >= 0)], minlength=10) for side in (0, 1))
        ratio = np.log((two + 0.5) / (two.sum() + 0.5)) - np.log((one + 0.5) / (one.sum() + 0.5))
        place = {int(row): number for number, row in enumerate(rows.columns["row_hash"])}
        order = sorted(
            np.flatnonzero((window == 1) & (at >= 0)).tolist(),
            key=lambda row: (-ratio[at[row]], -away[row], rows.columns["row_hash"][row]),
        )
        assert [place[worst.row_hash] for worst in result.worst] == order[:200]
        assert [worst.confidence for worst in result.worst] == pytest.approx([ratio[at[row]] for row in order[:200]])


def test_both_distributions_are_drawn_as_numpy_counts_them() -> None:
    rows = world(150)
    result = conclude(rows, windows=2, feature="entropy")
    window, values = window_of(rows, result), rows.columns["entropy"]
    told = result.pictures["distribution"]
    sides = [values[np.isfinite(values) & (window == one)] for one in (0, 1)]
    both = np.concatenate(sides)
    edges = np.linspace(*np.quantile(both, [0.005, 0.995]), BARS + 1)
    assert told["edges"] == pytest.approx(edges.tolist())
    assert len(told["before"]) == len(told["after"]) == len(told["wheres"]) == len(edges) - 1
    for name, side in zip(("before", "after"), sides, strict=True):
        inner = np.concatenate([[-np.inf], edges[1:-1], [np.inf]])
        assert told[name] == pytest.approx((np.histogram(side, inner)[0] / len(side)).tolist())
        assert told["ecdf"][name] == pytest.approx([(side <= x).mean() for x in told["ecdf"]["x"]])
    assert told["ecdf"]["x"] == pytest.approx(np.quantile(both, np.linspace(0, 1, POINTS)).tolist())
    assert (told["ecdf"]["x"][0], told["ecdf"]["x"][-1]) == (both.min(), both.max())
    for place, where in enumerate(told["wheres"]):
        parsed = cohort.parse(where)
        assert parsed is not None
        held = {one.column: one for group in parsed.groups for one in group.conditions}
        low = both.min() if place == 0 else edges[place]
        high = both.max() if place == len(edges) - 2 else edges[place + 1]
        assert (held["entropy"].low, held["entropy"].high) == pytest.approx((low, high))
        ends = result.pictures["means"]
        assert (held["step"].low, held["step"].high) == (ends["low_at"][1], ends["high_at"][1])


def test_names_and_few_values_are_drawn_one_by_one() -> None:
    rows = world(150)
    topic = conclude(rows, windows=2, feature="topic")
    window, (codes, words) = window_of(rows, topic), rows.slices["topic"]
    told = topic.pictures["distribution"]
    shares = [
        np.bincount(codes[(window == one) & (codes >= 0)]) / ((window == one) & (codes >= 0)).sum() for one in (0, 1)
    ]
    order = sorted(range(4), key=lambda code: -max(shares[0][code], shares[1][code]))
    assert told["labels"] == [words[code] for code in order]
    assert told["before"] == pytest.approx([shares[0][code] for code in order])
    assert told["after"] == pytest.approx([shares[1][code] for code in order])
    assert all(f"slice.topic={words[code]}" in where for code, where in zip(order, told["wheres"], strict=True))
    step = np.arange(390)
    for most in (12, 13):
        value = (step * 7 % most) / 4
        drawn = conclude(scores(value, step, step), windows=2).pictures["distribution"]
        assert ("edges" in drawn) == (most == 13)
        if most == 12:
            assert drawn["labels"] == [f"{one / 4:g}" for one in range(12)]
            assert drawn["before"] == pytest.approx([(value[:195] == one / 4).mean() for one in range(12)])
            assert drawn["after"] == pytest.approx([(value[195:] == one / 4).mean() for one in range(12)])
            assert "value=0.25..0.25" in drawn["wheres"][1]


def test_the_change_of_the_same_answers_is_theirs_alone() -> None:
    """Answers scored once or twice in a window, some in one window only, some without a style."""
    generator = np.random.default_rng(5)
    answer = np.concatenate([np.arange(120), np.arange(40, 160), np.arange(60, 80)])
    step = np.repeat([0, 1, 1], [120, 120, 20])
    length, headers = answer * 3.0 + 50, np.where(answer % 11 == 0, np.nan, answer % 7)
    value = generator.normal(size=len(step)) + 0.4 * step
    prompt = answer // 2
    rows = scores(value, step, prompt, styles={"length": (length,), "headers": (headers,)})
    found = conclude(rows, windows=2, feature="value").estimates["change_of_same_answers"]
    both = [one for one in range(40, 120) if one % 11]
    by_answer = {
        one: value[(answer == one) & (step == 1)].mean() - value[(answer == one) & (step == 0)].mean() for one in both
    }
    bucket = {one: int(rows.columns["bucket"][answer == one][0]) for one in both}
    left = np.array(
        [
            np.mean([change for one, change in by_answer.items() if bucket[one] != each])
            for each in sorted(set(bucket.values()))
        ]
    )
    error = float(np.sqrt((len(left) - 1) / len(left) * ((left - left.mean()) ** 2).sum()))
    is_told(found, float(np.mean(list(by_answer.values()))), error, len(left), len(both))


def few(prompts: int, buckets: int) -> Rows:
    """As many prompts in each of two windows, in as many buckets."""
    step, prompt = np.repeat([0, 1], prompts), np.tile(np.arange(prompts), 2)
    columns = identity(prompt)
    columns["prompt_hash"] = (prompt // buckets * 4096 * 9 + prompt % buckets).astype(np.uint64)
    columns["bucket"] = (prompt % buckets).astype(np.uint16)
    value = np.random.default_rng(prompts).normal(size=2 * prompts) + step
    styles: dict[str, Any] = {"length": (prompt * 2.0,), "headers": (prompt % 5 * 1.0,)}
    return replace(scores(value, step, prompt, styles=styles), columns={**columns, "value": value, "step": step * 1.0})


@pytest.mark.parametrize(("prompts", "buckets"), [(30, 10), (29, 29), (40, 9)])
def test_thirty_prompts_in_ten_buckets_are_enough(prompts: int, buckets: int) -> None:
    rows = few(prompts, buckets)
    if (prompts, buckets) == (30, 10):
        result = conclude(rows, windows=2)
        assert all(cell["prompts"] == 30 for cell in cells(result).values())
        assert result.estimates["change_of_same_answers"].n == 30
        assert result.estimates["window_mean"].low is not None
    else:
        with pytest.raises(Exception, match="honest interval needs at least 30"):
            conclude(rows, windows=2)


def test_the_same_answers_need_thirty_prompts_too() -> None:
    rows = few(60, 60)
    for known in (29, 30):
        lengths = rows.styles["length"][0].copy()
        lengths[known:60] += 0.5  # other answers than in the second window
        found = conclude(replace(rows, styles={**rows.styles, "length": (lengths,)}), windows=2, feature="value")
        assert ("change_of_same_answers" in found.estimates) == (known == 30)


def test_the_same_answers_have_to_lie_in_ten_buckets() -> None:
    rows = few(60, 12)
    for buckets in (9, 10):
        lengths = rows.styles["length"][0].copy()
        lengths[:60] += np.where(np.arange(60) % 12 < buckets, 0, 0.5)
        found = conclude(replace(rows, styles={**rows.styles, "length": (lengths,)}), windows=2, feature="value")
        assert ("change_of_same_answers" in found.estimates) == (buckets == 10)


def test_a_window_in_nine_buckets_has_a_mean_and_no_interval_and_one_without_rows_none() -> None:
    for between in (9, 10):
        step = np.repeat([0, 1, 2], [50, between, 50])
        prompt = apart(len(step))
        value = np.random.default_rng(between).normal(size=len(step))
        label = np.where(step == 1, np.nan, value > 0)
        rows = scores(value, step, prompt)
        rows = replace(rows, columns={**rows.columns, "truth": label})
        told = conclude(rows, windows=3, cut="span", feature="value").pictures["means"]
        assert told["mean"][1] == pytest.approx(value[step == 1].mean())
        assert [told[end][1] is not None for end in ("low", "high")] == [between == 10] * 2
        truth = conclude(rows, windows=3, cut="span", feature="truth").pictures["means"]
        assert [mean is None for mean in truth["mean"]] == [False, True, False]


def test_where_nearly_all_rows_are_one_number_the_bars_reach_from_end_to_end() -> None:
    step = np.arange(6000)
    value = np.where(step % 301 == 5, step / 100, 7.0)
    told = conclude(scores(value, step, step), windows=2).pictures["distribution"]
    assert told["edges"] == pytest.approx(np.linspace(value.min(), value.max(), BARS + 1).tolist())
    assert told["before"] == pytest.approx((np.histogram(value[:3000], told["edges"])[0] / 3000).tolist())


def test_items_and_one_style_alone_do_not_make_answers_the_same() -> None:
    rows = few(60, 60)
    items = named(np.arange(120) // 2 % 40, [f"i{one}" for one in range(40)])
    assert (
        "change_of_same_answers"
        not in conclude(replace(rows, names={"item": items}), windows=2, feature="value").estimates
    )
    alone = replace(rows, styles={"length": rows.styles["length"]})
    assert "change_of_same_answers" not in conclude(alone, windows=2, feature="value").estimates
