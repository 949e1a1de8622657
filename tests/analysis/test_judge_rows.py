"""What the judge keeps of rows: names, lengths, surest and least sure rows, slices, buckets, and what it refuses."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.special import expit

from engine.analysis import Judge, JudgeParameters
from engine.analysis.slicing import SLICE_VALUES
from engine.errors import InputRefused, NotEnoughData, NotFound, UsageError
from engine.types import Rows
from tests.analysis.judges import ANALYSIS, DEFAULTS, conclude, rows_of, world
from tests.analysis.test_judge_state import part, rich
from tests.analysis.worlds import hashes_of


def alternating(n: int, **more: np.ndarray) -> Rows:
    """Labels 1 and 0 in turn; every third verdict says the opposite."""
    label = np.arange(n) % 2 * 1.0
    return rows_of(label, np.where(np.arange(n) % 3 == 0, 1 - label, label), **more)


def distinct_buckets(n: int) -> np.ndarray:
    """So many prompts of which no two share a bucket."""
    first = np.unique(hashes_of(np.arange(8 * n)) % np.uint64(4096), return_index=True)[1]
    return np.sort(first)[:n]


# ------------------------------------------------------------------ names


def test_rows_that_name_no_judge_are_of_one_called_judge():
    codes = np.where(np.arange(90) < 40, -1, np.where(np.arange(90) < 70, 1, 0))
    verdict = np.where(np.arange(90) < 70, np.arange(90) % 2, np.nan)
    rows = rows_of(np.arange(90) % 2, verdict, names={"judge": (codes, ["silent", "spoke"])})
    result = conclude(rows)
    assert [line["item"] for line in result.items] == ["judge", "spoke"], "one without a verdict is no judge"
    assert [line["verdicts"] for line in result.items] == [40, 30]
    assert result.dataset["judge"] == "judge"
    named = conclude(rows_of(np.arange(90) % 2, verdict, names={"judge": (np.maximum(codes, 0), ["silent", "spoke"])}))
    assert [line["item"] for line in named.items] == ["silent", "spoke"]


def test_a_line_of_the_table_is_what_is_said_of_that_judge():
    rows = rich(600)
    for line in conclude(rows).items:
        found = conclude(rows, judge=line["item"]).estimates
        agreement = found["agreement"]
        assert (line["value"], line["low"], line["high"], line["n"]) == (
            agreement.value, agreement.low, agreement.high, agreement.n,
        )  # fmt: skip
        assert line["verdicts"] == found["tie_rate"].n
        for name in ("cohen_kappa", "tie_rate", "position_bias", "length_bias", "order_consistency"):
            one = found[name]
            assert (line[name], line[f"{name}_low"], line[f"{name}_high"]) == (one.value, one.low, one.high), name


def test_of_many_judges_100_have_a_line_and_20_are_named():
    names = [f"judge{number:03}" for number in range(101)]
    judge = np.r_[np.repeat(np.arange(101), 2), np.zeros(60, int)]
    rows = alternating(262, names={"judge": (judge, names)})
    assert [line["item"] for line in conclude(rows).items] == names[:100]
    with pytest.raises(NotFound) as refused:
        conclude(rows, judge="nobody")
    assert str(refused.value).endswith(f"known are {', '.join(names[:20])}.")


def test_rows_with_one_item_on_both_sides_or_none_have_no_win_rate():
    item_a = np.r_[np.zeros(100, int), np.zeros(40, int), np.full(30, -1), np.zeros(20, int), np.ones(50, int)]
    item_b = np.r_[np.ones(100, int), np.zeros(40, int), np.ones(30, int), np.full(20, -1), np.zeros(50, int)]
    label = (np.arange(240) % 4 == 0) * 1.0
    rows = rows_of(label, 1 - label, names={"item_a": (item_a, ["x", "y"]), "item_b": (item_b, ["x", "y"])})
    found = conclude(rows, item="x").estimates
    used = np.r_[label[:100], 1 - label[190:]]
    assert found["win_rate_human"].value == pytest.approx(used.mean())
    assert found["win_rate_judge"].value == pytest.approx(1 - used.mean())
    assert found["win_rate_human"].n == 150
    assert found["agreement"].n == 240
    assert conclude(rows, item="y").estimates["win_rate_human"].value == pytest.approx(1 - used.mean())


def test_one_side_named_is_none():
    label = (np.arange(100) % 4 == 0) * 1.0
    rows = rows_of(label, label, names={"item_a": (np.arange(100) % 2, ["x", "y"])})
    result = conclude(rows)
    assert result.dataset["item"] == ""
    assert result.estimates["win_rate_human"].value == pytest.approx(0.25)


# ------------------------------------------------------------------ values of rows


def test_characters_stand_for_a_length_that_is_not_known():
    generator = np.random.default_rng(1)
    sides = tuple(generator.integers(1, 90, (2, 200)) * 1.0)
    other = tuple(side[::-1] for side in sides)
    rows = alternating(200, lengths=sides)
    expected = conclude(rows).estimates["length_bias"]
    by_characters = dataclasses.replace(rows, styles={"characters": sides, "bold": other})
    assert conclude(by_characters).estimates["length_bias"] == expected
    both = dataclasses.replace(rows, styles={"characters": other, "length": sides})
    assert conclude(both).estimates["length_bias"] == expected
    neither = dataclasses.replace(rows, styles={"bold": other})
    assert conclude(neither).estimates["length_bias"].value is None


def test_pairs_without_words_or_of_unknown_length_do_not_count():
    a, b = np.array([3.0, 0, np.nan, 5] * 50), np.array([1.0, 0, 1, np.inf] * 50)
    verdict = np.tile([1.0, 1, 1, 1], 50)
    rows = rows_of(np.tile([0.5, 0, 0, 0], 50), verdict, lengths=(a, b))
    assert conclude(rows).estimates["length_bias"].value == pytest.approx(0.5 * 0.5 / 0.25)


def test_columns_that_are_not_there_are_not_known():
    rows = alternating(200)

    def without(*names: str, **more: np.ndarray) -> Rows:
        kept = {name: column for name, column in rows.columns.items() if name not in names}
        return dataclasses.replace(rows, columns={**kept, **more})

    expected = conclude(rows).estimates
    found = conclude(without("first", "margin", "side_a", "side_b")).estimates
    assert found == expected
    assert found["position_bias"].value is None
    shown = conclude(without("side_a", first=np.ones(200, np.int8))).estimates
    assert shown["position_bias"].value == pytest.approx(rows.columns["verdict"].mean() - 0.5)
    assert shown["order_consistency"].value is None
    by_margin = conclude(without("verdict", margin=rows.columns["verdict"] - 0.5)).estimates
    assert by_margin["cohen_kappa"] == expected["cohen_kappa"]


def test_how_sure_a_judge_is():
    """By the margin's sigmoid where there is one, else by the verdict."""
    label = np.r_[np.ones(40), np.zeros(10), np.full(4, np.nan)]
    verdict = np.r_[np.ones(50) * 0.9, 0.9, 0.35, np.nan, 0.6]
    margin = np.r_[np.full(45, np.nan), -2.0, 3.0, np.nan, np.nan, 4.0, np.nan, np.nan, -0.2, 1.5]
    result = conclude(rows_of(label, verdict, margin=margin))
    rows = hashes_of(np.arange(54) + 10**9)
    surest = {int(rows[place]): value for place, value in
              zip(range(40, 50), [0.9] * 5 + [expit(2), expit(3), 0.9, 0.9, expit(4)], strict=True)}  # fmt: skip
    assert {one.row_hash: one.confidence for one in result.worst} == pytest.approx(surest)
    asked = result.pictures["label_next"]
    doubts = {str(rows[50]): 0.1, str(rows[51]): 0.35, str(rows[52]): 1 - expit(0.2), str(rows[53]): 1 - expit(1.5)}
    assert dict(zip(asked["unsure"], asked["doubt"], strict=True)) == pytest.approx(doubts)


