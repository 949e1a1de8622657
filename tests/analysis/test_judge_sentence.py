"""What a judge result says in words: verdicts at their limits, what the judge leans to, warnings, whose win rate."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from engine.analysis.judge.corrected import Corrected
from engine.analysis.judge.sentence import Basis, sentence, verdict
from engine.analysis.judge.view import View
from engine.analysis.judge.warnings import warnings
from engine.analysis.judge.win_rate import WinRate
from engine.types import Estimate
from tests.analysis.judges import ANALYSIS, DEFAULTS, conclude, rows_of

NOTHING = Estimate(None)
BASIS = Basis(1200, 300, "gemma", "new")


def found(**changes: Estimate) -> Mapping[str, Estimate]:
    """The estimates that a sentence is made of, by default those of a judge that leans to nothing."""
    level = Estimate(0.02, -0.01, 0.05)
    return {
        "agreement": Estimate(0.83, 0.8, 0.86),
        "cohen_kappa": Estimate(0.66, 0.61, 0.71),
        "position_bias": level,
        "tie_rate_difference": level,
        "length_bias": level,
        "order_consistency": NOTHING,
        "win_rate_ppi": NOTHING,
        "win_rate_judge": Estimate(0.7, 0.6, 0.8),
        **changes,
    }


# ------------------------------------------------------------------ the verdict


@pytest.mark.parametrize(
    ("value", "low", "high", "word"),
    [
        (-0.01, -0.2, 0.1, "chance"),
        (-0.01, None, None, "poor"),
        (0.0, None, None, "slight"),
        (0.19, 0.01, 0.3, "slight"),
        (0.2, 0.1, 0.3, "fair"),
        (0.39, 0.2, 0.5, "fair"),
        (0.4, 0.2, 0.6, "moderate"),
        (0.6, 0.5, 0.7, "substantial"),
        (0.79, 0.7, 0.9, "substantial"),
        (0.8, 0.7, 0.9, "almost_perfect"),
        (0.1, 0.0, 0.2, "chance"),
        (0.39, 0.0, 0.8, "chance"),
        (0.4, 0.0, 0.8, "moderate"),
        (-0.3, -0.5, -0.1, "opposed"),
        (-0.3, -0.6, 0.0, "chance"),
    ],
)
def test_words_of_landis_and_koch_and_their_limits(value, low, high, word):
    assert verdict(Estimate(value, low, high)) == word


def test_without_a_kappa_there_is_one_category():
    assert verdict(NOTHING) == "one_category"
    told = sentence("one_category", found(cohen_kappa=NOTHING), BASIS)
    assert told == (
        "gemma and people use one category only: the same verdict on .83 [.80, .86] "
        "on 1,200 labelled pairs of 300 prompts."
    )


# ------------------------------------------------------------------ the sentence


def test_a_judge_that_leans_to_nothing():
    assert sentence("substantial", found(), BASIS) == (
        "gemma is in substantial agreement with people: the same verdict on .83 [.80, .86], kappa .66 [.61, .71], "
        "on 1,200 labelled pairs of 300 prompts."
    )


def test_a_judge_without_a_name_on_about_so_many_prompts():
    told = sentence("almost_perfect", found(), Basis(1, 20_000, "judge", "", approximate=True))
    assert told.startswith("The judge is in almost perfect agreement with people: ")
    assert told.endswith(", on 1 labelled pair of about 20,000 prompts.")
    assert str(Basis(1, 1, "judge", "")) == "on 1 labelled pair of 1 prompt"


def test_degrees_that_are_no_agreement():
    assert sentence("chance", found(), BASIS).startswith("gemma is in no agreement beyond chance with people: ")
    assert sentence("opposed", found(), BASIS).startswith("gemma is against people: ")


@pytest.mark.parametrize(
    ("name", "up", "down"),
    [
        ("position_bias", "it favours the answer shown first by .10", "it favours the answer shown second by .10"),
        ("tie_rate_difference", "it calls more ties, by .10", "it calls fewer ties, by .10"),
        ("length_bias", "it likes longer answers more than people do", "it likes shorter answers more than people do"),
    ],
)
def test_what_a_judge_surely_leans_to_is_said_and_nothing_else(name, up, down):
    plain = sentence("fair", found(), BASIS)
    for one, words in ((Estimate(0.1, 0.05, 0.15), up), (Estimate(-0.1, -0.15, -0.05), down)):
        assert sentence("fair", found(**{name: one}), BASIS) == f"{plain[:-1]}; {words}."
    for unsure in (
        Estimate(0.1, None, None),
        Estimate(0.1, 0.0, 0.2),
        Estimate(-0.1, -0.2, 0.0),
        Estimate(0.4, -0.1, 0.9),
        NOTHING,
    ):
        assert sentence("fair", found(**{name: unsure}), BASIS) == plain


def test_verdicts_that_turn_with_the_order_are_told_where_there_are_any():
    plain = sentence("fair", found(), BASIS)
    told = sentence("fair", found(order_consistency=Estimate(0.7, 0.6, 0.8)), BASIS)
    assert told == f"{plain[:-1]}; .30 of its verdicts turn with the order shown."
    assert sentence("fair", found(order_consistency=Estimate(1.0, 0.9, 1.0)), BASIS) == plain


def test_whose_win_rate_is_corrected():
    corrected = found(win_rate_ppi=Estimate(0.62, 0.58, 0.66))
    assert sentence("fair", corrected, BASIS).endswith(
        "; corrected by labels, new wins .62 [.58, .66], by the judge alone .70."
    )
    assert "; corrected by labels, answer a wins .62" in sentence("fair", corrected, Basis(9, 9, "gemma", ""))
    assert "corrected" not in sentence("fair", {**corrected, "win_rate_judge": NOTHING}, BASIS)


# ------------------------------------------------------------------ warnings


def codes(label: np.ndarray, judged: np.ndarray, **more: np.ndarray) -> list[str]:
    return [notice.code for notice in conclude(rows_of(label, judged, **more)).warnings]


def test_few_prompts_are_fewer_than_200():
    label = np.arange(201) % 2
    judged = np.where(np.arange(201) < 20, 1 - label, label)
    assert codes(label[:199], judged[:199]) == ["few_prompts"]
    assert codes(label[:200], judged[:200]) == []


def test_a_judge_that_says_what_every_label_says_is_suspected_ties_and_all():
    label = np.arange(201) % 3 / 2
    assert codes(label, label) == ["circular_label_suspected"]
    assert codes(label, np.where(np.arange(201) == 7, 1 - label + 0.5 * (label == 0.5), label)) == []


def test_warnings_stand_the_gravest_first_and_name_the_judge():
    label = np.full(60, 1.0)
    rows = rows_of(
        label,
        np.where(np.arange(60) < 2, np.nan, 1.0),
        names={"judge": (np.arange(60) % 2, ["gemma", "llama"])},
    )
    view = View(ANALYSIS.observe(rows, DEFAULTS), 1)
    told = warnings(view, 58, WinRate("", {}, 0.00123, None))
    assert [one.code for one in told] == [
        "circular_label_suspected", "labelled_not_random", "few_prompts", "several_judges", "rows_left_out",
    ]  # fmt: skip
    assert "(p = 0.0012)" in told[1].message
    assert told[2].message == "Only 58 labelled prompts: intervals are wide and approximate below 200."
    assert told[3].message == "2 judges; the numbers are of llama (another: judge=…)."
    assert told[4].message == "2 rows without a verdict are left out."


def test_labels_are_no_random_subset_below_one_in_a_hundred():
    label = np.arange(300) % 2
    view = View(ANALYSIS.observe(rows_of(label, 1 - label), DEFAULTS), 0)
    found_of = Corrected(0.5, 0.1, 1.0, 30, 0.1, 0.0, 0.1)
    for p_value, expected in ((0.0099, ["labelled_not_random"]), (0.01, []), (1.0, [])):
        assert [one.code for one in warnings(view, 300, WinRate("", {}, p_value, found_of))] == expected
