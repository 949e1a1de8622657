"""What was done last on a page and can be taken back."""

from __future__ import annotations

from typing import Any

import streamlit as st

from engine import registry
from engine.errors import PlumblineError
from engine.types import Who
from pages.parts import state
from pages.parts.states import literal


def offer(said: str, action: str, **arguments: Any) -> None:
    """Say what was done, and by which action of the registry it is undone."""
    state.remember_undo(said, action, arguments)


def say(text: str, *, done: bool = True) -> None:
    """Have something said by the next `show`: what a callback draws in a fragment takes the place of other things."""
    state.remember_said(text, done)


def show(who: Who) -> None:
    """The line that says what was done last, with the way back; and in passing what a callback had to say."""
    for said, done in state.said():
        st.toast(literal(said), icon=":material/check:" if done else ":material/error:")
    if (last := state.undo()) is None:
        return
    said, _action, _arguments = last
    with st.container(horizontal=True, vertical_alignment="center", key="card-undo"):
        st.markdown(literal(said))
        st.button("Undo", on_click=take_back, args=(who,), key="undo")


def take_back(who: Who) -> None:
    """Undo what was done last."""
    if (last := state.undo()) is None:
        return
    state.forget_undo()
    try:
        registry.run(who, last[1], last[2])
    except PlumblineError as error:
        say(error.message, done=False)
    else:
        say("Undone.")
