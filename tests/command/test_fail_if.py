"""The condition language: what it means, what it refuses, and that it never does anything else."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import UsageError
from engine.types import Estimate
from jobs.command.fail_if import MAX_CHARACTERS, holds, parse

ESTIMATES = {
    "accuracy": Estimate(0.62, 0.57, 0.68),
    "calibration_error": Estimate(0.11, 0.09, 0.13),
    "ece_width_15": Estimate(0.12, null_95=0.075),
    "nll": Estimate(None),
}


def decide(text: str) -> bool:
    return holds(parse(text), ESTIMATES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("accuracy < 0.7", True),
        ("accuracy > 0.7", False),
        ("calibration_error > 0.05 and accuracy < 0.7", True),
        ("calibration_error > 0.05 and accuracy < 0.6", False),
        ("calibration_error > 0.2 or accuracy.low <= 0.57", True),
        ("not accuracy >= 0.62", False),
        ("0.5 < accuracy < 0.6", False),
        ("0.5 < accuracy < 0.7 != 1", True),
        ("ece_width_15 > 1.5 * ece_width_15.null_95", True),
        ("(accuracy.high - accuracy.low) / 2 > 0.05", True),
        ("-accuracy + 1 == 1 - accuracy.value", True),
        ("accuracy > .9 and nll > 1", False),
        ("\n accuracy < 1 ", True),
    ],
)
def test_conditions(text, expected):
    assert decide(text) is expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "accuracy",
        "1",
        "True",
        "accuracy > True",
        "accuracy > 'x'",
        "accuracy + 1",
        "not accuracy",
        "accuracy < 0.5 and accuracy",
        "accuracy ** 2 > 1",
        "accuracy // 2 > 1",
        "accuracy in (1, 2)",
        "accuracy is 1",
        "accuracy.method > 1",
        "accuracy.value.real > 1",
        "accuracy.__class__ > 1",
        "__import__('os').system('true') > 1",
        "open > 1",
        "missing > 1",
        "accuracy > 0.9 and missing > 1",
        "(lambda: 1)() > 0",
        "[1][0] > 0",
        "(x := 1) > 0",
        "1 if 1 > 0 else 0",
        "accuracy > 1j",
        "accuracy > 1e999",
        "accuracy > " + "9" * 400,
        "nll > 1",
        "accuracy.null_95 > 0",
        "accuracy / 0 > 1",
        "accuracy > 1; accuracy > 2",
        "accuracy > 1 # \0",
        "not " * 200 + "accuracy > 1 and",
        "-" * 950 + "accuracy > 1 or 1",
        "(" * 300 + "1" + ")" * 300 + "> 0",
        "accuracy > " + "1" * MAX_CHARACTERS,
    ],
)
def test_refused(text):
    with pytest.raises(UsageError, match="--fail-if"):
        decide(text)


def test_unknown_name_lists_what_there_is():
    with pytest.raises(UsageError, match=r"'ece'.*accuracy, calibration_error, ece_width_15, nll"):
        decide("ece > 0.1")


WORDS = re.findall(
    r"\S+",
    "accuracy calibration_error nll accuracy.value accuracy.low accuracy.null_95 x 0 1.5 1e308 < <= > == != + - * / "
    "and or not ( ) in is . ** if else lambda : 's' True None [ ]",
)


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join), st.text(max_size=60)))
def test_never_anything_but_a_bool_or_a_usage_error(text):
    try:
        answer = decide(text)
    except UsageError:
        return
    assert answer is True or answer is False


NUMBERS = st.recursive(
    st.sampled_from(["accuracy.value", "calibration_error.high", "ece_width_15.null_95", "0", "2", "0.125", "1e200"]),
    lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda part: f"({' '.join(part)})"),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(NUMBERS, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), NUMBERS)
def test_arithmetic_is_that_of_python(left, relation, right):
    try:
        expected = eval(f"{left} {relation} {right}", {}, ESTIMATES)
    except ZeroDivisionError:
        with pytest.raises(UsageError, match="division by zero"):
            decide(f"{left} {relation} {right}")
    else:
        assert decide(f"{left} {relation} {right}") is expected
