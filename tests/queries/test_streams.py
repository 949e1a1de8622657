"""Rows as a stream of tables: all of them in order, of a cohort only its own, and nobody else's."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
import pytest

from engine.errors import NotFound, UsageError
from engine.queries import streams
from engine.queries.streams import stream_rows
from tests.queries.counting import Counting
from tests.queries.test_results import counting as counting
from tests.queries.test_results import dataset_of, segment
from tests.store.fixtures import Installation
from tests.store.people import person


def whole(tables: Iterable[pa.Table]) -> pa.Table:
    return pa.concat_tables(list(tables))


def margins(tables: Iterable[pa.Table]) -> list[float]:
    found: list[float] = whole(tables).column("margin").to_pylist()
    return found


def test_every_row_in_order_or_those_of_a_cohort(
    installation: Installation, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = person()
    segments = segment([3.0, -1.0, 2.0], 0, ["code", "law", "code"]), segment([5.0, 0.5], 10)
    dataset = dataset_of(who, counting, *segments)
    found = whole(stream_rows(who, [dataset]))
    assert found.column("margin").to_pylist() == [3.0, -1.0, 2.0, 5.0, 0.5]
    assert set(found.column_names) == {"row_hash", "prompt", "margin", "label", "text_a", "slice.topic"}
    assert margins(stream_rows(who, [dataset], version=1)) == [3.0, -1.0, 2.0]
    assert margins(stream_rows(who, [dataset], "slice.topic=code&margin=2.5..")) == [3.0, 5.0]
    (nothing,) = stream_rows(who, [dataset], "margin=50..")
    assert (len(nothing), nothing.column_names) == (0, found.column_names)
    monkeypatch.setattr(streams, "TABLE_BYTES", 1)
    monkeypatch.setattr(streams, "FEWEST", 1)
    assert [len(table) for table in stream_rows(who, [dataset])] == [1] * 5
    other = dataset_of(who, counting, segment([20.0], 20))
    both = whole(stream_rows(who, [other, dataset], "margin=3.."))
    assert both.column_names[0] == "dataset"
    assert both.column("margin").to_pylist() == [20.0, 3.0, 5.0]


def test_rights_and_words_are_checked_before_anything_is_read(installation: Installation, counting: Counting) -> None:
    who, stranger = person(), person("eve", "member")
    dataset = dataset_of(who, counting, segment([1.0], 0))
    for asking, version in ((stranger, None), (who, 9)):
        with pytest.raises(NotFound):
            stream_rows(asking, [dataset], version=version)
    for ids in ([], [dataset, dataset], list(range(1, 40))):
        with pytest.raises(UsageError):
            stream_rows(who, ids)
    with pytest.raises(UsageError):
        stream_rows(who, [dataset], "x")
    with pytest.raises(UsageError):
        stream_rows(who, [dataset, dataset + 1], version=1)
