"""The client never waits, never raises, and what it logged arrives once."""

from __future__ import annotations

import ast
import json
import logging
import math
import os
import subprocess
import sys
import threading
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import plumbline_client
from engine import formats
from engine.settings import ROOT
from plumbline_client import Client
from tests.api.desk import Came, Desk

FILE = ROOT / "plumbline_client.py"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plumbline_client, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(plumbline_client, "LONGEST_WAIT", 0.05)
    vars(plumbline_client).pop("PlumblineCallback", None)


@pytest.fixture
def desk() -> Iterator[Desk]:
    with Desk() as open_desk:
        yield open_desk


def client_of(desk: Desk, folder: Path, **more: Any) -> Client:
    return Client(desk.url, "pl_secret", spool=folder, **{"batch_seconds": 0.02, "timeout": 5.0, **more})


def spooled(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


# ------------------------------------------------------------------ what is sent


def test_rows_arrive_as_they_were_logged(desk: Desk, tmp_path: Path) -> None:
    client = client_of(desk, tmp_path, run="seed 1", dataset="run 7")
    client.log(3, loss=0.5, reward=np.float32(1.5), nothing=None, broken=math.nan, note="text", flag=True)
    client.log_pair(1.5, 0.5, 1, prompt_id="q", dataset="pairs")
    client.log_score(0.7, True, dataset="scores")
    assert client.flush()
    (point,) = desk.rows("run-7")
    assert point.pop("time") > 1.6e9
    assert point == {"step": 3, "data": {"loss": 0.5, "reward": 1.5, "flag": 1}, "run": "seed 1"}
    assert desk.rows("pairs") == [{"score_a": 1.5, "score_b": 0.5, "label": 1, "prompt_id": "q"}]
    assert desk.rows("scores") == [{"score": 0.7, "correct": True}]
    assert {came.token for came in desk.came} == {"pl_secret"}
    assert client.stats == {"logged": 3, "sent": 3, "waiting": 0, "dropped": 0, "refused": 0}
    assert client.close()
    assert spooled(tmp_path) == []


def test_the_readers_recognise_what_is_logged(desk: Desk, tmp_path: Path) -> None:
    client = client_of(desk, tmp_path, run="r")
    for step in range(3):
        client.log(step, **{"rewards/margins": 0.1 * step})
        client.log_pair(step, 1, step % 2, dataset="pairs")
        client.log_score(step / 3, step % 2, dataset="scores")
    assert client.close()
    found = {}
    for dataset in ("rows", "pairs", "scores"):
        content = "".join(json.dumps(row) + "\n" for row in desk.rows(dataset)).encode()
        found[dataset] = formats.read_table(content, f"{dataset}.jsonl")
    assert {name: report.kind for name, (_, report) in found.items()} == {
        "rows": "curve",
        "pairs": "comparison",
        "scores": "score",
    }
    assert all(report.accepted == 3 for _, report in found.values())
    points = found["rows"][0].to_pydict()
    assert (points["metric"], points["step"], points["run"]) == (["rm_margin"] * 3, [0, 1, 2], ["r"] * 3)
    assert None not in points["time"]


def test_many_rows_go_in_few_requests(desk: Desk, tmp_path: Path) -> None:
    client = client_of(desk, tmp_path, batch_rows=500, batch_seconds=60)
    for number in range(2000):
        client.log_row({"n": number})
    desk.wait(lambda: len(desk.taken) == 2000)
    assert len(desk.came) <= 4
    assert [row["n"] for row in desk.rows()] == list(range(2000))
    assert client.close()


ODD = (
    {"a": math.inf, "b": [math.nan, {"c": -math.inf}]},
    {"half": "\ud800", "bytes": b"x"},
    {"array": np.arange(3), "number": np.int64(4), "set": {1}},
    {1: 2, None: 3},
    {"when": types.SimpleNamespace(a=1)},
)


@pytest.mark.parametrize("row", ODD)
def test_an_odd_value_becomes_json(desk: Desk, tmp_path: Path, row: dict[Any, Any]) -> None:
    client = client_of(desk, tmp_path)
    client.log_row(row)
    assert client.close()
    assert (len(desk.rows()), len(desk.came)) == (1, 1)
    assert client.stats["dropped"] == 0


class Hostile:
    def __float__(self) -> float:
        raise RuntimeError("a value that fails")

    def __str__(self) -> str:
        raise RuntimeError("a text that fails")


def test_nothing_that_is_logged_raises(desk: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    client = client_of(desk, tmp_path)
    circle: dict[str, Any] = {}
    circle["circle"] = circle
    client.log_row(circle)
    client.log_row({"a": Hostile()})
    client.log_row({"a": "x" * 2_000_000})
    client.log_row(None)  # type: ignore[arg-type]
    client.log(step="x", loss=1)  # type: ignore[arg-type]
    client.log(1, loss=Hostile())
    client.log(2, loss=1.0)
    assert client.close()
    assert (client.stats["dropped"], len(desk.rows())) == (5, 1)
    assert "dropped" in caplog.text


# ------------------------------------------------------------------ the server fails


def test_an_answer_that_gets_lost_costs_nothing(desk: Desk, tmp_path: Path) -> None:
    lost: list[str] = []

    def lose(came: Came) -> tuple[int, dict[str, Any]] | None:
        if came.key in lost:
            return None
        lost.append(came.key)
        desk.answers[came.key] = len(came.rows)
        desk.taken += [(came.path, row) for row in came.rows]
        return 0, {}

    desk.behave = lose
    client = client_of(desk, tmp_path, batch_rows=10)
    for number in range(50):
        client.log_row({"n": number})
    assert client.flush(20)
    assert sorted(row["n"] for row in desk.rows()) == list(range(50))
    assert len(desk.came) >= 2 * len(lost)
    assert client.close()


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 502, 503, 507, 200, 303])
def test_what_time_may_mend_is_tried_again(desk: Desk, tmp_path: Path, status: int) -> None:
    desk.behave = lambda _: (status, {}) if len(desk.came) < 3 else None
    desk.headers = {"location": f"{desk.url}/signin"} if status == 303 else {}
    client = client_of(desk, tmp_path)
    client.log_row({"n": 1})
    assert client.flush(20)
    assert (len(desk.came), desk.rows()) == (3, [{"n": 1}])
    assert len({came.key for came in desk.came}) == 1
    assert desk.visits == []
    assert client.close()


