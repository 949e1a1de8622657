"""Answers: folded in manifest order, remembered, with the rows and the evidence behind them."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.actions import datasets as dataset_actions
from engine.actions import runs
from engine.analysis import ANALYSES
from engine.errors import Conflict, NotEnoughData, NotFound, StatePending, UsageError
from engine.formats.canonical import schema, to_rows
from engine.queries import datasets, events, results, segments, states
from engine.queries import runs as run_queries
from engine.store import datasets as store
from engine.store.engine import fetch
from engine.types import RowReference, Who
from tests.queries.counting import Counting
from tests.store.fixtures import Installation
from tests.store.people import answer, person, report, upload

LIVE_TEXT = "the whole text, as long as it is"


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counting]:
    """The simple analysis, known by name; nothing is remembered from other tests."""
    analysis = Counting()
    monkeypatch.setitem(ANALYSES, "counting", analysis)
    forget()
    yield analysis
    forget()


def forget() -> None:
    """What a new process would know."""
    for memory in (states._folds, results._results, results._with_rows, datasets._versions, segments._rows):
        memory.clear()


def segment(margins: list[float], first_hash: int, topics: list[str] | None = None) -> str:
    """A segment on disk. Returns its hash."""
    size = len(margins)
    given = {
        "row_hash": range(first_hash, first_hash + size),
        "prompt_hash": range(first_hash, first_hash + size),
        "bucket": [0] * size,
        "margin": margins,
        "label": [1.0] * size,
        "prompt": [f"p{number}" for number in range(size)],
        "text_a": [f"{LIVE_TEXT} {margin}" for margin in margins],
        "slice.topic": topics or ["code"] * size,
    }
    rows = [{name: values[place] for name, values in given.items()} for place in range(size)]
    table = pa.Table.from_pylist(rows, schema=schema("comparison", ["topic"]))
    path = store.segment_path("0" * 64).parent / f"new-{first_hash}.parquet"
    pq.write_table(table, path, row_group_size=2)
    return store.adopt_segment(path)[0]


def observe(sha256: str, analysis: Counting, scale: float = 1.0) -> None:
    """What the runner's child does."""
    table = pq.read_table(store.existing_segment(sha256))
    params = analysis.parameters.parse({"scale": scale})
    state = analysis.observe(to_rows(table, "comparison"), params)
    store.write_state(states.observed(analysis, params).key(sha256), analysis.to_bytes(state))


def dataset_of(who: Who, analysis: Counting, *parts: str, mapping: dict[str, str] | None = None) -> int:
    """A dataset whose versions grow by these segments."""
    dataset = upload(who, "".join(parts), mapping=mapping or {}).dataset_id
    for number, sha256 in enumerate(parts):
        if number:
            runs.request(who, dataset, "read")
        observe(sha256, analysis)
        work = runs.claim("worker")
        assert work is not None
        rows = pq.read_metadata(store.existing_segment(sha256)).num_rows
        kept = runs.NewSegment(sha256, rows, 1)
        runs.finish(work, segment=kept, report=report(rows), answer=answer(rows), replace=False)
    return dataset


def ask(who: Who, dataset: int, version: int | None = None, **params: Any) -> Any:
    return results.conclude(who, dataset, "counting", params, version)


def test_states_are_folded_in_manifest_order(installation: Installation, counting: Counting) -> None:
    who = person()
    dataset = dataset_of(who, counting, segment([1.0, 2.0], 0), segment([3.0], 10), segment([4.0], 20))
    concluded = ask(who, dataset)
    assert concluded.result.sentence == "Order [1.0, 2.0, 3.0, 4.0]"
    assert (concluded.version, concluded.event_id) == (3, events.cursor())
    assert ask(who, dataset, version=2).result.sentence == "Order [1.0, 2.0, 3.0]"


def test_what_is_known_is_not_made_again(installation: Installation, counting: Counting) -> None:
    who = person()
    dataset = dataset_of(who, counting, segment([1.0, 2.0], 0), segment([3.0], 10), segment([4.0], 20))
    for _ in range(3):
        ask(who, dataset)
    assert counting.calls == {"from_bytes": 3, "combine": 2, "conclude": 1}
    ask(who, dataset, power=2)
    assert counting.calls == {"from_bytes": 3, "combine": 2, "conclude": 2}


