"""The win rate that few labels and many verdicts tell together: ppi-python's numbers, and known truths."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from engine.analysis.judge.corrected import Sums, corrected, random_subset
from engine.analysis.judge.win_rate import labels_needed
from tests.analysis.judges import conclude, rows_of, true_win_rate, world

GOLDEN = json.loads((Path(__file__).parent / "golden" / "agreement.json").read_text())["judge"]


def sums() -> Sums:
    """A bucket a row."""
    label, verdict = np.array(GOLDEN["label"]), np.array(GOLDEN["verdict"])
    known = (np.arange(len(label)) < GOLDEN["labelled"]).astype(float)
    return Sums(known, known * label, known * verdict, 1 - known, (1 - known) * verdict)


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0])
def test_mean_and_standard_error_at_a_weight(weight):
    golden, found = GOLDEN["fixed"][str(weight)], corrected(sums(), weight)
    assert found.value == pytest.approx(golden["mean"], rel=1e-12)
    assert found.error / np.sqrt(60 / 59) == pytest.approx(golden["error"], rel=1e-9)


def test_the_tuned_weight():
    """Ours takes the verdicts' variance of both parts by their sizes, ppi-python pools them."""
    found = corrected(sums())
    assert 0 < found.weight < 1
    assert found.value == pytest.approx(GOLDEN["tuned"], abs=0.002)
    best = min(corrected(sums(), weight).error for weight in np.linspace(0, 1, 1001))
    assert found.error == pytest.approx(best, rel=1e-5)


def test_squares_of_the_parts_of_the_error_add_up():
    found = corrected(sums())
    assert found.label_error**2 + found.verdict_error**2 == pytest.approx(found.error**2)


def test_nothing_unlabelled_is_the_mean_of_the_labels():
    one = sums()
    alone = Sums(one.labelled, one.label, one.verdict, np.zeros(600), np.zeros(600))
    assert corrected(alone).value == pytest.approx(one.label.sum() / 60)
    assert corrected(alone).weight == 0


@pytest.mark.parametrize(("prompts", "answers", "labelled"), [(1500, 1, 0.1), (120, 24, 0.1), (500, 8, 0.2)])
def test_the_truth_lies_inside(prompts, answers, labelled):
    """The judge alone is off by far, the labels alone are vague: 100 seeds, at least 90 inside (nominal 95)."""
    truth, inside, narrower, alone = true_win_rate(), [], [], []
    for seed in range(100):
        estimates = conclude(world(prompts, answers, labelled=labelled, seed=seed)).estimates
        told, human = estimates["win_rate_ppi"], estimates["win_rate_human"]
        if told.value is None:
            assert told.method == "the labelled rows are not a random subset"
            continue
        inside.append(told.low <= truth <= told.high)
        narrower.append((told.high - told.low) / (human.high - human.low))
        alone.append(estimates["win_rate_judge"].value)
    assert len(inside) >= 96
    assert 0.9 <= np.mean(inside) <= 1
    assert np.mean(narrower) < 0.95
    assert np.mean(alone) > truth + 0.02


def test_labels_that_are_no_sample_are_refused():
    result = conclude(world(2000, labelled=0.2, chosen=True))
    told = result.estimates["win_rate_ppi"]
    assert (told.value, told.low, told.high) == (None, None, None)
    assert told.method == "the labelled rows are not a random subset"
    assert result.warnings[0].code == "labelled_not_random"
    assert "corrected by labels" not in result.sentence


def test_labels_of_whole_prompts_are_a_sample():
    """Labelled by prompt, rows are far from independent; the test goes by bucket and does not cry wolf."""
    refused = []
    for seed in range(60):
        rows = world(300, 8, labelled=1, spread=2.0, seed=seed)
        chosen = np.random.default_rng(seed).random(300) < 0.3
        label = np.where(np.repeat(chosen, 8), rows.columns["label"], np.nan)
        result = conclude(rows_of(label, rows.columns["verdict"], prompt=rows.columns["prompt_hash"], names=rows.names))
        refused.append(result.warnings[0].code == "labelled_not_random" if result.warnings else False)
    assert np.mean(refused) < 0.07