def test_what_is_refused_for_good_does_not_hold_up_the_rest(
    desk: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    desk.behave = lambda came: (422, {"code": "no", "message": "Not these."}) if "bad" in came.rows[0] else None
    client = client_of(desk, tmp_path, batch_rows=1)
    client.log_row({"bad": 1})
    client.log_row({"good": 1})
    assert client.flush(20)
    assert desk.rows() == [{"good": 1}]
    assert client.stats["refused"] == 1
    assert "Not these." in caplog.text
    assert [path.suffix for path in spooled(tmp_path)] == [".refused"]
    assert client.close()


def test_a_server_that_never_answers_holds_up_nobody(desk: Desk, tmp_path: Path) -> None:
    answer = threading.Event()

    def hang(_: Came) -> None:
        answer.wait(60)

    desk.behave = hang
    client = client_of(desk, tmp_path, batch_rows=100)
    client.log_row({"n": -1})
    desk.wait(lambda: len(desk.came) == 1)
    for number in range(20_000):
        client.log_row({"n": number})
    assert (client.stats["logged"], client.stats["sent"], len(desk.came)) == (20_001, 0, 1)
    answer.set()
    assert client.flush(60)
    assert sorted(row["n"] for row in desk.rows()) == list(range(-1, 20_000))
    assert client.close()


def test_what_is_too_much_is_dropped_oldest_first_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Client, "_start", lambda _: None)
    client = Client("http://127.0.0.1:9", spool=tmp_path, queue_rows=100)
    for number in range(250):
        client.log_row({"n": number})
    assert client.stats == {"logged": 250, "sent": 0, "waiting": 100, "dropped": 150, "refused": 0}
    assert json.loads(client._rows[0][2]) == {"n": 150}
    assert caplog.text.count("were dropped") == 1


