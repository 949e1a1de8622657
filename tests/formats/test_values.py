"""Values of any type as numbers, labels, texts and times."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.formats.values import (
    FINE,
    MISSING,
    NOT_A_NUMBER,
    NOT_FINITE,
    UNKNOWN,
    labels,
    numbers,
    scheme_of,
    texts,
    times,
)


@pytest.mark.parametrize(
    ("value", "expected", "code"),
    [
        (1, 1.0, FINE),
        ("0.5", 0.5, FINE),
        (" 2e3 ", 2000.0, FINE),
        ("0,65", 0.65, FINE),
        ("1.234,5", 1234.5, FINE),
        ("1,234", None, NOT_A_NUMBER),
        ("1_000", None, NOT_A_NUMBER),
        ("", None, MISSING),
        (None, None, MISSING),
        ("N/A", None, MISSING),
        ("nan", None, NOT_FINITE),
        (math.inf, None, NOT_FINITE),
        ("-Infinity", None, NOT_FINITE),
        (10**400, None, NOT_FINITE),
        (2**70, float(2**70), FINE),
        ("good", None, NOT_A_NUMBER),
        (True, None, NOT_A_NUMBER),
        ([0.25], 0.25, FINE),
        ([1, 2], None, NOT_A_NUMBER),
        ({"x": 1}, None, NOT_A_NUMBER),
        ("١", None, NOT_A_NUMBER),
    ],
)
def test_numbers(value: Any, expected: float | None, code: int) -> None:
    for column in ([value], [value, "word"], [value, 7.5]):
        found, codes = numbers(column)
        assert codes[0] == code
        assert (found[0] == expected) if expected is not None else math.isnan(found[0])


def test_a_file_with_semicolons_takes_every_comma_as_decimal() -> None:
    found, codes = numbers(pa.array(["1,234", "0,5", "3", "1.000,5"]), decimal_comma=True)
    assert found.tolist() == [1.234, 0.5, 3.0, 1000.5]
    assert (codes == FINE).all()


def test_truth_values_are_numbers_only_where_asked() -> None:
    assert numbers(pa.array([True, False, None]), flags=True)[0][:2].tolist() == [1.0, 0.0]
    assert numbers(["true", "no"], flags=True)[0].tolist() == [1.0, 0.0]
    assert numbers(pa.array([True]))[1][0] == NOT_A_NUMBER


@settings(deadline=None)
@given(st.lists(st.one_of(st.floats(width=64), st.integers(), st.none(), st.text(max_size=6)), max_size=20))
def test_no_column_gives_a_number_that_is_not_finite(column: list[Any]) -> None:
    found, codes = numbers(column)
    assert np.isfinite(found[codes == FINE]).all()
    assert np.isnan(found[codes != FINE]).all()


@settings(deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_texts_of_numbers_are_these_numbers(values: list[float]) -> None:
    assert numbers(values)[0].tolist() == numbers([repr(value) for value in values])[0].tolist() == values


@pytest.mark.parametrize(
    ("word", "share"),
    [
        ("A", 1), ("b", 0), ("tie", 0.5), ("model_a", 1), ("model_b", 0), ("left", 1), ("right", 0), ("A>B", 1),
        ("B>A", 0),
        ("tie (bothbad)", 0.5), ("response 1", 1), ("Output (b)", 0), ("[[C]]", 0.5), ("True", 1), ("chosen", 1),
    ],
)  # fmt: skip
def test_words_of_labels(word: str, share: float) -> None:
    found, codes = labels([word, word.upper(), f" {word} "])
    assert found.tolist() == [share] * 3
    assert (codes == FINE).all()


@pytest.mark.parametrize(
    ("values", "scheme", "shares"),
    [
        ([1, 0, 0.5], "probability", [1, 0, 0.5]),
        ([0.7, 0.2], "probability", [0.7, 0.2]),
        ([1, 2, 0], "one_two", [1, 0, 0.5]),
        (["1", "2"], "one_two", [1, 0]),
        ([1.73, 1.0], "one_two", [0.27, 1]),
        ([1, -1, 0], "sign", [1, 0, 0.5]),
        ([True, False], "probability", [1, 0]),
        ([1, 1], "", [1, 1]),
    ],
)
def test_numbers_as_labels(values: list[Any], scheme: str, shares: list[float]) -> None:
    assert scheme_of(values) == scheme
    assert labels(values, scheme)[0] == pytest.approx(shares)


def test_positions_as_labels() -> None:
    assert scheme_of([0, 1], index=True) == "one_two_index"
    assert labels([0, 1], "one_two_index")[0].tolist() == [1.0, 0.0]


def test_unknown_labels_are_named() -> None:
    found, codes = labels(["A", "garbage", None, "3", "nan"], "probability")
    assert codes.tolist() == [FINE, UNKNOWN, MISSING, UNKNOWN, MISSING]
    assert np.isnan(found[1:]).all()


def test_texts() -> None:
    turns = [{"role": "user", "content": "Hello"}]
    assert texts(["a", None, 3, 3.0, 0.5, turns, {"x": 1}]).to_pylist() == [
        "a",
        None,
        "3",
        "3",
        "0.5",
        "Hello",
        '{"x":1}',
    ]
    assert texts(pa.array([1, None])).to_pylist() == ["1", None]
    assert texts(["\ud800"]).to_pylist() == ["?"]


def test_times() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    seconds = moment.timestamp()
    given_ = [
        "2026-01-02T03:04:05Z",
        "2026-01-02 03:04:05",
        "2026-01-02T05:04:05+02:00",
        seconds,
        seconds * 1e3,
        "no",
        None,
        -5,
    ]
    assert times(given_).to_pylist() == [moment] * 5 + [None] * 3
    assert times(pa.array([seconds, float("nan")])).to_pylist() == [moment, None]
