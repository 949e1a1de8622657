"""The first statement of every page: who is here, or nothing at all is shown.

The gate in `server.py` already let nobody in without a session; the guard asks again at every rerun, because an open
page outlives the answer it was let in with.
"""

from __future__ import annotations

import os

import streamlit as st

from engine import logs
from engine.queries import people
from engine.types import Who

COOKIE = "plumbline_session"
HOSTED = "PLUMBLINE_HOSTED"
"""Set by `server.py` to its process id. Without it there is no gate above the page, so the page refuses to run."""


def enter() -> Who:
    """The person in front of the page. Ends the script run where there is none, or no server above it."""
    if os.environ.get(HOSTED) != str(os.getpid()):
        st.error(
            "Plumbline is started with `python server.py` (or `make run`), which signs people in. "
            "This page does not run alone."
        )
        st.stop()
    who = people.who_is(st.context.cookies.get(COOKIE, ""))
    if who is None:
        st.error("You are signed out. Reload the page to sign in again; your data and views are kept.")
        st.stop()
    logs.about(user_id=who.user_id)
    return who
