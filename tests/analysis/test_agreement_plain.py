"""Every number of an answer once more from the rows themselves, by definitions and loops.

Leaving out a bucket here drops its rows and computes everything anew.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pytest
from scipy import stats

from engine.analysis.agreement.rest import without_each
from engine.analysis.agreement.view import View
from engine.types import Result, Rows
from tests.analysis.crowds import ANALYSIS, DEFAULTS, conclude, rows_of, scores_of
from tests.analysis.worlds import hashes_of

NAMES = ["amy", "bo", "cy", "di", "ed", "fay"]
MONDAY = 1_684_108_800.0  # 2023-05-15
WEEK = 7 * 86_400.0


class Word(NamedTuple):
    """What one rater said of one unit: all of their rows."""

    unit: tuple[int, ...]
    rater: str
    bucket: int
    low: list[float]
    first: list[float]
    times: list[float]

    @property
    def value(self) -> float:
        return round(float(np.mean(self.low)), 9)

    @property
    def side(self) -> int:
        votes = Counter(0 if one < 0.5 else 1 if one == 0.5 else 2 for one in self.low)
        best = [side for side, count in votes.items() if count == max(votes.values())]
        return best[0] if len(best) == 1 else 1


def world(*, fixed: bool, sizes: tuple[int, ...] = (2, 2, 3, 4), raters: int = 6, scores: bool = False) -> Rows:
    """52 units of 48 prompts in 12 buckets, and three units of one rater in a bucket of their own; raters repeat
    themselves, di prefers what stands first, ed guesses, bo grows careless, fay judges in nine buckets only."""
    generator = np.random.default_rng(3)
    told = []
    for unit in range(55):
        bucket = 12 if unit >= 52 else unit % 48 % 12
        able = [place for place in range(raters) if place < 5 or bucket < 9]
        size = 1 if unit >= 52 else sizes[unit % len(sizes)]
        truth = generator.choice([0, 0.5, 1], p=[0.4, 0.2, 0.4]) if not scores else generator.integers(1, 6)
        for rater in generator.permutation(able)[:size]:
            for _ in range(generator.choice([1, 2, 3], p=[0.7, 0.2, 0.1])):
                guesses = rater == 4 or (rater == 1 and unit % 2) or generator.random() < 0.15
                shown, first = generator.random() < 0.5, generator.choice([-1, 0, 1], p=[0.1, 0.3, 0.6])
                if scores:
                    low = generator.integers(1, 6) if guesses else truth
                else:
                    low = generator.choice([0, 0.5, 1]) if guesses else truth
                    if rater in (3, 5) and first >= 0 and generator.random() < 0.8:
                        low = float(shown == (first == 1))
                late = unit % 2 * 20 * 86_400.0
                time = np.nan if generator.random() < 0.1 else MONDAY + late + generator.integers(0, 86_400 * 6)
                told.append((unit, rater, bucket, low, shown, first, time))
    unit, rater, bucket, low, shown, first, time = (np.array(column) for column in zip(*told, strict=True))
    prompt = np.where(unit < 52, unit % 48, unit)
    if scores:
        item = ((unit // 48).astype(np.int32), ["one", "two"])
        rows = scores_of(prompt, rater, low, NAMES, item=item)
    else:
        ends = np.sort([hashes_of(np.arange(55) + 10**7 * end) for end in (1, 2)], axis=0)
        ends = np.array([[3] * 55, [7] * 55], np.uint64) if fixed else ends
        sides = np.where(shown, ends[0][unit], ends[1][unit]), np.where(shown, ends[1][unit], ends[0][unit])
        label = np.where(shown, low, 1 - low)
        rows = rows_of(prompt, rater, label, NAMES, sides=sides, first=first.astype(np.int8))
    columns = {**rows.columns, "bucket": bucket.astype(np.uint16), "time": time.astype(float)}
    return Rows(rows.kind, columns, {}, rows.names)


def words_of(rows: Rows) -> list[Word]:
    """The words of raters, from the columns of the rows."""
    columns, found = rows.columns, {}
    codes, names = rows.names["annotator"]
    paired = rows.kind == "comparison"
    items = rows.names["item"][0] if "item" in rows.names else np.zeros(len(rows), int)
    for row in range(len(rows)):
        key = int(columns["prompt_hash"][row]), int(items[row])
        if paired:
            key = key[0], *sorted((int(columns["side_a"][row]), int(columns["side_b"][row])))
        entry = (key, names[codes[row]])
        word = found.setdefault(entry, Word(key, entry[1], int(columns["bucket"][row]), [], [], []))
        if paired:
            label = columns["label"][row]
            word.low.append(label if columns["side_a"][row] < columns["side_b"][row] else 1 - label)
            if columns["first"][row] >= 0:
                word.first.append(label if columns["first"][row] else 1 - label)
        else:
            word.low.append(float(columns["value"][row]))
        if np.isfinite(columns["time"][row]):
            word.times.append(float(columns["time"][row]))
    return list(found.values())


def by_unit(words: Iterable[Word], least: int = 2) -> list[list[Word]]:
    units = defaultdict(list)
    for word in words:
        units[word.unit].append(word)
    return [unit for unit in units.values() if len(unit) >= least]


# ------------------------------------------------------------------ definitions


class Scale(NamedTuple):
    """How words are numbers: a category of each, in [0, size), and whether they are mirrored."""

    of: Callable[[Word], float]
    size: int
    mirror: Callable[[np.ndarray], np.ndarray] | None


def differ(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return (x != y).astype(float)


def squared(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.square(np.asarray(x, float) - y)


def alpha(words: list[Word], scale: Scale, apart: Callable | None) -> float:
    """1 − mean distance within units / mean distance of any two words; ordinal without `apart`."""
    units = [np.array([scale.of(word) for word in unit]) for unit in by_unit(words)]
    said = np.concatenate(units)
    pool = said if scale.mirror is None else np.concatenate([said, scale.mirror(said)])
    share = len(said) / len(pool)

    steps = np.unique(pool.round(6))
    count = np.array([(np.abs(pool - step) < 1e-6).sum() for step in steps]) * share
    between = np.array([[count[min(i, j) : max(i, j) + 1].sum() for j in range(len(steps))] for i in range(len(steps))])

    def ranks(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        x, y = (np.searchsorted(steps, one.round(6)) for one in (x, y))
        return np.square(between[x, y] - (count[x] + count[y]) / 2)

    far = apart or ranks
    observed = sum(far(unit[:, None], unit).sum() / (len(unit) - 1) for unit in units) / len(said)
    chance = far(said[:, None], said)
    if scale.mirror is not None:
        chance = (chance + far(said[:, None], scale.mirror(said))) / 2
    expected = (chance.sum() - np.trace(chance)) / (len(said) * (len(said) - 1))
    return 1 - observed / expected


def chance_corrected(words: list[Word], scale: Scale, name: str) -> float:
    """Fleiss' kappa or Gwet's AC1."""
    shares = np.array(
        [
            np.bincount([int(scale.of(word)) for word in unit], minlength=scale.size) / len(unit)
            for unit in by_unit(words, 1 if name == "gwet" else 2)
        ]
    ).mean(axis=0)
    if scale.mirror is not None:
        shares = (shares + shares[::-1]) / 2
    agreed = np.mean(
        [np.mean([scale.of(x) == scale.of(y) for x, y in combinations(unit, 2)]) for unit in by_unit(words)]
    )
    chance = (shares**2).sum() if name == "fleiss" else (shares * (1 - shares)).sum() / (scale.size - 1)
    return (agreed - chance) / (1 - chance)


def two(x: np.ndarray, y: np.ndarray, scale: Scale, apart: Callable, *, own: bool) -> tuple[float, float]:
    """Observed distance of two lists of words, and that by chance; with a unit's `own` words or only others'."""
    if len(x) < 2 and not own:
        return 0.0, 0.0
    seen = apart(x[:, None], y)
    chance = seen if scale.mirror is None else (seen + apart(x[:, None], scale.mirror(y))) / 2
    expected = chance.sum() / len(x) if own else (chance.sum() - np.trace(chance)) / (len(x) - 1)
    return np.trace(seen), expected


def cohen(words: list[Word], scale: Scale, apart: Callable) -> float:
    both = defaultdict(list)
    for unit in by_unit(words):
        for x, y in combinations(sorted(unit, key=lambda word: word.rater), 2):
            both[x.rater, y.rater].append((scale.of(x), scale.of(y)))
    sums = [two(*np.array(pairs).T, scale, apart, own=len(both) == 1) for pairs in both.values()]
    observed, expected = np.sum(sums, axis=0)
    return 1 - observed / expected


def agreeing(words: list[Word], scale: Scale) -> float:
    return np.mean([scale.of(x) == scale.of(y) for unit in by_unit(words) for x, y in combinations(unit, 2)])


def tied(words: list[Word]) -> float:
    return np.mean([low == 0.5 for word in words for low in word.low])


def first_bias(words: list[Word]) -> float:
    return np.mean([won for word in words for won in word.first]) - 0.5


def repeated(words: list[Word]) -> float:
    return np.mean([len(set(word.low)) == 1 for word in words if len(word.low) > 1])


def rest_of(words: list[Word], scale: Scale) -> list[tuple[Word, int]]:
    """Words beside the category that most others chose, where one was chosen most often."""
    found = []
    for unit in by_unit(words):
        for word in unit:
            votes = Counter(scale.of(other) for other in unit if other is not word).most_common()
            if len(votes) == 1 or votes[0][1] > votes[1][1]:
                found.append((word, votes[0][0]))
    return found


def interval(
    statistic: Callable[[list], float], words: list, bounds: tuple[float, float], buckets: Iterable[int]
) -> tuple[float, float, float, float]:
    """Value, low, high and standard error of Tukey's jackknife."""
    found = sorted(set(buckets))
    value = statistic(words)
    replicates = np.array([statistic([word for word in words if bucket_of(word) != bucket]) for bucket in found])
    groups = len(found)
    error = np.sqrt((groups - 1) / groups * ((replicates - replicates.mean()) ** 2).sum())
    reach = stats.t.ppf(0.975, groups - 1) * error
    return value, max(value - reach, bounds[0]), min(value + reach, bounds[1]), error


