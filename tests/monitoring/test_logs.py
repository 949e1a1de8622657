"""One JSON line an event: in order, with its ids, without secrets, whoever logs it."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog
from streamlit.logger import get_logger

from engine import logs
from engine.settings import get_settings
from web import logs as web_logs


class Heard:
    """What this process logged since."""

    def __init__(self, stream: io.StringIO) -> None:
        self.stream = stream

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Heard]:
    root = logging.getLogger()
    handlers, level, hooks = list(root.handlers), root.level, (sys.excepthook, logs.threading.excepthook)
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    web_logs.configure()
    yield Heard(stream)
    root.handlers, (sys.excepthook, logs.threading.excepthook) = handlers, hooks
    root.setLevel(level)


def test_a_line_has_time_level_process_and_event_first(heard: Heard) -> None:
    with logs.bound(request_id="r1", user_id=7):
        structlog.get_logger("web").info("upload received", bytes=3)
    text = heard.stream.getvalue()
    assert text.startswith(logs.BEGIN)
    (line,) = heard.lines
    assert list(line)[:4] == ["time", "level", "process", "event"]
    assert datetime.fromisoformat(line["time"]).tzinfo is UTC
    known = {
        "level": "info",
        "process": "web",
        "event": "upload received",
        "request_id": "r1",
        "user_id": 7,
        "bytes": 3,
    }
    assert known.items() <= line.items()


@pytest.mark.parametrize("name", ["uvicorn.error", "streamlit.runtime.some_module", "asyncio", "runner", "sqlalchemy"])
def test_every_logger_goes_through_the_same_form(heard: Heard, name: str) -> None:
    logger = get_logger(name) if name.startswith("streamlit") else logging.getLogger(name)
    logger.warning("trouble with %s", "a file")
    (line,) = heard.lines
    assert (line["event"], line["logger"], line["level"]) == ("trouble with a file", name, "warning")


def test_a_traceback_stays_on_its_line_without_local_variables(heard: Heard) -> None:
    hidden = "local" + "-variable"
    try:
        raise RuntimeError("broken")
    except RuntimeError:
        logging.getLogger("runner").exception("run failed", extra={"run_id": 3, "error_id": "e1"})
    (line,) = heard.lines
    assert line["exception"].endswith("RuntimeError: broken")
    assert (line["run_id"], line["error_id"]) == (3, "e1")
    assert hidden not in heard.stream.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "GET /signin/link?token=CANARY&next=/",
        "Authorization: Bearer CANARY",
        "cookie plumbline_session=CANARY; path=/",
        "used pl_CANARYCANARY twice",
        "postgresql://plumb:CANARY@localhost/db",
        "/auth/callback?state=x&code=CANARY",
    ],
)
def test_what_looks_like_a_secret_never_reaches_the_log(heard: Heard, text: str) -> None:
    logging.getLogger("web").warning(text)
    try:
        raise ValueError(text)
    except ValueError:
        logging.getLogger("web").exception("failed")
    assert len(heard.lines) == 2
    assert "CANARY" not in heard.stream.getvalue()


def test_the_level_that_was_set_holds_for_ours_and_others_speak_from_warning(
    monkeypatch: pytest.MonkeyPatch, heard: Heard
) -> None:
    logging.getLogger("runner").debug("quiet")
    logging.getLogger("urllib3").info("quiet")
    assert heard.lines == []
    monkeypatch.setenv("PLUMBLINE_LOG_LEVEL", "error")
    monkeypatch.setattr(sys, "stderr", heard.stream)
    get_settings.cache_clear()
    logs.configure("web")
    logging.getLogger("runner").warning("quiet")
    logging.getLogger("runner").error("loud")
    get_settings.cache_clear()
    assert [line["event"] for line in heard.lines] == ["loud"]


def test_what_nobody_caught_is_one_line_too(heard: Heard) -> None:
    error = RuntimeError("nobody caught this")
    sys.excepthook(RuntimeError, error, None)
    (line,) = heard.lines
    assert (line["level"], line["event"]) == ("critical", "the process failed")
    assert "nobody caught this" in line["exception"]


def test_the_launcher_keeps_finished_lines_and_names_who_said_the_others() -> None:
    form = logs.Collected()
    done = '{"time":"2026-01-01T00:00:00Z","level":"info","process":"web","event":"x"}'
    record = logging.LogRecord("plumbline", logging.INFO, "", 1, "%s", (done,), None)
    assert form.format(record) == done
    plain = logging.LogRecord("plumbline", logging.INFO, "", 1, "%s", ("Killed token=CANARY",), None)
    plain.from_process = "runner"
    said = json.loads(form.format(plain))
    assert (said["process"], said["event"]) == ("runner", "Killed token=…")
