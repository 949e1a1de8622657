"""Units are whole whatever order, segment or side their judgments come in; states survive their bytes and narrow."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from engine.analysis.agreement.state import FIELDS, code
from engine.analysis.slicing import SLICE_VALUES
from engine.errors import InputRefused, NotEnoughData, NotFound, UsageError
from engine.types import Rows
from tests.analysis.crowds import ANALYSIS, DEFAULTS, conclude, crowd, rows_of, scores_of

QUALITY = [0.9, 0.8, 0.7, 0.6]


def part(rows: Rows, which: np.ndarray) -> Rows:
    columns = {name: column[which] for name, column in rows.columns.items()}
    coded = (
        {name: (codes[which], values) for name, (codes, values) in one.items()} for one in (rows.slices, rows.names)
    )
    return Rows(rows.kind, columns, *coded)


def told(rows_or_state: object) -> dict:
    state = ANALYSIS.observe(rows_or_state, DEFAULTS) if isinstance(rows_or_state, Rows) else rows_or_state
    result = ANALYSIS.conclude(state, DEFAULTS).to_dict()
    del result["evidence"]
    return result


def sliced(rows: Rows, values: int = 3) -> Rows:
    code = (rows.columns["prompt_hash"] >> np.uint64(20)).astype(np.int64) % values
    names = [f"domain {number:03}" for number in range(values)]
    return Rows(rows.kind, rows.columns, {"domain": (code.astype(np.int32), names)}, rows.names)


def test_segments_that_cut_units_say_what_the_whole_says():
    rows = sliced(crowd(200, QUALITY, ties=0.2))
    segment = np.random.default_rng(3).integers(0, 3, len(rows))
    states = [ANALYSIS.observe(part(rows, segment == number), DEFAULTS) for number in range(3)]
    joined = ANALYSIS.combine(ANALYSIS.combine(states[0], states[1]), states[2])
    assert told(joined) == told(rows)
    assert joined.judgments.members == ANALYSIS.observe(rows, DEFAULTS).judgments.members


def test_raters_and_slices_that_only_one_segment_knows():
    first, second = sliced(crowd(100, QUALITY)), crowd(100, QUALITY, seed=1)
    second = Rows(
        "comparison",
        {**second.columns, "prompt_hash": second.columns["prompt_hash"] ^ np.uint64(1 << 40)},
        {"tone": (np.zeros(len(second), np.int32), ["plain"])},
        {"annotator": (second.names["annotator"][0], ["amara", "rater 00", "zoe", "rater 01"])},
    )
    joined = ANALYSIS.combine(ANALYSIS.observe(first, DEFAULTS), ANALYSIS.observe(second, DEFAULTS))
    assert list(joined.columns) == ["domain", "tone"]
    assert set(joined.judgments.members) == {"amara", "zoe", *(f"rater 0{number}" for number in range(4))}
    plain = ANALYSIS.narrow(joined, "tone", "plain")
    assert plain.rows == len(second)
    assert told(plain)["estimates"] == told(second)["estimates"]


def test_a_swapped_row_is_the_same_judgment():
    rows = crowd(200, QUALITY, ties=0.2)
    swap = np.random.default_rng(1).random(len(rows)) < 0.5
    columns = dict(rows.columns)
    columns["side_a"] = np.where(swap, rows.columns["side_b"], rows.columns["side_a"])
    columns["side_b"] = np.where(swap, rows.columns["side_a"], rows.columns["side_b"])
    columns["label"] = np.where(swap, 1 - rows.columns["label"], rows.columns["label"])
    columns["first"] = np.where(swap, 1 - rows.columns["first"], rows.columns["first"]).astype(np.int8)
    assert told(Rows("comparison", columns, {}, rows.names)) == told(rows)


def test_bytes():
    state = ANALYSIS.observe(sliced(crowd(100, QUALITY)), DEFAULTS)
    again = ANALYSIS.from_bytes(ANALYSIS.to_bytes(state))
    assert ANALYSIS.to_bytes(again) == ANALYSIS.to_bytes(state)
    assert told(again) == told(state)


def test_a_slice_is_the_analysis_of_its_rows():
    rows = sliced(crowd(300, QUALITY))
    chosen = rows.slices["domain"][0] == 1
    narrowed = conclude(rows, slice="domain=domain 001")
    assert narrowed.estimates == conclude(part(rows, chosen)).estimates
    with pytest.raises(NotFound):
        conclude(rows, slice="domain=none")
    with pytest.raises(NotFound):
        conclude(rows, slice="tone=plain")
    with pytest.raises(NotFound, match="more than"):
        conclude(sliced(rows, SLICE_VALUES + 1), slice="domain=domain 001")


def test_states_of_different_kinds_do_not_combine():
    one = ANALYSIS.observe(crowd(50, QUALITY), DEFAULTS)
    scores = scores_of(np.arange(10), np.arange(10) % 2, np.ones(10), ["x", "y"])
    with pytest.raises(UsageError):
        ANALYSIS.combine(one, ANALYSIS.observe(scores, DEFAULTS))


# ------------------------------------------------------------------ repeated judgments


def test_a_judgment_that_is_repeated_counts_once_by_majority():
    unit = np.repeat(np.arange(60), 5)
    rater = np.tile([0, 0, 0, 1, 1], 60)
    label = np.tile([1.0, 1.0, 0.0, 1.0, 0.0], 60)
    result = conclude(rows_of(unit, rater, label, ["steady", "wavering"]))
    assert result.dataset["rows"] == 300
    assert result.pictures["categories"]["count"][1] == 60, "one and one is a tie"
    assert result.estimates["raw_agreement"].value == 0, "a against a tie"
    assert result.estimates["repeat_agreement"].value == 0
    assert result.estimates["repeat_agreement"].n == 120


def test_how_often_a_rater_repeats_itself():
    unit = np.repeat(np.arange(100), 3)
    rater = np.tile([0, 0, 1], 100)
    label = np.ones(300)
    label[1:75:3] = 0
    found = {line["item"]: line["repeat_agreement"] for line in conclude(rows_of(unit, rater, label, ["x", "y"])).items}
    assert found == {"x": 0.75, "y": None}


# ------------------------------------------------------------------ refusals


def test_one_rater_is_refused_by_name():
    with pytest.raises(NotEnoughData, match="one annotator") as refused:
        conclude(crowd(100, [0.9], per_unit=1))
    assert refused.value.code == "one_rater"


def test_nobody_sharing_a_unit_is_refused_by_name():
    rows = rows_of(np.arange(100), np.arange(100) % 4, np.ones(100), list("abcd"))
    with pytest.raises(NotEnoughData, match="nobody can be compared") as refused:
        conclude(rows)
    assert refused.value.code == "no_overlap"


def test_few_prompts_are_refused_and_warned_of():
    with pytest.raises(NotEnoughData) as refused:
        conclude(crowd(200, QUALITY, prompts=29))
    assert refused.value.code == "not_enough_data"
    codes = {notice.code for notice in conclude(crowd(200, QUALITY, prompts=60)).warnings}
    assert "few_prompts" in codes
    assert "few_prompts" not in {notice.code for notice in conclude(crowd(300, QUALITY)).warnings}


def test_one_category_has_no_alpha():
    unit, rater = np.repeat(np.arange(50), 2), np.tile([0, 1], 50)
    result = conclude(scores_of(unit, rater, np.full(100, 3.0), ["x", "y"]))
    assert result.verdict == "one_category"
    assert result.estimates["krippendorff_alpha_nominal"].value is None
    assert result.sentence.startswith("Agreement cannot be measured")


def test_values_out_of_range_are_refused():
    rows = crowd(50, QUALITY)
    label = rows.columns["label"] * 2
    with pytest.raises(InputRefused):
        ANALYSIS.observe(Rows("comparison", {**rows.columns, "label": label}, {}, rows.names), DEFAULTS)
    with pytest.raises(InputRefused):
        ANALYSIS.observe(scores_of(np.arange(2), np.arange(2), np.array([1, np.inf]), ["x", "y"]), DEFAULTS)
    with pytest.raises(UsageError):
        ANALYSIS.observe(dataclasses.replace(rows, kind="curve"), DEFAULTS)


def test_rows_without_rater_or_label_are_left_out_and_counted():
    rows = crowd(200, QUALITY)
    codes = rows.names["annotator"][0].copy()
    label = rows.columns["label"].copy()
    codes[:7], label[7:10] = -1, np.nan
    names = {"annotator": (codes, rows.names["annotator"][1])}
    result = conclude(Rows("comparison", {**rows.columns, "label": label}, {}, names))
    assert result.dataset["rows"] == len(rows) - 10
    assert any(notice.code == "rows_left_out" and "10 rows" in notice.message for notice in result.warnings)


def test_no_rows_and_rows_without_raters_give_an_empty_state():
    rows = crowd(50, QUALITY)
    for nothing in (part(rows, np.zeros(len(rows), bool)), Rows("comparison", rows.columns)):
        state = ANALYSIS.observe(nothing, DEFAULTS)
        assert state.rows == 0
        with pytest.raises(NotEnoughData):
            ANALYSIS.conclude(state, DEFAULTS)


# ------------------------------------------------------------------ what is remembered of rows


def shifted(rows: Rows) -> Rows:
    """The same of other prompts."""
    return Rows(
        rows.kind,
        {**rows.columns, "prompt_hash": rows.columns["prompt_hash"] ^ np.uint64(1 << 40)},
        rows.slices,
        rows.names,
    )


def domains(rows: Rows, first: int, values: int) -> Rows:
    code = np.arange(len(rows)) % values
    return Rows(
        rows.kind,
        rows.columns,
        {"domain": (code.astype(np.int32), [f"domain {first + number:03}" for number in range(values)])},
        rows.names,
    )


def test_a_hundred_values_of_a_slice_column_are_kept_apart():
    rows = crowd(100, QUALITY)
    whole = ANALYSIS.observe(domains(rows, 0, SLICE_VALUES), DEFAULTS)
    assert len(whole.columns["domain"]) == SLICE_VALUES
    assert whole.untracked == frozenset()
    more = ANALYSIS.observe(domains(rows, 0, SLICE_VALUES + 1), DEFAULTS)
    assert (dict(more.columns), more.untracked) == ({}, {"domain"})
    halves = [ANALYSIS.observe(domains(one, first, 50), DEFAULTS) for one, first in ((rows, 0), (shifted(rows), 50))]
    assert len(ANALYSIS.combine(*halves).columns["domain"]) == SLICE_VALUES
    over = ANALYSIS.combine(halves[0], ANALYSIS.observe(domains(shifted(rows), 50, 51), DEFAULTS))
    assert (dict(over.columns), over.untracked) == ({}, {"domain"})
    assert ANALYSIS.combine(over, halves[0]).untracked == {"domain"}
    assert ANALYSIS.combine(halves[0], over).columns == {}


def test_a_judgment_whose_rows_are_of_two_slices_is_in_neither():
    unit, rater = np.repeat(np.arange(4), 2), np.zeros(8, int)
    rows = rows_of(unit, rater, np.ones(8), ["x"])
    code = np.array([0, 0, 1, 1, 0, 1, -1, 0], np.int32)
    state = ANALYSIS.observe(
        Rows("comparison", rows.columns, {"tone": (code, ["plain", "rude"])}, rows.names), DEFAULTS
    )
    assert [ANALYSIS.narrow(state, "tone", value).rows for value in ("plain", "rude")] == [2, 2]
    assert ANALYSIS.narrow(state, "tone", "plain").narrowed == "tone=plain"


def test_a_slice_knows_only_its_raters():
    rows = crowd(100, QUALITY)
    code = (rows.names["annotator"][0] > 1).astype(np.int32)
    rows = Rows("comparison", rows.columns, {"who": (code, ["early", "late"])}, rows.names)
    state = ANALYSIS.narrow(ANALYSIS.observe(rows, DEFAULTS), "who", "late")
    assert state.judgments.members == ("rater 02", "rater 03")
    assert set(state.judgments.member.tolist()) == {0, 1}
    assert state.columns == {}


def test_left_out_rows_add_up():
    rows = crowd(100, QUALITY)
    label = rows.columns["label"].copy()
    label[:3] = np.nan
    one = ANALYSIS.observe(Rows("comparison", {**rows.columns, "label": label}, {}, rows.names), DEFAULTS)
    two = ANALYSIS.observe(shifted(rows), DEFAULTS)
    joined = ANALYSIS.combine(ANALYSIS.combine(one, two), one)
    assert (one.left_out, two.left_out, joined.left_out) == (3, 0, 6)
    assert ANALYSIS.from_bytes(ANALYSIS.to_bytes(joined)).left_out == 6


def test_labels_may_lie_at_the_ends_and_no_further():
    rows = rows_of(np.arange(3), np.zeros(3, int), np.array([0.0, 0.5, 1.0]), ["x"])
    assert ANALYSIS.observe(rows, DEFAULTS).rows == 3
    for label in (-1e-9, 1 + 1e-9):
        wrong = rows_of(np.arange(3), np.zeros(3, int), np.array([0.0, label, 1.0]), ["x"])
        with pytest.raises(InputRefused):
            ANALYSIS.observe(wrong, DEFAULTS)
        coded = {"annotator": (np.array([0, -1, 0], np.int32), ["x"])}
        assert ANALYSIS.observe(Rows("comparison", wrong.columns, {}, coded), DEFAULTS).rows == 2
    scores = scores_of(np.arange(3), np.zeros(3, int), np.array([-5.0, 0, 100]), ["x"])
    assert ANALYSIS.observe(scores, DEFAULTS).rows == 3


def test_one_name_is_one_rater_whether_annotator_or_judge():
    rows = scores_of(np.arange(6), np.zeros(6, int), np.arange(6), ["x"])
    annotators = np.array([0, 1, -1, -1, 0, -1], np.int32), ["zoe", "amy"]
    judges = np.array([0, 0, 0, 1, -1, -1], np.int32), ["zoe", "machine"]
    state = ANALYSIS.observe(Rows("score", rows.columns, {}, {"annotator": annotators, "judge": judges}), DEFAULTS)
    assert state.judgments.members == ("amy", "machine", "zoe")
    by_prompt = {
        round(prompt): member for prompt, member in zip(state.judgments.sums[9], state.judgments.member, strict=True)
    }
    high = (rows.columns["prompt_hash"] >> np.uint64(32)).tolist()
    assert [by_prompt.get(prompt) for prompt in high] == [2, 0, 2, 1, 2, None]
    assert state.left_out == 1


def test_scores_without_the_name_of_their_item_are_a_unit_of_their_own():
    prompt, rater = np.zeros(6, int), np.tile([0, 1], 3)
    items = np.repeat([0, 1, -1], 2).astype(np.int32), ["one", "two"]
    state = ANALYSIS.observe(scores_of(prompt, rater, np.ones(6), ["x", "y"], item=items), DEFAULTS)
    assert state.judgments.sizes.tolist() == [2, 2, 2]
    other = np.repeat([1, 0, -1], 2).astype(np.int32), ["two", "one"]
    again = ANALYSIS.observe(scores_of(prompt, rater, np.ones(6), ["x", "y"], item=other), DEFAULTS)
    assert np.array_equal(again.judgments.unit, state.judgments.unit)


def test_rows_without_two_different_names_have_no_code_of_either():
    zeros = np.zeros(4, int)
    rows = rows_of(np.arange(4), zeros, np.ones(4), ["x"], items=(zeros, zeros + 1, ["new", "old"]))
    for one, other in ((zeros, zeros), (zeros - 1, zeros), (zeros, zeros - 1)):
        coded = {"item_a": (one.astype(np.int32), ["new"]), "item_b": (other.astype(np.int32), ["new"])}
        state = ANALYSIS.observe(Rows("comparison", rows.columns, {}, {**rows.names, **coded}), DEFAULTS)
        for side in ("item_low", "item_high"):
            assert state.judgments.sums[FIELDS.index(side)].tolist() == [0] * 4
    named = ANALYSIS.observe(rows, DEFAULTS).judgments.sums
    low, high = (named[FIELDS.index(side)] for side in ("item_low", "item_high"))
    assert {(int(one), int(other)) for one, other in zip(low, high, strict=True)} <= {
        (code("new"), code("old")),
        (code("old"), code("new")),
    }


def test_scores_that_differ_by_rounding_are_a_repetition():
    unit, rater = np.repeat(np.arange(60), 3), np.tile([0, 0, 1], 60)
    value = np.full(180, 0.1)
    value[1::3] = 0.3 - 0.2
    value[1] = 0.11
    value[4] = 0.2
    found = conclude(scores_of(unit, rater, value, ["x", "y"])).estimates["repeat_agreement"]
    assert (found.value, found.n) == (pytest.approx(58 / 60), 60)
    zeros = conclude(scores_of(unit, rater, np.where(unit == 3, 1.0, 0.0), ["x", "y"])).estimates["repeat_agreement"]
    assert zeros.value == 1


def test_the_time_that_a_conclusion_took(monkeypatch):
    clock = iter([100.0, 100.25])
    monkeypatch.setattr("engine.analysis.base.time", SimpleNamespace(perf_counter=lambda: next(clock)))
    assert conclude(crowd(60, QUALITY)).evidence.duration_ms == 250


# ------------------------------------------------------------------ what it applies to


def test_scores_of_judges_are_judged_too():
    assert ANALYSIS.applies("comparison", ["annotator", "label"])
    assert not ANALYSIS.applies("comparison", ["judge", "label"])
    assert ANALYSIS.applies("score", ["judge", "value"])
    assert ANALYSIS.missing("score", ["value"]) == ("annotator",)
    unit, rater = np.repeat(np.arange(60), 2), np.tile([0, 1], 60)
    rows = scores_of(unit, rater, unit % 5, ["x", "y"])
    judged = Rows("score", rows.columns, {}, {"judge": rows.names["annotator"]})
    assert conclude(judged).estimates == conclude(rows).estimates
    mixed = np.where(rater == 0, 0, -1).astype(np.int32)
    both = {"annotator": (mixed, ["x"]), "judge": (np.zeros(120, np.int32), ["machine"])}
    assert {line["item"] for line in conclude(Rows("score", rows.columns, {}, both)).items} == {"x", "machine"}


def test_scored_answers_of_one_prompt_are_units_of_their_own():
    unit, rater = np.repeat(np.arange(120), 2), np.tile([0, 1], 120)
    names = {"item": ((unit % 2).astype(np.int32), ["one", "two"])}
    rows = scores_of(unit // 2, rater, unit % 7, ["x", "y"], **names)
    assert conclude(rows).dataset["units"] == 120
    without = conclude(scores_of(unit // 2, rater, unit % 7, ["x", "y"]))
    assert without.dataset["units"] == 60
    assert "prompt_is_unit" in {notice.code for notice in without.warnings}


@pytest.mark.parametrize("params", [{"level": 0.3}, {"slice": "x"}, {"false_discovery": 0}, {"bins": 3}])
def test_parameters_are_checked(params):
    with pytest.raises(UsageError):
        ANALYSIS.parameters.parse(params)
