"""Who may do what here: people, members, sessions, tokens and what everybody did. For those who look after others."""

import streamlit as st

from engine.types import Who
from pages.parts import guard, reads
from pages.parts.states import explain, facts

who = guard.enter()


def page(who: Who) -> None:
    """The people, one line each."""
    st.title("People")
    people = reads.people_of(who)
    with st.container(key="card-people"):
        explain("Everybody with an account, and the role they have everywhere.")
        facts([(one.name, one.role if one.disabled_at is None else "disabled") for one in people])


page(who)
