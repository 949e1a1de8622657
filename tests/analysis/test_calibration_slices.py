from __future__ import annotations

import numpy as np
import pytest

from engine.analysis.calibration.slices import _effects
from engine.types import Rows
from tests.analysis.worlds import changed, conclude, pairs, sliced


def world(n: int = 6000, seed: int = 0, *, bad: float = 0.5, prompts: int | None = None) -> Rows:
    """Calibrated pairs, but in domain "law" the labels are `bad` of the time a coin toss."""
    rows = pairs(n, seed=seed, prompts=prompts)
    generator = np.random.default_rng(seed + 100)
    domain, tone = generator.integers(0, 4, n), generator.integers(0, 3, n)
    toss = (domain == 2) & (generator.random(n) < bad)
    label = np.where(toss, generator.integers(0, 2, n), rows.columns["label"]).astype(float)
    return sliced(
        changed(rows, label=label),
        domain=(domain, ["chat", "code", "law", "math"]),
        tone=(tone, ["calm", "plain", "rude"]),
    )


def test_the_bad_slice_is_confirmed_and_comes_first():
    rows = world()
    found = conclude(rows).slices
    first = found[0]
    assert (first["column"], first["value"], first["confirmed"]) == ("domain", "law", True)
    assert 0 < first["low"] < first["effect"] < first["high"]
    assert first["q_value"] < 1e-4
    codes, labels = rows.slices["domain"][0], rows.columns["label"]
    inside = codes == 2
    assert first["rows"] == int(inside.sum())
    assert first["prompts"] == pytest.approx(int(inside.sum()), rel=0.1)
    margin = rows.columns["margin"][inside]
    assert first["accuracy"] == pytest.approx(float(np.mean((margin > 0) == (labels[inside] == 1))))
    assert {entry["value"] for entry in found if " & " not in entry["column"]} == {
        "chat",
        "code",
        "law",
        "math",
        "calm",
        "plain",
        "rude",
    }
    others = [abs(entry["effect"]) for entry in found if not entry["confirmed"]]
    assert others == sorted(others, reverse=True)


def test_an_evenly_over_confident_model_has_no_bad_slice():
    rows = sliced(pairs(6000, stretch=2.0), **world().slices)
    assert not any(entry["confirmed"] for entry in conclude(rows).slices)


def test_the_effect_is_the_residual_after_recalibration_on_odd_buckets():
    rows = world(prompts=900)
    entry = next(one for one in conclude(rows).slices if one["value"] == "law")
    odd = rows.columns["bucket"] % 2 == 1
    margin, label = rows.columns["margin"], rows.columns["label"]
    temperature = conclude(rows).estimates["temperature"].value
    strength = np.abs(margin)
    residual = 1 / (1 + np.exp(-strength / temperature)) - np.where(margin > 0, label, 1 - label)
    inside = rows.slices["domain"][0] == 2
    effect = residual[odd & inside].mean() - residual[odd & ~inside].mean()
    assert entry["effect"] == pytest.approx(effect, abs=2e-4)


def test_false_alarms_are_rare():
    alarms = sum(any(one["confirmed"] for one in conclude(world(600, seed=seed, bad=0)).slices) for seed in range(12))
    assert alarms <= 2


def test_slices_below_thirty_prompts_are_left_out():
    rows = pairs(400)
    codes = np.where(np.arange(400) < 29, 0, np.where(np.arange(400) < 60, 1, 2))
    found = conclude(sliced(rows, size=(codes, ["few", "some", "many"]))).slices
    assert {entry["value"] for entry in found} == {"some", "many"}


def test_a_slice_that_is_everything_has_no_complement():
    rows = pairs(400)
    assert conclude(sliced(rows, all=(np.zeros(400), ["yes"]))).slices == []
    assert conclude(rows).slices == []


def test_a_conjunction_shows_only_if_worse_than_both_parents():
    rows = pairs(12_000, seed=3)
    generator = np.random.default_rng(7)
    domain, tone = generator.integers(0, 3, 12_000), generator.integers(0, 3, 12_000)
    bad = (domain == 1) & (tone == 2)
    label = np.where(bad, 1 - (rows.columns["margin"] > 0), rows.columns["label"]).astype(float)
    columns = {"domain": (domain, ["chat", "code", "math"]), "tone": (tone, ["calm", "plain", "rude"])}
    found = conclude(sliced(changed(rows, label=label), **columns)).slices
    first = found[0]
    assert (first["column"], first["value"], first["confirmed"]) == ("domain & tone", "code & rude", True)
    assert [one["value"] for one in found if " & " in one["column"] and one["effect"] > 0] == ["code & rude"]
    whole = (domain == 1).astype(float)
    label = np.where(domain == 1, 1 - (rows.columns["margin"] > 0), rows.columns["label"]).astype(float)
    found = conclude(sliced(changed(rows, label=label), **columns)).slices
    assert (found[0]["column"], found[0]["value"]) in {("domain", "code"), ("domain & tone", found[0]["value"])}
    assert ("domain", "code") in {(one["column"], one["value"]) for one in found if one["confirmed"]}
    assert whole.any()


def test_effect_by_hand():
    part, whole = np.array([[2.0, 0, 4], [1.0, 0, 1]]), np.array([[4.0, 2, 8], [1.0, 1, 2]])
    one_bucket = np.array([[2.0, 0, 0], [1.0, 0, 0]])
    told, too_small, everything = _effects(np.stack([part, one_bucket, whole], axis=1), whole)
    assert told is not None
    effect, deviation, buckets = told
    mean_part, mean_rest = 2 / 6, 2 / 8
    assert effect == pytest.approx(mean_part - mean_rest)
    assert buckets == 2
    rest = whole - part
    influence = (part[1] - mean_part * part[0]) / 6 - (rest[1] - mean_rest * rest[0]) / 8
    assert deviation == pytest.approx(np.sqrt(2 * (influence**2).sum()))
    assert too_small is None
    assert everything is None