def test_a_tie_is_against_nobody():
    label = np.r_[np.ones(40), np.full(10, 0.5), np.ones(10), np.zeros(3)]
    verdict = np.r_[np.ones(40), np.zeros(10), np.full(10, 0.5), np.ones(3)]
    result = conclude(rows_of(label, verdict))
    assert sorted(one.row_hash for one in result.worst) == sorted(
        int(one) for one in hashes_of(np.arange(60, 63) + 10**9)
    )
    assert result.pictures["verdicts"] == {
        "same": 40, "opposite": 3, "human_only": 10, "judge_only": 10, "both_tied": 0,
    }  # fmt: skip


def test_soft_votes_count_by_the_answer_they_lean_to():
    label = np.tile([0.2, 0.5, 0.51, 1, 0.7, 0.5], 20)
    verdict = np.tile([0.4, 0.5, 0.5, 0.8, 0.1, 0.6], 20)
    assert conclude(rows_of(label, verdict)).pictures["verdicts"] == {
        "same": 40, "opposite": 20, "human_only": 20, "judge_only": 20, "both_tied": 20,
    }  # fmt: skip


def test_200_rows_of_each_kind_are_kept():
    label = np.where(np.arange(700) < 300, 1.0, np.nan)
    verdict = np.where(np.arange(700) < 210, 0.2, np.where(np.arange(700) < 300, 0.9, 0.7))
    result = conclude(rows_of(label, verdict))
    assert len(result.worst) == 200
    asked = result.pictures["label_next"]
    assert [len(asked[name]) for name in ("random", "unsure", "doubt")] == [200, 200, 200]
    every = sorted(int(one) for one in hashes_of(np.arange(300, 700) + 10**9))
    assert asked["random"] == [str(one) for one in every[:200]]


