"""A report from asking to its file: concluded, drawn, written, kept; cancelled, failed, tried again."""

from __future__ import annotations

import io
import json
import shutil
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.actions import datasets, decisions, maintenance, reports, runs
from engine.errors import Conflict, NotFound
from engine.queries import decisions as queries_of_decisions
from engine.queries import reports as queries
from engine.reports.document import Figure
from engine.store.engine import fetch
from engine.types import Who
from jobs import process_tree
from jobs.drawing import MARK, Drawing
from jobs.reporting import Press, make_report
from jobs.upkeep import Upkeep
from tests.actions.deciding import answered, work
from tests.browser import chromium_path
from tests.store.fixtures import Installation
from tests.store.people import person

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc00000030101"
    "00c9fe92ef0000000049454e44ae426082"
)
setter = pytest.mark.skipif(shutil.which("wkhtmltopdf") is None, reason="needs the Debian package wkhtmltopdf")
drawer = pytest.mark.skipif(chromium_path() is None, reason="needs the Debian package chromium")
sqlite = pytest.mark.parametrize("installation", ["sqlite"], indirect=True)


class Sketching(Drawing):
    """Draws a pixel."""

    def draw(self, figure: Figure, form: str, mode: Any = "light") -> bytes:
        return PIXEL if form == "png" else b"<svg/>"


@pytest.fixture
def press() -> Iterator[Press]:
    made = Press(Sketching())
    yield made
    made.stop()


def asked(who: Who, dataset: int, file_format: str = "json", of: str = "view", **more: Any) -> int:
    analysis = "calibration" if of == "view" else ""
    return reports.request(who, "main", "May it grade?", of, file_format, [dataset], analysis, **more)


def make(press: Press) -> None:
    claimed = runs.claim("test", ("report",))
    assert claimed is not None
    make_report(claimed, press)


def state(who: Who, number: int) -> tuple[str, str]:
    found = queries.get_report(who, number)
    return found.state, (found.error or {}).get("code", "")


def test_every_format_is_made(installation: Installation, press: Press) -> None:
    who = person()
    dataset = answered(who)
    for file_format, begins in (("json", b"{"), ("html", b"<!doctype"), ("csv", b"PK"), ("png", b"PK"), ("svg", b"PK")):
        number = asked(who, dataset, file_format, "trust")
        make(press)
        assert state(who, number) == ("done", ""), file_format
        file = queries.file_of(who, number)
        content = file.path.read_bytes()
        assert content.startswith(begins)
        assert len(content) == queries.get_report(who, number).size
    names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert "1-calibration-reliability.svg" in names
    assert any(name.startswith("2-") for name in names)


@sqlite
@setter
@drawer
def test_a_whole_decision_as_pdf(installation: Installation) -> None:
    who = person()
    number = asked(who, answered(who), "pdf", "trust")
    press = Press()
    try:
        make(press)
        assert state(who, number) == ("done", "")
        assert queries.file_of(who, number).path.read_bytes().startswith(b"%PDF")
        pid = press.drawing.pid
        assert pid is not None
        assert len(process_tree.members(pid, Path("/none"), MARK)) > 2
    finally:
        press.stop()
    assert process_tree.members(pid, Path("/none"), MARK) == []


@sqlite
def test_a_report_is_of_the_versions_that_were_there(installation: Installation, press: Press) -> None:
    who = person()
    dataset = answered(who)
    number = asked(who, dataset)
    (before,) = fetch("SELECT sha256 FROM version")
    datasets.set_mapping(who, dataset, {"margin": "score_a"})
    work()
    make(press)
    told = json.loads(queries.file_of(who, number).path.read_bytes())
    assert told["results"][0]["evidence"]["sha256"] == before[0]
    assert told["results"][0]["evidence"]["dataset_version"] == 1


