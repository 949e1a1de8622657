"""How the product looks, the account, where it is signed in, and its API tokens."""

import streamlit as st

from engine.actions import people
from engine.types import Who
from pages.parts import channels, guard, location, own, reads, sharing, state, style
from pages.parts.component import mount
from pages.parts.states import explain, facts

who = guard.enter()

LOOKS = {
    "theme": ("Theme", style.THEMES),
    "density": ("Density", style.DENSITIES),
    "numbers": ("Numbers", style.NUMBERS),
}


def prefer(who: Who, key: str) -> None:
    """Keep a choice; the page follows by itself."""
    state.take(key, lambda value: value and people.set_preference(who, key, value))


def look(who: Who) -> None:
    """How the product looks for this person, on every device."""
    chosen = reads.preferences_of(who)
    with st.container(key="card-look"):
        st.header("Look")
        with st.container(horizontal=True, gap="medium"):
            for key, (label, options) in LOOKS.items():
                current = chosen.get(key, style.USUAL[key])
                st.segmented_control(
                    label,
                    list(options),
                    default=current if current in options else style.USUAL[key],
                    key=key,
                    format_func=options.__getitem__,
                    on_change=prefer,
                    args=(who, key),
                    required=True,
                )
            zones = style.zones()
            current = chosen.get("zone", style.USUAL["zone"])
            st.selectbox(
                "Times are of",
                list(zones),
                list(zones).index(current) if current in zones else 0,
                key="zone",
                format_func=zones.__getitem__,
                on_change=prefer,
                args=(who, "zone"),
                width=280,
            )
        explain("For you, on every device. Sentences are in English, with its decimal point; axes of time are in UTC.")


def roles_in_projects(who: Who) -> list[tuple[str, str]]:
    """Where this person has a role of their own."""
    return [(f"In {one.name}", who.roles[one.slug]) for one in reads.projects_of(who) if one.slug in who.roles]


def account(who: Who) -> None:
    """Who is signed in, and the way out."""
    with st.container(key="card-account"):
        st.header("Account")
        facts([("Name", who.name), ("Role everywhere", who.role), *roles_in_projects(who)])
        mount("signout", "signout", {"label": "Sign out", "password": reads.has_password(who)})


def page(who: Who) -> None:
    """The settings, one card each."""
    st.title("Settings")
    if location.just_changed() == "password":
        st.toast("Your password is changed. Every other browser was signed out.", icon=":material/check:")
    look(who)
    account(who)
    channels.card(who)
    own.sessions(who)
    own.api_tokens(who)
    sharing.own(who)


page(who)
