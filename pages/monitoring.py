"""How the installation is: one sentence, the numbers behind it, the last hour, what runs. For those who run it."""

import streamlit as st

from engine.queries import monitoring
from pages.parts import cards, guard, overview

who = guard.enter()
SECONDS = 5


@st.fragment(run_every=SECONDS)
def now() -> None:
    """The newest reading; only this part of the page runs again by itself."""
    me = guard.enter()
    found = monitoring.reading(me)
    st.html(overview.answer(found))
    cards.show(overview.below(found, monitoring.course(me)), {})


def page() -> None:
    """The page, for those it is for."""
    if not monitoring.watches(who):
        st.error("Monitoring is for operators and administrators.", icon=":material/lock:")
        return
    st.title("Monitoring")
    now()


page()