def bucket_of(word: Word | tuple) -> int:
    return word.bucket if isinstance(word, Word) else word[0].bucket


def shared_buckets(words: list[Word]) -> set[int]:
    return {word.bucket for unit in by_unit(words) for word in unit}


# ------------------------------------------------------------------ the estimates


def scales(words: list[Word], kind: str) -> tuple[Scale, Scale]:
    """Categories and values."""
    if kind == "scores":
        values = sorted({word.value for word in words})
        return Scale(lambda word: values.index(word.value), len(values), None), Scale(lambda word: word.value, 0, None)
    free = kind == "free"
    return (
        Scale(lambda word: word.side, 3, (lambda side: 2 - side) if free else None),
        Scale(lambda word: word.value, 0, (lambda value: 1 - value) if free else None),
    )


@pytest.fixture(scope="module", params=["fixed", "free", "scores"])
def case(request) -> tuple[str, Rows, Result]:
    rows = world(fixed=request.param == "fixed", scores=request.param == "scores")
    return request.param, rows, conclude(rows)


def assert_estimate(result: Result, name: str, expected: tuple[float, float, float, float], n: int) -> None:
    found = result.estimates[name]
    assert (found.value, found.low, found.high) == pytest.approx(expected[:3], abs=1e-9), name
    assert found.n == n, name
    assert found.level == 0.95


