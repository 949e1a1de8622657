"""Answers browsed: sorted over all segments, filtered, found by text, one prompt through its steps; rights."""

from __future__ import annotations

import math
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.actions import runs
from engine.errors import NotFound, UsageError
from engine.formats.canonical import schema
from engine.queries import browsing, datasets, segments
from engine.queries.browsing import Asked, browse
from engine.queries.several import MOST_DATASETS
from engine.store import datasets as store
from engine.types import Who
from tests.store.fixtures import Installation
from tests.store.people import answer, person, report, upload

TOKENS = '{"token":["a","b"],"logprob":[-0.5,null]}'


def segment(rows: list[dict[str, Any]], first_hash: int) -> str:
    """A segment of answers on disk. Returns its hash."""
    form = schema("rollout", [], ["gold", "reward.format", "tokens"])
    made = [
        {"row_hash": first_hash + place, "prompt_hash": 1, "bucket": 0, "text": "an answer", "tokens": TOKENS, **row}
        for place, row in enumerate(rows)
    ]
    path = store.segment_path("0" * 64).parent / f"new-{first_hash}.parquet"
    pq.write_table(pa.Table.from_pylist(made, schema=form), path, row_group_size=2)
    return store.adopt_segment(path)[0]


def answers() -> list[list[dict[str, Any]]]:
    one = [
        {"reward": 0.5, "gold": 0.1, "step": 1, "prompt": "p", "kl": 3.0, "length": 10, "truncated": 0},
        {"reward": 2.0, "gold": 2.5, "step": 1, "prompt": "q", "kl": None, "length": 30, "truncated": 1},
        {"reward": -1.0, "gold": None, "step": 2, "prompt": "p", "kl": 1.0, "text": "A.*B (100 %) Öl"},
    ]
    two = [
        {"reward": 0.5, "gold": 0.5, "step": 3, "prompt": "p", "kl": 9.0, "reward.format": 0.25, "run": "other"},
        {"reward": None, "step": 4, "prompt": "q", "prompt_text": "What is a Plumb line?"},
    ]
    return [one, two]


def dataset_of(who: Who, *parts: str) -> int:
    """A dataset whose versions grew by these segments."""
    number = upload(who, "".join(parts)).dataset_id
    for place, sha256 in enumerate(parts):
        if place:
            runs.request(who, number, "read")
        work = runs.claim("worker")
        assert work is not None
        rows = pq.read_metadata(store.existing_segment(sha256)).num_rows
        said = report(rows, "rollout", fields=["reward", "step"])
        runs.finish(work, segment=runs.NewSegment(sha256, rows, 1), report=said, answer=answer(rows), replace=False)
    return number


@pytest.fixture
def who(installation: Installation) -> Who:
    for memory in (datasets._versions, segments._rows):
        memory.clear()
    return person()


@pytest.fixture
def dataset(who: Who) -> int:
    one, two = answers()
    return dataset_of(who, segment(one, 0), segment(two, 10))


def hashes(found: browsing.Browsed) -> list[int]:
    return [row["row_hash"] for row in found.rows]


@pytest.mark.parametrize(
    ("sort", "descending", "expected"),
    [
        ("reward", True, [1, 0, 10, 2, 11]),
        ("reward", False, [2, 0, 10, 1, 11]),
        ("kl", True, [10, 0, 2, 1, 11]),
        ("gap", True, [0, 10, 1, 2, 11]),
        ("step", True, [11, 10, 2, 0, 1]),
        ("reward.format", True, [10, 0, 1, 2, 11]),
        ("reward.nothing", True, [0, 1, 2, 10, 11]),
        ("advantage", False, [0, 1, 2, 10, 11]),
    ],
)
def test_rows_of_all_segments_in_one_order_what_is_not_known_last(
    who: Who, dataset: int, sort: str, descending: bool, expected: list[int]
) -> None:
    found = browse(who, [dataset], Asked(sort, descending))
    assert hashes(found) == expected
    assert found.total == 5


