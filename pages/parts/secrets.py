"""What is shown once: one-time links and tokens, each with a button that copies it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from html import escape
from urllib.parse import urlsplit

import streamlit as st

from engine.actions.people import LINK_LIFE
from engine.types import ShareKind
from pages.parts.component import mount
from pages.parts.states import explain


def invitation(token: str) -> None:
    """The link of an invitation."""
    explain(f"Send it to the person it is for. It works once, {_until()}, and is not shown again.")
    _link(token)


def password_link(token: str) -> None:
    """The link with which somebody chooses a new password."""
    explain(
        f"Send it to the person whose account it is. It works once, {_until()}, and is not shown again. The old "
        "password works until then; afterwards they are signed out everywhere."
    )
    _link(token)


def token(secret: str) -> None:
    """A token, for a program to send."""
    explain("Keep it where the program that uses it finds it; it is stored here as a hash only and not shown again.")
    _copied(secret, "Copy token")
    explain("Programs send it as a header:")
    _copied(f"Authorization: Bearer {secret}", "Copy header")


def shared(secret: str, kind: ShareKind, title: str) -> None:
    """The address of what was shared; of an embed what its page holds."""
    address = f"{_here()}/{'embed' if kind == 'embed' else 'share'}/{secret}"
    explain("Whoever has it sees this answer and nothing else. It is stored here as a hash only and not shown again.")
    if kind == "link":
        _copied(address, "Copy link")
        return
    explain("Put this where it shall stand; only the sites that you named may show it:")
    _copied(
        f'<iframe src="{address}" title="{escape(title)}" width="100%" height="720" style="border:0" loading="lazy" '
        'referrerpolicy="no-referrer"></iframe>',
        "Copy HTML",
    )


@st.dialog("One-time link")
def show_link(link: str) -> None:
    """The link of an invitation, in front of the page."""
    invitation(link)


@st.dialog("Link to a new password")
def show_password_link(link: str) -> None:
    """The link to a new password, in front of the page."""
    password_link(link)


@st.dialog("API token")
def show_token(secret: str) -> None:
    """A token, in front of the page."""
    token(secret)


def _until() -> str:
    minutes = int(LINK_LIFE.total_seconds() // 60)
    return f"within {minutes} minutes (until {datetime.now(UTC) + LINK_LIFE:%H:%M} UTC)"


def _here() -> str:
    here = urlsplit(st.context.url or "")
    return f"{here.scheme}://{here.netloc}"


def _link(token: str) -> None:
    _copied(f"{_here()}/signin/link?token={token}", "Copy link")


def _copied(text: str, label: str) -> None:
    mount("secret", f"secret-{label}", {"text": text, "label": label})


SHOWN_ONCE: Mapping[str, Callable[[str], None]] = {
    "person.invite": show_link,
    "person.reset_password": show_password_link,
    "token.create": show_token,
}
"""How what an action returned is shown, by the name of the action."""
