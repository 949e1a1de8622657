"""Which analyses observe a segment when it is read: all that apply, unless it is large or many others wait."""

from __future__ import annotations

import numpy as np
import pytest

from engine.actions import datasets, runs
from engine.analysis import ANALYSES, expected
from engine.errors import StatePending
from engine.queries import events, results
from engine.queries.results import found_params
from engine.queries.states import Observed, observed
from engine.store.datasets import state_path
from jobs import lately, work
from tests.pages import samples
from tests.processes.here import Here
from tests.processes.scores import append, dataset, lines
from tests.store.people import person


def drop(home, name: str, tick: int) -> None:
    path = home.inbox / "p" / name
    append(path, lines(tick, tick + 1))
    datasets.receive_inbox("p", name, path, path.stat().st_size, inode=path.stat().st_ino)


def observers(name: str) -> tuple[list[str], list[str]]:
    """What a dataset is expected to be observed for, and what its segment was: by the first that concludes from it."""
    found = dataset("p", name)
    assert found is not None
    first = {analysis.observed: analysis for analysis in reversed(expected(found["report"]))}
    able = [analysis for analysis in expected(found["report"]) if first[analysis.observed] is analysis]
    keys = {
        analysis.name: observed(analysis, analysis.parameters.parse(found_params(analysis, found["report"]))).key(
            sha256
        )
        for analysis in able
        for sha256 in found["manifest"]
    }
    return [analysis.name for analysis in able], [name for name, key in keys.items() if state_path(key).is_file()]


def read_next() -> None:
    claimed = runs.claim("me")
    assert claimed is not None
    work.perform(claimed, Here())


def test_a_small_segment_is_observed_by_every_analysis_that_applies(home):
    drop(home, "a.jsonl", 0)
    read_next()
    able, kept = observers("a.jsonl")
    assert able[0] == "calibration"
    assert len(able) > 1
    assert kept == able


def test_an_appended_segment_is_observed_for_its_answer_and_what_was_asked_for_lately(home, monkeypatch):
    monkeypatch.setattr(lately, "_asked", {})
    drop(home, "a.jsonl", 0)
    read_next()
    drop(home, "a.jsonl", 1)
    read_next()
    able, kept = observers("a.jsonl")
    assert kept == ["calibration"]
    found = dataset("p", "a.jsonl")
    assert found is not None
    asked = able[-1]
    with pytest.raises(StatePending):
        results.conclude(person(), found["id"], asked)
    read_next()
    assert observers("a.jsonl")[1] == ["calibration", asked]
    drop(home, "a.jsonl", 2)
    read_next()
    assert observers("a.jsonl")[1] == ["calibration", asked]
    monkeypatch.setattr(lately, "LATELY_SECONDS", 0.0)
    drop(home, "a.jsonl", 3)
    read_next()
    assert observers("a.jsonl")[1] == ["calibration"]
    assert lately._asked == {}


def test_what_was_asked_for_and_does_not_fit_what_arrives_is_left_alone(home, monkeypatch):
    other = Observed(ANALYSES["bestofn"], {})
    monkeypatch.setattr(lately, "asked", lambda _dataset: [other])
    drop(home, "a.jsonl", 0)
    read_next()
    found = dataset("p", "a.jsonl")
    assert found is not None
    assert found["answer"]["sentence"]


def test_of_one_dataset_the_newest_questions_are_kept(monkeypatch):
    monkeypatch.setattr(lately, "_asked", {})
    whats = [Observed(ANALYSES["calibration"], {"scale": 1.0 + number}) for number in range(lately.MOST_ASKED + 2)]
    for what in [*whats, whats[2]]:
        lately.remember(7, what)
    assert lately.asked(7) == [*whats[3:], whats[2]]
    assert lately.asked(8) == []


def test_a_large_segment_is_observed_for_its_answer_only(home, monkeypatch):
    drop(home, "a.jsonl", 0)
    monkeypatch.setattr(work, "OBSERVED_AT_ONCE", 2)
    read_next()
    assert observers("a.jsonl")[1] == ["calibration"]


@pytest.mark.parametrize(("waiting", "everything"), [(2, True), (3, False), (4, False)])
def test_while_many_runs_wait_a_segment_is_observed_for_its_answer_only(home, monkeypatch, waiting, everything):
    monkeypatch.setattr(work, "CROWD", 3)
    for number in range(1 + waiting):
        drop(home, f"{number}.jsonl", number)
    read_next()
    able, kept = observers("0.jsonl")
    assert kept == (able if everything else ["calibration"])
    found = dataset("p", "0.jsonl")
    assert found is not None
    assert found["answer"]["sentence"]


def test_a_log_that_turns_rings_though_another_analysis_leads(home, monkeypatch):
    """Rows appended to a training log, past the peak of its gold reward: the curves lead, over-optimisation rings."""
    monkeypatch.setattr(work, "OTHERS_SECONDS", 0.0)
    steps = samples.over_kl(80).splitlines()
    path = home.inbox / "p" / "log.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    for start, end in ((0, 36), (36, 81)):
        with path.open("a") as log:
            log.write("\n".join(steps[start:end]) + "\n")
        datasets.receive_inbox("p", "log.csv", path, path.stat().st_size, inode=path.stat().st_ino)
        read_next()
    found = dataset("p", "log.csv")
    assert found is not None
    told = [one["body"] for one in events.after(0) if one["kind"] == "alarm"]
    rang = {one["analysis"]: one for one in told}
    assert rang["overoptimisation"]["verdict"] == "passed"
    assert rang["overoptimisation"]["was"] in ("not_reached", "unclear", "near_peak")
    assert {one["dataset"] for one in told} == {found["id"]}


@pytest.mark.parametrize(
    ("broken", "said"), [("ranking", "kept without an answer"), ("agreement", "agreement of a new version failed")]
)
def test_a_mistake_in_an_analysis_keeps_the_rows(home, monkeypatch, caplog, broken, said):
    monkeypatch.setattr(work, "_others_asked", {})
    monkeypatch.setattr(type(ANALYSES[broken]), "answer", lambda *_: np.linalg.cholesky(-np.eye(2)))
    path = home.inbox / "p" / "battles.csv"
    append(path, [samples.battles(300).encode()])
    datasets.receive_inbox("p", path.name, path, path.stat().st_size, inode=path.stat().st_ino)
    read_next()
    found = dataset("p", path.name)
    assert found is not None
    assert found["report"]["rows"] == 900
    assert said in caplog.text
    assert (found["answer"] is None) == (broken == "ranking")
    monkeypatch.undo()
    assert results.conclude(person("ann"), found["id"], broken).result.analysis == broken
