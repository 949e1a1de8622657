"""What foreman and runner say, how uptime is probed, how lag is counted, and the command that reads the log."""

from __future__ import annotations

import http.server
import json
import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.access.internal import internal_secret
from engine.actions import datasets, services
from engine.errors import StoreUnavailable
from engine.queries import monitoring
from engine.settings import Settings
from engine.store.engine import fetch
from engine.types import Who
from jobs import prober as module
from jobs import work as work_module
from jobs.lag import Lag
from jobs.prober import Prober
from jobs.telling import Telling
from jobs.work import perform
from tests.processes.here import Here
from tests.processes.waiting import until
from tests.store.people import person, upload

OPERATOR = Who(1, "ann", "operator")


# ------------------------------------------------------------------ telling


def test_a_process_says_what_it_costs_and_that_it_stopped(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "SAY_SECONDS", 0.01)
    telling = Telling("runner", lambda: {"slots": 2})
    telling.start()
    said = until(lambda: [row for row in fetch("SELECT figures FROM service") if "store_commit_seconds" in row[0]])
    telling.stop()
    figures = json.loads(said[0][0])
    assert figures["slots"] == 2
    assert figures["resident_memory_bytes"] > 1e6
    (service,) = monitoring.reading(OPERATOR).services
    assert (service.name, service.state, service.lives) == ("runner", "stopped", False)


def test_figures_that_need_the_store_are_left_out_while_it_is_away(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> dict[str, int]:
        raise StoreUnavailable("away")

    telling = Telling("foreman", away)
    telling.start()
    until(lambda: fetch("SELECT 1 FROM service"))
    telling.stop()


def test_the_lag_is_what_was_not_read_yet(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = home.inbox / "main"
    folder.mkdir(parents=True, exist_ok=True)
    for name, size in (("a.csv", 100), ("b.csv", 40), ("gone.csv", 7)):
        (folder / name).write_bytes(b"x" * size)
        datasets.receive_inbox("main", name, folder / name, size, inode=1)
    (folder / "gone.csv").unlink()
    from sqlmodel import col, update

    from engine.store.tables import Dataset
    from engine.store.transaction import transaction

    with transaction() as tx:
        read_so_far = update(Dataset).where(col(Dataset.source) == "a.csv").values(follow={"offset": 60})
        tx.session.connection().execute(read_so_far)
    lag = Lag(home)
    assert lag.figures() == {"inbox_files": 2, "inbox_unread_bytes": 40 + 40}
    (folder / "a.csv").write_bytes(b"x" * 200)
    assert lag.figures()["inbox_unread_bytes"] == 80
    lag._counted = float("-inf")
    assert lag.figures()["inbox_unread_bytes"] == 140 + 40


# ------------------------------------------------------------------ probing


class Standin(http.server.BaseHTTPRequestHandler):
    """A web process that does as it is told: status and delay by path."""

    does: dict[str, tuple[int, float]] = {}  # noqa: RUF012 - set by each test
    asked: list[tuple[str, str | None, str | None]] = []  # noqa: RUF012

    def do_GET(self) -> None:
        status, delay = self.does[self.path]
        self.asked.append((self.path, self.headers["Host"], self.headers["Authorization"]))
        time.sleep(delay)
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_args: object) -> None: ...


@pytest.fixture
def web(home: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Standin)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Standin.does = {"/signin": (200, 0.0), "/metrics/probe": (200, 0.0)}
    Standin.asked = []
    monkeypatch.setattr(module, "IN_TIME_SECONDS", 0.3)
    yield home.model_copy(update={"port": server.server_address[1]})
    server.shutdown()
    server.server_close()


def test_up_is_sign_in_page_and_last_result_in_time(web: Settings) -> None:
    assert Prober(web).probe()
    assert Standin.asked == [
        ("/signin", f"localhost:{web.port}", None),
        ("/metrics/probe", f"localhost:{web.port}", f"Bearer {internal_secret()}"),
    ]


@pytest.mark.parametrize("path", ["/signin", "/metrics/probe"])
@pytest.mark.parametrize(("status", "delay"), [(500, 0.0), (503, 0.0), (404, 0.0), (200, 0.6)])
def test_down_is_an_error_or_an_answer_that_comes_too_late(
    web: Settings, path: str, status: int, delay: float, caplog: pytest.LogCaptureFixture
) -> None:
    prober = Prober(web)
    Standin.does[path] = (status, delay)
    assert not prober.probe()
    assert not prober.probe()
    assert [record.message for record in caplog.records] == ["the product does not answer in time"]
    Standin.does[path] = (200, 0.0)
    assert prober.probe()


def test_down_is_also_nobody_there(home: Settings) -> None:
    assert not Prober(home.model_copy(update={"port": 9})).probe()


def test_no_result_yet_is_not_down(web: Settings) -> None:
    Standin.does["/metrics/probe"] = (204, 0.0)
    assert Prober(web).probe()


def test_probes_are_counted_from_the_first_answer_on(web: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PROBE_SECONDS", 0.02)
    Standin.does["/signin"] = (503, 0.0)
    prober = Prober(web)
    prober.start()
    until(lambda: Standin.asked)
    assert fetch("SELECT * FROM uptime") == []
    Standin.does["/signin"] = (200, 0.0)
    until(lambda: fetch("SELECT 1 FROM uptime WHERE good > 2"))
    Standin.does["/signin"] = (500, 0.0)
    until(lambda: fetch("SELECT 1 FROM uptime WHERE bad > 2"))
    prober.stop()
    assert set(prober.took) == {"signin", "answer"}


# ------------------------------------------------------------------ runs


def test_what_the_runner_logs_says_which_run_it_was_at(
    home: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    import structlog

    from engine.actions import runs

    seen = []

    def fall(*_args: object) -> None:
        seen.append(structlog.contextvars.get_contextvars())
        raise RuntimeError("broken")

    upload(person(), "one", "one.csv")
    work = runs.claim("test")
    assert work is not None
    monkeypatch.setattr(work_module, "_read", fall)
    with caplog.at_level(logging.ERROR):
        perform(work, Here())
    assert seen == [{"run_id": work.run_id}]
    assert structlog.contextvars.get_contextvars() == {}
    error = json.loads(fetch("SELECT error FROM run")[0][0])
    assert error["error_id"] in error["message"]
    assert [record.error_id for record in caplog.records] == [error["error_id"]]
    assert "broken" not in error["message"]


def test_the_home_knows_its_processes_by_a_secret_of_its_own(home: Settings) -> None:
    secret = internal_secret()
    assert len(secret) >= 40
    assert internal_secret() == secret
    assert Path(home.home / "internal.secret").stat().st_mode & 0o777 == 0o600
