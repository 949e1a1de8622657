"""The limited child: it reads and observes, and whatever a file does to it becomes a named error."""

from __future__ import annotations

import json
import os
import select
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from engine.errors import Conflict, InputRefused, LimitExceeded, UsageError
from engine.formats import FollowState, Limits
from engine.formats.segments import segment_report, segment_rows
from jobs import child_limits
from jobs.children import Child
from tests.formats import samples


@pytest.fixture(scope="module")
def child() -> Iterator[Child]:
    with Child() as started:
        yield started


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "upload"
    path.write_bytes(samples.FILES["judgebench.jsonl"]())
    return path


def test_a_file_becomes_a_segment_named_by_its_content(child: Child, file: Path, tmp_path: Path) -> None:
    shares: list[float] = []
    done = child.read(file, "scores.jsonl", {}, tmp_path, progress=shares.append)
    again = child.read(file, "scores.jsonl", {}, tmp_path)
    assert done.segment_path == tmp_path / f"{done.segment_sha256}.parquet"
    assert (done.rows, again.segment_sha256) == (24, done.segment_sha256)
    assert shares
    assert all(0 <= share <= 1 for share in shares)
    assert segment_report(done.segment_path).to_dict() == done.report
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["upload", done.segment_path.name])
    rows = segment_rows(done.segment_path)
    assert len(rows) == 24
    assert list(rows.slices) == ["source"]


