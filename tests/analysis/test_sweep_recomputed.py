"""Trials beside each other against a plain recomputation; every sentence and warning at its edge."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from engine.analysis import ANALYSES
from engine.analysis.lines import Line
from engine.analysis.sweep.effects import effects_of
from engine.analysis.sweep.settings import Setting, noise_of
from engine.analysis.trials import Trial, Trials, check_choices, trials_of
from engine.errors import NotEnoughData, NotFound, UsageError
from engine.types import Result, Rows
from engine.words import significant
from tests.analysis.test_surface_answer import codes, value
from tests.analysis.trialing import conclude, rows


def least_squares(columns: list[np.ndarray], means: np.ndarray, counts: np.ndarray) -> tuple[Any, ...]:
    """Weighted least squares by the normal equations: coefficients, their standard errors, sigma, what is left."""
    design = np.stack([np.ones(len(means)), *columns], axis=1)
    normal = design.T @ (counts[:, None] * design)
    found = np.linalg.solve(normal, design.T @ (counts * means))
    df = len(means) - design.shape[1]
    sigma = np.sqrt(counts @ (means - design @ found) ** 2 / df)
    return found, sigma * np.sqrt(np.diag(np.linalg.inv(normal))), sigma, df


def sweep_of(n: int, seed: int = 0, values: int = 4) -> tuple[list[dict[str, float]], np.ndarray, np.ndarray]:
    """Settings of a rate over two decades and a clip with so many different values, with their means and counts."""
    generator = np.random.default_rng(seed)
    rate = 10 ** generator.permutation(np.linspace(-5, -3, n))
    clip = 0.1 + 0.05 * generator.permutation(np.arange(n) % values)
    means = 0.3 * np.log10(rate) - 2 * (clip - 0.2) ** 2 + generator.normal(0, 0.1, n)
    configs = [
        {"rate": one, "clip": other, "same": 1.0} for one, other in zip(rate.tolist(), clip.tolist(), strict=True)
    ]
    return configs, means, generator.integers(1, 5, n).astype(float)


@pytest.mark.parametrize("level", [0.8, 0.95])
@pytest.mark.parametrize(
    ("n", "values", "bent"), [(13, 4, 2), (12, 4, 0), (12, 3, 1), (11, 3, 0), (7, 4, 0), (40, 2, 1)]
)
def test_effects_are_weighted_least_squares_written_out(n, values, bent, level):
    """Bends come with four different values and eight settings left over, whichever parameter it is."""
    configs, means, counts = sweep_of(n, n, values)
    effects = effects_of(configs, means, counts, ["rate", "clip", "same", "elsewhere"], level)
    assert effects is not None
    rate, clip = (np.array([one[name] for one in configs]) for name in ("rate", "clip"))
    scaled = {
        "rate": np.log(rate / rate.min()) / np.log(rate.max() / rate.min()),
        "clip": (clip - clip.min()) / np.ptp(clip),
    }
    bending = {2: ["rate", "clip"], 1: ["rate"], 0: []}[bent]
    columns = [*scaled.values(), *(4 * scaled[name] * (1 - scaled[name]) for name in bending)]
    found, errors, sigma, df = least_squares(columns, means, counts)
    assert (effects.sigma, effects.df) == (pytest.approx(sigma), df)
    half = stats.t.ppf(0.5 + level / 2, df) * errors
    places = {name: (1 + at, 3 + bending.index(name) if name in bending else None) for at, name in enumerate(scaled)}
    strength = {}
    for one in effects.found:
        change, bend = places[one.name]
        assert (one.change.value, one.change.low, one.change.high) == pytest.approx(
            (found[change], found[change] - half[change], found[change] + half[change])
        )
        strength[one.name] = abs(found[change])
        if bend is None:
            assert one.bend is None
        else:
            assert one.bend is not None
            assert (one.bend.value, one.bend.low, one.bend.high) == pytest.approx(
                (found[bend], found[bend] - half[bend], found[bend] + half[bend])
            )
            strength[one.name] = max(strength[one.name], abs(found[bend]))
    assert [one.name for one in effects.found] == sorted(scaled, key=lambda name: -strength[name])
    assert {one.name: (one.log, one.low_at, one.high_at) for one in effects.found} == {
        "rate": (True, rate.min(), rate.max()),
        "clip": (False, clip.min(), clip.max()),
    }
    assert effects.confounded == ()


def test_the_strongest_goes_first_by_its_bend_too():
    at = np.linspace(0, 1, 30)
    other = np.random.default_rng(0).permutation(at)
    configs = [{"hump": one, "slope": two} for one, two in zip(at.tolist(), other.tolist(), strict=True)]
    for height, first in ((2.0, "hump"), (0.5, "slope")):
        for sign in (1, -1):
            means = sign * (height * 4 * at * (1 - at) + other) + 1e-3 * np.sin(7 * np.arange(30))
            effects = effects_of(configs, means, np.ones(30), ["slope", "hump"], 0.95)
            assert effects is not None
            assert effects.found[0].name == first


def test_four_settings_have_to_be_left_over():
    configs, means, counts = sweep_of(7)
    assert effects_of(configs[:6], means[:6], counts[:6], ["rate", "clip"], 0.95) is None
    assert effects_of(configs, means, counts, ["rate", "clip"], 0.95) is not None
    assert effects_of(configs, means, counts, ["same"], 0.95) is None


def test_scales_are_logarithmic_from_a_factor_of_ten_on_and_above_nought():
    means = np.random.default_rng(0).normal(size=8)
    for low, high, log in ((1.0, 10.0, True), (1.0, 9.99, False), (0.0, 100.0, False), (-1.0, 20.0, False)):
        configs = [{"a": one} for one in np.linspace(low, high, 8).tolist()]
        effects = effects_of(configs, means, np.ones(8), ["a"], 0.95)
        assert effects is not None
        assert effects.found[0].log == log


# ------------------------------------------------------------------ the whole answer


def groups_of(seed: int = 0, sizes: tuple[int, ...] = (3, 1, 2, 2), metric: str = "reward") -> tuple[Rows, list[Any]]:
    """Settings of one parameter with so many seeds, and the values of each."""
    generator = np.random.default_rng(seed)
    groups = [generator.normal(0.1 * place, 0.05, size) for place, size in enumerate(sizes)]
    beta = np.repeat(np.arange(len(sizes)) + 1.0, sizes)
    return rows(np.concatenate(groups), {"beta": beta, "seed": np.arange(sum(sizes))}, metric=metric), groups


@pytest.mark.parametrize("metric", ["reward", "loss"])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_everything_of_repeated_settings_is_as_a_plain_recomputation_has_it(metric, level):
    given, groups = groups_of(3, metric=metric)
    result = conclude("sweep", given, level=level)
    sign = 1 if metric == "loss" else -1
    order = sorted(range(4), key=lambda at: sign * groups[at].mean())
    df = sum(len(one) - 1 for one in groups)
    sigma = np.sqrt(sum(((one - one.mean()) ** 2).sum() for one in groups) / df)
    quantile = stats.t.ppf(1 - (1 - level) / 3, df)
    half = stats.t.ppf(0.5 + level / 2, df)
    best = groups[order[0]]
    apart = [
        abs(best.mean() - groups[at].mean()) <= quantile * sigma * np.sqrt(1 / len(best) + 1 / len(groups[at]))
        for at in order
    ]
    told = result.pictures["trials"]
    assert (told["metric"], told["lower"], told["told"], told["parameters"]) == (metric, sign == 1, True, ["beta"])
    for row, at, tied in zip(told["rows"], order, apart, strict=True):
        reach = half * sigma / np.sqrt(len(groups[at]))
        expected = (groups[at].mean(), groups[at].mean() - reach, groups[at].mean() + reach)
        assert (row["value"], row["low"], row["high"]) == pytest.approx(expected)
        assert (row["name"], row["config"], row["n"], row["step"]) == (
            f"beta {at + 1}",
            {"beta": at + 1},
            len(groups[at]),
            1,
        )
        assert (row["not_apart"], len(row["runs"])) == (tied, len(groups[at]))
    assert value(result, "noise") == pytest.approx(sigma)
    assert value(result, "lead") == pytest.approx(abs(best.mean() - groups[order[1]].mean()))
    assert (value(result, "settings"), value(result, "trials"), value(result, "failed")) == (4, 8, 0)
    assert value(result, "not_apart") == sum(apart) - 1
    assert {one.n for one in result.estimates.values()} == {8}
    assert {one.level for one in result.estimates.values()} == {level}
    assert result.verdict == ("one_best" if sum(apart) == 1 else "tied")
    assert result.dataset["parameters"] == ["beta"]
    assert result.evidence.rows == result.dataset["rows"] == 8
    assert codes(result) == set()


def ends(result: Result) -> str:
    return result.sentence.split("; ", 1)[1]


def test_the_sentence_counts_those_that_are_not_told_apart():
    near = np.array([0.0, 0.001, -0.001, 0.002])

    def of(*means: float, **params: object) -> Result:
        z = np.concatenate([mean + near for mean in means])
        beta = np.repeat(np.arange(len(means)) + 1.0, 4)
        return conclude("sweep", rows(z, {"beta": beta, "seed": np.arange(len(z))}), **params)

    alone, one, two = of(0.5, 0.1), of(0.5, 0.5, 0.1), of(0.5, 0.5, 0.5, 0.1)
    assert ends(alone) == "surely ahead of the other 1 setting."
    assert ends(one) == "1 of the other 2 settings is not told apart from it."
    assert ends(two) == "2 of the other 3 settings are not told apart from it."
    assert (alone.verdict, one.verdict, two.verdict) == ("one_best", "tied", "tied")
    best = alone.estimates["best_value"]
    told = f"beta 1 is best: reward {significant(best.value)} [{significant(best.low)}, {significant(best.high)}]"
    assert alone.sentence.startswith(told)
    nothing = conclude("sweep", rows([0.1, 0.9], {"beta": [0.1, 0.2]}))
    assert nothing.sentence == "beta 0.2 is best: reward 0.9; without repetitions none of 2 settings can be told apart."
    assert value(nothing, "lead") == pytest.approx(0.8)
    assert set(nothing.estimates) == {"best_value", "lead", "settings", "trials", "failed"}
    assert nothing.pictures["trials"]["told"] is False
    assert all(row["not_apart"] for row in nothing.pictures["trials"]["rows"])


def test_two_settings_are_needed_and_repetitions_of_one_are_none():
    with pytest.raises(NotEnoughData, match="1 setting with reward: nothing to compare"):
        conclude("sweep", rows([0.1], {"beta": [1]}))
    with pytest.raises(NotEnoughData, match="0 settings"):
        conclude("sweep", rows([0.1, 0.2], {"beta": [1, 2]}), at="99")
    without = conclude("sweep", rows([0.1, 0.2, 0.3], {"seed": [1, 2, 3]}))
    assert (value(without, "settings"), without.sentence.split(" is best")[0]) == (3, "trial 0002")


def test_three_repetitions_say_what_chance_does_two_do_not():
    def settings(values: int) -> list[Setting]:
        return [
            Setting({}, ("a",) * values, tuple(map(float, range(values))), (1.0,) * values),
            Setting({}, ("b",), (1.0,), (1.0,)),
        ]

    assert noise_of(settings(3), None) is None
    found = noise_of(settings(4), None)
    assert found is not None
    assert (found.df, found.sigma) == (3, pytest.approx(np.std([0, 1, 2, 3], ddof=1)))


def test_without_repetitions_the_noise_is_what_a_model_leaves():
    configs, means, _ = sweep_of(20)
    given = rows(means, {name: [one[name] for one in configs] for name in ("rate", "clip")})
    result = conclude("sweep", given)
    effects = effects_of(configs, means, np.ones(20), ["rate", "clip"], 0.95)
    assert effects is not None
    assert value(result, "noise") == pytest.approx(effects.sigma)
    assert codes(result) == {"no_repeats"}
    assert "an additive model" in result.warnings[0].message
    assert "additive model" in result.estimates["best_value"].method
    none = conclude("sweep", rows([0.1, 0.9, 0.5], {"beta": [0.1, 0.2, 0.3]}))
    assert "nothing says what chance does" in none.warnings[0].message
    rows_of = {row["name"]: row for row in result.pictures["effects"]["rows"]}
    assert rows_of["clip"]["change"]["value"] == pytest.approx(
        next(one.change.value for one in effects.found if one.name == "clip")
    )


def test_steps_that_differ_are_said_unless_the_best_one_counts():
    step = np.array([10, 20, 10, 30, 10, 20])
    names = ["a", "a", "b", "b", "c", "c"]
    z = [0.1, 0.4, 0.9, 0.2, 0.3, 0.5]
    given = rows(z, {"beta": [1, 1, 2, 2, 3, 3]}, names, step)
    last, best, at = (conclude("sweep", given, at=at) for at in ("last", "best", "10"))
    assert next(one.message for one in last.warnings if one.code == "uneven_steps").startswith(
        "The values are of steps 20 to 30:"
    )
    assert "uneven_steps" not in codes(best) | codes(at)
    assert "best_step" in codes(best)
    assert "best_step" not in codes(last) | codes(at)
    assert [(row["name"], row["value"], row["step"]) for row in best.pictures["trials"]["rows"]] == [
        ("beta 2", 0.9, 10), ("beta 3", 0.5, 20), ("beta 1", 0.4, 20)
    ]  # fmt: skip
    assert conclude("sweep", given, at="best", better="lower").pictures["trials"]["rows"][0]["value"] == 0.1
    assert [row["value"] for row in at.pictures["trials"]["rows"]] == [0.9, 0.3, 0.1]
    same = conclude("sweep", given, at="20")
    assert [row["step"] for row in same.pictures["trials"]["rows"]] == [10, 20, 20]


def test_failed_trials_are_named_up_to_five():
    for failed in (5, 6):
        z = np.append(np.linspace(0, 1, 6), np.full(failed, np.nan))
        result = conclude("sweep", rows(z, {"beta": np.arange(6 + failed)}))
        message = next(one.message for one in result.warnings if one.code == "failed_trials")
        assert message.endswith("trial 0010, ….") == (failed == 6)
        assert message.startswith("Without any reward: trial 0006, ")
        assert "trial 0010" in message
        assert result.sentence.endswith(f"; {failed} trials failed.")
        assert value(result, "failed") == failed
        assert len(result.pictures["trials"]["failed"]) == failed


def test_five_hundred_settings_are_listed():
    for n, said in ((500, False), (501, True)):
        result = conclude("sweep", rows(np.arange(n) * 1.0, {"beta": np.arange(n)}))
        assert len(result.pictures["trials"]["rows"]) == 500
        assert ("shortened" in codes(result)) == said
        assert result.pictures["trials"]["rows"][0]["value"] == n - 1


def test_a_sample_is_said_to_be_one():
    analysis = ANALYSES["sweep"]
    params = analysis.parameters()
    state = analysis.observe(rows([0.1, 0.2], {"beta": [1, 2]}), params)
    assert "sampled" not in codes(analysis.conclude(state, params))
    assert "sampled" in codes(analysis.conclude(replace(state, limit=1), params))


def test_parameters_that_follow_from_others_are_named():
    generator = np.random.default_rng(0)
    a, b = 1 + generator.random((2, 12))
    result = conclude("sweep", rows(generator.random(12), {"a": a, "b": b, "c": a + b}))
    message = next(one.message for one in result.warnings if one.code == "confounded")
    assert message == "Not told from other parameters, with which they change: c."


# ------------------------------------------------------------------ trials


def line(at: list[float], values: list[float]) -> Line:
    return Line("a", "reward", "reward", "", np.array(at), np.array(values), np.full(len(at), np.nan))


@pytest.mark.parametrize(
    ("at", "lower", "expected"),
    [
        ("last", False, (2.0, 30.0)),
        ("best", False, (3.0, 10.0)),
        ("best", True, (1.0, 20.0)),
        ("10", False, (3.0, 10.0)),
        ("19.5", False, (3.0, 10.0)),
        ("20", False, (1.0, 20.0)),
        ("30", False, (2.0, 30.0)),
        ("30.5", False, None),
        ("9", False, None),
    ],
)
def test_the_point_that_counts_is_the_last_at_or_before_the_step(at, lower, expected):
    assert Trial("a", {}, line([10, 20, 30], [3, 1, 2])).reached(at, lower) == expected
    assert Trial("a", {}, None).reached(at, lower) is None


def test_usual_parameters_go_first_then_those_of_most_values():
    def trial(place: int, known: bool = True, **config: float) -> Trial:
        return Trial(f"r{place}", config, line([1], [1]) if known else None)

    trials = Trials(
        (
            trial(0, beta=1, lr=1, few=1, many=1, other=1, same=1, seed=1, run_id=1),
            trial(1, beta=2, lr=2, few=2, many=2, other=2, same=1, seed=2, run_id=2),
            trial(2, beta=2, lr=2, few=2, many=3, other=3, same=1, seed=3, run_id=3),
            trial(3, known=False, same=2),
        ),
        "reward",
        ("reward",),
        lower=False,
    )
    assert trials.parameters == ("lr", "beta", "many", "other", "few")
    assert (len(trials.known), trials.failed, trials.steps) == (3, ("r3",), False)
    assert replace(trials, trials=(Trial("a", {}, line([1, 2], [1, 2])),)).steps


def test_the_metric_that_says_most_is_taken_and_less_is_better_by_name():
    analysis = ANALYSES["sweep"]
    given = rows([0.1, 0.2, 0.3, 0.4], {"beta": [1, 2, 1, 2]}, ["a", "b", "a", "b"])
    metric = np.array([0, 0, 1, 1], np.int32)
    for names, chosen in ((["loss", "reward"], "reward"), (["x", "loss"], "loss"), (["x", "y"], "x")):
        state = analysis.observe(
            replace(given, names={**given.names, "metric": (metric, names)}), analysis.parameters()
        )
        found = trials_of(state, "", "")
        assert (found.metric, found.lower) == (chosen, chosen == "loss")
        assert trials_of(state, names[0], "higher").lower is False
        assert trials_of(state, names[0], "lower").lower is True
        with pytest.raises(NotFound, match="no metric 'nothing'; known are "):
            trials_of(state, "nothing", "")


def test_a_trial_that_failed_keeps_the_last_parameters_that_it_wrote():
    z = [np.nan, np.nan, 1.0, 2.0]
    given = rows(z, {"beta": [1, 3, 5, 6], "gamma": [7, np.nan, 8, 9]}, ["a", "a", "b", "c"], [1, 2, 1, 1])
    failed = conclude("sweep", given).pictures["trials"]["failed"]
    assert [one["run"] for one in failed] == ["a"]
    assert failed[0]["config"]["gamma"] == 7
    assert failed[0]["config"]["beta"] in (1, 3)


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (("last", "", 0.5), ("last", "", 0.49)),
        (("best", "lower", 0.999), ("best", "lower", 0.9991)),
        (("10.5", "higher", 0.9), ("-1", "higher", 0.9)),
        (("0", "", 0.9), ("0", "more", 0.9)),
    ],
)
def test_choices_are_taken_up_to_their_ends(good, bad):
    check_choices(*good)
    with pytest.raises(UsageError):
        check_choices(*bad)
