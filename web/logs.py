"""One JSON line per log record on stderr, which the launcher collects."""

from __future__ import annotations

import logging
import sys
from typing import Any, Final

import structlog

log: Final[Any] = structlog.get_logger("web")


_SHARED: Final[list[Any]] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]
_TALKATIVE: Final = ("scriptrunner_utils.script_run_context", "state.session_state_proxy", "caching.cache_data_api")


def configure() -> None:
    """Send every logger of this process to stderr as JSON, with the request's id."""
    hand_to_logging()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in ("web", "engine"):
        logging.getLogger(name).setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error", "streamlit"):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
    for name in _TALKATIVE:
        logging.getLogger(f"streamlit.runtime.{name}").setLevel(logging.ERROR)


def hand_to_logging() -> None:
    """Let structlog write through the standard library's loggers; local variables never enter a traceback."""
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
