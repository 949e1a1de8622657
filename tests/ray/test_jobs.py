"""Submitted runs as Ray jobs: the same segment and state as from the child, logs, cancellation, losses."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from engine.actions import people, runs
from engine.actions.projects import ensure
from engine.errors import Conflict, InputRefused
from engine.queries import runs as queries
from engine.store.transaction import transaction
from jobs.children import Child
from jobs.command.submit import follow, owner, submit
from jobs.executor import WorkerLostError
from jobs.job_main import remove_abandoned
from jobs.submitted import JobExecutor
from jobs.work import perform
from tests.processes.here import Here
from tests.processes.scores import lines
from tests.processes.waiting import until
from tests.ray.conftest import NEEDS_RAY


@pytest.fixture
def scores(tmp_path):
    path = tmp_path / "scores.jsonl"
    path.write_bytes(b"".join(lines(0, 40)))
    return path


@pytest.fixture
def account(home):
    with transaction() as tx:
        ensure(tx, "p")
    people.redeem_link(people.create_first_link(), "ann", "a hash")


class Away:
    """A link to nowhere."""

    connected = False


@pytest.fixture
def client(link):
    from ray.job_submission import JobSubmissionClient

    return JobSubmissionClient(link.address.jobs)


# ------------------------------------------------------------------ where Ray is off


def test_without_ray_a_child_does_it_and_wait_prints_the_answer(account, scores, capsys):
    (taken,) = submit([scores], "p", {})
    with Child() as child:
        perform(runs.claim("me", ("job",)), JobExecutor(child, Away()))
    run = queries.get_run(owner(), taken.run_id)
    assert (run.kind, run.state, run.backend) == ("job", "done", "child")
    assert follow([taken], "calibration", {}, as_json=False) == 0
    assert "alibrat" in capsys.readouterr().out
    assert submit([scores], "p", {})[0].run_id is None


def test_readers_leave_jobs_alone_and_one_dataset_is_read_once_at_a_time(account, scores):
    submit([scores], "p", {})
    assert runs.claim("me") is None
    assert submit([scores], "p", {})[0].run_id == 1
    assert runs.claim("me", ("job",)).run_id == 1
    assert runs.claim("me", ("job",)) is None


def test_a_refused_file_ends_the_wait_with_the_reason(account, tmp_path, capsys):
    odd = tmp_path / "odd.jsonl"
    odd.write_text('{"apples": 1}\n')
    (taken,) = submit([odd], None, {})
    perform(runs.claim("me", ("job",)), JobExecutor(Here(), Away()))
    assert follow([taken], "calibration", {}, as_json=False) == 3
    assert "odd.jsonl" in capsys.readouterr().err


def test_nobody_can_submit_before_there_is_an_account(home, scores):
    from engine.errors import UsageError

    with pytest.raises(UsageError, match="account"):
        submit([scores], None, {})


# ------------------------------------------------------------------ as Ray jobs


@NEEDS_RAY
def test_a_job_does_what_the_child_does_and_keeps_its_log(link, client, account, scores, tmp_path):
    (taken,) = submit([scores], "p", {})
    work = runs.claim("me", ("job",))
    executor = JobExecutor(Here(), link)
    perform(work, executor)
    run = queries.get_run(owner(), taken.run_id)
    assert (run.state, run.backend, run.attempt) == ("done", "job", 1)
    assert "read 160 rows" in run.log or "read " in run.log
    job = client.get_job_info(f"run-{taken.run_id}-1")
    assert job.entrypoint == f"python -m jobs job {taken.run_id}-1"
    assert "env_vars" not in job.runtime_env or job.runtime_env["env_vars"] == {}
    until(lambda: client.get_job_status(f"run-{taken.run_id}-1").value == "SUCCEEDED", 120, every=0.25)
    with Child() as child:
        read = child.read(scores, "scores.jsonl", {}, tmp_path)
        child.observe(read.segment_path, "calibration", {}, tmp_path / "state")
    from engine.analysis import ANALYSES
    from engine.queries.states import observed
    from engine.store import datasets

    what = observed(ANALYSES["calibration"], ANALYSES["calibration"].parameters())
    assert datasets.read_state(what.key(read.segment_sha256)) == (tmp_path / "state").read_bytes()
    assert datasets.segment_path(read.segment_sha256).is_file()


@NEEDS_RAY
def test_a_refused_file_is_refused_as_by_the_child(link, tmp_path):
    odd = tmp_path / "odd.jsonl"
    odd.write_text('{"apples": 1}\n')
    executor = JobExecutor(Here(), link)
    executor.begin(f"9{os.getpid()}-1")
    with pytest.raises(InputRefused) as there:
        executor.read(odd, "odd.jsonl", {}, tmp_path)
    executor.end()
    with pytest.raises(InputRefused) as here:
        Here().read(odd, "odd.jsonl", {}, tmp_path)
    assert there.value.to_dict() == here.value.to_dict()
    assert "refused" in executor.printed()


def at_work(executor, path: Path, folder: Path) -> tuple[threading.Thread, list[BaseException]]:
    raised: list[BaseException] = []
    begun = threading.Event()

    def read() -> None:
        try:
            executor.read(path, path.name, {}, folder, progress=lambda _share: begun.set())
        except Exception as error:  # noqa: BLE001
            raised.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    assert begun.wait(60), raised
    return thread, raised


def job_processes(run: str) -> list[int]:
    found = []
    for path in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            words = (path / "cmdline").read_bytes().split(b"\0") if path.name.isdigit() else []
            if words[-2:] == [run.encode(), b""] and b"-c" not in words:
                found.append(int(path.name))
    return found


@NEEDS_RAY
@pytest.mark.parametrize("how", ["cancelled", "killed"])
def test_a_job_ends_when_told_to_and_is_a_loss_when_it_dies(link, client, tmp_path, how):
    large = tmp_path / "large.jsonl"
    large.write_bytes(b"".join(lines(0, 400)) * 60)
    executor = JobExecutor(Here(), link)
    run = f"8{os.getpid()}{len(how)}-1"
    executor.begin(run)
    thread, raised = at_work(executor, large, tmp_path)
    if how == "cancelled":
        executor.cancel()
    else:
        for pid in job_processes(run):
            os.kill(pid, signal.SIGKILL)
    thread.join(60)
    executor.end()
    if how == "cancelled":
        assert isinstance(raised[0], Conflict)
        until(lambda: not job_processes(run), 60)
        until(lambda: client.get_job_status(f"run-{run}").value == "STOPPED", 120, every=0.25)
    else:
        assert isinstance(raised[0], WorkerLostError)


@NEEDS_RAY
def test_the_owner_of_the_machine_submits_with_the_token(link, client, tmp_path):
    """The example of docs/ray.md: submit without waiting, ask for the log later."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "RAY_AUTH_MODE": "token"}
    environment["RAY_AUTH_TOKEN_PATH"] = str(link.address.token)

    def ray(*words: str) -> subprocess.CompletedProcess[str]:
        """`ray job …` as its owner types it."""
        command = [sys.executable, "-m", "ray.scripts.scripts", "job", words[0], "--address", link.address.jobs]
        return subprocess.run(
            [*command, *words[1:]], env=environment, capture_output=True, text=True, timeout=60, cwd=tmp_path
        )

    name = f"mine-{os.getpid()}"
    done = ray("submit", "--no-wait", "--submission-id", name, "--", "python", "-c", "print(6 * 7)")
    assert done.returncode == 0, done.stderr
    until(lambda: client.get_job_status(name).value == "SUCCEEDED", 120, every=0.25)
    assert "42" in ray("logs", name).stdout.splitlines()


def test_what_a_killed_job_left_is_removed_by_the_next(tmp_path):
    killed = subprocess.Popen([sys.executable, "-c", ""])
    killed.wait()
    for name in (f"{killed.pid}-abc", f"{os.getpid()}-abc", "elsewhere"):
        (tmp_path / f"plumbline-job-{name}").mkdir()
        (tmp_path / f"plumbline-job-{name}" / "source.jsonl").write_text("{}")
    remove_abandoned(tmp_path)
    assert {one.name for one in tmp_path.iterdir()} == {f"plumbline-job-{os.getpid()}-abc", "plumbline-job-elsewhere"}
