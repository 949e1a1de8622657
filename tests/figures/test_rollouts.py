"""The pictures of rollouts and the words of answers, whatever they are given."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine import cohort
from engine.figures import answers
from engine.figures.pairs import chosen_rows
from engine.figures.view import charts
from engine.types import Evidence, Result

HOSTILE = "<img src=x onerror=alert(1)>"


def line(*values: float | None) -> dict[str, Any]:
    ends = {
        side: [None if value is None else value + by for value in values] for side, by in (("low", -1), ("high", 1))
    }
    return {"value": list(values), **ends, "count": [5] * len(values)}


def result(**pictures: Any) -> Result:
    places = {"by": "step", "first": [0.0, 10.0, 20.0], "last": [9.0, 19.0, 20.0]}
    known = {"places": places, "reward": line(0.1, None, 0.5), **pictures}
    return Result("rollouts", "rose", "Reward rose.", {}, Evidence("rollouts", "1"), pictures=known)


def test_each_mark_knows_its_rows_and_its_steps() -> None:
    chart = charts(result(gold=line(0.2, 0.2, 0.1)))["reward"]
    lines = [trace for trace in chart.figure["data"] if "customdata" in trace]
    assert [trace["name"] for trace in lines] == ["Reward", "Gold reward"]
    assert lines[0]["customdata"][0] == ["step=0..9", "0..9"]
    assert [cohort.parse(where) is not None for where, _ in lines[0]["customdata"]] == [True] * 3
    assert (lines[0]["meta"]["where"], lines[0]["meta"]["pick"]) == (0, 1)
    assert lines[0]["x"] == [4.5, 14.5, 20.0]
    assert chart.table.columns == ["Step", "Reward", "Reward, low", "Reward, high", "Gold reward", "Gold reward, low",
                                   "Gold reward, high"]  # fmt: skip
    assert "Reward from 0.100 to 0.500" in chart.alt


def test_shares_are_percentages_and_what_is_not_known_has_no_picture() -> None:
    found = charts(result(truncated=line(0.5, 0.25, 0.0)))
    trace = next(trace for trace in found["shares"].figure["data"] if "customdata" in trace)
    assert trace["y"] == [50.0, 25.0, 0.0]
    assert set(found) == {"reward", "shares"}


def test_times_stand_in_the_place_of_steps() -> None:
    places = {"by": "time", "first": [0.0, 60.0, 120.5], "last": [59.0, 60.0, 121.0]}
    chart = charts(result(places=places))["reward"]
    trace = next(trace for trace in chart.figure["data"] if "customdata" in trace)
    assert trace["x"][1] == "1970-01-01T00:01:00+00:00"
    assert "pick" not in trace["meta"]
    found = cohort.parse(trace["customdata"][0][0])
    assert found is not None
    assert (found.groups[0].conditions[0].low, found.groups[0].conditions[0].high) == (0.0, 59.0)


def test_runs_of_other_steps_stand_on_one_axis() -> None:
    one = {"run": "a", "by": "step", "first": [0.0, 2.0], "last": [0.0, 2.0], **line(0.1, 0.2)}
    two = {"run": HOSTILE, "by": "step", "first": [1.0, 2.0], "last": [1.0, 2.0], **line(0.3, 0.4)}
    chart = charts(result(runs={"lines": [one, two]}))["runs"]
    named = [trace for trace in chart.figure["data"] if "name" in trace]
    assert named[0]["x"] == [0.0, 1.0, 2.0]
    assert named[0]["y"] == [0.1, None, 0.2]
    assert named[1]["y"] == [None, 0.3, 0.4]


def test_hostile_names_are_text_in_every_picture() -> None:
    found = charts(result(components={"lines": [{"name": HOSTILE, **line(1.0, 2.0, 3.0)}]}))
    (trace,) = [one for one in found["components"].figure["data"] if "name" in one]
    assert trace["name"] == "&lt;img src=x onerror=alert(1)&gt;"
    assert "<img" not in trace["hovertemplate"]


# ------------------------------------------------------------------ answers

ROW: dict[str, Any] = {
    "row_hash": 2**64 - 1, "step": 3, "reward": 0.5, "gold": 0.25, "kl": 1.5, "length": 2, "truncated": 1,
    "prompt": "p", "prompt_text": HOSTILE, "text": "t" * 100_000, "reward.format": 0.75, "run": "r",
    "source_line": 7,
    "slices": {"task": "math"},
    "tokens": '{"token":["a",7],"logprob":[-1.0,null],"ref_logprob":[-1.5,-2.0],"value":[1]}',
}  # fmt: skip


def test_a_line_of_the_list_is_short_and_its_hash_a_text() -> None:
    (told,) = answers.lines([ROW], "gap")
    assert told["row"] == "18446744073709551615"
    assert told["key"] == 0.25
    assert len(told["text"]) == answers.SNIPPET + 1
    assert answers.lines([{**ROW, "gold": None}], "gap")[0]["key"] is None
    assert answers.lines([ROW], "reward.format")[0]["key"] == 0.75


def test_an_answer_says_all_that_is_known() -> None:
    told = answers.answer(ROW)
    facts = dict(told["facts"])
    assert (facts["Reward"], facts["Reward less gold"], facts["format"]) == ("0.500", "0.250", "0.750")
    assert (facts["Truncated"], facts["Length"], facts["task"]) == ("yes", "2", "math")
    assert told["text"].endswith("(40,000 more characters in the file)")
    assert told["prompt_text"] == HOSTILE


def test_tokens_have_a_number_each_or_none() -> None:
    told = answers.tokens(ROW["tokens"])
    assert told == {
        "token": ["a", "7"], "left": 0, "logprob": [-1.0, None], "ref_logprob": [-1.5, -2.0], "ratio": [0.5, None],
    }  # fmt: skip
    long = json.dumps({"token": ["a"] * (answers.MOST_TOKENS + 5), "value": [1.0] * (answers.MOST_TOKENS + 5)})
    cut = answers.tokens(long)
    assert cut is not None
    assert (len(cut["token"]), len(cut["value"]), cut["left"]) == (answers.MOST_TOKENS, answers.MOST_TOKENS, 5)
    assert answers.tokens(None) is None
    assert answers.tokens('{"token":[]}') is None


@pytest.mark.parametrize("missing", ["reward", "step", "text", "gold", "run"])
def test_whatever_is_missing_an_answer_can_be_shown(missing: str) -> None:
    row = {name: value for name, value in ROW.items() if name != missing}
    assert answers.answer(row)["row"]
    assert answers.lines([row], "gap")
    assert answers.course([row])


def test_what_rows_can_be_sorted_by() -> None:
    found = answers.sorts(("gold", "reward", "reward.format", "step", "text"))
    assert [one["name"] for one in found] == ["reward", "gold", "gap", "step", "reward.format"]
    assert "gap" not in [one["name"] for one in answers.sorts(("reward",))]


def test_rows_behind_a_mark_are_shown_as_answers() -> None:
    (shown,) = chosen_rows([ROW])
    assert shown["said"] == "Reward 0.500 at step 3"
    assert shown["sides"][0]["text"].startswith("ttt")
    assert ("Gold reward", "0.250") in shown["facts"]
