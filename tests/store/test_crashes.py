"""A writer that dies loses nothing it was told was saved, and nothing is passed to a child by a fork."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import event as listening
from sqlalchemy import text

from engine.errors import PlumblineError, StoreUnavailable
from engine.queries import events
from engine.store import engine
from engine.store.engine import close_store, fetch, get_store
from engine.store.transaction import transaction
from tests.store.fixtures import Installation
from tests.store.people import person

ROOT = Path(__file__).resolve().parents[2]
WRITER = """
from engine.store.transaction import transaction
number = 0
while True:
    with transaction() as tx:
        tx.publish("main", "test", "number", {"number": number})
    print(number, flush=True)
    number += 1
"""


@pytest.mark.parametrize("acknowledged", [1, 57, 400])
def test_nothing_acknowledged_is_lost(installation: Installation, acknowledged: int) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    for _ in range(acknowledged):
        writer.stdout.readline()
    writer.send_signal(signal.SIGKILL)
    told = [int(line) for line in writer.stdout.read().splitlines() if line.endswith(tuple("0123456789"))]
    writer.stdout.close()
    writer.wait()
    last = told[-2] if len(told) > 1 else acknowledged - 1
    kept = [row[0] for row in fetch("SELECT id FROM event ORDER BY id")]
    assert len(kept) > last
    assert [event["body"]["number"] for event in events.after(0, 5000)] == list(range(len(kept)))
    assert kept == list(range(kept[0], kept[0] + len(kept)))
    if installation.kind == "sqlite":
        assert fetch("PRAGMA integrity_check") == [("ok",)]
    person("writes go on")


def fill(saved: list[int]) -> None:
    while len(saved) < 1000:
        with transaction() as tx:
            tx.publish("main", "test", "number", {"text": "x" * 1000})
        saved += tx.event_ids


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_a_full_store_says_so_and_recovers(installation: Installation) -> None:
    with get_store().writer.connect() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
    close_store()

    def small(connection: object, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages + 4}")  # type: ignore[attr-defined]

    listening.listen(get_store().writer, "connect", small)
    saved: list[int] = []
    with pytest.raises(StoreUnavailable, match="full") as refused:
        fill(saved)
    assert refused.value.code == "store_full"
    assert len(events.after(0, 5000)) == len(saved) > 0
    close_store()
    with transaction() as tx:
        tx.publish("main", "test", "number", {})
    assert fetch("PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_a_busy_store_says_so(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    close_store()
    monkeypatch.setattr(engine, "PRAGMAS", [*engine.PRAGMAS[:-1], "PRAGMA busy_timeout=1"])
    with transaction() as tx:
        tx.session.connection()
        with pytest.raises(StoreUnavailable, match="busy"):
            person()
    assert fetch('SELECT count(*) FROM "user"') == [(0,)]


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_an_empty_store_says_what_to_do(installation: Installation) -> None:
    close_store()
    for path in installation.settings.home.glob("plumbline.db*"):
        path.unlink()
    for use in (events.cursor, person):
        with pytest.raises(StoreUnavailable) as refused:
            use()
        assert refused.value.code == "store_empty"
        assert str(installation.settings.home) not in refused.value.message


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_opens_its_own(installation: Installation) -> None:
    person()
    parents = get_store()
    fetch("SELECT 1")
    child = os.fork()
    if child == 0:
        code = 1
        try:
            own = get_store()
            with transaction() as tx:
                tx.publish("main", "test", "child", {})
            code = 0 if own is not parents and events.cursor() == tx.event_ids[0] else 2
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert get_store() is parents
    assert events.after(0)[-1]["kind"] == "child"
    person("bob")


def test_many_threads_read_while_others_write(installation: Installation) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(15):
                if number % 4 == 0:
                    person(f"person {number} {turn}")
                fetch('SELECT count(*) FROM "user"')
        except (PlumblineError, Exception) as error:  # noqa: BLE001 - whatever happens is the finding
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert fetch('SELECT count(*) FROM "user"') == [(45,)]
