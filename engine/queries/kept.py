"""The newest answer of each dataset as the runner concluded it, beside the states: nobody concludes it a second time.

One small file a dataset, replaced by each version. It is a memory and nothing else: what cannot be read, or is the
answer to another question, is concluded again from the states.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from engine.store import datasets
from engine.types import Estimate, Evidence, Notice, Result, RowReference

log = logging.getLogger(__name__)


def keep(dataset_id: int, question: Sequence[str], result: Result) -> None:
    """Keep the answer to a question: content, analysis, its version, parameters. A full disk only keeps nothing."""
    whole = {"question": list(question), "result": result}
    try:
        datasets.write_result(dataset_id, orjson.dumps(whole, option=orjson.OPT_SERIALIZE_NUMPY))
    except (OSError, orjson.JSONEncodeError) as error:
        log.warning("the answer of dataset %d was not kept: %s", dataset_id, error)


def answer(dataset_id: int, question: Sequence[str]) -> Result | None:
    """The answer that was kept to exactly this question, or None."""
    content = datasets.read_result(dataset_id)
    if content is None:
        return None
    try:
        whole = orjson.loads(content)
        return _result(whole["result"]) if whole["question"] == list(question) else None
    except (ValueError, KeyError, TypeError):
        return None


def names(dataset_id: int) -> tuple[str, ...]:
    """*System.* What the kept answer of a dataset tells apart by name: models, judges, raters, runs, each once."""
    content = datasets.read_result(dataset_id)
    if content is None:
        return ()
    try:
        result = orjson.loads(content)["result"]
        listed = [item.get("item") for item in result["items"]]
        listed += result["dataset"].get("runs", [])
    except (ValueError, KeyError, TypeError, AttributeError):
        return ()
    return tuple(dict.fromkeys(name for name in listed if isinstance(name, str) and name))


def _result(said: Mapping[str, Any]) -> Result:
    return Result(
        **{
            **said,
            "estimates": {name: Estimate(**estimate) for name, estimate in said["estimates"].items()},
            "warnings": [Notice(**notice) for notice in said["warnings"]],
            "evidence": Evidence(**said["evidence"]),
            "worst": [RowReference(**reference) for reference in said["worst"]],
        }
    )
