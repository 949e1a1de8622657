"""What is shown once: one-time links and tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import streamlit as st

from pages.parts.states import explain


@st.dialog("One-time link")
def show_link(token: str) -> None:
    """The link of an invitation."""
    explain("Send it to the person it is for. It works once, within ten minutes, and is not shown again.")
    _code(_address(token))


@st.dialog("Link to a new password")
def show_password_link(token: str) -> None:
    """The link with which somebody chooses a new password."""
    explain(
        "Send it to the person whose account it is. It works once, within ten minutes, and is not shown again. The old "
        "password works until then; afterwards they are signed out everywhere."
    )
    _code(_address(token))


@st.dialog("API token")
def show_token(secret: str) -> None:
    """A token, for a program to send."""
    explain("Keep it where the program that uses it finds it; it is stored here as a hash only and not shown again.")
    _code(secret)
    explain("Programs send it as a header:")
    _code(f"Authorization: Bearer {secret}")


def _code(text: str) -> None:
    st.code(text, language=None, wrap_lines=True)


def _address(token: str) -> str:
    here = urlsplit(st.context.url or "")
    return f"{here.scheme}://{here.netloc}/signin/link?token={token}"


SHOWN_ONCE: Mapping[str, Callable[[str], None]] = {
    "person.invite": show_link,
    "person.reset_password": show_password_link,
    "token.create": show_token,
}
"""How what an action returned is shown, by the name of the action."""
