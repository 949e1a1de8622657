"""Answers that were concluded before: the one the runner kept, and the last one while rows keep arriving."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest

from engine.analysis import ANALYSES
from engine.errors import NotEnoughData
from engine.queries import kept, moving, results
from engine.queries.datasets import VersionOf
from engine.store import datasets as store
from engine.types import Result, Who
from tests.queries.test_same_answer import comparable, table, through_the_store
from tests.store.fixtures import Installation
from tests.store.people import person

CHOSEN = ANALYSES["calibration"]


def concluded(who: Who, folder: Path) -> tuple[int, tuple[str, ...], Result]:
    """A dataset, the question of its newest default answer, and that answer."""
    dataset = through_the_store(who, [table(folder / "scores.csv", 400, 1)])
    result = results.conclude(who, dataset, rows=False).result
    manifest = results.version_of(results.visible_dataset(who, dataset)).manifest
    answered = results._conclusion(dataset, manifest, CHOSEN, CHOSEN.parameters.parse({}), rows=False)
    assert answered.sentence == result.sentence
    return dataset, results._key(manifest, CHOSEN, CHOSEN.parameters.parse({})), answered


def test_what_was_kept_is_the_answer_itself(installation: Installation, tmp_path: Path) -> None:
    dataset, question, result = concluded(person("admin"), tmp_path)
    kept.keep(dataset, question, result)
    again = kept.answer(dataset, question)
    assert again is not None
    assert comparable(again) == comparable(result)
    assert again.worst == result.worst
    assert again.estimates == result.estimates


def test_another_question_has_no_kept_answer(installation: Installation, tmp_path: Path) -> None:
    dataset, question, result = concluded(person("admin"), tmp_path)
    kept.keep(dataset, question, result)
    assert kept.answer(dataset, ("other", *question[1:])) is None
    assert kept.answer(dataset + 1, question) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"question": []}', b"\xff", b'{"question": 1, "result": 2}'])
def test_a_damaged_answer_is_concluded_again(installation: Installation, tmp_path: Path, content: bytes) -> None:
    dataset, question, _result = concluded(person("admin"), tmp_path)
    store.write_result(dataset, content)
    assert kept.answer(dataset, question) is None


def test_a_page_takes_what_the_runner_kept(installation: Installation, tmp_path: Path) -> None:
    who = person("admin")
    dataset, question, result = concluded(who, tmp_path)
    kept.keep(dataset, question, result)
    results._results.clear()
    with patch.object(type(CHOSEN), "conclude", side_effect=AssertionError("concluded twice")):
        assert results.conclude(who, dataset, rows=False).result.sentence == result.sentence


def test_answers_of_datasets_that_are_gone_go_too(installation: Installation) -> None:
    for number in (1, 2, 3):
        store.write_result(number, b"{}")
    assert store.prune_results({2}) == 2
    assert [store.read_result(number) for number in (1, 2, 3)] == [None, b"{}", None]


# ------------------------------------------------------------------ while rows keep arriving


def version(number: int, *manifest: str) -> moving.Chosen:
    """A version, the newest at the event of its number."""
    return moving.Chosen(VersionOf(number, manifest, "", {}), number)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def until(condition: Callable[[], bool]) -> None:
    for _ in range(10_000):
        if condition():
            return
        threading.Event().wait(0.001)
    raise AssertionError("it never came")


def test_a_version_that_grew_a_moment_later_waits(clock: list[float]) -> None:
    last = moving.Moving(8)
    first = last.choose("q", version(1, "a"), 5.0)
    clock[0] += 4.9
    assert last.choose("q", version(2, "a", "b"), 5.0) is first
    clock[0] += 0.2
    assert last.choose("q", version(3, "a", "b", "c"), 5.0) == version(3, "a", "b", "c")


def test_a_version_that_was_read_anew_does_not_wait(clock: list[float]) -> None:
    last = moving.Moving(8)
    last.choose("q", version(1, "a"), 5.0)
    assert last.choose("q", version(2, "b"), 5.0) == version(2, "b")


def test_an_older_version_is_given_where_it_is_asked_for(clock: list[float]) -> None:
    last = moving.Moving(8)
    last.choose("q", version(2, "a", "b"), 5.0)
    assert last.choose("q", version(1, "a"), 5.0) == version(1, "a")


def test_other_questions_do_not_wait_and_the_oldest_are_forgotten(clock: list[float]) -> None:
    last = moving.Moving(1)
    last.choose("q", version(1, "a"), 5.0)
    assert last.choose("r", version(2, "a", "b"), 5.0) == version(2, "a", "b")
    assert last.choose("q", version(3, "a", "b", "c"), 5.0) == version(3, "a", "b", "c")


def test_the_next_answer_is_concluded_beside_the_pages_and_once(clock: list[float]) -> None:
    last, began, go, ended = moving.Moving(8), threading.Event(), threading.Event(), list[int]()

    def conclude() -> None:
        began.set()
        assert go.wait(10)
        ended.append(1)

    first = last.choose("q", version(1, "a"), 5.0, conclude)
    assert not began.is_set()
    clock[0] += 6.0
    second = version(2, "a", "b")
    assert last.choose("q", second, 5.0, conclude) is first
    assert began.wait(10)
    assert last.choose("q", version(3, "a", "b", "c"), 5.0, conclude) is first
    go.set()
    until(lambda: not last._renewing)
    assert ended == [1]
    assert last.choose("q", version(3, "a", "b", "c"), 5.0, conclude) == second


def test_the_pages_get_nineteen_twentieths_of_the_time(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    last, rested = moving.Moving(8), list[float]()
    monkeypatch.setattr(time, "sleep", rested.append)

    def conclude() -> None:
        clock[0] += 2.0

    last.choose("q", version(1, "a"), 5.0, conclude)
    clock[0] += 6.0
    last.choose("q", version(2, "a", "b"), 5.0, conclude)
    until(lambda: not last._renewing)
    assert rested == [19 * 2.0]


def test_nobody_is_shown_what_is_older_than_the_longest(clock: list[float]) -> None:
    last = moving.Moving(8)
    last.choose("q", version(1, "a"), 5.0, list)
    clock[0] += moving.LONGEST * 5.0
    assert last.choose("q", version(2, "a", "b"), 5.0, list) == version(2, "a", "b")


def test_what_cannot_be_concluded_is_tried_again_and_shown_to_who_asks(clock: list[float]) -> None:
    last, tried = moving.Moving(8), list[int]()

    def conclude() -> None:
        tried.append(1)
        raise NotEnoughData("too few")

    first = last.choose("q", version(1, "a"), 5.0, conclude)
    for times in (1, 2):
        clock[0] += 6.0
        assert last.choose("q", version(2, "a", "b"), 5.0, conclude) is first
        until(lambda: not last._renewing)
        assert len(tried) == times
    clock[0] += 60.0
    assert last.choose("q", version(2, "a", "b"), 5.0, conclude) == version(2, "a", "b")


def test_a_moving_page_says_which_version_it_shows(installation: Installation, tmp_path: Path) -> None:
    who = person("admin")
    files = [table(tmp_path / "one.csv", 300, 1), table(tmp_path / "two.csv", 300, 2)]
    dataset = through_the_store(who, files)
    ask = {"params": {"bins": 10}, "rows": False, "patience": 60.0}
    first = results.conclude(who, dataset, version=1, **ask)
    second = results.conclude(who, dataset, **ask)
    assert (first.version, second.version) == (1, 1)
    assert second.result.sentence == first.result.sentence
    assert results.conclude(who, dataset, params={"bins": 10}, rows=False).version == 2
