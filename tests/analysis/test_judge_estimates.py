"""A judge's agreement and leanings, against other packages (golden/agreement.py), by hand, and on known judges."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from engine.types import Estimate, Rows
from tests.analysis.judges import conclude, rows_of, world
from tests.analysis.test_plain_results import strange
from tests.analysis.worlds import hashes_of

GOLDEN = json.loads((Path(__file__).parent / "golden" / "agreement.json").read_text())


def found(rows: Rows, name: str) -> Estimate:
    return conclude(rows).estimates[name]


# ------------------------------------------------------------------ agreement


def test_kappa():
    golden = GOLDEN["verdicts"]
    label, verdict = np.array(golden["label"]), np.array(golden["verdict"])
    rows = rows_of(label, verdict)
    assert found(rows, "cohen_kappa").value == pytest.approx(golden["kappa"], rel=1e-9)
    assert found(rows, "agreement").value == pytest.approx(np.mean(label == verdict))
    decided = (label != 0.5) & (verdict != 0.5)
    assert found(rows, "agreement_decided").value == pytest.approx(np.mean((label == verdict)[decided]))
    assert found(rows, "tie_rate").value == pytest.approx(np.mean(verdict == 0.5))
    assert found(rows, "human_tie_rate").value == pytest.approx(np.mean(label == 0.5))
    difference = np.mean(verdict == 0.5) - np.mean(label == 0.5)
    assert found(rows, "tie_rate_difference").value == pytest.approx(difference)


def test_chosen_and_rejected_count_in_both_orders():
    """Label 1 everywhere is an orientation, no prevalence."""
    verdict = (np.random.default_rng(0).random(500) < 0.8).astype(float)
    assert found(rows_of(np.ones(500), verdict), "cohen_kappa").value == pytest.approx(2 * verdict.mean() - 1)


def test_a_margin_stands_for_a_verdict():
    generator = np.random.default_rng(1)
    label, margin = (generator.random(200) < 0.5).astype(float), generator.normal(0, 2, 200)
    margin[:5] = 0
    signs = (1 + np.sign(margin)) / 2
    by_margin = conclude(rows_of(label, np.full(200, np.nan), margin=margin)).estimates
    by_verdict = conclude(rows_of(label, signs)).estimates
    for name in ("agreement", "cohen_kappa", "tie_rate", "win_rate_judge"):
        assert by_margin[name] == by_verdict[name]
    own = np.where(np.arange(200) < 100, 1 - signs, np.nan)
    both = conclude(rows_of(label, own, margin=margin)).estimates["agreement"].value
    expected = np.where(np.arange(200) < 100, 1 - signs, signs)
    assert both == pytest.approx(np.mean(expected == label)), "its own verdict counts before the margin's sign"


def test_perfect_agreement_is_not_certain():
    label = (np.random.default_rng(0).random(100) < 0.5).astype(float)
    result = conclude(rows_of(label, label))
    kappa = result.estimates["cohen_kappa"]
    assert kappa.value == 1
    assert 0.9 < kappa.low < 0.99
    assert "circular_label_suspected" in {notice.code for notice in result.warnings}


def test_verdicts_of_chance():
    generator = np.random.default_rng(2)
    result = conclude(rows_of(generator.integers(0, 2, 400), generator.integers(0, 2, 400)))
    assert result.verdict == "chance"
    assert "no agreement beyond chance" in result.sentence


def test_a_judge_against_people():
    generator = np.random.default_rng(2)
    label = generator.integers(0, 2, 400)
    result = conclude(rows_of(label, np.where(generator.random(400) < 0.7, 1 - label, label)))
    assert result.verdict == "opposed"
    assert result.sentence.startswith("The judge is against people: the same verdict on .3")


# ------------------------------------------------------------------ leanings


def test_position_bias_and_consistency_in_both_orders():
    """80 pairs judged twice, once in each order: on 20 of them the judge takes what stands first."""
    pair = np.tile(np.arange(80), 2)
    first = np.repeat([1, 0], 80).astype(np.int8)
    truth = pair % 2
    verdict = np.where(pair < 20, first, truth).astype(float)
    result = conclude(rows_of(truth, verdict, prompt=pair, first=first))
    assert result.estimates["order_consistency"].value == pytest.approx(60 / 80)
    assert result.estimates["position_bias"].value == pytest.approx(20 / 160)
    assert result.estimates["position_bias"].low > 0
    assert result.estimates["human_position_bias"].value == 0
    assert "it favours the answer shown first by .1" in result.sentence
    assert ".25 of its verdicts turn with the order shown" in result.sentence


def test_a_tie_in_one_order_only_is_no_consistency():
    pair = np.tile(np.arange(60), 2)
    first = np.repeat([1, 0], 60).astype(np.int8)
    verdict = np.where(first == 1, np.where(pair < 20, 0.5, 0.0), 0.0)
    result = conclude(rows_of(pair % 2, verdict, prompt=pair, first=first))
    assert result.estimates["order_consistency"].value == pytest.approx(40 / 60)


def test_both_orders_may_be_written_by_swapping_the_sides():
    pair = np.tile(np.arange(80), 2)
    swapped = np.repeat([False, True], 80)
    first = np.ones(160, np.int8)
    one, other = hashes_of(pair + 10**7), hashes_of(pair + 2 * 10**7)
    verdict = np.where(pair < 20, 1.0, np.where(swapped, 1 - pair % 2, pair % 2))
    sides = {"side_a": np.where(swapped, other, one), "side_b": np.where(swapped, one, other)}
    label = np.where(swapped, 1 - pair % 2, pair % 2)
    result = conclude(rows_of(label, verdict, prompt=pair, first=first, **sides))
    assert result.estimates["order_consistency"].value == pytest.approx(60 / 80)
    assert result.estimates["position_bias"].value == pytest.approx(20 / 160)


def test_orders_that_are_not_known():
    estimates = conclude(world(300, labelled=1)).estimates
    assert estimates["position_bias"].method == "the order shown is not known"
    assert estimates["order_consistency"].method == "no unit was judged in both orders"
    assert estimates["length_bias"].method == "lengths are not known"


@pytest.mark.parametrize("lean", [0.0, 0.2, -0.5])
def test_length_bias_beyond_peoples_own(lean):
    generator = np.random.default_rng(3)
    a, b = generator.lognormal(5, 0.5, (2, 4000))
    z = (a - b) / (a + b)
    label = (generator.random(4000) < 0.5 + 0.4 * z).astype(float)
    verdict = (generator.random(4000) < np.clip(0.5 + (0.4 + lean) * z, 0, 1)).astype(float)
    one = found(rows_of(label, verdict, lengths=(a, b)), "length_bias")
    assert one.low <= lean <= one.high
    assert one.high - one.low < 0.3
    turned = generator.random(4000) < 0.5
    flipped = (np.where(turned, 1 - values, values) for values in (label, verdict))
    sides = np.where(turned, b, a), np.where(turned, a, b)
    assert found(rows_of(*flipped, lengths=sides), "length_bias").value == pytest.approx(one.value)


# ------------------------------------------------------------------ rows to look at, judges


def test_the_surest_against_people_come_first():
    label = np.tile([1.0, 0.0], 50)
    margin = np.where(label == 1, 1.0, -1.0)
    margin[[10, 20, 30]] = [-5.0, -2.0, -8.0]
    result = conclude(rows_of(label, np.full(100, np.nan), margin=margin))
    rows = hashes_of(np.arange(100) + 10**9)
    assert [one.row_hash for one in result.worst] == [int(rows[place]) for place in (30, 10, 20)]
    assert result.worst[0].confidence == pytest.approx(1 / (1 + np.exp(-8)))


def test_rows_to_label_next():
    label = np.where(np.arange(200) < 100, np.arange(200) % 2, np.nan)
    margin = np.linspace(-5, 5, 200)
    margin[150] = 0.0
    chosen = conclude(rows_of(label, np.full(200, np.nan), margin=margin)).pictures["label_next"]
    rows = hashes_of(np.arange(200) + 10**9)
    assert chosen["unsure"][0] == str(rows[150])
    assert chosen["doubt"] == sorted(chosen["doubt"], reverse=True)
    assert chosen["random"] == [str(one) for one in sorted(rows[100:])]


def test_several_judges_have_a_line_each():
    one, other = world(300, labelled=1, right=0.95), world(300, labelled=1, right=0.5, seed=1)
    label, verdict, prompt = (
        np.concatenate([rows.columns[name] for rows in (one, other)]) for name in ("label", "verdict", "prompt_hash")
    )
    judge = np.repeat([1, 0], 300)
    rows = rows_of(label, verdict, prompt=prompt, names={"judge": (judge, ["guesser", "oracle"])})
    result = conclude(rows, judge="oracle")
    lines = {line["item"]: line for line in result.items}
    assert lines["oracle"]["value"] > 0.9
    assert lines["guesser"]["value"] < 0.8
    assert result.estimates["agreement"].value == lines["oracle"]["value"]
    assert result.sentence.startswith("oracle is in")
    assert "several_judges" in {notice.code for notice in result.warnings}
    assert conclude(rows).dataset["judge"] == "guesser", "as many verdicts and labels: the first by name"


@pytest.mark.parametrize("rows", [world(300, 3), world(100, labelled=1), rows_of(np.ones(50), np.ones(50))])
def test_results_are_plain(rows):
    told = conclude(rows).to_dict()
    assert strange(told, "result") == []
    assert json.loads(json.dumps(told, allow_nan=False)) == told
