"""The rows of a cohort: the first of them in the order of the data, from every dataset and segment, and how many."""

from __future__ import annotations

import pytest

from engine.errors import NotFound, UsageError
from engine.queries import belonging
from engine.queries.several import MOST_DATASETS
from tests.queries.counting import Counting
from tests.queries.test_results import counting as counting
from tests.queries.test_results import dataset_of, segment
from tests.store.fixtures import Installation
from tests.store.people import person


def margins(found: belonging.Belonging) -> list[float]:
    return [row["margin"] for row in found.rows]


def test_the_first_rows_of_every_segment_and_dataset_and_their_number(
    installation: Installation, counting: Counting
) -> None:
    who = person()
    one = dataset_of(who, counting, segment([3.0, -1.0, 2.0], 0), segment([5.0, 0.5, 4.0], 10))
    two = dataset_of(who, counting, segment([-2.0, 1.5], 20))
    found = belonging.rows_of(who, [one], "margin=1..")
    assert (margins(found), found.total) == ([3.0, 2.0, 5.0, 4.0], 4)
    assert found.rows[0]["slices"] == {"topic": "code"}
    few = belonging.rows_of(who, [two, one], "margin=1..", most=3)
    assert (margins(few), few.total) == ([1.5, 3.0, 2.0], 5)
    assert belonging.rows_of(who, [one], "!margin=1..").total == 2
    assert belonging.rows_of(who, [one], "margin=9..") == belonging.Belonging([], 0)


def test_rows_of_a_slice(installation: Installation, counting: Counting) -> None:
    who = person()
    dataset = dataset_of(who, counting, segment([1.0, 2.0, 3.0], 0, ["code", "law", "code"]))
    assert margins(belonging.rows_of(who, [dataset], "slice.topic=code&margin=2..")) == [3.0]


def test_what_cannot_be_shown_is_refused(installation: Installation, counting: Counting) -> None:
    who, stranger = person(), person("eve", "member")
    dataset = dataset_of(who, counting, segment([1.0, 2.0], 0))
    for where in ("", "x"):
        with pytest.raises(UsageError):
            belonging.rows_of(who, [dataset], where)
    for ids in ([], [dataset] * (MOST_DATASETS + 1)):
        with pytest.raises(UsageError):
            belonging.rows_of(who, ids, "margin=0..")
    with pytest.raises(NotFound):
        belonging.rows_of(stranger, [dataset], "margin=0..")
