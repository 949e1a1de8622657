"""A result as one JSON object, for the command line and for programs."""

from __future__ import annotations

import orjson

from engine.errors import PlumblineError
from engine.types import Result

_OPTIONS = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


def to_json(result: Result, error: PlumblineError | None = None) -> bytes:
    """The object of `Result.to_dict`, UTF-8; numbers are finite or null. `error` is added under that name."""
    content = result.to_dict()
    if error is not None:
        content["error"] = error.to_dict()
    return orjson.dumps(content, option=_OPTIONS, default=str)
