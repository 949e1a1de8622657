"""Two owners, people who cancel and try again, crashes at any moment: checked against a model of what may happen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from engine.actions import runs
from engine.errors import Conflict
from engine.queries import runs as queries
from engine.store.engine import fetch
from engine.store.transaction import transaction
from engine.types import Who
from tests.store.fixtures import Installation
from tests.store.people import digest, person, report, upload

OWNERS = ("one", "two")
DATASETS = 3
EMPTY = (
    "DELETE FROM version",
    "DELETE FROM segment",
    "DELETE FROM run",
    "UPDATE dataset SET version = 0, follow = '{}'",
)


class Runs(RuleBasedStateMachine):
    """The store beside a model: run -> (state, attempt, owner), and the versions each dataset should have."""

    who: Who
    fresh: Callable[[], list[int]]

    def __init__(self) -> None:
        super().__init__()
        self.datasets = self.fresh()
        self.model: dict[int, tuple[str, int, str | None]] = {}
        self.versions = dict.fromkeys(self.datasets, 0)
        self.of: dict[int, int] = {}
        self.held: list[runs.Work] = []
        self.finished: list[int] = []
        self.ask(0)

    def queued(self, dataset: int) -> list[int]:
        return [run for run, (state, *_) in self.model.items() if state == "queued" and self.of[run] == dataset]

    def mine(self, work: runs.Work) -> bool:
        return self.model[work.run_id] == ("running", work.attempt, work.owner)

    @rule(which=st.integers(0, DATASETS - 1))
    def ask(self, which: int) -> None:
        dataset = self.datasets[which]
        run = runs.request(self.who, dataset, "read")
        if self.queued(dataset):
            assert self.queued(dataset) == [run]
        else:
            assert run not in self.model
            self.model[run], self.of[run] = ("queued", 0, None), dataset

    @rule(owner=st.sampled_from(OWNERS))
    def claim(self, owner: str) -> None:
        busy = {self.of[run] for run, (state, *_) in self.model.items() if state == "running"}
        free = [run for run, (state, *_) in self.model.items() if state == "queued" and self.of[run] not in busy]
        work = runs.claim(owner)
        if not free:
            assert work is None
            return
        assert work is not None
        assert work.run_id == min(free)
        self.model[work.run_id] = ("running", self.model[work.run_id][1] + 1, owner)
        assert work.attempt == self.model[work.run_id][1]
        self.held.append(work)

    @rule(data=st.data(), step=st.sampled_from(["beat", "progress", "finish", "fail"]))
    def step(self, data: st.DataObject, step: str) -> None:
        """An owner goes on with a run it believes to have, perhaps long after it lost it."""
        if not self.held:
            return
        self.go_on(data.draw(st.sampled_from(self.held)), step)

    def go_on(self, work: runs.Work, step: str) -> None:
        """Do a step, and expect what the model says of it."""
        segment = runs.NewSegment(digest(f"{work.run_id} {work.attempt} {len(self.finished)}"), 1, 1)
        steps: dict[str, Callable[[], object]] = {
            "beat": lambda: runs.beat(work),
            "progress": lambda: runs.progress(work, 0.5, f"stage {len(self.model)}"),
            "finish": lambda: runs.finish(work, segment=segment, report=report(1), replace=False),
            "fail": lambda: runs.fail(work, {"code": "broken", "message": "Broken."}),
        }
        if not self.mine(work):
            if step == "progress":
                return
            with pytest.raises(Conflict):
                steps[step]()
            return
        steps[step]()
        if step in ("finish", "fail"):
            self.model[work.run_id] = ("done" if step == "finish" else "failed", work.attempt, work.owner)
        if step == "finish":
            self.versions[work.dataset_id] += 1
            self.finished.append(work.run_id)

    @rule(data=st.data(), act=st.sampled_from(["cancel", "retry"]))
    def meddle(self, data: st.DataObject, act: str) -> None:
        run = data.draw(st.sampled_from(sorted(self.model)))
        state, attempt, owner = self.model[run]
        if (act, state) in {("cancel", "done"), ("cancel", "failed"), ("retry", "done")}:
            with pytest.raises(Conflict):
                (runs.cancel if act == "cancel" else runs.retry)(self.who, run)
        elif act == "cancel":
            runs.cancel(self.who, run)
            self.model[run] = ("cancelled", attempt, owner)
        else:
            waiting = self.queued(self.of[run])
            expected = waiting[0] if waiting and state not in ("queued", "running") else run
            assert runs.retry(self.who, run) == expected
            if expected == run and state in ("failed", "cancelled"):
                self.model[run] = ("queued", attempt, None)

    @rule(dead=st.sampled_from(OWNERS))
    def crash(self, dead: str) -> None:
        """An owner's process ends; the foreman notices."""
        lost = sorted(run for run, (state, _, owner) in self.model.items() if state == "running" and owner == dead)
        assert sorted(runs.requeue_lost([owner for owner in OWNERS if owner != dead])) == lost
        for run in lost:
            state = queries.get_run(self.who, run).state
            allowed = {"cancelled"} if self.queued(self.of[run]) else {"queued", "failed"}
            assert state in allowed
            self.model[run] = (state, self.model[run][1], None)

    @rule(owner=st.sampled_from(OWNERS), step=st.sampled_from(["beat", "finish", "fail"]), data=st.data())
    def restart(self, owner: str, step: str, data: st.DataObject) -> None:
        """An owner seems to end, somebody claims; the first, not dead after all, goes on with its work."""
        self.claim(owner)
        before = [work for work in self.held if self.mine(work) and work.owner == owner]
        self.crash(owner)
        self.claim(data.draw(st.sampled_from(OWNERS)))
        for work in before:
            self.go_on(work, step)

    @invariant()
    def the_store_is_as_the_model_says(self) -> None:
        stored = {run: (state, attempt) for run, state, attempt in fetch("SELECT id, state, attempt FROM run")}
        assert stored == {run: (state, attempt) for run, (state, attempt, _) in self.model.items()}
        assert dict(fetch("SELECT id, version FROM dataset")) == self.versions
        assert fetch("SELECT count(*) FROM version") == [(sum(self.versions.values()),)]

    @invariant()
    def no_run_ends_twice(self) -> None:
        assert len(self.finished) == len(set(self.finished))


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_runs_end_once_whatever_happens(installation: Installation) -> None:
    who = person()
    found = [upload(who, str(number), f"{number}.jsonl").dataset_id for number in range(DATASETS)]

    def fresh() -> list[int]:
        with transaction() as tx:
            for statement in EMPTY:
                tx.session.connection().exec_driver_sql(statement)
        return found

    class Here(Runs):
        pass

    Here.who, Here.fresh = replace(who), staticmethod(fresh)
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=15,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
