"""The roles as people choose them: each with what it adds to the one before."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from engine.types import Role

EVERYWHERE: Mapping[Role, str] = {
    "member": "Sees only the projects they are added to.",
    "viewer": "Looks at the answers of every project and saves views.",
    "analyst": "Also adds data, asks for runs, renames and removes datasets.",
    "operator": "Also makes projects and sees monitoring and the audit.",
    "admin": "Also looks after people, roles and members.",
}
IN_A_PROJECT: Mapping[Role, str] = {
    "viewer": "Looks at its answers and saves views.",
    "analyst": "Also adds data, asks for runs, renames and removes datasets.",
    "operator": "Also sees who its members are and what was done in it.",
    "admin": "Also renames it, adds and removes members.",
}


def choose(means: Mapping[Role, str], current: Role) -> Role:
    """One of these roles, each with its meaning."""
    known = list(means)
    chosen: Role = st.radio(
        "Role",
        known,
        known.index(current) if current in known else 0,
        format_func=str.capitalize,
        captions=list(means.values()),
    )
    return chosen
