"""What alarms watch, offer, say and draw: streams by plain loops over rows, and every word at its edges."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from engine.analysis import Monitor, MonitorParameters
from engine.analysis.monitor.alarms import Allowed, Watched, watch
from engine.analysis.monitor.analysis import _estimates, _item
from engine.analysis.monitor.change import Changed
from engine.analysis.monitor.checks import exchangeable, stationary
from engine.analysis.monitor.offers import MONITORS, Offer, baseline_of, chosen, offers
from engine.analysis.monitor.past_runs import Past
from engine.analysis.monitor.pictures import pictures, thinned
from engine.analysis.monitor.sentence import moment, sentence, statement
from engine.analysis.monitor.streams import LEADING, Stream, kind_of, streams_of
from engine.errors import NotEnoughData, UsageError
from engine.types import Result, Rows
from tests.analysis.compare_worlds import named
from tests.analysis.training_worlds import curves, keys, rollouts, several, stream

ANALYSIS = Monitor()


def conclude(rows: Rows, **params: Any) -> Result:
    parameters = MonitorParameters.parse(params)
    return ANALYSIS.conclude(ANALYSIS.observe(rows, parameters), parameters)


def found_in(rows: Rows, scale: float = 1.0) -> dict[tuple[str, str], Stream]:
    state = ANALYSIS.observe(rows, MonitorParameters())
    assert kind_of(state) == rows.kind
    return {(one.run, one.metric): one for one in streams_of(state, scale)}


def made(values: np.ndarray, run: str = "", metric: str = "m", **also: Any) -> Stream:
    at = np.arange(10.0, 10 + 2 * len(values), 2)
    return Stream(run, metric, "step", at, values, np.random.default_rng(77).random(len(values)), **also)


# ------------------------------------------------------------------ streams


def test_curves_give_every_metric_but_clocks():
    value = np.arange(5.0)
    names = ["loss", "train/lr", "learning_rate", "epoch", "steps", "time per batch", "x/num_tokens", "runtime",
             "policy/clip", "timely", "lrs", "elapsed_time", "colour", "tokens_per_sec"]  # fmt: skip
    found = found_in(curves(dict.fromkeys(names, value), "a"))
    assert {metric for _, metric in found} == {"loss", "policy/clip", "timely", "lrs", "colour"}
    one = found["a", "loss"]
    assert (one.value.tolist(), one.at.tolist(), one.by, one.drawn, one.bounded) == (
        value.tolist(), [1, 2, 3, 4, 5], "step", False, False,
    )  # fmt: skip


def test_rollouts_give_the_mean_of_each_step_of_each_run():
    rows = rollouts(steps=30, prompts=4, answers=3, seed=2)
    generator = np.random.default_rng(0)
    step = rows.columns["step"]
    reward = np.where(generator.random(len(rows)) < 0.2, 1.5, rows.columns["reward"].round(0))
    gold = np.where((generator.random(len(rows)) < 0.3) | (step == 7), np.nan, rows.columns["gold"])
    truncated = np.where(step < 3, np.nan, rows.columns["truncated"])
    code = (np.arange(len(rows)) // 3) % 2
    columns = {**rows.columns, "reward": reward, "gold": gold, "kl": reward / 7, "truncated": truncated}
    rows = replace(rows, columns=columns, names={"run": named(code, ["one", "two"])})
    found = found_in(rows)
    called = {"reward": reward, "gold": gold, "kl_ref": reward / 7, "length": columns["length"],
              "entropy": columns["entropy"], "truncated": truncated}  # fmt: skip
    assert set(found) == {(run, metric) for run in ("one", "two") for metric in (*called, "zero_variance")}
    for (run, metric), one in found.items():
        own = code == ("one", "two").index(run)
        at, means = [], []
        for moment_of in np.unique(step):
            here = own & (step == moment_of)
            if metric == "zero_variance":
                prompts = [reward[here & (rows.columns["prompt_hash"] == each)]
                           for each in np.unique(rows.columns["prompt_hash"][here])]  # fmt: skip
                values = np.array([float(np.ptp(each) == 0) for each in prompts if len(each) > 1])
            else:
                values = called[metric][here]
                values = values[np.isfinite(values)]
            if len(values):
                at.append(moment_of)
                means.append(values.mean())
        assert one.at.tolist() == at
        assert one.value == pytest.approx(means)
        assert not one.drawn


def test_single_answers_have_no_variance_to_miss_and_one_step_is_no_stream():
    rows = rollouts(steps=20, prompts=4, answers=1)
    assert "zero_variance" not in {metric for _, metric in found_in(rows)}
    step = rows.columns["step"]
    rare = np.where(step == 4, rows.columns["gold"], np.nan)
    columns = {**rows.columns, "gold": rare}
    assert "gold" not in {metric for _, metric in found_in(replace(rows, columns=columns))}
    rare = np.where((step == 4) | (step == 9), rows.columns["gold"], np.nan)
    assert found_in(replace(rows, columns={**columns, "gold": rare}))["run", "gold"].at.tolist() == [4, 9]


def comparisons(seed: int = 0, count: int = 90) -> Rows:
    generator = np.random.default_rng(seed)
    prompt = generator.integers(0, 40, count)
    margin = generator.normal(size=count).round(0)
    verdict = np.where(generator.random(count) < 0.5, np.nan, generator.choice([0.0, 0.5, 1.0], count))
    label = generator.choice([0.0, 0.5, 1.0, np.nan], count)
    first = generator.choice([0.0, 1.0, np.nan], count)
    columns = {"margin": np.where(generator.random(count) < 0.2, np.nan, margin), "verdict": verdict, "label": label,
               "first": first, "time": generator.permutation(count) * 10.0, **keys(prompt)}  # fmt: skip
    judge = generator.integers(0, 2, count)
    return Rows("comparison", columns, names={"judge": named(judge, ["x", "y"])})


def test_comparisons_give_agreement_first_preferred_and_margin_by_judge_and_prompt():
    rows = comparisons()
    found = found_in(rows)
    told = rows.columns
    assert {run for run, _ in found} == {"x", "y"}
    for (run, metric), one in found.items():
        by_prompt: dict[int, list[tuple[float, float]]] = {}
        for place in range(len(rows)):
            if rows.names["judge"][0][place] != ("x", "y").index(run):
                continue
            margin, label, first = (float(told[name][place]) for name in ("margin", "label", "first"))
            judged = float(told["verdict"][place])
            if np.isnan(judged) and not np.isnan(margin):
                judged = 1.0 if margin > 0 else 0.0 if margin < 0 else 0.5
            side = judged if not np.isnan(judged) else label
            value = {
                "agreement": 1 - abs(judged - label),
                "first_preferred": np.nan if np.isnan(first) else side if first else 1 - side,
                "margin_size": abs(margin),
            }[metric]
            if np.isfinite(value):
                by_prompt.setdefault(int(told["prompt_hash"][place]), []).append((float(told["time"][place]), value))
        expected = sorted((min(at for at, _ in each), float(np.mean([value for _, value in each])))
                          for each in by_prompt.values())  # fmt: skip
        assert one.at.tolist() == [at for at, _ in expected]
        assert one.value == pytest.approx([value for _, value in expected])
        assert (one.drawn, one.by) == (True, "time")
        assert (one.lowest, one.highest) == (
            (0, 1) if metric != "margin_size" else pytest.approx((np.nan, np.nan), nan_ok=True)
        )
        assert one.bounded == (metric != "margin_size")
        assert (one.chance >= 0).all()
        assert (one.chance < 1).all()
        assert len(set(one.chance.tolist())) == len(one)


def test_scores_give_their_error_only_where_they_are_shares():
    generator = np.random.default_rng(1)
    value, truth = generator.integers(0, 101, 60) * 1.0, generator.integers(0, 2, 60) * 1.0
    value[:2] = 0, 100
    rows = Rows("score", {"value": value, "truth": truth, "step": np.arange(60), **keys(np.arange(60))})
    assert set(found_in(rows, 100.0)) == {("", "score"), ("", "error")}
    assert set(found_in(rows, 99.0)) == {("", "score")}
    found = found_in(rows, 100.0)["", "error"]
    assert found.value == pytest.approx(np.abs(value / 100 - truth))
    assert (found.lowest, found.highest, found.drawn) == (0, 1, True)
    below = replace(rows, columns={**rows.columns, "value": value - 0.5})
    assert set(found_in(below, 200.0)) == {("", "score")}


def test_equal_moments_come_in_an_order_of_chance_that_prompts_fix():
    count = 400
    rows = Rows("score", {"value": np.arange(count) / count, "step": np.zeros(count), **keys(np.arange(count))})
    one = found_in(rows)["", "score"]
    assert abs(np.corrcoef(one.value, np.arange(count))[0, 1]) < 0.15
    assert abs(np.corrcoef(one.chance, np.arange(count))[0, 1]) < 0.15
    assert one.chance.mean() == pytest.approx(0.5, abs=0.06)
    later = replace(rows, columns={**rows.columns, "step": np.full(count, 3.0)})
    assert found_in(later)["", "score"].value.tolist() == one.value.tolist()


def test_a_stream_is_evened_by_its_largest_magnitude():
    one = made(np.array([1.0, -4.0, 2.0]))
    assert (one.size, one.even.tolist()) == (4.0, [0.25, -1.0, 0.5])
    assert (made(np.zeros(3)).size, made(np.zeros(0)).size) == (1.0, 1.0)
    assert one.since(12.0).value.tolist() == [-4.0, 2.0]
    assert len(one.since(12.1).chance) == 1


# ------------------------------------------------------------------ offers


@pytest.mark.parametrize("drawn", [False, True])
@pytest.mark.parametrize("limits", [False, True])
@pytest.mark.parametrize("kind", ["white", "ar_5", "random_walk"])
def test_offers_are_what_the_beginning_bears(drawn, limits, kind):
    values = stream(kind, 200, np.random.default_rng(3))
    values[100:] += np.arange(100)
    one = made(values, drawn=drawn, **({"lowest": -1e3, "highest": 1e3} if limits else {}))
    others = Past(tuple(made(values, name) for name in "abc"))
    order, level = exchangeable(one.even[:100]), stationary(one.even[:100])
    found = {offer.monitor: offer for offer in offers(one, 100, others)}
    assert tuple(found) == MONITORS
    for monitor in ("cusum", "page_hinkley"):
        assert found[monitor] == Offer(monitor, level.passed, level.said)
    for monitor in ("conformal", "rank_cusum"):
        assert found[monitor].offered == (drawn and order.passed)
        assert not drawn or found[monitor].why == order.said
    assert found["mean"].offered == (drawn and limits and order.passed)
    assert drawn is False or limits or found["mean"].why == "its values have no known bounds"
    assert found["runs"].offered == (not drawn)
    assert found["runs"].why == ("it is no run of training" if drawn else "3 other runs have this metric at its steps")
    few = offers(one, 100, Past(others.runs[:2]))[-1]
    assert drawn or few.why == "2 other runs have this metric at its steps; 3 are needed"
    assert not few.offered
    usual = next((name for name in ("mean", "conformal", "cusum", "runs") if found[name].offered), None)
    pick = chosen(list(found.values()), "")
    assert (pick and pick.monitor) == usual
    assert chosen(list(found.values()), "runs") == (None if drawn else found["runs"])


def test_a_baseline_is_the_largest_size_within_a_quarter():
    for points, size in ((1599, 200), (1600, 400), (399, 50), (400, 100), (199, 30), (0, 30)):
        assert baseline_of(points, 0) == size
    assert baseline_of(50, 44) == 44


# ------------------------------------------------------------------ words


def watched(metric: str, alarm: int | None = None, **also: Any) -> Watched:
    one = made(np.arange(1000.0), also.pop("run", ""), metric)
    given = {"monitor": "cusum", "statement": "some things hold", **also}
    change = None if alarm is None else Changed(alarm - 20, alarm - 30, alarm - 10)
    return Watched(one, baseline=100, statistic=np.arange(1000.0), threshold=5.0, alarm=alarm, change=change, **given)


def test_every_word_of_the_sentence():
    quiet = watched("loss")
    one = watched("kl", 600, run="a", rose=True)
    others = [watched("reward", 700), watched("length", 800, rose=True), watched("gold", 900)]
    assert sentence([quiet], 0, "it holds") == "No alarm on 1 stream; it holds."
    assert sentence([quiet, quiet], 1, "it holds") == (
        "No alarm on 2 streams; it holds. 1 other stream cannot honestly be watched."
    )
    assert sentence([one, quiet], 0, "it holds") == (
        "1 alarm: kl of a rose from step 1,170 (alarm at step 1,210). It holds."
    )
    told = "kl of a rose from step 1,170 (alarm at step 1,210); reward fell from step 1,370 (alarm at step 1,410)"
    assert sentence([one, others[0]], 2, "it holds") == (
        f"2 alarms: {told}. It holds. 2 other streams cannot honestly be watched."
    )
    assert sentence([one, *others], 0, "it holds") == f"4 alarms: {told}; 2 more. It holds."
    assert sentence([one, *others[:2]], 0, "it holds") == f"3 alarms: {told}; 1 more. It holds."
    assert (moment(1234.0, "step"), moment(0.0, "time")) == ("step 1,234", "01 Jan 1970 00:00")


def test_what_is_said_of_false_alarms_adds_up():
    chance, rate = watched("a", alpha=0.02), watched("b", rate=0.3)
    ranks = watched("c", rate=0.25, monitor="rank_cusum")
    assert statement([chance]) == "some things hold"
    assert statement([chance, chance]) == "at most a chance of 0.04 of any false alarm on 2 streams"
    assert statement([watched("a", alpha=0.7)] * 2) == "at most a chance of 1 of any false alarm on 2 streams"
    assert statement([ranks, ranks]) == "0.5 false alarms per 1,000 points on 2 streams in all"
    own = "false alarms per 1,000 points on 2 streams in all by made-up runs like their own beginnings"
    assert statement([ranks, rate]) == f"0.55 {own}"
    assert statement([chance, ranks, rate]) == f"at most a chance of 0.02 of any false alarm on 1 stream; 0.55 {own}"
    assert statement([watched("z", alpha=0.0), watched("y", rate=0.0)]) == (
        "at most a chance of 0 of any false alarm on 1 stream; 0 false alarms per 1,000 points on 1 stream in all by "
        "made-up runs like their own beginnings"
    )


def test_the_delay_is_that_from_the_change():
    assert watched("m", 600).delay == 40.0
    assert watched("m").delay is None


# ------------------------------------------------------------------ pictures


@pytest.mark.parametrize("size", [1, 1999, 2000, 2001, 9_000])
def test_a_thinned_line_has_the_extremes_of_each_stretch(size):
    values = np.random.default_rng(size).normal(size=size)
    kept = thinned(values).tolist()
    if size <= 2000:
        assert kept == list(range(size))
        return
    edges = np.linspace(0, size, 1000).astype(int).tolist()
    expected = {0, size - 1}
    for start, end in pairwise(edges):
        expected |= {start + int(values[start:end].argmin()), start + int(values[start:end].argmax())}
    assert kept == sorted(expected)


def test_a_picture_shows_the_beginning_in_the_unit_of_the_stream():
    values = stream("white", 300, np.random.default_rng(5)) * 40 + 9
    values[200:] += 300
    found = watch(made(values, "r", "kl"), "cusum", 60, Allowed(0.01, 0.3, 0, 0), None)
    told = pictures(found)["stream"]
    assert (told["level"], told["spread"]) == (
        pytest.approx(values[:60].mean()),
        pytest.approx(values[:60].std(ddof=1)),
    )
    assert told["baseline_end"] == 10 + 2 * 59
    assert (told["value"], told["run"], told["metric"]) == (values.tolist(), "r", "kl")
    assert found.alarm is not None
    assert found.change is not None
    for picture in pictures(found).values():
        places = (found.alarm, found.change.at, found.change.low, found.change.high)
        assert [picture[name] for name in ("alarm", "change", "change_low", "change_high")] == [
            10 + 2 * place for place in places
        ]
    drawn = pictures(found)["statistic"]
    assert drawn["at"][0] == 10 + 2 * 60
    assert drawn["value"] == found.statistic[60:].tolist()
    none = pictures(replace(found, baseline=0, alarm=None))["stream"]
    assert [none[name] for name in ("baseline_end", "level", "spread", "alarm", "change")] == [None] * 5
    one = pictures(replace(found, baseline=1))["stream"]
    assert (one["baseline_end"], one["spread"]) == (10.0, None)


# ------------------------------------------------------------------ the answer


def four(**also: Any) -> Result:
    generator = np.random.default_rng(5)
    kl, loss = stream("ar_5", 600, generator), stream("white", 600, generator)
    kl[500:] += 4
    loss[400:] -= 4
    rest = {"entropy": stream("white", 600, generator), "reward": np.arange(600.0), "other": np.arange(500.0)}
    return conclude(curves({"kl_ref": kl, "loss": loss, **rest}), **also)


def test_streams_that_rang_come_first_and_everything_is_counted():
    found = four(false_alarms=0.6)
    assert [item["metric"] for item in found.items] == ["loss", "kl_ref", "entropy", "reward", "other"]
    assert [item["rang"] for item in found.items] == [True, True, False, False, False]
    told = found.estimates
    assert (told["alarms"].value, told["streams_watched"].value, told["alarms"].n) == (2.0, 3.0, 1800)
    rates = [float(item["statement"].split()[0]) for item in found.items[:3]]
    assert all(rate <= 0.2 for rate in rates)
    assert told["false_alarms_per_1000"].value == pytest.approx(sum(rates), abs=0.02)
    assert "false_alarm_chance" not in told
    first = found.items[0]
    assert first["delay"] == first["alarm"] - first["change"] == told["delay"].value
    at = told["change_at"]
    assert (at.value, at.low, at.high) == (first["change"], first["change_low"], first["change_high"])
    assert found.pictures["offers"]["metric"] == found.pictures["stream"]["metric"] == "loss"
    assert found.pictures["offers"]["chosen"] == "cusum"
    assert "2 other streams cannot honestly be watched" in found.sentence
    assert set(found.dataset["metrics"]) == {"kl_ref", "loss", "entropy", "reward", "other"}
    (notice,) = [one for one in found.warnings if one.code == "not_watched"]
    assert notice.message == (
        "Not watched, since no statement about false alarms holds: reward (its baseline is still rising); other (its "
        "baseline is still rising)."
    )
    assert found.items[3]["why"].count("its baseline is still rising") == 1
    assert found.items[3]["why"].count("neither alpha nor ARL0 holds") == 1


def test_a_stream_that_is_not_watched_shows_its_own_offers():
    found = four(metric="reward")
    assert found.verdict == "not_watched"
    assert found.sentence == (
        "No honest alarm for reward: its baseline is still rising. Choose a later start or a longer baseline, or put "
        "three healthy runs beside it."
    )
    assert set(found.pictures) == {"offers"}
    assert (found.pictures["offers"]["chosen"], found.pictures["offers"]["metric"]) == ("", "reward")
    asked = four(metric="reward", monitor="conformal")
    assert "No honest alarm for reward: a step of training follows from those before it" in asked.sentence
    named_run = conclude(several(*(curves({"m": np.arange(90.0)}, name) for name in "ab")))
    assert named_run.sentence.startswith("No honest alarm for m of a: ")


def test_an_audit_in_an_order_is_refused_for_its_order():
    count = 300
    rows = Rows("score", {"value": np.arange(count) / 400, "step": np.arange(count), **keys(np.arange(count))})
    found = conclude(rows)
    assert found.sentence.startswith("No honest alarm for score: neighbouring points depend on each other (rank ")
    assert found.sentence.endswith(". Choose a later start or a longer baseline.")
    asked = conclude(rows, monitor="cusum")
    assert "No honest alarm for score: its baseline is still rising. " in asked.sentence
    assert "score (neighbouring points" in found.warnings[0].message
    assert "prompts_at_random" not in [one.code for one in found.warnings]


def test_the_leading_streams_are_watched_and_the_rest_is_counted():
    generator = np.random.default_rng(2)
    rest = {f"m{place:02}": stream("white", 130, generator) for place in range(13)}
    lead = {name: stream("white", 120 if name == "loss" else 140, generator) for name in ("loss", "gold", "reward")}
    rising = {"z long": np.arange(300.0)}
    found = conclude(curves({**rest, **lead, **rising}))
    metrics = [item["metric"] for item in found.items]
    assert sorted(metrics) == sorted(["reward", "gold", "loss", "z long", *(f"m{place:02}" for place in range(12))])
    assert {one.code: one.message for one in found.warnings}["streams_left_out"].startswith("1 stream more than the 16")
    order = [*(name for name in LEADING if name in lead), *sorted(rest), "z long"]
    for kept in (
        [item["metric"] for item in found.items if item["monitor"] and not item["rang"]],
        [item["metric"] for item in found.items if not item["monitor"]],
    ):
        places = [order.index(name) for name in kept if name != "z long"]
        assert places == sorted(places)
    fewer = conclude(curves({**rest, **lead}))
    assert "streams_left_out" not in [one.code for one in fewer.warnings]


def test_many_that_are_not_watched_are_named_four_at_a_time():
    found = conclude(curves({f"m{place}": np.arange(100.0 + place) for place in range(6)}))
    assert found.warnings[0].message.endswith("m3 (its baseline is still rising); m2 (its baseline is still rising)"
                                              "; 2 more.")  # fmt: skip
    four_of = conclude(curves({f"m{place}": np.arange(100.0) for place in range(4)}))
    assert "more." not in four_of.warnings[0].message


def test_ten_points_beyond_a_baseline_are_enough():
    values = stream("white", 40, np.random.default_rng(0))
    assert conclude(curves({"m": values})).dataset["rows"] == 40
    with pytest.raises(NotEnoughData) as refused:
        conclude(curves({"m": values[:39], "n": values[:20]}))
    assert str(refused.value) == (
        "The longest stream has 39 points; a baseline and 10 points beyond it are needed (40)."
    )
    assert conclude(curves({"m": values, "n": values[:39]})).estimates["streams_watched"].n in (0, 40)


def test_chances_of_streams_add_up_to_one_at_most():
    rows = comparisons(3, 900)
    columns = {**rows.columns, **keys(np.arange(900)), "time": np.arange(900.0)}
    found = conclude(replace(rows, columns=columns), alpha=0.12)
    count = found.estimates["streams_watched"].value
    alpha = [float(item["statement"].split()[-1]) for item in found.items if item["monitor"]]
    assert alpha == pytest.approx([0.12 / count] * len(alpha), rel=0.02)
    assert found.estimates["false_alarm_chance"].value == pytest.approx(0.12)
    assert found.dataset["by"] == "time"
    assert found.dataset["kind"] == "comparison"
    assert "prompts_at_random" in [one.code for one in found.warnings]


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("alpha", (1e-4, 0.2), (0.9e-4, 0.21)), ("baseline", (0, 30, 100_000), (29, -1, 100_001)),
        ("false_alarms", (0.01, 20.0), (0.009, 20.1)), ("scale", (1e-9, 1e300), (0.0, float("inf"))),
        ("start", (-1e300, 1e300), (float("inf"), -float("inf"))), ("seed", (0, 2**32 - 1), (-1, 2**32)),
        ("monitor", ("", *MONITORS), ("x",)),
    ],
)  # fmt: skip
def test_parameters_have_ends(name, inside, outside):
    for value in inside:
        MonitorParameters(**{name: value})
    for value in outside:
        with pytest.raises(UsageError, match=name):
            MonitorParameters(**{name: value})


def test_directions_are_signs():
    assert [MonitorParameters(direction=way).sides for way in ("up", "down", "both")] == [1, -1, 0]


def test_only_what_rang_with_a_change_has_places():
    rang = watched("kl", 600)
    assert _item(rang)["delay"] == 40.0
    for one in (replace(rang, alarm=None), replace(rang, change=None)):
        assert one.delay is None
        assert not {"alarm", "change", "direction", "delay"} & set(_item(one))
        assert pictures(one)["stream"]["alarm"] is None
        assert "change_at" not in _estimates([one])
    assert _estimates([rang])["change_at"].value == 1170.0
    assert "change_at" not in _estimates([replace(rang, stream=replace(rang.stream, by="time"))])