def test_a_version_that_grew_costs_one_step(installation: Installation, counting: Counting) -> None:
    who = person()
    parts = [segment([float(number)] * 2, 10 * number) for number in range(3)]
    dataset = dataset_of(who, counting, *parts)
    ask(who, dataset, version=2)
    counting.calls.clear()
    ask(who, dataset)
    assert counting.calls == {"from_bytes": 1, "combine": 1, "conclude": 1}


def test_a_long_fold_is_kept_on_disk(installation: Installation, counting: Counting) -> None:
    who = person()
    dataset = dataset_of(who, counting, *(segment([float(number)] * 2, 10 * number) for number in range(5)))
    first = ask(who, dataset).result
    forget()
    counting.calls.clear()
    assert ask(who, dataset).result.estimates == first.estimates
    assert counting.calls == {"from_bytes": 1, "conclude": 1}
    assert store.prune_folds(keep=0) == 1
    forget()
    assert ask(who, dataset).result.sentence == first.sentence


def test_many_askers_one_making(installation: Installation, counting: Counting) -> None:
    who = person()
    dataset = dataset_of(who, counting, segment([1.0, 2.0], 0), segment([3.0], 10))
    told: list[str] = []
    threads = [threading.Thread(target=lambda: told.append(ask(who, dataset).result.sentence)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 12
    assert counting.calls["conclude"] == 1


def test_a_slice_is_a_view_of_the_same_state(installation: Installation, counting: Counting) -> None:
    who = person()
    dataset = dataset_of(who, counting, segment([1.0, 2.0, 3.0], 0, ["code", "maths", "code"]))
    assert ask(who, dataset, slice="topic=code").result.sentence == "Order [1.0, 3.0]"
    with pytest.raises(NotFound):
        ask(who, dataset, slice="topic=poetry")
    with pytest.raises(NotEnoughData):
        ask(who, dataset, slice="topic=maths")


def test_the_worst_rows_come_with_their_text(installation: Installation, counting: Counting) -> None:
    who = person()
    dataset = dataset_of(who, counting, segment([5.0, -1.0, 2.0], 0), segment([-3.0], 10))
    pairs = ask(who, dataset).result.pairs
    assert [(pair["margin"], pair["confidence"]) for pair in pairs] == [
        (-3.0, 3.0),
        (-1.0, 1.0),
        (2.0, -2.0),
        (5.0, -5.0),
    ]
    assert pairs[0]["text_a"] == f"{LIVE_TEXT} -3.0"
    assert pairs[0]["slices"] == {"topic": "code"}
    assert not {"bucket", "prompt_hash", "judge"} & set(pairs[0])


def test_rows_are_read_in_the_order_asked(installation: Installation, counting: Counting) -> None:
    who = person()
    dataset = dataset_of(who, counting, segment([5.0, -1.0, 2.0], 0), segment([-3.0], 10))
    asked = [RowReference(row_hash, 0.0) for row_hash in (10, 2, 99, 0)]
    assert [row["margin"] for row in datasets.read_rows(who, dataset, 2, asked)] == [-3.0, 2.0, 5.0]
    assert [row["margin"] for row in datasets.read_rows(who, dataset, 1, asked)] == [2.0, 5.0]
    with pytest.raises(NotFound):
        datasets.read_rows(who, dataset, 3, asked)


def test_evidence_names_data_and_command(installation: Installation, counting: Counting) -> None:
    who = person()
    dataset = dataset_of(who, counting, segment([1.0, 2.0], 0), mapping={"margin": "my margin"})
    dataset_actions.rename(who, dataset, "it's mine; rm -rf.jsonl")
    evidence = ask(who, dataset, power=2).result.evidence
    assert (evidence.dataset, evidence.dataset_version) == ("it's mine; rm -rf.jsonl", 1)
    assert evidence.sha256 == fetch("SELECT sha256 FROM version")[0][0]
    words = ["python", "-m", "jobs", "analyse", "it's mine; rm -rf.jsonl", "--analysis", "counting"]
    assert shlex.split(evidence.command) == [*words, "--param", "power=2", "--map", "margin=my margin"]
    assert dict(evidence.params) == {"scale": 1.0, "power": 2, "slice": "", "where": ""}
    told = ask(who, dataset).result.dataset
    assert (told["name"], told["rows"], told["accepted"], told["rejected"]) == ("it's mine; rm -rf.jsonl", 3, 2, 1)


def test_what_was_not_observed_is_asked_for_once(installation: Installation, counting: Counting) -> None:
    who = person()
    parts = [segment([1.0, 2.0], 0), segment([3.0], 10)]
    dataset = dataset_of(who, counting, *parts)
    observe(parts[0], counting, scale=10.0)
    pending = []
    for _ in range(3):
        with pytest.raises(StatePending) as raised:
            ask(who, dataset, scale=10.0)
        pending.append(raised.value.run_id)
    assert len(set(pending)) == 1
    work = runs.claim("worker")
    assert work is not None
    with pytest.raises(StatePending) as raised:
        ask(who, dataset, scale=10.0)
    assert raised.value.run_id == work.run_id == pending[0]
    assert work.params == {"analysis": "counting", "observe": {"scale": 10.0}, "segments": [parts[1]]}
    observe(parts[1], counting, scale=10.0)
    runs.finish(work)
    assert ask(who, dataset, scale=10.0).result.sentence == "Order [0.1, 0.2, 0.3]"


def test_a_failed_observation_is_said_and_not_repeated(installation: Installation, counting: Counting) -> None:
    who = person("bob", "viewer")
    dataset = dataset_of(person(), counting, segment([1.0, 2.0], 0))
    with pytest.raises(StatePending):
        ask(who, dataset, scale=10.0)
    work = runs.claim("worker")
    assert work is not None
    runs.fail(work, {"code": "memory", "message": "Too large."})
    with pytest.raises(Conflict, match="Too large"):
        ask(who, dataset, scale=10.0)
    assert run_queries.get_run(who, work.run_id).state == "failed"


def test_what_cannot_be_asked(installation: Installation, counting: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    who = person()
    dataset = dataset_of(who, counting, segment([1.0, 2.0], 0))
    with pytest.raises(UsageError):
        results.conclude(who, dataset, "astrology")
    with pytest.raises(UsageError):
        ask(who, dataset, power="many")
    with pytest.raises(UsageError):
        ask(who, dataset, unknown=1)
    for version in (0, -1, 2, 10**30):
        with pytest.raises(NotFound):
            ask(who, dataset, version=version)
    with pytest.raises(NotFound):
        ask(who, 999)
    monkeypatch.setattr(type(counting), "needs", {"rollout": ()})
    with pytest.raises(UsageError, match="rollout"):
        ask(who, dataset)


def test_nothing_read_yet(installation: Installation, counting: Counting) -> None:
    who = person()
    with pytest.raises(NotFound, match="Nothing has been read"):
        ask(who, upload(who).dataset_id)


def test_a_removed_dataset_has_no_answer(installation: Installation, counting: Counting) -> None:
    who = person()
    dataset = dataset_of(who, counting, segment([1.0, 2.0], 0))
    ask(who, dataset)
    dataset_actions.remove(who, dataset)
    with pytest.raises(NotFound):
        ask(who, dataset)


def test_a_lost_segment_is_named(installation: Installation, counting: Counting) -> None:
    who = person()
    sha256 = segment([1.0, 2.0], 0)
    dataset = dataset_of(who, counting, sha256)
    Path(store.existing_segment(sha256)).unlink()
    with pytest.raises(NotFound, match="missing on disk"):
        ask(who, dataset)


def test_the_answer_of_a_version(
    installation: Installation, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.analysis.ANALYSES", {"counting": counting})
    parts = [segment([1.0, 2.0], 0), segment([3.0], 10)]
    for sha256 in parts:
        observe(sha256, counting)
    told = results.answer_of(parts, {"kind": "comparison"})
    assert told == {
        "analysis": "counting",
        "verdict": "counted",
        "sentence": "Order [1.0, 2.0, 3.0]",
        "estimates": {"total": {"value": 6.0, "low": None, "high": None, "null_95": None}},
        "rows": 3,
        "prompts": 3,
        "prompts_approximate": False,
        "pictures": {"reliability": {"count": [3]}},
    }
    assert results.answer_of(parts, {"kind": "score"}) is None
    assert results.answer_of([], {"kind": "comparison"}) is None
    few = results.answer_of(parts[1:], {"kind": "comparison"})
    assert few is not None
    assert (few["verdict"], few["rows"], few["estimates"]) == ("not_enough_data", 1, {})
