"""Several datasets concluded as one: each labelled with its name, with the rights and the evidence of all of them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import pytest

from engine.access.visible import VisibleDataset
from engine.errors import NotFound, StatePending, UsageError
from engine.queries import several
from engine.queries.datasets import VersionOf
from engine.store.engine import fetch
from tests.queries.counting import Counting
from tests.queries.test_results import counting as counting
from tests.queries.test_results import dataset_of, forget, segment
from tests.store.fixtures import Installation
from tests.store.people import person


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    several._results.clear()
    yield
    several._results.clear()


def test_states_are_put_together_in_the_order_asked(installation: Installation, counting: Counting) -> None:
    who = person()
    one = dataset_of(who, counting, segment([1.0, 2.0], 0))
    two = dataset_of(who, counting, segment([3.0], 10), segment([4.0], 20))
    found = several.conclude(who, [two, one], "counting", {"power": 1})
    assert found.result.sentence == "Order [3.0, 4.0, 1.0, 2.0]"
    assert found.version == 3
    assert [row["margin"] for row in found.result.pairs] == [1.0, 2.0, 3.0, 4.0]
    words = shlex.split(found.result.evidence.command)
    assert words[-2:] == ["--analysis", "counting"]
    assert len(found.result.evidence.sha256.split()) == 2


def test_the_answer_is_remembered_until_one_of_them_grows(installation: Installation, counting: Counting) -> None:
    who = person()
    one, two = (dataset_of(who, counting, segment([1.0, 2.0 + n], 10 * n)) for n in range(2))
    several.conclude(who, [one, two], "counting")
    several.conclude(who, [one, two], "counting")
    assert counting.calls["conclude"] == 1
    several.conclude(who, [two, one], "counting")
    assert counting.calls["conclude"] == 2


def test_none_of_anothers_is_put_beside(installation: Installation, counting: Counting) -> None:
    who, stranger = person(), person("eve", "member")
    one, two = (dataset_of(who, counting, segment([1.0, 2.0], 10 * n)) for n in range(2))
    with pytest.raises(NotFound):
        several.conclude(stranger, [one, two], "counting")
    with pytest.raises(NotFound):
        several.conclude(who, [one, 999], "counting")


def test_impossible_lists_are_refused(installation: Installation, counting: Counting) -> None:
    who = person()
    one = dataset_of(who, counting, segment([1.0, 2.0], 0))
    for ids in ([], [one, one], list(range(1, 26))):
        with pytest.raises(UsageError):
            several.conclude(who, ids, "counting")
    with pytest.raises(UsageError):
        several.conclude(who, [one], "astrology")


def test_all_that_was_not_observed_is_queued_and_the_last_is_waited_for(
    installation: Installation, counting: Counting
) -> None:
    who = person()
    one, two, three = (dataset_of(who, counting, segment([1.0, 2.0], 10 * n)) for n in range(3))
    forget()
    with pytest.raises(StatePending) as pending:
        several.conclude(who, [one, two, three], "counting", {"scale": 2.0})
    queued = fetch("SELECT dataset_id FROM run WHERE state = 'queued' AND kind = 'observe' ORDER BY id")
    assert queued == [(one,), (two,), (three,)]
    assert fetch("SELECT dataset_id FROM run WHERE id = :id", {"id": pending.value.run_id}) == [(three,)]


def test_long_names_are_cut_to_what_tells_them_apart() -> None:
    long = "benchmark=judgebench,response_model=gpt-4o,judge_model={}.jsonl"
    parts = [
        several.Part(VisibleDataset(7 + place, "p", long.format(name), 1, {}), VersionOf(1, ("a",), "", {}))
        for place, name in enumerate(("one", "two", "two"))
    ]
    assert several._names(parts[:2]) == ["one", "two"]
    assert several._names(parts) == ["one", "two (8)", "two (9)"]
