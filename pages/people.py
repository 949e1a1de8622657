"""Who may do what here: people, projects and their members, what everybody did. For those who look after others."""

import streamlit as st

from engine.queries import palette
from engine.types import Who
from pages.parts import accounts, guard, location, members, state, trail, undo

who = guard.enter()
SECTIONS = {"People": accounts.show, "Projects": members.show, "Audit": trail.show}


def offered(who: Who) -> list[str]:
    """The sections for this person: accounts are for administrators, the rest for whoever looks after a project."""
    if not palette.oversees(who):
        return []
    return [section for section in SECTIONS if section != "People" or who.at_least("admin")]


def page(who: Who) -> None:
    """The section that was chosen."""
    sections = offered(who)
    if not sections:
        st.error("People is for operators and administrators.", icon=":material/lock:")
        return
    st.title("People")
    state.keep_one_of(location.SECTION, sections)
    chosen = st.segmented_control(
        "Section",
        sections,
        default=sections[0],
        key=location.SECTION,
        bind="query-params",
        required=True,
        label_visibility="collapsed",
    )
    undo.show(who)
    SECTIONS[chosen or sections[0]](who)


page(who)
