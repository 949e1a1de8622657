"""One JSON line per log record on stderr, which the launcher collects."""

from __future__ import annotations

import logging
import sys
from typing import Any, Final

import structlog

log: Final[Any] = structlog.get_logger("web")


def configure() -> None:
    """Send structlog and the standard library's loggers to stderr as JSON, with the request's id."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in ("web", "engine"):
        logging.getLogger(name).setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error", "streamlit"):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
    for name in ("scriptrunner_utils.script_run_context", "state.session_state_proxy", "caching.cache_data_api"):
        logging.getLogger(f"streamlit.runtime.{name}").setLevel(logging.ERROR)
