"""What agreement says: the sentence, its words and numbers, the warnings, and where it begins to refuse."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from engine.analysis.agreement import raters, warnings
from engine.analysis.agreement.raters import Table
from engine.analysis.agreement.rest import Without
from engine.analysis.agreement.sentence import Basis, between, most_gained, sentence, short, verdict
from engine.errors import NotEnoughData, UsageError
from engine.types import Estimate, Result, Rows
from tests.analysis.crowds import ANALYSIS, DEFAULTS, conclude, crowd, rows_of, scores_of


def table(gains: dict[str, Estimate], alpha: Estimate | None = None) -> Table:
    left = [Without(alpha or Estimate(0.5, 0.42, 0.58), gain) for gain in gains.values()]
    return Table(np.arange(len(gains)), [{"item": name} for name in gains], left, None)


def codes_of(result: Result) -> list[str]:
    return [notice.code for notice in result.warnings]


# ------------------------------------------------------------------ the sentence


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.404, ".40"),
        (-0.03, "−.03"),
        (1.0, "1"),
        (-1.0, "−1"),
        (0.0, "0"),
        (-0.001, "0"),
        (0.996, "1"),
        (0.994, ".99"),
        (1.5, "1.50"),
    ],
)
def test_numbers_are_short(value, text):
    assert short(value) == text


def test_intervals_in_brackets():
    assert between(Estimate(0.3, 0.2, 0.4)) == " [.20, .40]"
    assert between(Estimate(0.3, None, 0.4)) == between(Estimate(0.3, 0.2, None)) == ""


@pytest.mark.parametrize(
    ("value", "low", "code"),
    [
        (None, None, "one_category"),
        (-0.001, 0.0, "chance"),
        (-0.001, None, "poor"),
        (0.0, None, "slight"),
        (0.199, 0.01, "slight"),
        (0.199, 0.0, "chance"),
        (0.2, 0.1, "fair"),
        (0.2, 0.0, "chance"),
        (0.399, -0.1, "chance"),
        (0.4, -0.1, "moderate"),
        (0.599, 0.5, "moderate"),
        (0.6, 0.5, "substantial"),
        (0.799, 0.5, "substantial"),
        (0.8, 0.5, "almost_perfect"),
    ],
)
def test_landis_and_kochs_words(value, low, code):
    assert verdict(Estimate(value, low, 1.0)) == code


def test_on_how_much_an_answer_rests():
    assert str(Basis(1, 2, True, "nominal")) == "on 1 pair judged by both of 2 annotators"
    assert str(Basis(1200, 3, False, "ordinal")) == "on 1,200 items judged by two or more of 3 annotators"


def test_the_sentence_of_each_kind():
    basis, told = Basis(40, 2, False, "ordinal"), table({})
    found = Estimate(0.85, 0.8, 0.9)
    assert sentence(verdict(found), found, basis, told) == (
        "Almost perfect agreement: Krippendorff's alpha (ordinal) .85 [.80, .90] "
        "on 40 items judged by both of 2 annotators."
    )
    found = Estimate(0.05, -0.1, 0.2)
    assert sentence(verdict(found), found, Basis(40, 2, True, "nominal"), told) == (
        "No agreement beyond chance can be told: Krippendorff's alpha .05 [−.10, .20] "
        "on 40 pairs judged by both of 2 annotators."
    )
    none = Estimate(None, method="all judgments are the same")
    assert sentence("one_category", none, basis, told) == (
        "Agreement cannot be measured on 40 items judged by both of 2 annotators: all judgments are the same."
    )


def test_the_rater_without_whom_agreement_surely_rises_most():
    gains = {
        "some": Estimate(0.1, 0.05, 0.15),
        "most": Estimate(0.2, 0.1, 0.3),
        "unsure": Estimate(0.3, 0.0, 0.6),
        "none": Estimate(None),
        "wide": Estimate(0.4, None, None),
    }
    name, left = most_gained(table(gains))
    assert (name, left.gain.value) == ("most", 0.2)
    found = Estimate(0.45, 0.41, 0.49)
    assert sentence("moderate", found, Basis(40, 5, True, "nominal"), table(gains)).endswith(
        "of 5 annotators; leaving out most would raise it to .50 [.42, .58]."
    )
    assert most_gained(table({key: gains[key] for key in ("unsure", "none", "wide")})) is None
    assert most_gained(table({key: gains[key] for key in ("some", "most")})) is None, "two cannot tell who is wrong"
    assert most_gained(table({key: gains[key] for key in ("some", "most", "none")}))[0] == "most"


def test_the_scale_of_the_sentence():
    unit, rater = np.repeat(np.arange(60), 2), np.tile([0, 1], 60)
    few = conclude(scores_of(unit, rater, (unit + (rater & (unit % 5 == 0))) % 4, ["x", "y"]))
    assert "Krippendorff's alpha (ordinal)" in few.sentence
    many = conclude(scores_of(unit, rater, unit + 0.1 * rater, ["x", "y"]))
    assert "Krippendorff's alpha (interval)" in many.sentence
    assert "Krippendorff's alpha ." in conclude(crowd(60, [0.8] * 3)).sentence
    assert "on 60 items judged by both of 2 annotators" in few.sentence


def test_raters_who_share_nothing_do_not_count_in_the_sentence():
    unit = np.concatenate([np.repeat(np.arange(60), 2), np.arange(100, 110)])
    rater = np.concatenate([np.tile([0, 1], 60), np.full(10, 2)])
    result = conclude(rows_of(unit, rater, unit % 3 == 0, ["x", "y", "alone"]))
    assert "on 60 pairs judged by both of 2 annotators" in result.sentence
    assert result.dataset["annotators"] == 3
    assert result.dataset["units"] == result.dataset["prompts"] == 60


# ------------------------------------------------------------------ warnings


def test_few_prompts_end_at_two_hundred():
    assert "few_prompts" in codes_of(conclude(crowd(199, [0.8] * 3)))
    assert "few_prompts" not in codes_of(conclude(crowd(200, [0.8] * 3)))


@pytest.mark.parametrize(("rare", "skewed"), [(19, True), (20, False)])
def test_one_category_for_nearly_all(rare, skewed):
    """Below a twentieth of 400 judgments of shared units; those of one rater alone do not count."""
    unit = np.concatenate([np.repeat(np.arange(200), 2), np.arange(300, 400)])
    rater = np.concatenate([np.tile([0, 1], 200), np.zeros(100, int)])
    label = np.where(np.arange(500) < rare, 0.0, 1.0)
    label[400:] = 0
    sides = np.full(500, 3, np.uint64), np.full(500, 7, np.uint64)
    assert ("prevalence" in codes_of(conclude(rows_of(unit, rater, label, ["x", "y"], sides=sides)))) == skewed
    assert "prevalence" not in codes_of(conclude(rows_of(unit, rater, label, ["x", "y"])))


@pytest.mark.parametrize(("again", "warned"), [(60, False), (61, True)])
def test_scores_of_prompts_again_and_again(again, warned):
    unit, rater = np.repeat(np.arange(60), 2), np.tile([0, 1], 60)
    both = np.concatenate([unit, unit[:again]]), np.concatenate([rater, rater[:again]])
    assert ("prompt_is_unit" in codes_of(conclude(scores_of(*both, both[0] % 4, ["x", "y"])))) == warned
    assert "prompt_is_unit" not in codes_of(conclude(rows_of(*both, both[0] % 2, ["x", "y"])))


@pytest.mark.parametrize(("number", "warned"), [(4, False), (5, True)])
def test_more_raters_than_are_listed(number, warned, monkeypatch):
    for module in (raters, warnings):
        monkeypatch.setattr(module, "MOST_RATERS", 4)
    result = conclude(crowd(100, [0.8] * number))
    assert len(result.items) == 4
    assert ("many_annotators" in codes_of(result)) == warned
    assert result.dataset["annotators"] == number


def test_the_first_five_of_those_flagged_are_named():
    lines = [{"item": f"r{number}", "flags": ["low_agreement", "drift"] if number else []} for number in range(8)]
    view = SimpleNamespace(
        mirrored=True, categories=2, paired=True, raters=range(8), state=SimpleNamespace(left_out=0), shared=np.ones(2)
    )
    found = warnings.warnings(view, 500, object(), Table(np.arange(8), lines, [], None))
    assert [notice.code for notice in found] == ["annotators_flagged"]
    assert found[0].message == (
        "Look at r1 (low agreement, drift); r2 (low agreement, drift); r3 (low agreement, drift); "
        "r4 (low agreement, drift); r5 (low agreement, drift)."
    )


def test_a_healthy_crowd_is_not_warned_of():
    assert codes_of(conclude(crowd(300, [0.85] * 4, seed=2))) == []


def test_quality_needs_thirty_units_of_three():
    for units, known in ((30, True), (29, False)):
        threes, twos = crowd(units, [0.9, 0.8, 0.7], per_unit=3), np.repeat(np.arange(200, 240), 2)
        more = rows_of(twos, np.tile([0, 1], 40), twos % 2, threes.names["annotator"][1])
        columns = {
            name: np.concatenate([threes.columns[name], more.columns.get(name, np.ones(80, np.int8))])
            for name in threes.columns
        }
        codes = np.concatenate([threes.names["annotator"][0], more.names["annotator"][0]])
        result = conclude(Rows("comparison", columns, {}, {"annotator": (codes, more.names["annotator"][1])}))
        assert (result.items[0]["value"] is not None) == known
        assert ("quality_not_identified" in codes_of(result)) == (not known)
        assert (result.estimates["consensus_accuracy"].value is not None) == known
        assert result.estimates["consensus_accuracy"].n == 3 * units + 80
        assert result.pictures["raters"]["measure"] == ("quality" if known else "agreement")
        shown = [line["value"] if known else line["agreement"] for line in result.items]
        assert result.pictures["raters"]["value"] == sorted(shown, reverse=True)


# ------------------------------------------------------------------ refusals


def test_refusals_say_how_many():
    with pytest.raises(NotEnoughData, match=r"^29 prompts with judgments of two annotators; .* at least 30"):
        conclude(crowd(200, [0.9] * 3, prompts=29))
    assert conclude(crowd(200, [0.9] * 3, prompts=30)).dataset["prompts"] == 30
    with pytest.raises(NotEnoughData, match="two of the 4 annotators"):
        conclude(rows_of(np.arange(100), np.arange(100) % 4, np.ones(100), list("abcd")))
    with pytest.raises(NotEnoughData, match="no annotator"):
        ANALYSIS.conclude(ANALYSIS.observe(Rows("comparison", crowd(3, [0.9] * 3).columns), DEFAULTS), DEFAULTS)


@pytest.mark.parametrize(("buckets", "enough"), [(10, True), (9, False)])
def test_hashes_that_are_not_well_mixed_are_refused(buckets, enough):
    rows = crowd(60, [0.9] * 3)
    bucket = (np.repeat(np.arange(60), 3) % buckets).astype(np.uint16)
    rows = Rows("comparison", {**rows.columns, "bucket": bucket}, {}, rows.names)
    if enough:
        assert conclude(rows).dataset["prompts"] == 60
    else:
        with pytest.raises(NotEnoughData, match="60 prompts lie in 9 buckets only"):
            conclude(rows)


def test_two_raters_are_enough_and_no_fewer():
    assert len(conclude(crowd(60, [0.9, 0.9], per_unit=2)).items) == 2


@pytest.mark.parametrize("right", [{"level": 0.5}, {"level": 0.999}, {"false_discovery": 0.5}])
def test_parameters_at_their_ends(right):
    assert ANALYSIS.parameters.parse(right)


@pytest.mark.parametrize(
    "wrong", [{"level": 0.499}, {"level": 0.9991}, {"false_discovery": 0.51}, {"false_discovery": -0.1}]
)
def test_parameters_beyond_their_ends(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        ANALYSIS.parameters.parse(wrong)


def test_parameters_that_nobody_names():
    assert (DEFAULTS.level, DEFAULTS.false_discovery) == (0.95, 0.05)
    assert conclude(crowd(60, [0.8] * 3), level=0.8).estimates["raw_agreement"].level == 0.8


def test_only_comparisons_and_scores_of_whom_are_judged():
    assert ANALYSIS.missing("comparison", ["label"]) == ("annotator",)
    assert ANALYSIS.missing("comparison", ["judge", "label"]) == ("annotator",)
    assert ANALYSIS.missing("score", ["judge"]) == ("value",)
    assert ANALYSIS.missing("curve", ["judge"]) is None
    with pytest.raises(UsageError, match="'curve'"):
        ANALYSIS.observe(Rows("curve", crowd(3, [0.9] * 3).columns), DEFAULTS)
