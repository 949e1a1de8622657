"""Tables whose columns are guessed by name or mapped: pairs, votes, single scores."""

from __future__ import annotations

import math
from typing import Any

import pytest

from engine.errors import InputRefused, UsageError
from tests.formats import samples
from tests.formats.reading import csv, taken


def _pairs(names: tuple[str, str, str], **more: Any) -> bytes:
    a, b, label = names
    return samples.lines([{a: 2.0, b: 0.5, label: "A", **more}, {a: 0.0, b: 1.0, label: "B", **more}])


@pytest.mark.parametrize(
    "names",
    [
        ("score_a", "score_b", "label"), ("reward_a", "reward_b", "winner"), ("Score A", "Score B", "Preference"),
        ("score_1", "score_2", "human_label"), ("left_score", "right_score", "preferred"),
        ("a_score", "b_score", "verdict"),
    ],
)  # fmt: skip
def test_usual_names_of_pairs(names: tuple[str, str, str]) -> None:
    rows, report = taken(_pairs(names))
    assert report.format == "pairs"
    assert [(row["margin"], row["label"]) for row in rows] == [(1.5, 1.0), (-1.0, 0.0)]


def test_unusual_names_are_mapped() -> None:
    data = _pairs(("ours", "theirs", "people"), where="north")
    with pytest.raises(InputRefused) as refused:
        taken(data)
    assert refused.value.code == "unrecognised"
    assert "'ours'" in refused.value.message
    mapping = {"score_a": "ours", "score_b": "theirs", "label": "people", "slice": "where", "prompt": "where"}
    rows, report = taken(data, mapping)
    assert [row["margin"] for row in rows] == [1.5, -1.0]
    assert report.columns == {"ours": "score_a", "theirs": "score_b", "people": "label", "where": "prompt"}


def test_a_mapped_score_overrules_what_was_recognised() -> None:
    rows, report = taken(
        samples.FILES["judgebench.jsonl"](),
        {"score_a": "judgments.0.judgment.scores.0", "score_b": "judgments.0.judgment.scores.1", "label": "label"},
    )
    plain, _ = taken(samples.FILES["judgebench.jsonl"]())
    assert report.format == "pairs"
    assert [row["margin"] for row in rows] == [row["margin"] for row in plain]


@pytest.mark.parametrize(
    ("mapping", "code"),
    [({"colour": "x"}, "unknown_role"), ({"score_a": "x"}, "unknown_column"), ({"scale": "ten"}, "bad_scale"),
     ({"scale": "0"}, "bad_scale"), ({"slice": "language,x"}, "unknown_column")],
)  # fmt: skip
def test_a_mapping_that_cannot_be(mapping: dict[str, str], code: str) -> None:
    with pytest.raises(UsageError) as refused:
        taken(samples.FILES["pairs.csv"](), mapping)
    assert refused.value.code == code


def test_a_margin_alone_serves() -> None:
    rows, _ = taken(csv("margin,label,prompt_id", "0.5,1,a", "-2,0,a", "0,0.5,b"))
    assert [(row["margin"], row["label"], row["prompt"]) for row in rows] == [
        (0.5, 1, "a"),
        (-2, 0, "a"),
        (0, 0.5, "b"),
    ]


def test_soft_labels() -> None:
    rows, _ = taken(csv("score_a,score_b,soft_label,votes", "1,0,0.75,4", "0,1,0.2,5"))
    assert [(row["label"], row["votes"]) for row in rows] == [(0.75, 4), (0.2, 5)]


def test_a_predicted_probability_becomes_its_logit() -> None:
    rows, report = taken(csv("prob_a,label", "0.75,1", "0.5,0", "1.0,1", "0,0"))
    assert [row["margin"] for row in rows] == pytest.approx([math.log(3), 0.0])
    assert report.reasons == {"probability_is_certain": 2}