def test_the_folder_stays_as_small_as_it_was_told(tmp_path: Path) -> None:
    client = Client("http://127.0.0.1:9", spool=tmp_path, batch_rows=1, spool_bytes=3_000)
    for number in range(60):
        client._spool.keep("main", "rows", [b'{"n": %d, "x": "%s"}' % (number, os.urandom(100).hex().encode())])
    assert sum(path.stat().st_size for path in spooled(tmp_path)) <= 3_000
    assert (client.stats["waiting"], client.stats["dropped"]) == (len(spooled(tmp_path)), 60 - len(spooled(tmp_path)))
    assert client._spool.rows > 5


# ------------------------------------------------------------------ the disk fails


def test_a_full_disk_costs_nothing_while_there_is_memory(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    desk.behave = lambda _: (503, {}) if len(desk.came) < 3 else None
    client = client_of(desk, tmp_path, batch_rows=10)
    for number in range(100):
        client.log_row({"n": number})
    assert client.flush(20)
    assert [row["n"] for row in desk.rows()] == list(range(100))
    assert client.close()


def test_memory_in_place_of_a_full_disk_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plumbline_client, "MEMORY_BYTES", 2_000)
    (tmp_path / "file").write_text("not a folder")
    client = Client("http://127.0.0.1:9", spool=tmp_path / "file")
    for number in range(60):
        client._spool.keep("main", "rows", [b'{"n": %d, "x": "%s"}' % (number, os.urandom(50).hex().encode())])
    assert sum(batch.size for batch in client._spool._held) <= 2_000
    assert client.stats["dropped"] == 60 - client.stats["waiting"] > 0


# ------------------------------------------------------------------ the program dies

DYING = """
import os, sys
from plumbline_client import Client
client = Client(sys.argv[1], "pl_secret", spool=sys.argv[2], batch_rows=10, timeout=5)
for number in range(40):
    client.log_row({"n": number})
if sys.argv[3] == "killed":
    while client._rows or client._packing:
        pass
    os.kill(os.getpid(), 9)
"""


