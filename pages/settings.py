"""Theme, density, the account and where it is signed in."""

import streamlit as st

from engine.actions import people
from engine.types import SessionView, Who
from pages.parts import agents, guard, reads, state, style
from pages.parts.component import mount
from pages.parts.states import explain, facts

who = guard.enter()


def prefer(who: Who, key: str) -> None:
    """Keep a choice; the page follows by itself."""
    if value := state.picked(key):
        people.set_preference(who, key, value)


def look(who: Who) -> None:
    """How the product looks for this person, on every device."""
    chosen = reads.preferences_of(who)
    with st.container(key="card-look"):
        st.header("Look")
        for key, label, options in (("theme", "Theme", style.THEMES), ("density", "Density", style.DENSITIES)):
            st.segmented_control(
                label,
                options,
                default=chosen.get(key, "system" if key == "theme" else "comfortable"),
                key=key,
                format_func=str.capitalize,
                on_change=prefer,
                args=(who, key),
                required=True,
            )


def account(who: Who) -> None:
    """Who is signed in, and the way out."""
    with st.container(key="card-account"):
        st.header("Account")
        facts([("Name", who.name), ("Role", who.role)])
        mount("signout", "signout", {"label": "Sign out"})


def session(who: Who, one: SessionView) -> None:
    """One place where this account is signed in."""
    left, right = st.columns([4, 1], vertical_alignment="center")
    with left:
        where = "This browser" if one.current else "Another browser"
        facts(
            [
                (where, f"{agents.named(one.agent)}, from {one.address}"),
                ("Since", f"{one.created_at:%d %b %Y, %H:%M} UTC"),
            ]
        )
    if not one.current:
        right.button("End", key=f"end-{one.id}", on_click=people.revoke_session, args=(who, one.id))


def page(who: Who) -> None:
    """The settings, one card each."""
    st.title("Settings")
    look(who)
    account(who)
    with st.container(key="card-sessions"):
        st.header("Signed in")
        explain("Ending a session closes its pages at once.")
        for one in reads.sessions_of(who):
            session(who, one)


page(who)