def test_the_p_value_of_a_random_subset_is_uniform():
    generator = np.random.default_rng(0)
    found = []
    for _ in range(2000):
        known = generator.random(400) < 0.3
        values = generator.random((2, 400))
        parts = ([one * side for one in values] for side in (known, ~known))
        inside, outside = parts
        found.append(random_subset(known.astype(float), inside, (~known).astype(float), outside))
    assert np.mean(np.array(found) < 0.05) == pytest.approx(0.05, abs=0.015)
    assert np.mean(np.array(found) < 0.5) == pytest.approx(0.5, abs=0.035)


# ------------------------------------------------------------------ planning, items


def test_the_labels_that_are_asked_for_are_enough():
    first = conclude(world(4000, labelled=0.03, seed=3), half_width=0.03)
    more = first.estimates["labels_needed"]
    share = 0.03 + more.value / 4000
    assert more.value > 100
    then = conclude(world(4000, labelled=share, seed=3)).estimates["win_rate_ppi"]
    assert (then.high - then.low) / 2 == pytest.approx(0.03, rel=0.15)


def test_the_plan_begins_at_what_there_is():
    result = conclude(world(1500, labelled=0.1, seed=2))
    plan, told, human = (
        result.pictures["plan"],
        *(result.estimates[name] for name in ("win_rate_ppi", "win_rate_human")),
    )
    assert plan["labels"][0] == human.n
    assert plan["half_width"][0] == pytest.approx((told.high - told.low) / 2)
    assert plan["half_width_without"][0] == pytest.approx((human.high - human.low) / 2, rel=0.01)
    assert plan["half_width_without"][3] == pytest.approx(plan["half_width_without"][0] / np.sqrt(5))
    assert plan["half_width"] == sorted(plan["half_width"], reverse=True)
    assert plan["labels"][-1] <= 1500 < 2 * plan["labels"][-1]


def test_no_labels_are_asked_for_where_there_are_enough_or_verdicts_are_missing():
    found = corrected(sums())
    assert labels_needed(found, 60, 540, 0.3, 0.95).value == 0
    none = labels_needed(found, 60, 540, 0.001, 0.95)
    assert none.value is None
    assert "needs more verdicts" in none.method
    assert labels_needed(found, 60, 540, 0.07, 0.95).method == "for ± 0.07, drawn at random"
    assert labels_needed(found, 60, 3, 0.07, 0.95).method.endswith("; only 3 rows are unlabelled")


def test_each_item_has_its_win_rate():
    rows = world(1000, labelled=0.3)
    new, old = (conclude(rows, item=name).estimates for name in ("new", "old"))
    for name in ("win_rate_human", "win_rate_judge", "win_rate_ppi"):
        assert new[name].value + old[name].value == pytest.approx(1)
    assert conclude(rows).dataset["item"] == "new"
    label = rows.columns["label"]
    won = np.where(rows.names["item_a"][0] == 0, label, 1 - label)
    assert new["win_rate_human"].value == pytest.approx(np.nanmean(won))


def test_answers_without_names():
    generator = np.random.default_rng(0)
    wanted = (generator.random(900) < 0.6).astype(float)
    label = np.where(generator.random(900) < 0.3, wanted, np.nan)
    result = conclude(rows_of(label, np.where(generator.random(900) < 0.8, wanted, 1 - wanted)))
    assert result.estimates["win_rate_human"].value == pytest.approx(np.nanmean(label))
    assert "answer a wins" in result.sentence


def test_every_row_labelled_or_few_of_them():
    assert conclude(world(300, labelled=1)).estimates["win_rate_ppi"].method == "every row is labelled"
    rows = world(400, labelled=1)
    label = np.where(np.arange(400) < 19, rows.columns["label"], np.nan)
    names = rows.names | {"judge": (np.where(np.arange(400) < 200, 0, 1), ["most", "other"])}
    more = np.where(np.arange(400) >= 380, rows.columns["label"], label)
    told = conclude(rows_of(more, rows.columns["verdict"], names=names), judge="most").estimates["win_rate_ppi"]
    assert told.method == "labels in 19 buckets of prompts, fewer than 20"