def run(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", "-c", script, *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_what_a_killed_program_left_is_sent_by_the_next(desk: Desk, tmp_path: Path) -> None:
    desk.behave = lambda _: (503, {})
    assert run(DYING, desk.url, tmp_path, "killed").returncode == -9
    assert len(spooled(tmp_path)) == 4
    desk.behave = lambda _: None
    client = client_of(desk, tmp_path)
    client.log_row({"n": 40})
    desk.wait(lambda: len(desk.taken) == 41)
    assert sorted(row["n"] for row in desk.rows()) == list(range(41))
    assert client.close()
    assert spooled(tmp_path) == []


def test_a_program_that_ends_sends_what_is_left(desk: Desk, tmp_path: Path) -> None:
    ended = run(DYING, desk.url, tmp_path, "ends")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert [row["n"] for row in desk.rows()] == list(range(40))


def test_a_program_that_ends_does_not_wait_for_ever(tmp_path: Path) -> None:
    script = DYING.replace("timeout=5", "timeout=5, exit_seconds=0.2")
    ended = run(script, "http://127.0.0.1:9", tmp_path, "ends")
    assert ended.returncode == 0
    assert "40 rows wait in" in ended.stderr
    assert len(spooled(tmp_path)) == 4


FORKING = """
import os, sys
from plumbline_client import Client
client = Client(sys.argv[1], "pl_secret", spool=sys.argv[2], batch_rows=10)
for number in range(500):
    client.log_row({"who": "parent", "n": number})
children = []
for child in range(3):
    client._changed.acquire()
    pid = os.fork()
    if pid:
        client._changed.release()
        children.append(pid)
        continue
    for number in range(50):
        client.log_row({"who": f"child {child}", "n": number})
    os._exit(0 if client.close(20) else 1)
sys.exit(max(os.waitpid(pid, 0)[1] for pid in children))
"""


def test_a_fork_sends_its_own_rows_and_nobody_elses(desk: Desk, tmp_path: Path) -> None:
    done = run(FORKING, desk.url, tmp_path)
    assert done.returncode == 0, done.stderr
    for who, rows in (("parent", 500), *((f"child {child}", 50) for child in range(3))):
        assert sorted(row["n"] for row in desk.rows() if row["who"] == who) == list(range(rows)), who


def test_batches_of_a_living_process_are_left_to_it(tmp_path: Path) -> None:
    mine = Client("http://127.0.0.1:9", spool=tmp_path)
    mine._spool.keep("main", "rows", [b"{}"])
    other = Client("http://127.0.0.1:9", spool=tmp_path)
    assert other._spool.oldest() is None
    (file,) = spooled(tmp_path)
    file.rename(file.with_name(file.name.replace(f"-{os.getpid()}-", "-4194305-")))
    other._spool.forget()
    assert other._spool.oldest() is not None


# ------------------------------------------------------------------ transformers, Python 3.8, the command line


class Trainer:
    """What transformers would call, in the order it does."""

    class TrainerCallback:
        pass


def test_the_callback_logs_what_a_trainer_logs(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", Trainer)  # type: ignore[arg-type]
    from plumbline_client import PlumblineCallback

    callback = PlumblineCallback(url=desk.url, token="pl_secret", spool=tmp_path)
    args = types.SimpleNamespace(run_name="rm seed 1", output_dir="out/x")
    main, other = (types.SimpleNamespace(global_step=7, is_world_process_zero=first) for first in (True, False))
    callback.on_train_begin(args, main, None)
    callback.on_log(args, main, None, logs={"loss": 0.5, "step": 3, "dataset": "x", "rewards/margins": 0.1})
    callback.on_log(args, other, None, logs={"loss": 9.0})
    callback.on_train_end(args, main, None)
    assert [(row["step"], row["data"]) for row in desk.rows("rm-seed-1")] == [
        (7, {"loss": 0.5, "step": 3, "rewards/margins": 0.1})
    ]
    callback.client.close()


def test_without_transformers_the_callback_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)  # type: ignore[arg-type]
    with pytest.raises(ImportError, match="transformers"):
        plumbline_client.PlumblineCallback  # noqa: B018
    with pytest.raises(AttributeError):
        plumbline_client.Nothing  # noqa: B018


def test_the_file_stands_alone_on_an_old_python() -> None:
    tree = ast.parse(FILE.read_text(), feature_version=(3, 8))
    names = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([one.name for one in node.names] if isinstance(node, ast.Import) else [node.module or ""])
    }
    assert names - set(sys.stdlib_module_names) == {"transformers"}
    newer = {"removeprefix", "removesuffix", "missing_ok", "is_relative_to", "batched", "pairwise", "UTC"}
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not used & newer


def client_command(desk: Desk, *arguments: object, given: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PLUMBLINE_TOKEN": "pl_secret", "PLUMBLINE_URL": desk.url}
    command = [sys.executable, str(FILE), *map(str, arguments)]
    return subprocess.run(
        command, env=environment, input=given, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_file_of_lines_is_sent_once_however_often(desk: Desk, tmp_path: Path) -> None:
    lines = tmp_path / "rows.jsonl"
    lines.write_text("".join(f'{{"n": {n}, "x": "{"y" * 1000}"}}\n' for n in range(3000)))
    for _ in range(2):
        done = client_command(desk, lines, "--dataset", "sent")
        assert (done.returncode, done.stdout) == (0, "3000 rows are there\n")
    assert [row["n"] for row in desk.rows("sent")] == list(range(3000))
    assert len(desk.came) == 2 * 3


def test_what_is_piped_in_is_sent_each_time(desk: Desk) -> None:
    for _ in range(2):
        assert client_command(desk, "-", "--dataset", "sent", given='{"n": 1}\n\n').returncode == 0
    assert desk.rows("sent") == [{"n": 1}, {"n": 1}]
    assert client_command(desk, "-").returncode == 2
    assert "--dataset" in client_command(desk, "--help").stdout


def test_a_refusal_is_said_at_the_shell(desk: Desk) -> None:
    desk.behave = lambda _: (422, {"code": "no", "message": "Not these.", "line": 2})
    done = client_command(desk, "-", "--dataset", "sent", given='{"n": 1}\n')
    assert (done.returncode, done.stderr) == (3, "plumbline_client: 422 Not these. (line 2 of the request)\n")


def test_the_log_is_quiet_when_all_is_well(desk: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        client = client_of(desk, tmp_path)
        client.log(1, loss=1.0)
        assert client.close()
    assert caplog.text == ""
