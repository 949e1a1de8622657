"""What belongs to the person who asks: where they are signed in, and their API tokens."""

from __future__ import annotations

from functools import partial

import streamlit as st

from engine.actions import people, tokens
from engine.queries import tokens as token_queries
from engine.types import SCOPES, Who
from pages.parts import holdings, places, reads, secrets
from pages.parts.states import attempt, explain, worked
from pages.parts.widgets import distinct

_DAYS = {"A week": 7, "A month": 30, "Three months": 90, "Half a year": 180, "A year": 365}
_SCOPES = (
    "Read what you see.",
    "Also add rows, ask for runs, change datasets.",
    "Also look after people and projects, where you may.",
)
_ALL = "Every project you see"


def sessions(who: Who) -> None:
    """Where this account is signed in."""
    found = reads.sessions_of(who)
    with st.container(key="card-sessions"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.header("Signed in")
            if any(not one.current for one in found):
                st.button("End all others", on_click=attempt, args=(partial(people.end_sessions, who, who.user_id),))
        explain("Ending a session closes its pages at once.")
        holdings.sessions(found, lambda number: attempt(partial(people.revoke_session, who, number)))


def api_tokens(who: Who) -> None:
    """What programs sign in with on behalf of this person."""
    names = places.called(who)
    with st.container(key="card-tokens"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.header("API tokens")
            made = st.button("Make a token…", icon=":material/key:")
        explain("A training script or a job signs in with one. It acts for you, and never with more than you may.")
        held = token_queries.list_tokens(who)
        holdings.tokens(held, lambda number: attempt(partial(tokens.revoke, who, number)), names)
    if made:
        _make(who, names)


@st.dialog("Make an API token", on_dismiss="rerun")
def _make(who: Who, names: dict[str, str]) -> None:
    place = st.empty()
    with place.form("make-token", border=False):
        name = st.text_input("Name", max_chars=100, placeholder="Nightly training")
        scope = st.radio("May", SCOPES, format_func=lambda scope: holdings.MAY[scope], captions=_SCOPES)
        known = distinct({"": _ALL, **names})
        project = st.selectbox("Project", list(known), format_func=known.__getitem__)
        days = st.selectbox("Lives", list(_DAYS), list(_DAYS).index("Three months"))
        sent = st.form_submit_button("Make token", type="primary")
    made: list[str] = []
    if sent and worked(lambda: made.append(tokens.create(who, name, scope, project or "", _DAYS[days]))):
        place.empty()
        secrets.token(made[0])