def test_the_winner_may_be_named() -> None:
    rows, _ = taken(csv("model_a,model_b,winner,score_a,score_b", "m,n,n,1,2", "m,n,m,1,2", "n,m,tie,1,2"))
    assert [row["label"] for row in rows] == [0.0, 1.0, 0.5]


def test_a_choice_of_nought_and_one_is_a_position() -> None:
    rows, report = taken(csv("score_a,score_b,choice", "1,2,0", "1,2,1"))
    assert [row["label"] for row in rows] == [1.0, 0.0]
    assert "label_as_position" in {notice.code for notice in report.warnings}


def test_who_was_shown_first() -> None:
    rows, _ = taken(csv("score_a,score_b,label,shown_first", "1,2,A,a", "1,2,A,b", "1,2,A,"))
    assert [row["first"] for row in rows] == [1, 0, None]


def test_labels_without_scores_are_read_but_not_calibrated() -> None:
    rows, report = taken(samples.FILES["arena.jsonl"]())
    assert rows[0]["margin"] is None
    assert {row["label"] for row in rows} <= {0.0, 0.5, 1.0}
    assert rows[0]["time"] is not None
    with pytest.raises(InputRefused, match="nothing to calibrate"):
        report.require_scores()


# ------------------------------------------------------------------ votes


def test_votes_in_columns() -> None:
    rows, _ = taken(csv("score_a,score_b,annotator_1,annotator_2,annotator_3", "1,0,1,2,1", "1,0,0,2,", "1,0,,,"))
    assert [(row["label"], row["votes"]) for row in rows] == [(pytest.approx(2 / 3), 3), (0.25, 2)]


def test_votes_of_mixed_types() -> None:
    rows, _ = taken(samples.FILES["pandalm.json"]())
    share = {1: 1.0, 2: 0.0, 0: 0.5}
    expected = [share[int(row[f"annotator{n}"])] for row in samples.pandalm() for n in (1, 2, 3)]
    assert [row["label"] for row in rows] == pytest.approx(expected)


def test_votes_in_mapped_columns() -> None:
    rows, _ = taken(csv("score_a,score_b,ann,bob", "1,0,A,B", "1,0,A,A"), {"annotators": "ann,bob"})
    assert [(row["label"], row["votes"]) for row in rows] == [(0.5, 2), (1.0, 2)]


def test_votes_in_rows_of_one_pair_are_gathered() -> None:
    rows, report = taken(samples.FILES["votes.jsonl"]())
    made = samples.votes()
    shares = [sum(row["preference"] == "left" for row in made[start : start + 3]) / 3 for start in range(0, 24, 3)]
    assert [(row["label"], row["votes"]) for row in rows] == [(pytest.approx(share), 3) for share in shares]
    assert (report.rows, report.accepted) == (24, 24)
    assert "votes_gathered" in {notice.code for notice in report.warnings}


def test_votes_on_other_scores_are_votes_on_another_pair() -> None:
    rows, _ = taken(csv("item,annotator,score_a,score_b,label", "i,x,1,0,a", "i,y,1,0,b", "i,x,2,0,a"))
    assert [(row["margin"], row["label"], row["votes"]) for row in rows] == [(1.0, 0.5, 2), (2.0, 1.0, 1)]


def test_votes_without_scores_keep_who_voted() -> None:
    rows, report = taken(csv("item,annotator,label", "i1,ann,a", "i1,bob,b", "i2,ann,b"))
    assert report.format == "pairs_unscored"
    assert [(row["annotator"], row["label"]) for row in rows] == [("ann", 1.0), ("bob", 0.0), ("ann", 0.0)]


# ------------------------------------------------------------------ single scores


def test_scores_against_truth() -> None:
    rows, report = taken(samples.FILES["scores.jsonl"]())
    source = samples.scores()
    assert [row["value"] for row in rows] == [row["judge_score"] for row in source]
    assert [row["truth"] for row in rows] == [float(row["correct"]) for row in source]
    assert [row["prompt"] for row in rows] == [row["task_id"] for row in source]
    assert report.scale == 100
    assert "scale_guessed" in {notice.code for notice in report.warnings}


