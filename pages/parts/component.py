"""How a part of the browser (`web/assets/<name>.js`) is mounted on a page."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import orjson
import streamlit as st

LOADER = """
const part = import(new URL("/assets/{name}.js", location.origin).href);
export default async (component) => {
  const place = component.parentElement;
  const turn = (place.plumbTurn = (place.plumbTurn ?? 0) + 1);
  const setTriggerValue = (name, value) => place.isConnected && component.setTriggerValue(name, value);
  const leave = await (await part).default({ ...component, setTriggerValue });
  return () => place.plumbTurn === turn && leave?.();
};
"""
"""Streamlit calls this again whenever the data change, and the clean-up of a call that was overtaken as soon as it
returns: only the last call may leave. What a part that is gone still says, after a moment's wait, would bring the page
back that it was on: it is not heard."""
Payload = bytes | dict[str, Any]


@cache
def _renderer(name: str) -> Any:
    return st.components.v2.component(f"plumb_{name}", js=LOADER.replace("{name}", name), isolate_styles=False)


def encode(data: Any) -> bytes:
    """Data of a part as JSON bytes, which travel as they are."""
    return orjson.dumps(data, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS)


def mount(name: str, key: str, data: Payload, *triggers: str, **callbacks: Callable[[], None]) -> Any:
    """Mount a part; the result holds the value of each trigger that fired in this rerun, else None.

    A keyword `pick=f` calls `f` before the rerun in which trigger `pick` fired.
    """
    handlers = {f"on_{trigger}_change": _nothing for trigger in triggers}
    handlers |= {f"on_{trigger}_change": callback for trigger, callback in callbacks.items()}
    payload = data if isinstance(data, bytes) else encode(data)
    return _renderer(name)(key=key, data=payload, **handlers)


def _nothing() -> None:
    return None
