"""What a page remembers, and what it makes of a choice that comes too late."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def _page() -> None:
    import streamlit as st

    from pages.parts import state

    heard = st.session_state.setdefault("heard", [])
    st.selectbox("Dataset", [1, 2], key="here")
    state.take("here", heard.append)
    state.take("of a page that was left", heard.append)
    state.await_answer(7)
    st.session_state["first"] = [state.awaited(7), state.awaited(8)]
    state.answered(8)
    st.session_state["second"] = state.awaited(7)
    state.answered(7)
    st.session_state["third"] = state.awaited(7)


def test_a_choice_counts_only_where_its_widget_is_still_there() -> None:
    assert AppTest.from_function(_page).run().session_state["heard"] == [1]


def test_an_answer_is_awaited_until_it_is_shown() -> None:
    shown = AppTest.from_function(_page).run().session_state
    assert (shown["first"], shown["second"], shown["third"]) == ([True, False], True, False)