@sqlite
def test_a_recorded_decision_as_it_was(installation: Installation, press: Press) -> None:
    who = person()
    dataset = answered(who)
    decision = decisions.record(who, "main", "Not this one", "It claims too much.", "calibration", [dataset])
    then = queries_of_decisions.get_decision(who, decision).grounds

    def told(file_format: str) -> bytes:
        number = reports.request(who, "main", "Not this one", "decision", file_format, decision_id=decision)
        make(press)
        assert state(who, number) == ("done", "")
        return queries.file_of(who, number).path.read_bytes()

    datasets.set_mapping(who, dataset, {"margin": "score_a"})
    work()
    found = json.loads(told("json"))
    assert (found["title"], found["decision"]["because"]) == ("Not this one", "It claims too much.")
    assert found["results"][0]["sentence"] == then.sentence
    assert "1-calibration-reliability.png" in zipfile.ZipFile(io.BytesIO(told("png"))).namelist()
    assert b"It claims too much." in told("html")
    datasets.remove(who, dataset)
    assert json.loads(told("json"))["results"] == []
    assert b"There are no pictures" in told("html")


@sqlite
def test_rights_are_those_of_the_moment_it_is_made(installation: Installation, press: Press) -> None:
    """Whoever lost them meanwhile gets nothing, and it says so without a word of the data."""
    who = person("bob", "viewer")
    number = asked(who, answered(person()))
    with_rights = person("carol")
    fetch_role(who.user_id, "member")
    make(press)
    assert state(with_rights, number) == ("failed", "no_dataset")


def fetch_role(user_id: int, role: str) -> None:
    from engine.store.tables import User
    from engine.store.transaction import transaction

    with transaction() as tx:
        tx.session.get_one(User, user_id).role = role


@sqlite
def test_what_failed_says_why_and_is_tried_again(installation: Installation) -> None:
    who = person()

    class Broken(Sketching):
        def draw(self, figure: Figure, form: str, mode: Any = "light") -> bytes:
            raise NotFound("No ink.", code="no_ink")

    number = asked(who, answered(who), "png")
    make(Press(Broken()))
    assert state(who, number) == ("failed", "no_ink")
    with pytest.raises(NotFound):
        queries.file_of(who, number)
    reports.retry(who, number)
    make(Press(Sketching()))
    assert state(who, number) == ("done", "")
    with pytest.raises(Conflict):
        reports.retry(who, number)


@sqlite
def test_one_that_is_removed_is_stopped_and_its_file_goes(
    installation: Installation, press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = person()
    dataset = answered(who)
    kept, gone, waiting = (asked(who, dataset, one) for one in ("json", "csv", "html"))
    make(press)
    make(press)
    reports.remove(who, gone)
    reports.remove(who, waiting)
    assert runs.claim("test", ("report",)) is None
    (sha256,) = (one for (one,) in fetch("SELECT sha256 FROM report WHERE id = :id", {"id": gone}))
    monkeypatch.setattr(installation.settings.__class__, "unused_seconds", 0, raising=False)
    upkeep = Upkeep()
    assert maintenance.prune_reports() == 2
    for path in installation.settings.blobs.iterdir():
        import os

        os.utime(path, (1, 1))
    upkeep.sweep()
    upkeep.sweep()
    assert not (installation.settings.blobs / sha256).exists()
    assert queries.file_of(who, kept).path.is_file()


@sqlite
def test_cancelling_kills_what_draws(installation: Installation) -> None:
    """A renderer that hangs is ended with all that it started, and the run stays cancelled."""
    who = person()
    number = asked(who, answered(who), "png")
    press = Press(Drawing(program="tests.processes.hanging"))
    claimed = runs.claim("test", ("report",))
    assert claimed is not None
    at_work = threading.Thread(target=make_report, args=(claimed, press))
    at_work.start()
    hung = waited(press)
    runs.cancel(who, claimed.run_id)
    press.cancel()
    at_work.join(10)
    assert not at_work.is_alive()
    assert state(who, number)[0] == "cancelled"
    assert process_tree.members(hung, Path("/none"), MARK) == []


def test_a_renderer_that_hangs_is_killed_in_time() -> None:
    from tests.figures.results import result
    from tests.reports.documents import of

    drawing = Drawing(program="tests.processes.hanging", seconds=0.5)
    press = Press(drawing)
    (_name, figure), *_ = of(result()).figures()
    from engine.errors import LimitExceeded

    began = time.monotonic()
    with pytest.raises(LimitExceeded):
        drawing.draw(figure, "png")
    assert time.monotonic() - began < 15
    assert press.drawing.pid is None


def waited(press: Press) -> int:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        pid = press.drawing.pid
        if pid is not None and len(process_tree.members(pid, Path("/none"), MARK)) > 1:
            return pid
        time.sleep(0.05)
    raise AssertionError("nothing was started")