def test_a_page_has_its_texts_and_no_tokens(who: Who, dataset: int) -> None:
    found = browse(who, [dataset], Asked(skip=1, size=2))
    assert (hashes(found), found.total) == ([0, 10], 5)
    assert found.rows[0]["text"] == "an answer"
    assert all("tokens" not in row for row in found.rows)
    assert browse(who, [dataset], Asked(skip=100)).rows == []


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("step=1..2", {0, 1, 2}),
        ("truncated=1..1", {1}),
        ("run=other", {10}),
        ("prompt=p;step=2..", {2, 10}),
        ("step=9..", set()),
    ],
)
def test_a_cohort_narrows_the_rows(who: Who, dataset: int, where: str, expected: set[int]) -> None:
    found = browse(who, [dataset], Asked(where=where))
    assert (set(hashes(found)), found.total) == (expected, len(expected))


@pytest.mark.parametrize(
    ("find", "expected"),
    [
        ("plumb LINE?", {11}),
        ("a.*b (100 %)", {2}),
        ("öl", {2}),
        (".*", {2}),
        ("AN ANSWER", {0, 1, 10, 11}),
        ("  ", {0, 1, 2, 10, 11}),
        ("[", set()),
        ("\\", set()),
        ("no such text", set()),
    ],
)
def test_text_is_found_as_it_is_written_in_whatever_case(who: Who, dataset: int, find: str, expected: set[int]) -> None:
    assert set(hashes(browse(who, [dataset], Asked(find=find)))) == expected


def test_text_and_cohort_hold_together(who: Who, dataset: int) -> None:
    assert hashes(browse(who, [dataset], Asked(find="an answer", where="step=3.."))) == [10, 11]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(find=st.text(max_size=20))
def test_no_text_sought_for_breaks_the_search(who: Who, dataset: int, find: str) -> None:
    assert browse(who, [dataset], Asked(find=find)).total <= 5


def test_one_row_comes_with_its_tokens(who: Who, dataset: int) -> None:
    row = browsing.single(who, [dataset], 10)
    assert (row["reward.format"], row["run"], row["tokens"]) == (0.25, "other", TOKENS)
    assert "bucket" not in row
    for wrong in (12, -1, 2**64):
        with pytest.raises(NotFound) as error:
            browsing.single(who, [dataset], wrong)
        assert error.value.code == "no_row"


def test_a_prompt_is_followed_through_its_steps(who: Who, dataset: int) -> None:
    found = browsing.followed(who, [dataset], "p")
    assert [(row["row_hash"], row["step"]) for row in found] == [(0, 1), (2, 2), (10, 3)]
    assert "text" not in found[0]
    assert [row["row_hash"] for row in browsing.followed(who, [dataset], "p", "run=other")] == [10]
    assert browsing.followed(who, [dataset], "p|q=;&!") == []


def test_rows_of_several_datasets_stand_in_one_order(who: Who, dataset: int) -> None:
    other = dataset_of(who, segment([{"reward": 1.0, "step": 5, "prompt": "p"}], 20))
    assert hashes(browse(who, [dataset, other], Asked(size=2))) == [1, 20]


def test_the_same_order_as_sorting_everything(who: Who) -> None:
    rewards = [math.sin(7 * place) for place in range(101)]
    made = [segment([{"reward": reward} for reward in rewards[start : start + 40]], start) for start in (0, 40, 80)]
    whole = dataset_of(who, *made)
    expected = sorted(range(101), key=lambda place: -rewards[place])
    assert hashes(browse(who, [whole], Asked(skip=30, size=25))) == expected[30:55]


@pytest.mark.parametrize(
    "wrong",
    [{"sort": "text"}, {"sort": "prompt_hash"}, {"skip": -1}, {"size": 0}, {"size": 10**6}, {"find": "x" * 201}],
)
def test_what_cannot_be_asked_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Asked(**wrong)


def test_what_somebody_may_not_see_is_not_there(who: Who, dataset: int) -> None:
    stranger = person("eve", "member")
    for ask in (
        lambda: browse(stranger, [dataset], Asked()),
        lambda: browsing.single(stranger, [dataset], 1),
        lambda: browsing.followed(stranger, [dataset], "p"),
    ):
        with pytest.raises(NotFound):
            ask()
    for ids in ([], [dataset] * (MOST_DATASETS + 1)):
        with pytest.raises(UsageError):
            browse(who, ids, Asked())


def test_rows_that_are_looked_up_hold_no_tokens(who: Who, dataset: int) -> None:
    (row,) = segments.rows_by_hash([segment([{"reward": 1.0}], 30)], [30])
    assert "tokens" not in row
