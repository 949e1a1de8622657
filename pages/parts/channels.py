"""Where somebody is told besides the bell: the card in Settings, and the dialog that adds a channel."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import streamlit as st

from engine import registry
from engine.notices import KINDS, SENT
from engine.queries import channels
from engine.types import ChannelView, Who
from pages.parts import reads, state
from pages.parts.answer import iso
from pages.parts.component import mount
from pages.parts.states import attempt, explain, worked

_PART = "channels"
_ASKED = "channel"
_EXAMPLES: Mapping[str, tuple[str, str]] = {
    "Slack": (
        "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXX",
        "In Slack: Apps, Incoming Webhooks, Add to Slack; copy the webhook's address as it is.",
    ),
    "E-mail": (
        "mailtos://user:password@smtp.example.com:587?from=plumbline@example.com&to=ann@example.com",
        "User and password of an account that may send, and the mail server. Write @ within a user as %40.",
    ),
    "Webhook": (
        "https://example.com/hooks/plumbline?token=secret",
        "Any address that takes JSON by POST: it gets title, message and type (failure, warning, success, info).",
    ),
    "Discord": (
        "https://discord.com/api/webhooks/0000/XXXXXXXX",
        "In Discord: the channel's settings, Integrations, Webhooks, New webhook, Copy webhook URL.",
    ),
    "Microsoft Teams": (
        "workflows://prod-00.westeurope.logic.azure.com:443/WORKFLOW/SIGNATURE",
        "Make a workflow that posts when a webhook request is received; take host, workflow and signature from it.",
    ),
    "Telegram": ("tgram://BOT_TOKEN/CHAT_ID", "The token from BotFather, and the number of the chat."),
    "ntfy": ("ntfys://ntfy.sh/TOPIC", "A topic that nobody guesses."),
    "Something else": (
        "gotifys://host/token",
        "Also Mattermost, Rocket.Chat, Zulip, Webex, Google Chat, Pushover, PagerDuty, Opsgenie, Gotify.",
    ),
}


def card(who: Who) -> None:
    """What goes where."""
    since = reads.cursor()
    held = channels.list_channels(who)
    with st.container(key="card-channels"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.header("Notifications")
            wanted = st.button("Add a channel…", icon=":material/add_alert:")
        explain(
            "The bell tells you everything that concerns you. A channel tells you what you choose, wherever you are."
        )
        data = {
            "user": who.user_id,
            "since": since,
            "kinds": [{"name": kind, "title": KINDS[kind].title, "says": KINDS[kind].says} for kind in SENT],
            "channels": [_given(one) for one in held],
        }
        mount(_PART, _PART, data, "changed", act=lambda: state.take(_PART, partial(_act, who)))
    asked = state.asked()
    if wanted or (asked and asked[0] == _ASKED):
        _add(who)
    elif asked:
        state.ask(*asked)


def ask() -> None:
    """Have the dialog opened when Settings are shown next."""
    state.ask(_ASKED, 0)


def _given(one: ChannelView) -> dict[str, Any]:
    told = {name: getattr(one, name) for name in ("id", "name", "shown", "error", "paused", "testing")}
    return {**told, "kinds": list(one.kinds), "tried": iso(one.tried_at) if one.tried_at else None}


def _act(who: Who, fired: Mapping[str, Any]) -> None:
    told = fired.get("act")
    if not told:
        return
    one: dict[str, Any] = {"channel_id": int(told["id"])}
    name, given = {
        "test": ("channel.test", one),
        "remove": ("channel.remove", one),
        "kinds": ("channel.set_kinds", {**one, "kinds": str(told.get("kinds", ""))}),
    }[told["do"]]
    attempt(lambda: registry.run(who, name, given))


@st.dialog("Add a channel")
def _add(who: Who) -> None:
    service = st.selectbox("Service", list(_EXAMPLES))
    example, how = _EXAMPLES[service]
    explain(how)
    with st.form("add-channel", border=False):
        name = st.text_input("Name", max_chars=100, placeholder=f"{service} of the team")
        address = st.text_input("Address", type="password", placeholder=example, autocomplete="off")
        st.code(example, language=None, wrap_lines=True)
        explain("The address is kept encrypted and never shown again. What goes there you choose afterwards.")
        sent = st.form_submit_button("Add and send a test", type="primary")
    if sent and worked(lambda: _added(who, name or service, address)):
        st.rerun()


def _added(who: Who, name: str, address: str) -> None:
    number = registry.run(who, "channel.add", {"name": name, "address": address})
    registry.run(who, "channel.test", {"channel_id": number})
