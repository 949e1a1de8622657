"""Everybody with an account, for administrators: the list, and what can be done with somebody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import streamlit as st

from engine.actions import memberships, passwords, people, tokens
from engine.queries import people as people_queries
from engine.queries import tokens as token_queries
from engine.types import PersonView, Who
from engine.words import amount
from pages.parts import holdings, listing, location, places, reads, roles, secrets, state, undo
from pages.parts.listing import Act, Row
from pages.parts.states import attempt, explain, worked

_COLUMNS = ("Person", "Role everywhere", "Projects", "Last active", "Signed in", "")


def show(who: Who) -> None:
    """The list, and the dialog that was asked for."""
    everybody = {one.id: one for one in reads.people_of(who)}
    names = places.called(who)
    asked = state.asked()
    with st.container(key="card-people"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            explain(_counted(list(everybody.values())))
            invited = st.button("Invite somebody…", type="primary", icon=":material/person_add:")
        chosen = listing.show(
            "people",
            "People",
            _COLUMNS,
            [_row(who, one, names) for one in everybody.values()],
            empty="Nobody has an account yet.",
            filtered="Filter by name, role or project",
            before=partial(_before, everybody),
        )
    if invited:
        invite(who)
    elif (wanted := chosen or asked) and (person := everybody.get(wanted[1])) and wanted[0] in _DOES:
        _DOES[wanted[0]](who, person)


def _counted(everybody: list[PersonView]) -> str:
    disabled = sum(one.disabled_at is not None for one in everybody)
    inside = sum(one.sessions > 0 for one in everybody)
    kept_out = f", {disabled} disabled" if disabled else ""
    return f"{amount(len(everybody), 'account')}, {inside} signed in now{kept_out}."


def _row(who: Who, one: PersonView, names: Mapping[str, str]) -> Row:
    disabled = one.disabled_at is not None
    marks = [*(["you"] if one.id == who.user_id else []), *(["disabled"] if disabled else [])]
    cells = [
        listing.name(one.name, *marks, beside=_way_in(one)),
        one.role.capitalize(),
        listing.tags([f"{names.get(slug, slug)}: {role}" for slug, role in one.memberships.items()], "–"),
        listing.ago(one.seen_at, "never"),
        amount(one.sessions, "browser") if one.sessions else listing.quiet("–"),
    ]
    return Row(one.id, one.name, cells, _acts(who, one), quiet=disabled)


def _way_in(one: PersonView) -> str:
    """How somebody signs in, where it is not by a password alone."""
    if one.identity:
        return "identity provider or password" if one.password else "identity provider"
    return "" if one.password else "no password yet"


def _acts(who: Who, one: PersonView) -> list[Act]:
    acts: list[Act] = [
        ("role", "Role everywhere…"),
        ("projects", "Projects…"),
        ("rename", "Rename…"),
        ("access", "Sessions and tokens…"),
        ("trail", "What they did"),
    ]
    if one.id == who.user_id:
        return acts
    if one.disabled_at is not None:
        return [*acts, ("enable", "Enable account")]
    return [*acts, ("password", "New password…"), ("disable", "Disable account…")]


def _before(everybody: Mapping[int, PersonView], act: str, user_id: int) -> None:
    """The audit of a person is another section with a filter, to be chosen before either is drawn."""
    if act == "trail" and (person := everybody.get(user_id)):
        state.choose_in(location.SECTION, "Audit")
        location.narrow(**{location.BY: person.name})


# ------------------------------------------------------------------ what can be done


@st.dialog("Invite somebody", on_dismiss="rerun")
def invite(who: Who) -> None:
    """A one-time link to a new account."""
    place = st.empty()
    with place.form("invite", border=False):
        explain("They choose their own name and password. Add them to projects once they have arrived.")
        role = roles.choose(roles.EVERYWHERE, "member")
        sent = st.form_submit_button("Make link", type="primary")
    made: list[str] = []
    if sent and worked(lambda: made.append(people.invite(who, role))):
        place.empty()
        secrets.invitation(made[0])


@st.dialog("Role everywhere")
def _role(who: Who, person: PersonView) -> None:
    with st.form("role", border=False):
        explain(f"What {person.name} may do in every project. It holds in their open pages at once.")
        if person.id == who.user_id:
            st.warning("This is your own account: with a lesser role you cannot come back by yourself.")
        role = roles.choose(roles.EVERYWHERE, person.role)
        sent = st.form_submit_button("Change role", type="primary")
    if sent and worked(lambda: people.set_role(who, person.id, role)):
        if role != person.role:
            said = f"{person.name} is {role} everywhere now, and was {person.role}."
            undo.offer(said, "person.set_role", user_id=person.id, role=person.role)
        st.rerun()


@st.dialog("Projects", on_dismiss="rerun", width="medium")
def _projects(who: Who, person: PersonView) -> None:
    names = places.called(who)
    now = next((one for one in reads.people_of(who) if one.id == person.id), person)
    explain(f"{person.name} is {person.role} everywhere. In each project the greater of the two roles counts.")
    slugs = list(names)
    listing.show(
        "memberships",
        "Roles in projects",
        ("Project", "Role there", ""),
        [
            Row(slugs.index(slug), names[slug], [names[slug], role.capitalize()], [("remove", "Remove")])
            for slug, role in now.memberships.items()
        ],
        empty="No role in any single project.",
        before=lambda _act, number: attempt(lambda: memberships.remove(who, slugs[number], person.id)),
    )
    with st.form("membership", border=False):
        slug = st.selectbox("Project", slugs, format_func=names.__getitem__)
        role = roles.choose(roles.IN_A_PROJECT, "viewer")
        sent = st.form_submit_button("Give role", type="primary")
    if sent and slug and worked(lambda: memberships.put(who, slug, person.id, role)):
        st.rerun(scope="fragment")


@st.dialog("Rename")
def _rename(who: Who, person: PersonView) -> None:
    with st.form("rename-person", border=False):
        explain("The name somebody signs in with, in small letters. Their password stays as it is.")
        name = st.text_input("Name", person.name, max_chars=100)
        sent = st.form_submit_button("Rename", type="primary")
    if sent and worked(lambda: people.rename(who, person.id, name)):
        undo.offer(f"{person.name} was renamed.", "person.rename", user_id=person.id, name=person.name)
        st.rerun()


@st.dialog("New password")
def _password(who: Who, person: PersonView) -> None:
    place = st.empty()
    with place.container():
        explain(
            f"Makes a one-time link with which {person.name} chooses a new password. Older links of theirs stop "
            "working."
        )
        sent = st.button("Make link", type="primary")
    made: list[str] = []
    if sent and worked(lambda: made.append(passwords.reset(who, person.id))):
        place.empty()
        secrets.password_link(made[0])


@st.dialog("Sessions and tokens", on_dismiss="rerun", width="large")
def _access(who: Who, person: PersonView) -> None:
    sessions = people_queries.sessions_of(who, person.id)
    explain(f"Where {person.name} is signed in. Ending a session closes its pages at once; they can sign in again.")
    holdings.sessions(sessions, lambda number: attempt(lambda: people.revoke_session(who, number)))
    if any(not one.current for one in sessions):
        several = "End all other sessions" if person.id == who.user_id else "End all sessions"
        st.button(several, on_click=attempt, args=(partial(people.end_sessions, who, person.id),))
    st.header("API tokens")
    held = [one for one in token_queries.every_token(who) if one.user_id == person.id]
    holdings.tokens(held, lambda number: attempt(lambda: tokens.revoke(who, number)), places.called(who))


@st.dialog("Disable account")
def _disable(who: Who, person: PersonView) -> None:
    held = sum(one.user_id == person.id for one in token_queries.every_token(who))
    ends = f"{amount(person.sessions, 'open session')} and {amount(held, 'API token')}"
    explain(
        f"{person.name} is signed out everywhere at once and kept out: {ends} stop working. What they made stays, and "
        "the account can be enabled again with everything it had."
    )
    if st.button("Disable account", type="primary") and worked(lambda: people.disable(who, person.id)):
        undo.offer(f"The account of {person.name} is disabled.", "person.enable", user_id=person.id)
        st.rerun()


def _enable(who: Who, person: PersonView) -> None:
    if attempt(lambda: people.enable(who, person.id)):
        undo.offer(f"The account of {person.name} works again.", "person.disable", user_id=person.id)
        st.rerun()


_DOES: Mapping[str, Callable[[Who, PersonView], None]] = {
    "role": _role,
    "projects": _projects,
    "rename": _rename,
    "password": _password,
    "access": _access,
    "disable": _disable,
    "enable": _enable,
}