def test_a_truth_that_is_no_share_is_not_taken_for_the_truth() -> None:
    _, report = taken(samples.FILES["scores.csv"]())
    assert report.columns["correct"] == "truth"
    assert "truth" not in report.columns


def test_a_declared_scale_needs_no_warning() -> None:
    _, report = taken(samples.FILES["scores.jsonl"](), {"scale": "100"})
    assert report.scale == 100
    assert report.warnings == []


@pytest.mark.parametrize(
    ("values", "scale"), [((0.1, 0.9), 1), ((1, 5), 5), ((2, 9), 10), ((3, 40), 100), ((-3, 4), 1)]
)
def test_guessed_scales(values: tuple[float, float], scale: float) -> None:
    _, report = taken(samples.lines([{"score": value, "correct": True} for value in values]))
    assert report.scale == scale


def test_missing_and_impossible_scores() -> None:
    data = b'{"score": null, "correct": 1}\n{"score": 0.5, "correct": null}\n{"score": 0.5, "correct": 3}\n'
    data += b'{"score": "high", "correct": 1}\n{"score": 0.25, "correct": 1}\n{"score": NaN, "correct": 0}\n'
    rows, report = taken(data)
    assert [row["value"] for row in rows] == [0.25]
    assert report.reasons == {
        "score_missing": 1,
        "truth_missing": 1,
        "truth_out_of_range": 1,
        "not_a_number": 1,
        "not_finite": 1,
    }


def test_scores_without_a_truth_have_to_be_mapped_and_are_not_calibrated() -> None:
    data = samples.lines([{"score": 0.5, "name": "x"}] * 3)
    with pytest.raises(InputRefused, match="no known form"):
        taken(data)
    _, report = taken(data, {"value": "score"})
    assert report.format == "scores_without_truth"
    with pytest.raises(InputRefused, match="no truth"):
        report.require_scores()


# ------------------------------------------------------------------ slices


def test_slices_are_columns_with_few_short_values() -> None:
    made = [
        {"score_a": 1, "score_b": 0, "label": 1, "subset": f"s{n % 3}", "level": n % 4, "same": "x", "id": n,
         "name": f"n{n}", "long": "z" * 101 * (n % 2), "weight": n / 7, "flag": n % 2 == 0, "seed": n % 3}
        for n in range(100)
    ]  # fmt: skip
    rows, report = taken(samples.lines(made))
    assert list(report.slices) == ["subset", "level", "flag"]
    assert report.slices["flag"] == ["False", "True"]
    assert rows[1]["slice.subset"] == "s1"
    assert "slice.same" not in rows[0]


def test_a_slice_asked_for_with_too_many_values_is_let_go_with_a_warning() -> None:
    made = [{"score_a": 1, "score_b": 0, "label": 1, "name": f"n{n}"} for n in range(60)]
    rows, report = taken(samples.lines(made), {"slice": "name"})
    assert report.slices == {}
    assert "slice.name" not in rows[0]
    assert "slice_dropped" in {notice.code for notice in report.warnings}


def test_a_very_long_text_in_the_first_rows_does_not_hide_the_header() -> None:
    long = "M" * 400_000
    rows, report = taken(csv("score_a,score_b,label,text_a", "1.5,0,a,short", f"0,1,b,{long}", "2,0,a,short"))
    assert report.format == "pairs"
    assert [row["margin"] for row in rows] == [1.5, -1.0, 2.0]
    assert rows[1]["text_a"] == long


def test_lone_surrogates_in_answers_are_replaced_not_refused() -> None:
    line = '{"prompt": "\\ud800 p%d", "chosen": "yes\\udfff", "rejected": "no", "score_chosen": 2, "score_rejected": 1}'
    rows, report = taken(csv(*(line % number for number in range(3))))
    assert report.accepted == 3
    assert rows[0]["text_a"] == "yes?"