def test_coefficients_and_their_intervals(case):
    kind, rows, result = case
    words = words_of(rows)
    category, value = scales(words, kind)
    shared = sum(len(unit) for unit in by_unit(words))
    buckets, whole = shared_buckets(words), (-1.0, 1.0)
    assert len(buckets) == 12
    assert_estimate(result, "raw_agreement", interval(lambda w: agreeing(w, category), words, (0, 1), buckets), shared)
    for scale, numbers, apart in (
        ("nominal", category, differ),
        ("ordinal", value, None),
        ("interval", value, squared),
    ):
        expected = interval(lambda w, numbers=numbers, apart=apart: alpha(w, numbers, apart), words, whole, buckets)
        assert_estimate(result, f"krippendorff_alpha_{scale}", expected, shared)
    everywhere = {word.bucket for word in words}
    assert len(everywhere) == 13
    gwet = interval(lambda w: chance_corrected(w, category, "gwet"), words, whole, everywhere)
    assert_estimate(result, "gwet_ac1", gwet, shared)
    pairs = sum(len(unit) * (len(unit) - 1) // 2 for unit in by_unit(words))
    for name, apart in (("cohen_kappa", differ), ("weighted_kappa", squared)):
        expected = interval(lambda w, apart=apart: cohen(w, category, apart), words, whole, buckets)
        assert_estimate(result, name, expected, pairs)
        assert result.estimates[name].method.startswith("15 pairs of raters, weighted by chance disagreement; delete")
    assert result.estimates["fleiss_kappa"].value is None


@pytest.mark.parametrize("kind", ["fixed", "free"])
def test_of_two_raters_everywhere(kind):
    rows = world(fixed=kind == "fixed", sizes=(2,), raters=2)
    result, words = conclude(rows), words_of(rows)
    category, _ = scales(words, kind)
    shared = sum(len(unit) for unit in by_unit(words))
    buckets = shared_buckets(words)
    fleiss = interval(lambda w: chance_corrected(w, category, "fleiss"), words, (-1, 1), buckets)
    assert_estimate(result, "fleiss_kappa", fleiss, shared)
    for name, apart in (("cohen_kappa", differ), ("weighted_kappa", squared)):
        expected = interval(lambda w, apart=apart: cohen(w, category, apart), words, (-1, 1), buckets)
        assert_estimate(result, name, expected, shared // 2)
        assert result.estimates[name].method.startswith("two raters; delete")
    assert "judged by both of 2 annotators" in result.sentence


def test_ties_order_and_repeats(case):
    kind, rows, result = case
    words = words_of(rows)
    again = [word for word in words if len(word.low) > 1]
    expected = interval(repeated, words, (0, 1), [word.bucket for word in again])
    assert_estimate(result, "repeat_agreement", expected, len(again))
    if kind == "scores":
        assert not {"tie_rate", "position_bias"} & set(result.estimates)
        return
    everywhere = {word.bucket for word in words}
    assert_estimate(result, "tie_rate", interval(tied, words, (0, 1), everywhere), len(rows))
    known = [word.bucket for word in words if word.first]
    shown = sum(len(word.first) for word in words)
    assert_estimate(result, "position_bias", interval(first_bias, words, (-0.5, 0.5), known), shown)


def test_what_the_data_are(case):
    _, rows, result = case
    words = words_of(rows)
    assert result.dataset["rows"] == result.evidence.rows == len(rows)
    assert result.dataset["units"] == len(by_unit(words))
    assert result.dataset["prompts"] == 48
    assert result.dataset["annotators"] == 6
    assert result.dataset["kind"] == rows.kind


# ------------------------------------------------------------------ the raters


def mine(words: list[Word], name: str) -> list[Word]:
    return [word for word in words if word.rater == name]


def later_half(words: list[Word]) -> set[int]:
    """Ids of a rater's words in the second half of time, the first half being the larger."""
    timed = sorted((word for word in words if word.times), key=lambda word: np.mean(word.times))
    return {id(word) for word in timed[(len(timed) + 1) // 2 :]}


def drift_of(rest: list[tuple[Word, int]], later: set[int], scale: Scale) -> float:
    after = [scale.of(word) == most for word, most in rest if id(word) in later]
    before = [scale.of(word) == most for word, most in rest if id(word) not in later]
    return np.mean(after) - np.mean(before)


def expected_columns(words: list[Word], name: str, scale: Scale, kind: str) -> dict[str, tuple]:
    """Value, low, high, standard error and buckets of what has an interval."""
    own = mine(words, name)
    rest = [pair for pair in rest_of(words, scale) if pair[0].rater == name]
    agreement = lambda pairs: np.mean([scale.of(word) == most for word, most in pairs])  # noqa: E731
    buckets = {bucket_of(pair) for pair in rest}
    found = {"agreement": (*interval(agreement, rest, (0, 1), buckets), len(buckets))}
    dated, later = [pair for pair in rest if pair[0].times], later_half(own)
    buckets = {bucket_of(pair) for pair in dated}
    drift = interval(lambda pairs: drift_of(pairs, later, scale), dated, (-1, 1), buckets)
    found["drift"] = *drift, len(buckets)
    if kind != "scores":
        buckets = {word.bucket for word in own if word.first}
        found["position_bias"] = *interval(first_bias, own, (-0.5, 0.5), buckets), len(buckets)
    return found


def test_the_columns_of_raters(case):
    kind, rows, result = case
    words = words_of(rows)
    scale, _ = scales(words, kind)
    shared = Counter(word.rater for unit in by_unit(words) for word in unit)
    judged = Counter({name: sum(len(word.low) for word in mine(words, name)) for name in NAMES})
    order = sorted(NAMES, key=lambda name: (-shared[name], -judged[name], name))
    assert [line["item"] for line in result.items] == order
    for line in result.items:
        name, own = line["item"], mine(words, line["item"])
        assert (line["n"], line["shared"]) == (judged[name], shared[name])
        for column, (*numbers, _, _) in expected_columns(words, name, scale, kind).items():
            told = line[column], line[f"{column}_low"], line[f"{column}_high"]
            assert told == pytest.approx(numbers, abs=1e-9), (name, column)
        rest = np.array([(scale.of(word), most) for word, most in rest_of(words, scale) if word.rater == name])
        observed, expected = two(*rest.T, scale, differ, own=True)
        assert line["kappa_with_rest"] == pytest.approx(1 - observed / expected)
        assert line["repeat_agreement"] == pytest.approx(repeated(own))
        times = sorted(np.mean(word.times) for word in own if word.times)
        assert line["median_seconds"] == pytest.approx(np.median(np.diff(times)))
        others = [word for word in words if word.rater != name]
        assert line["alpha_without"] == pytest.approx(alpha(others, scale, differ))
        if kind == "scores":
            assert line["mean_score"] == pytest.approx(np.mean([low for word in own for low in word.low]))
        else:
            assert line["tie_rate"] == pytest.approx(tied(own))


def test_flags(case):
    """Who has ten buckets or more is flagged where a t test says so, adjusted for how many are tested."""
    kind, rows, result = case
    words = words_of(rows)
    scale, _ = scales(words, kind)
    expected = {name: expected_columns(words, name, scale, kind) for name in NAMES}
    rest = rest_of(words, scale)
    found = defaultdict(set)
    for flag, column in (("low_agreement", "agreement"), ("drift", "drift"), ("position_bias", "position_bias")):
        tested = [name for name in NAMES if column in expected[name] and expected[name][column][4] >= 10]
        p_values, below = [], []
        for name in tested:
            value, _, _, error, buckets = expected[name][column]
            others = np.mean([scale.of(word) == most for word, most in rest if word.rater != name])
            null = others if flag == "low_agreement" else 0.0
            p_values.append(2 * stats.t.sf(abs(value - null) / error, buckets - 1))
            below.append(value < null or flag != "low_agreement")
        if tested:
            adjusted = stats.false_discovery_control(p_values)
            found[flag] |= {name for name, q, low in zip(tested, adjusted, below, strict=True) if q <= 0.05 and low}
    assert {line["item"]: set(line["flags"]) for line in result.items} == {
        name: {flag for flag, names in found.items() if name in names} for name in NAMES
    }
    if kind != "scores":
        assert "di" in found["position_bias"]
        assert "fay" not in found["position_bias"], "nine buckets are too few"


def test_what_leaving_out_gains(case):
    kind, rows, _ = case
    words = words_of(rows)
    scale, _ = scales(words, kind)
    view = View(ANALYSIS.observe(rows, DEFAULTS))
    found = without_each(view, np.arange(6), 0.95)
    buckets = shared_buckets(words)
    for name, left in list(zip(NAMES, found, strict=True))[::2]:

        def fewer(words: list[Word], name: str = name) -> float:
            return alpha([word for word in words if word.rater != name], scale, differ)

        expected = interval(fewer, words, (-1, 1), buckets)
        assert (left.alpha.value, left.alpha.low, left.alpha.high) == pytest.approx(expected[:3], abs=1e-9)
        gain = interval(lambda w, fewer=fewer: fewer(w) - alpha(w, scale, differ), words, (-2, 2), buckets)
        assert (left.gain.value, left.gain.low, left.gain.high) == pytest.approx(gain[:3], abs=1e-9)
        assert left.alpha.n == left.gain.n == sum(len(unit) for unit in by_unit(words))


# ------------------------------------------------------------------ the pictures


def test_the_matrix_of_pairs(case):
    kind, rows, result = case
    words = words_of(rows)
    scale, _ = scales(words, kind)
    picture = result.pictures["pairs"]
    assert picture["raters"] == [line["item"] for line in result.items]
    for i, one in enumerate(picture["raters"]):
        for j, other in enumerate(picture["raters"]):
            both = [
                (scale.of(x), scale.of(y))
                for unit in by_unit(words)
                for x in mine(unit, min(one, other))
                for y in mine(unit, max(one, other))
                if one != other
            ]
            assert picture["count"][i][j] == len(both)
            if not both:
                assert picture["agreement"][i][j] is None
                continue
            pair = np.array(both).T
            assert picture["agreement"][i][j] == pytest.approx(np.mean(pair[0] == pair[1]))
            observed, expected = two(*pair, scale, differ, own=True)
            assert picture["kappa"][i][j] == (pytest.approx(1 - observed / expected) if expected else None)


def test_categories_and_weeks(case):
    kind, rows, result = case
    words = words_of(rows)
    scale, _ = scales(words, kind)
    picture = result.pictures["categories"]
    count = Counter(scale.of(word) for word in words)
    shared = Counter(scale.of(word) for unit in by_unit(words) for word in unit)
    assert picture["count"] == [count[place] for place in range(scale.size)]
    assert picture["shared"] == [shared[place] for place in range(scale.size)]
    if kind == "scores":
        values = sorted({word.value for word in words})
        assert picture["categories"] == [f"{value:g}" for value in values]
    weeks = defaultdict(list)
    for word in words:
        if word.times:
            weeks[MONDAY + (np.mean(word.times) - MONDAY) // WEEK * WEEK].append(word)
    agrees = {id(word): scale.of(word) == most for word, most in rest_of(words, scale)}
    picture = result.pictures["weeks"]
    assert picture["start"] == sorted(weeks)
    for place, start in enumerate(picture["start"]):
        known = [agrees[id(word)] for word in weeks[start] if id(word) in agrees]
        assert picture["count"][place] == sum(len(word.low) for word in weeks[start])
        assert picture["compared"][place] == len(known)
        assert picture["agreement"][place] == (pytest.approx(np.mean(known)) if known else None)
        if kind == "scores":
            assert picture["tie_rate"][place] is None
        else:
            assert picture["tie_rate"][place] == pytest.approx(tied(weeks[start]))
