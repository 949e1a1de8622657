"""Which rows a cohort means: by hand, the rest of it, and whatever somebody writes into an address."""

from __future__ import annotations

import datetime
import math
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import cohort
from engine.errors import UsageError

DAYS = [datetime.datetime(2026, 1, day, tzinfo=datetime.UTC) for day in (1, 2, 3, 4)]


@pytest.fixture
def table() -> pa.Table:
    return pa.table(
        {
            "margin": pa.array([2.0, -2.0, 0.0, None, 0.5]),
            "verdict": pa.array([None, 0.2, 0.5, None, 1.0]),
            "label": pa.array([0.9, 1.0, 0.0, 1.0, 0.5]),
            "length_a": pa.array([10, 30, 10, None, 5], pa.int32()),
            "length_b": pa.array([10, 10, 30, 1, 7], pa.int32()),
            "style.headers.a": pa.array([0.0, 3.0, 1.0, None, 0.5]),
            "style.headers.b": pa.array([0.5, 1.0, 1.0, 2.0, 0.5]),
            "item_a": pa.array(["x", "x", "y", "z", None]),
            "item_b": pa.array(["y", "z", "x", "z", "x"]),
            "annotator": pa.array(["i", None, "k", None, None]),
            "judge": pa.array(["g", None, "h", "g", "i"]).dictionary_encode(),
            "slice.topic": pa.array(["a;b", "50%", "x..y", None, "a|b=!"]).dictionary_encode(),
            "time": pa.array([*DAYS, None], pa.timestamp("us", "UTC")),
        }
    )


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ("margin=0..2", [0, 2, 4]),
        ("margin=..0", [1, 2]),
        ("margin=0.1..", [0, 4]),
        ("confidence=0.8..0.9", [0, 1]),
        ("confidence=0.5..0.5", [2]),
        ("distance.length=2..20", [1, 2, 4]),
        ("distance.headers=1..", [1]),
        ("item=x", [0, 1, 2, 4]),
        ("item=x|y", [0, 2]),
        ("item_a=x", [0, 1]),
        ("judge=g|h", [0, 2, 3]),
        ("judge=g;margin=1..", [0]),
        ("slice.topic=a%3Bb", [0]),
        ("slice.topic=50%25", [1]),
        ("slice.topic=x%2E%2Ey", [2]),
        ("slice.topic=a%7Cb%3D%21", [4]),
        ("time=2026-01-02..2026-01-03", [1, 2]),
        ("time=2026-01-01T12:00:00+00:00..", [1, 2, 3]),
        ("nothing=1..2", []),
        ("nothing=a", []),
        ("judge=1..2", []),
        ("margin=a|b", []),
        ("confidence=a", []),
        ("rater=g|i", [0, 3, 4]),
        ("rater=k", [2]),
        ("length_a=10|5", [0, 2, 4]),
        ("margin=0..&!item=z", [0, 2, 4]),
        ("!margin=0..&item=z", [1, 3]),
        ("verdict_on_label=same", [0]),
        ("verdict_on_label=opposite|judge_only", [1, 4]),
        ("verdict_on_label=human_only", [2]),
        ("verdict_on_label=other", []),
    ],
)
def test_which_rows(table, where, rows):
    chosen = cohort.parse(where)
    rest = cohort.parse("!" + where) if "&" not in where else None
    assert chosen is not None
    assert np.flatnonzero(chosen.mask(table)).tolist() == rows
    assert rest is None or np.flatnonzero(rest.mask(table)).tolist() == [row for row in range(5) if row not in rows]
    assert chosen.of(table).equals(table.take(pa.array(rows, pa.int64())))


def test_the_columns_that_it_needs():
    chosen = cohort.parse("confidence=0.5..0.9;item=x;slice.topic=a;time=2026-01-01..")
    assert chosen is not None
    assert chosen.stored(["row_hash", "margin", "item_a", "item_b", "slice.topic", "time"]) == [
        "margin", "item_a", "item_b", "slice.topic", "time",
    ]  # fmt: skip
    assert chosen.stored(["item", "value"]) == ["item"]


def test_cohorts_are_joined():
    assert cohort.together("", "!a=1", "", "b=2;c=3") == "!a=1&b=2;c=3"
    assert cohort.together() == cohort.of_slice("") == ""
    assert cohort.of_slice("topic=a=b&c") == "slice.topic=a%3Db%26c"


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("", "all rows"),
        ("confidence=0.8..0.93333", "confidence from 0.8 to 0.9333"),
        ("margin=..2", "margin up to 2"),
        ("distance.length=2..", "distance in length from 2"),
        ("!slice.topic=a%3Bb;item=x|y", "all but topic a;b and item x, y"),
        ("item=a|b|c|d|e|f&step=3", "item a, b, c, d and 2 more and step 3"),
        ("time=2026-01-02..", "time from 2026-01-02 00:00"),
        ("what?", "what?"),
    ],
)
def test_a_cohort_in_words(where, said):
    assert cohort.spoken(where) == said


def test_the_others_of_the_others_are_the_same_again():
    assert cohort.others("a=1;b=2") == "!a=1;b=2"
    assert cohort.others("!a=1;b=2") == "a=1;b=2"
    assert cohort.others(cohort.every("a=1", "", "b=2")) == "!a=1;b=2"
    assert cohort.others("a=1&b=2") == cohort.others("") == ""


def test_nothing_is_written_for_all_rows():
    assert cohort.parse("") is None


@pytest.mark.parametrize(
    "where",
    [
        "!", ";", "x", "x=", "=x", "x=1..a", "x=a..", "x=2..1", "x=nan..1", "x=1..nan", "time=1..2",
        "time=2026-13-01..", "a=1;", "a=1&", "&a=1", "a=1&!", "a=1;;b=2", ";".join(["a=1"] * 9),
        "&".join(["a=1"] * 9), "a=" + "|".join(map(str, range(201))),
    ],
)  # fmt: skip
def test_what_names_no_cohort_is_refused(where):
    with pytest.raises(UsageError) as refused:
        cohort.parse(where)
    assert refused.value.code == "cohort"


@given(st.text(max_size=60))
def test_whatever_is_written_is_a_cohort_or_refused(text):
    try:
        found = cohort.parse(text)
    except UsageError:
        return
    assert (found is None) == (text == "")


@given(st.text(min_size=1, max_size=12), st.lists(st.text(max_size=12), min_size=1, max_size=5, unique=True))
def test_values_are_read_as_they_were_written(column, values):
    if values == [""]:
        return
    written = cohort.one_of(column, values)
    found = cohort.parse(written)
    assert found == cohort.Cohort((cohort.Group((cohort.Condition(column, tuple(values)),)),))


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_numbers_are_read_as_they_were_written(low, more):
    found = cohort.parse(cohort.within("margin", low, low + more))
    assert found is not None
    (condition,) = found.groups[0].conditions
    assert condition.low == pytest.approx(low, rel=1e-8, abs=1e-9)
    assert condition.high == pytest.approx(low + more, rel=1e-8, abs=1e-9)


def test_neighbouring_ranges_take_every_row():
    table = pa.table({"margin": np.random.default_rng(1).normal(size=500)})
    ends = [-math.inf, -1.0, 0.0, 1.5, math.inf]
    found = [cohort.parse(f"margin={low}..{high}") for low, high in pairwise(ends)]
    assert sum(int(one.mask(table).sum()) for one in found if one) == 500