def test_a_mapping_saved_for_such_columns_reaches_the_reader(child: Child, tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_text("ours,theirs,who\n" + "1,0,A\n0,1,B\n" * 20)
    with pytest.raises(InputRefused) as refused:
        child.read(path, "odd.csv", {}, tmp_path)
    assert [one["name"] for one in refused.value.source_columns] == ["ours", "theirs", "who"]
    mapping = {"score_a": "ours", "score_b": "theirs", "label": "who"}
    done = child.read(path, "odd.csv", {}, tmp_path, saved={refused.value.signature: {"name": "x", "mapping": mapping}})
    assert (done.rows, done.report["mapping"]) == (40, mapping)
    with pytest.raises(UsageError) as wrong:
        child.read(path, "odd.csv", {"score_a": "gone"}, tmp_path)
    assert wrong.value.signature == refused.value.signature


def test_a_segment_is_observed_into_a_state(child: Child, tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(samples.lines(samples.pairs(200)))
    done = child.read(path, "pairs.jsonl", {}, tmp_path)
    assert done.segment_path is not None
    out = tmp_path / "state.npz"
    assert child.observe(done.segment_path, "calibration", {}, out).rows == 200
    assert out.read_bytes()[:2] == b"PK"
    with pytest.raises(UsageError):
        child.observe(done.segment_path, "astrology", {}, out)


def test_what_holds_no_scores_is_not_observed(child: Child, tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(samples.FILES["hh_rlhf.jsonl"]())
    done = child.read(path, "hh.jsonl", {}, tmp_path)
    assert done.segment_path is not None
    with pytest.raises(InputRefused) as refused:
        child.observe(done.segment_path, "calibration", {}, tmp_path / "state.npz")
    assert refused.value.code == "nothing_to_calibrate"


def test_errors_of_readers_arrive_whole(child: Child, tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(b"score_a,score_b,label\nx,1,A\n1,1,?\n")
    with pytest.raises(InputRefused) as refused:
        child.read(path, "mine.csv", {}, tmp_path)
    assert refused.value.to_dict()["file"] == "mine.csv"
    assert (refused.value.code, refused.value.line) == ("no_rows", 2)
    assert str(tmp_path) not in refused.value.message
    with pytest.raises(UsageError):
        child.read(path, "mine.csv", {"colour": "x"}, tmp_path)
    assert list(tmp_path.iterdir()) == [path]


def test_a_followed_file_goes_on_where_it_was_left(child: Child, tmp_path: Path) -> None:
    path = tmp_path / "grows.jsonl"
    path.write_bytes(samples.lines(samples.pairs(5)))
    first = child.read(path, "grows.jsonl", {}, tmp_path, follow={})
    assert first.follow is not None
    nothing = child.read(path, "grows.jsonl", {}, tmp_path, follow=first.follow)
    assert (nothing.segment_path, nothing.rows) == (None, 0)
    with path.open("ab") as file:
        file.write(samples.lines(samples.pairs(3)))
    more = child.read(path, "grows.jsonl", {}, tmp_path, follow=json.loads(json.dumps(first.follow.to_dict())))
    assert more.rows == 3
    assert more.follow == FollowState(**{**first.follow.to_dict(), "offset": path.stat().st_size, "line": 8})


# ------------------------------------------------------------------ limits


def test_memory_has_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(
        b'{"version": 1, "data": [' + b'{"score_a": 1, "score_b": 0, "label": 1},' * 1_500_000 + b'{"label": 1}]}'
    )
    with Child(memory=300 * 1024**2) as small:
        with pytest.raises(LimitExceeded) as refused:
            small.read(path, "large.json", {}, tmp_path)
        assert refused.value.code == "memory"
        path.write_bytes(samples.FILES["pairs.csv"]())
        assert small.read(path, "small.csv", {}, tmp_path).rows == 24


def test_time_has_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(samples.lines(samples.judgebench(200)) * 400)
    with Child(seconds=1, limits=Limits()) as slow:
        began = time.monotonic()
        with pytest.raises(LimitExceeded) as refused:
            slow.read(path, "long.jsonl", {}, tmp_path)
        assert refused.value.code == "time"
        assert time.monotonic() - began < 10
    assert list(tmp_path.iterdir()) == [path]


def test_cancelling_ends_it_at_once(tmp_path: Path) -> None:
    pipe = tmp_path / "upload"
    pipe.write_bytes(samples.lines(samples.judgebench(200)) * 2000)
    with Child() as busy:
        began: list[float] = []

        def cancel() -> None:
            began.append(time.monotonic())
            busy.cancel()

        timer = threading.Timer(0.3, cancel)
        timer.start()
        with pytest.raises(Conflict) as refused:
            busy.read(pipe, "long.jsonl", {}, tmp_path)
        assert refused.value.code == "cancelled"
        assert time.monotonic() - began[0] < 2
        pipe.write_bytes(samples.FILES["pairs.csv"]())
        assert busy.read(pipe, "next.csv", {}, tmp_path).rows == 24


def test_its_death_is_named_and_the_next_request_is_served(file: Path, tmp_path: Path) -> None:
    with Child() as mortal:
        assert mortal.pid is not None
        os.kill(mortal.pid, 11)
        with pytest.raises(InputRefused) as refused:
            mortal.read(file, "cursed.jsonl", {}, tmp_path)
        assert (refused.value.code, refused.value.file) == ("reader_died", "cursed.jsonl")
        assert mortal.read(file, "fine.jsonl", {}, tmp_path).rows == 24


def test_a_pickle_is_never_opened(child: Child, tmp_path: Path) -> None:
    canary, path = tmp_path / "canary", tmp_path / "upload"
    for payload in (
        b"cos\nsystem\n(S'touch " + str(canary).encode() + b"'\ntR.",
        b"\x80\x04" + b"cos\nsystem\n(S'touch " + str(canary).encode() + b"'\ntR.",
    ):
        path.write_bytes(payload)
        with pytest.raises(InputRefused):
            child.read(path, "scores.parquet", {}, tmp_path)
    assert not canary.exists()


def test_it_is_recycled_for_a_large_request(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.children.REQUESTS_PER_CHILD", 2)
    monkeypatch.setattr("jobs.children.SMALL_BYTES", 0)
    with Child() as recycled:
        pids = [recycled.read(file, "x", {}, tmp_path) and recycled.pid for _ in range(3)]
    assert pids[0] == pids[1] != pids[2]


def test_a_small_request_does_not_wait_for_the_fresh_child(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.children.REQUESTS_PER_CHILD", 1)
    with Child() as recycled:
        pids = [recycled.read(file, "x", {}, tmp_path) and recycled.pid for _ in range(2)]
        assert pids[0] == pids[1]
        successor = recycled._successor
        assert successor is not None
        select.select([successor.stdout], [], [], 60)
        recycled.read(file, "x", {}, tmp_path)
        assert recycled.pid == successor.pid
    assert successor.poll() is not None


@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="this kernel does not share by session")
def test_only_a_small_request_is_read_at_the_priority_of_a_page(
    child: Child, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def niceness() -> str:
        return Path(f"/proc/{child.pid}/autogroup").read_text().split()[-1]

    child.read(file, "x", {}, tmp_path)
    assert niceness() == "0"
    monkeypatch.setattr("jobs.children.SMALL_BYTES", 0)
    child.read(file, "x", {}, tmp_path)
    assert niceness() == "10"


def test_the_child_may_not_use_sockets_programs_or_pickles() -> None:
    for event in ("socket.connect", "socket.bind", "subprocess.Popen", "os.system", "os.fork", "pickle.find_class"):
        with pytest.raises(PermissionError):
            child_limits._refuse(event, ())
    child_limits._refuse("open", ())


def test_the_child_has_a_network_of_its_own_where_the_kernel_lets_it(child: Child) -> None:
    if subprocess.run(["unshare", "-rn", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this kernel gives no network name spaces to ordinary users")
    child.start()
    assert Path(f"/proc/{child.pid}/ns/net").readlink() != Path("/proc/self/ns/net").readlink()


def test_secrets_do_not_reach_the_child(monkeypatch: pytest.MonkeyPatch, file: Path, tmp_path: Path) -> None:
    monkeypatch.setenv("SOME_API_TOKEN", "x")
    monkeypatch.setenv("PLUMBLINE_DATABASE_URL", "postgresql://user:pw@host/db")
    with Child() as started:
        environment = Path(f"/proc/{started.pid}/environ").read_bytes()
        assert started.read(file, "x", {}, tmp_path).rows == 24
    assert b"SOME_API_TOKEN" not in environment
    assert b"PLUMBLINE_DATABASE_URL" not in environment


def test_a_segment_has_small_row_groups_and_no_useless_slices(child: Child, tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(samples.lines([{**row, "same": "x"} for row in samples.pairs(100)]))
    done = child.read(path, "x", {}, tmp_path)
    assert done.segment_path is not None
    form = pq.read_schema(done.segment_path)
    assert "slice.language" in form.names
    assert "slice.same" not in form.names
