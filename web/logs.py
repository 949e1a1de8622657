"""The log of the web process: ours, uvicorn's and Streamlit's loggers in one form (`engine.logs`)."""

from __future__ import annotations

import logging
from typing import Any, Final

import structlog
from streamlit import logger as streamlit_loggers

from engine import logs

log: Final[Any] = structlog.get_logger("web")

_TALKATIVE: Final = ("scriptrunner_utils.script_run_context", "state.session_state_proxy", "caching.cache_data_api")
_TOLD_BY_US: Final = "streamlit.error_util"
"""Streamlit tells of a page that failed as well; `web.errors.script_failed` does, with an id."""


def configure() -> None:
    """Send every logger of this process to stderr as JSON, with the request's id."""
    logs.configure("web")
    setattr(streamlit_loggers, "setup_formatter", _follow_root)  # noqa: B010 - meant for the loggers made later
    for logger in list(streamlit_loggers._loggers.values()):
        _follow_root(logger)
    for name in ("uvicorn", "uvicorn.error", "streamlit"):
        _follow_root(logging.getLogger(name))
        logging.getLogger(name).setLevel(logging.getLogger().level)
    _silence(logging.getLogger("uvicorn.access"))
    for name in _TALKATIVE:
        logging.getLogger(f"streamlit.runtime.{name}").setLevel(logging.ERROR)
    logging.getLogger(_TOLD_BY_US).addFilter(lambda record: record.msg != "Uncaught app execution")


def _follow_root(logger: logging.Logger) -> None:
    """Let a logger that brought a handler of its own write through ours."""
    logger.handlers = []
    logger.propagate = True


def _silence(logger: logging.Logger) -> None:
    """Without any handler uvicorn does not even make its line a request; `/metrics` counts them."""
    logger.handlers = []
    logger.propagate = False


hand_to_logging = logs.hand_to_logging