@pytest.mark.parametrize("name", ["label", "verdict"])
@pytest.mark.parametrize("value", [-0.01, 1.01, np.inf])
def test_one_value_out_of_range_is_refused_by_the_name_of_its_column(name, value):
    rows = alternating(60)
    column = rows.columns[name].copy()
    column[7] = value
    with pytest.raises(InputRefused) as refused:
        conclude(dataclasses.replace(rows, columns={**rows.columns, name: column}))
    assert refused.value.field == name


# ------------------------------------------------------------------ how much is enough


def test_30_prompts_are_enough_and_rows_of_one_prompt_are_one():
    assert conclude(alternating(30)).dataset["prompts"] == 30
    with pytest.raises(NotEnoughData, match="29 labelled prompts; an honest interval needs at least 30"):
        conclude(alternating(58, prompt=np.arange(58) // 2))


def test_the_labels_of_one_judge_must_lie_in_ten_buckets():
    prompt = distinct_buckets(60)
    for mine in (9, 10):
        judge = (np.arange(60) >= mine).astype(int)
        rows = alternating(60, prompt=prompt, names={"judge": (judge, ["few", "many"])})
        assert conclude(rows).dataset["judge"] == "many"
        if mine == 10:
            assert conclude(rows, judge="few").dataset["labelled"] == 10
            continue
        with pytest.raises(NotEnoughData, match="The labelled prompts of few lie in 9 buckets only"):
            conclude(rows, judge="few")


def test_rows_without_a_label_are_no_labelled_prompts():
    label = np.where(np.arange(200) < 40, np.arange(200) % 2, np.nan)
    result = conclude(rows_of(label, np.arange(200) % 3 / 2))
    told = result.dataset
    assert (told["rows"], told["labelled"], told["prompts"], told["prompts_approximate"]) == (200, 40, 40, False)
    assert result.evidence.rows == 200
    assert "on 40 labelled pairs of 40 prompts" in result.sentence


def test_parameters_at_their_limits():
    assert dataclasses.asdict(JudgeParameters()) == {
        "slice": "", "where": "", "judge": "", "item": "", "half_width": 0.03, "level": 0.95,
    }  # fmt: skip
    for values in ({"level": 0.5}, {"level": 0.999}, {"half_width": 0.0001}, {"half_width": 0.4999}):
        assert JudgeParameters.parse(values)
    for values in ({"level": 0.49}, {"level": 0.9991}, {"half_width": -0.1}):
        with pytest.raises(UsageError):
            JudgeParameters.parse(values)


def test_the_level_and_the_half_width_are_those_asked_for():
    rows = world(800, labelled=0.3)
    result = conclude(rows, level=0.8, half_width=0.07)
    assert {one.level for one in result.estimates.values()} == {0.8}
    assert result.estimates["labels_needed"].method.startswith("for ± 0.07, ")
    assert result.evidence.params["level"] == 0.8
    assert result.items[0]["low"] == result.estimates["agreement"].low


def test_what_it_reads():
    analysis = Judge()
    assert analysis.missing("comparison", []) == ("label", "verdict")
    assert analysis.missing("comparison", ["margin"]) == ("label",)
    assert analysis.missing("score", ["margin"]) is None


# ------------------------------------------------------------------ buckets


def test_from_4097_prompts_on_there_are_512_buckets_however_rows_are_split():
    rows = alternating(4097)
    halves = [ANALYSIS.observe(part(rows, np.arange(4097) % 2 == side), DEFAULTS) for side in (0, 1)]
    whole, joined = ANALYSIS.observe(rows, DEFAULTS), ANALYSIS.combine(*halves)
    assert [one.verdicts.buckets for one in halves] == [4096, 4096]
    for state in (whole, joined):
        assert (state.verdicts.buckets, state.wins.buckets) == (512, 512)
    assert ANALYSIS.conclude(joined, DEFAULTS).estimates == ANALYSIS.conclude(whole, DEFAULTS).estimates
    once_more = ANALYSIS.combine(joined, ANALYSIS.observe(alternating(100), DEFAULTS))
    assert (once_more.verdicts.buckets, once_more.rows) == (512, 4197)
    exactly = ANALYSIS.observe(part(rows, np.arange(4097) < 4096), DEFAULTS)
    assert exactly.verdicts.buckets == 4096


def test_agreement_in_512_buckets_has_the_interval_of_those():
    rows = alternating(5000)
    found = conclude(rows).estimates["agreement"]
    bucket, same = rows.columns["bucket"] % 512, rows.columns["label"] == rows.columns["verdict"]
    left = np.array([same[bucket != each].mean() for each in np.unique(bucket)])
    error = np.sqrt(511 / 512 * ((left - left.mean()) ** 2).sum())
    assert (found.high - found.low) / 2 == pytest.approx(1.9646 * error, rel=1e-4), "t of 511 degrees of freedom"


def test_beyond_8192_prompts_their_number_is_an_estimate():
    told = conclude(alternating(8191)).dataset
    assert (told["prompts"], told["prompts_approximate"]) == (8191, False)
    result = conclude(alternating(9500))
    assert result.dataset["prompts_approximate"] is True
    assert result.dataset["prompts"] == pytest.approx(9500, rel=0.05)
    assert " of about 9," in result.sentence


# ------------------------------------------------------------------ slices, segments, bytes


def with_slices(rows: Rows, **columns: tuple[np.ndarray, list[str]]) -> Rows:
    return dataclasses.replace(
        rows, slices={name: (np.asarray(codes, np.int32), values) for name, (codes, values) in columns.items()}
    )


def test_a_slice_column_of_100_values_is_kept_and_one_of_101_is_not():
    assert SLICE_VALUES == 100
    for values in (100, 101):
        names = [f"v{number:03}" for number in range(values)]
        rows = with_slices(alternating(500), domain=(np.arange(500) % 5, names), tone=(np.arange(500) % 2, ["a", "b"]))
        assert conclude(rows, slice="tone=a").dataset["labelled"] == 250
        if values == 100:
            assert conclude(rows, slice="domain=v003").dataset["labelled"] == 100
            continue
        with pytest.raises(NotFound, match="more than 100 values"):
            conclude(rows, slice="domain=v003")


def test_values_of_two_segments_are_too_many_together():
    def segment(start: int, values: int) -> Rows:
        names = [f"v{number:03}" for number in range(start, start + values)]
        rows = with_slices(alternating(300), domain=(np.arange(300) % values, names))
        columns = {**rows.columns, "row_hash": hashes_of(np.arange(300) + start * 10**6)}
        return dataclasses.replace(rows, columns=columns)

    for second, known in ((50, True), (51, False)):
        states = [ANALYSIS.observe(segment(*one), DEFAULTS) for one in ((0, 50), (50, second))]
        joined = ANALYSIS.combine(*states)
        params = JudgeParameters(slice="domain=v060")
        if known:
            with pytest.raises(NotEnoughData, match="6 labelled prompts"):
                ANALYSIS.conclude(joined, params)
            continue
        for state in (joined, ANALYSIS.combine(joined, states[0]), ANALYSIS.combine(states[0], joined)):
            with pytest.raises(NotFound, match="more than 100 values"):
                ANALYSIS.conclude(state, params)


def test_a_column_that_only_one_segment_knows():
    plain = alternating(200)
    sliced = with_slices(alternating(90, prompt=np.arange(300, 390)), tone=(np.arange(90) % 2 - 1, ["rude"]))
    states = [ANALYSIS.observe(rows, DEFAULTS) for rows in (plain, sliced)]
    for pair in (states, states[::-1]):
        result = ANALYSIS.conclude(ANALYSIS.combine(*pair), JudgeParameters(slice="tone=rude"))
        assert (result.dataset["rows"], result.dataset["prompts"]) == (45, 45)
        expected = conclude(sliced, slice="tone=rude")
        assert result.estimates == expected.estimates


def test_a_slice_tells_its_judges_items_and_prompts_after_bytes_and_segments():
    rows = rich(900)
    domain = rows.slices["domain"][0]
    states = [ANALYSIS.observe(part(rows, np.arange(900) % 3 == each), DEFAULTS) for each in range(3)]
    joined = ANALYSIS.combine(ANALYSIS.combine(*states[:2]), states[2])
    again = ANALYSIS.from_bytes(ANALYSIS.to_bytes(joined))
    for code in range(3):
        inside = part(rows, domain == code)
        known = np.isfinite(inside.columns["label"]) & np.isfinite(inside.columns["verdict"])
        for state in (joined, again):
            result = ANALYSIS.conclude(state, JudgeParameters(slice=f"domain=d00{code}", item="y"))
            assert result.dataset["prompts"] == len(np.unique(inside.columns["prompt_hash"][known]))
            assert result.dataset["rows"] == np.isfinite(inside.columns["verdict"]).sum()
            alone = conclude(inside, item="y")
            assert {one["item"]: one["verdicts"] for one in result.items} == {
                one["item"]: one["verdicts"] for one in alone.items
            }
            for name in ("win_rate_human", "win_rate_judge", "cohen_kappa"):
                assert result.estimates[name].value == pytest.approx(alone.estimates[name].value), name
            assert result.worst == []
            assert result.pictures["label_next"] == {"random": [], "unsure": [], "doubt": []}


def test_segments_of_which_each_knows_other_values_of_a_column():
    """Several judges and items in each, values in no order."""
    rows = rich(900)
    domain = rows.slices["domain"][0]
    segments = []
    for known, names in (((2, 0), ["d002", "d000"]), ((1,), ["d001"]), ((-1, 2), ["d002"])):
        inside = part(rows, np.isin(domain, known) & ((np.arange(900) % 2 == 0) == (-1 not in known)))
        old = inside.slices["domain"][0]
        codes = np.array([names.index(f"d00{code}") if code >= 0 else -1 for code in old.tolist()])
        segments.append(with_slices(inside, domain=(codes, names)))
    states = [ANALYSIS.observe(segment, DEFAULTS) for segment in segments]
    joined = ANALYSIS.combine(ANALYSIS.combine(states[0], states[1]), states[2])
    kept = (np.arange(900) % 2 == 0) & (domain >= 0) | (np.arange(900) % 2 == 1) & np.isin(domain, (-1, 2))
    for code in range(3):
        alone = part(rows, kept & (domain == code))
        for judge in ("gemma", "llama"):
            for item in ("x", "z"):
                expected = conclude(alone, judge=judge, item=item).estimates
                params = JudgeParameters(slice=f"domain=d00{code}", judge=judge, item=item)
                found = ANALYSIS.conclude(joined, params).estimates
                for name in ("agreement", "tie_rate", "length_bias", "win_rate_human", "win_rate_judge"):
                    assert found[name].value == pytest.approx(expected[name].value), (code, judge, item, name)
                    assert found[name].n == expected[name].n


def test_states_of_one_slice_combine_and_of_two_do_not():
    rows = with_slices(alternating(300), tone=(np.arange(300) % 2, ["a", "b"]))
    halves = [ANALYSIS.observe(part(rows, np.arange(300) % 4 // 2 == side), DEFAULTS) for side in (0, 1)]
    mine = [ANALYSIS.narrow(state, "tone", "a") for state in halves]
    joined = ANALYSIS.combine(*mine)
    assert joined.narrowed == "tone=a"
    assert joined.verdicts.buckets == 64
    params = JudgeParameters(slice="tone=a")
    whole = ANALYSIS.conclude(ANALYSIS.combine(*halves), params)
    assert ANALYSIS.conclude(joined, params).estimates == whole.estimates
    with pytest.raises(UsageError, match="Only states of one slice combine"):
        ANALYSIS.combine(mine[0], ANALYSIS.narrow(halves[1], "tone", "b"))
    with pytest.raises(UsageError):
        ANALYSIS.combine(mine[0], halves[1])


def test_rows_left_out_of_every_segment_add_up_and_survive_bytes():
    rows = alternating(300)
    verdict = np.where(np.arange(300) % 10 == 0, np.nan, rows.columns["verdict"])
    rows = dataclasses.replace(rows, columns={**rows.columns, "verdict": verdict})
    states = [ANALYSIS.observe(part(rows, np.arange(300) < 120 if side else np.arange(300) >= 120), DEFAULTS)
              for side in (0, 1)]  # fmt: skip
    joined = ANALYSIS.combine(*states)
    assert ([one.left_out for one in states], joined.left_out) == ([18, 12], 30)
    assert ANALYSIS.from_bytes(ANALYSIS.to_bytes(joined)).left_out == 30
    assert joined.rows == 270


def test_what_a_state_keeps_keeps_its_size_after_bytes():
    state = ANALYSIS.observe(with_slices(rich(500), tone=(np.arange(500) % 2, ["a", "b"])), DEFAULTS)
    again = ANALYSIS.from_bytes(ANALYSIS.to_bytes(state))
    for name in ("prompts", "drawn", "against", "unsure"):
        assert getattr(again, name).size == getattr(state, name).size, name
    one, other = state.columns["tone"], again.columns["tone"]
    assert [sketch.size for sketch in one.prompts] == [sketch.size for sketch in other.prompts]
    for mine, read in zip(one.prompts, other.prompts, strict=True):
        assert mine.smallest.tolist() == read.smallest.tolist()


def test_no_rows_leave_a_state_that_adds_nothing():
    rows = rich()
    none = ANALYSIS.observe(part(rows, np.zeros(400, bool)), DEFAULTS)
    assert none.rows == 0
    state = ANALYSIS.observe(rows, DEFAULTS)
    for joined in (ANALYSIS.combine(none, state), ANALYSIS.combine(state, none)):
        assert ANALYSIS.to_bytes(joined) == ANALYSIS.to_bytes(state)
