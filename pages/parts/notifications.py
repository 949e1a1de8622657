"""What one is told, for the bell of the browser, and what was chosen there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any
from urllib.parse import parse_qsl

import streamlit as st

from engine import registry
from engine.errors import NotFound, PlumblineError
from engine.queries import notifications
from engine.types import NotificationView, Who
from pages.parts import location, reads, state
from pages.parts.states import literal

SHOWN = 30
_KEPT = 256
_given: dict[int, dict[str, Any]] = {}


def told(who: Who) -> dict[str, Any]:
    """What the bell is given. It stays the same for as long as it says the same, whatever else happens."""
    since = reads.cursor()
    found, unread = reads.notifications_of(who, SHOWN)
    now = {"user": who.user_id, "unread": unread, "items": [item(one) for one in found]}
    before = _given.get(who.user_id)
    if before is not None and all(before[name] == value for name, value in now.items()):
        return before
    if len(_given) >= _KEPT:
        _given.clear()
    _given[who.user_id] = {**now, "since": since}
    return _given[who.user_id]


def item(one: NotificationView) -> dict[str, Any]:
    """A notification as the browser is given it; all of it is text there."""
    names = ("id", "project", "kind", "level", "title", "body", "target", "count", "read")
    at = one.at.astimezone(UTC).isoformat(timespec="microseconds")
    return {**{name: getattr(one, name) for name in names}, "action": dict(one.action), "at": at}


def act(who: Who, fired: Mapping[str, Any] | None) -> None:
    """Before the rerun: do what was chosen, `{do, id}`. Only the number comes from the browser, the rest is ours."""
    chosen, number = str((fired or {}).get("do")), (fired or {}).get("id")
    if chosen == "read_all":
        _tried(lambda: registry.run(who, "notification.read_all"))
    elif chosen == "all":
        state.lead("notifications", {})
    elif chosen in _CHOICES and isinstance(number, int):
        _tried(lambda: _CHOICES[chosen](who, notifications.get_notification(who, number)))


def _read(who: Who, one: NotificationView) -> None:
    if not one.read:
        registry.run(who, "notification.read", {"notification_id": one.id})


def _open(who: Who, one: NotificationView) -> None:
    _read(who, one)
    page, _, query = one.target.partition("?")
    if page:
        state.lead(page, dict(parse_qsl(query)))


def _act(who: Who, one: NotificationView) -> None:
    """Do what it offers, with the rights of whoever asks; what needs answers is asked on its page."""
    if not one.action:
        raise NotFound("There is nothing to do about it any more.")
    name, arguments = one.action["name"], one.action["arguments"]
    if name == "dataset.set_mapping":
        project = {location.PROJECT: one.project} if one.project else {}
        state.lead("columns", {"dataset": str(arguments["dataset_id"]), **project})
    else:
        registry.run(who, name, arguments)
        st.toast(f"Done: {literal(one.action['title'])}", icon=":material/check:")
    _read(who, one)


_CHOICES: Mapping[str, Callable[[Who, NotificationView], None]] = {"open": _open, "act": _act, "read": _read}


def _tried(do: Callable[[], Any]) -> None:
    try:
        do()
    except PlumblineError as error:
        st.toast(literal(error.message), icon=":material/error:")
