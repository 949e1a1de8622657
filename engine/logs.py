"""One JSON line an event on stderr, in the same form in every process.

`time` (UTC), `level`, `process`, `event`, `logger`, then what it is about: `request_id`, `run_id`, `user_id`,
`error_id`, `exception`. Names of people, texts of users and secrets have no place in it; what looks like a secret is
taken out of the finished line.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final

import structlog
from structlog.typing import EventDict

from engine.settings import get_settings

OURS: Final = ("web", "engine", "pages", "jobs", "foreman", "runner", "simulator")
"""Loggers that speak from the level that was set on; all others from `warning` on."""

BEGIN: Final = '{"time":'
"""How every line begins, by which the launcher knows one that is finished already."""

_FIRST: Final = ("time", "level", "process", "event")
_SECRETS: Final = re.compile(
    r"\bpl_[A-Za-z0-9_-]{6,}|(?P<name>(?:token|password|secret|plumbline_session|_streamlit_xsrf|[?&]code)=)[^&;\s\"'\\]+"
    r"|(?P<share>/(?:share|embed)/)(?!assets/)[A-Za-z0-9_-]{12,}|(?P<scheme>Bearer )[^\s\"'\\]+|(?P<account>://[^:/@\s\"]*:)[^@\s\"]+(?=@)"
)

_process = "plumbline"
_errors = 0


def configure(process: str) -> None:
    """Send every logger of this process to stderr as JSON; what nobody caught is logged as well."""
    global _process
    _process = process
    hand_to_logging()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter())
    handler.addFilter(_counted)
    level = get_settings().log_level.upper()
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(logging.getLevelName(level), logging.WARNING))
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


def hand_to_logging() -> None:
    """Let structlog write through the standard library's loggers; local variables never enter a traceback."""
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def formatter() -> logging.Formatter:
    """What turns a record of any logger into one line."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _ordered, _line],
    )


class Collected(logging.Formatter):
    """What the launcher hears: finished lines as they are, anything else as an event of `from_process` or its own."""

    def __init__(self) -> None:
        super().__init__()
        self._own = formatter()

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON."""
        text = record.getMessage()
        record.__dict__.setdefault("from_process", "launcher")
        return _cleaned(text) if text.startswith(BEGIN) and text.endswith("}") else self._own.format(record)


def errors() -> int:
    """How many lines of this process were errors, or worse."""
    return _errors


# ------------------------------------------------------------------ ids


@contextmanager
def bound(**ids: Any) -> Iterator[None]:
    """Put these ids into every line that this thread or task logs meanwhile."""
    with structlog.contextvars.bound_contextvars(**ids):
        yield


def about(**ids: Any) -> None:
    """Put these ids into every line of this thread or task from now on."""
    structlog.contextvars.bind_contextvars(**ids)


def request_id() -> str:
    """The id of the request being answered, empty where there is none."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


def new_request_id() -> str:
    """An id for a request: 16 hexadecimal digits."""
    return secrets.token_hex(8)


def new_error_id() -> str:
    """An id that a person may quote: 12 hexadecimal digits."""
    return secrets.token_hex(6)


# ------------------------------------------------------------------ lines


def _named(_logger: Any, _method: str, event: EventDict) -> EventDict:
    event["process"] = event.pop("from_process", _process)
    event.pop("color_message", None)
    return event


def _ordered(_logger: Any, _method: str, event: EventDict) -> EventDict:
    return {name: event.pop(name) for name in _FIRST if name in event} | dict(event)


def _line(_logger: Any, _method: str, event: EventDict) -> str:
    return _cleaned(json.dumps(event, ensure_ascii=False, separators=(",", ":"), default=repr))


def _cleaned(line: str) -> str:
    """The line without what looks like a password, a token or a cookie."""
    return _SECRETS.sub(lambda found: "".join(part for part in found.groupdict().values() if part) + "…", line)


def _counted(record: logging.LogRecord) -> bool:
    global _errors
    _errors += record.levelno >= logging.ERROR
    return True


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("engine").critical("the process failed", exc_info=(kind, error, trace))


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
        trace = (args.exc_type, args.exc_value, args.exc_traceback)
        logging.getLogger("engine").critical("a thread failed", exc_info=trace)


_SHARED: Final[list[Any]] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    structlog.processors.format_exc_info,
    _named,
]
