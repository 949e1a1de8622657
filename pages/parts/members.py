"""The projects somebody looks after, and who sees each of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from engine.actions import memberships, projects
from engine.queries import people as people_queries
from engine.types import ROLES, MemberView, ProjectView, Who
from engine.words import amount
from pages.parts import listing, location, places, reads, roles, sharing, shell, state, undo, widgets
from pages.parts.listing import Act, Row
from pages.parts.states import attempt, explain, worked

_PROJECTS = ("Project", "Short name", "Datasets", "Your role", "")
_MEMBERS = ("Person", "Role here", "Role everywhere", "May act as", "")


def overseen(who: Who) -> list[ProjectView]:
    """The projects whose members and audit this person may see."""
    return [one for one in reads.projects_of(who) if who.at_least("operator", one.slug)]


def show(who: Who) -> None:
    """The projects, and the members of one of them."""
    known = overseen(who)
    with st.container(key="card-projects"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            explain("What belongs together: datasets, runs, saved views, and the people who may see them.")
            made = who.at_least("operator") and st.button("Make a project…", icon=":material/add:")
        rows = [_project(who, one) for one in known]
        asked = listing.show(
            "projects", "Projects", _PROJECTS, rows, empty="There is no project yet.", before=partial(_before, known)
        )
    if known:
        _members_card(who, known, busy=bool(made or asked))
    if made:
        _make(who)
    elif asked and (project := next((one for one in known if one.id == asked[1]), None)):
        if asked[0] == "open":
            shell.open_page("home")
        if asked[0] == "rename":
            _rename(who, project)


def _project(who: Who, one: ProjectView) -> Row:
    cells = [
        listing.name(one.name, *(["simulated"] if one.simulated else [])),
        listing.code(one.slug),
        f"{one.datasets:,}",
        who.role_in(one.slug).capitalize(),
    ]
    acts: list[Act] = [("open", "Open"), ("members", "Show members")]
    return Row(one.id, one.name, cells, [*acts, *([("rename", "Rename…")] if who.at_least("admin", one.slug) else [])])


def _before(known: Sequence[ProjectView], act: str, number: int) -> None:
    """What is chosen before the widgets that show it are drawn."""
    project = next((one for one in known if one.id == number), None)
    if project is not None and act == "members":
        location.set_text(location.MEMBERS, project.slug)
    if project is not None and act == "open":
        state.set_project(project.slug)


@st.dialog("Make a project")
def _make(who: Who) -> None:
    with st.form("make-project", border=False):
        name = st.text_input("Name", max_chars=200, placeholder="Reward model 2")
        slug = st.text_input("Short name", max_chars=63, placeholder="reward-model-2")
        explain("The short name stands in addresses and is the folder of its inbox; it stays. Small letters, digits, -")
        sent = st.form_submit_button("Make project", type="primary")
    if sent and worked(lambda: projects.create(who, slug, name)):
        st.rerun()


@st.dialog("Rename project")
def _rename(who: Who, project: ProjectView) -> None:
    with st.form("rename-project", border=False):
        name = st.text_input("Name", project.name, max_chars=200)
        sent = st.form_submit_button("Rename", type="primary")
    if sent and worked(lambda: projects.rename(who, project.slug, name)):
        undo.offer(f"{project.name} was renamed.", "project.rename", project=project.slug, name=project.name)
        st.rerun()


# ------------------------------------------------------------------ members


def _members_card(who: Who, known: Sequence[ProjectView], busy: bool) -> None:
    """Who sees a project. `busy`: another dialog is open already."""
    everywhere, here = places.called(who), places.project(who).slug
    names = {one.slug: everywhere[one.slug] for one in sorted(known, key=lambda one: one.slug != here)}
    with st.container(key="card-members"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
            slug = widgets.way("Members of", location.MEMBERS, names, 320)
            may = who.at_least("admin", slug)
            added = may and st.button("Add somebody…", icon=":material/person_add:")
        found = people_queries.members(who, slug)
        given = sum(one.role is not None for one in found)
        explain(
            f"{amount(given, 'member')} with a role given here, and {len(found) - given} by a role everywhere. "
            "The greater of the two counts."
        )
        asked = listing.show(
            "members",
            f"Members of {names[slug]}",
            _MEMBERS,
            [_member(who, one, may) for one in found],
            empty="Nobody sees this project yet.",
            filtered="Filter by name or role",
            before=partial(_take_out, who, slug, found),
        )
    if may:
        sharing.of_project(who, slug, names[slug])
    if added and not busy:
        _add(who, slug, names[slug])
    elif asked and asked[0] == "role" and (one := next((one for one in found if one.user_id == asked[1]), None)):
        _change(who, slug, names[slug], one)


def _member(who: Who, one: MemberView, may: bool) -> Row:
    own = one.user_id == who.user_id
    marks = [*(["you"] if own else []), *(["disabled"] if one.disabled else [])]
    greater = max(one.role or "member", one.everywhere, key=ROLES.index).capitalize()
    cells = [
        listing.name(one.name, *marks),
        one.role.capitalize() if one.role else listing.quiet("–"),
        one.everywhere.capitalize(),
        listing.quiet("nothing now") if one.disabled else greater,
    ]
    acts: list[Act] = [("role", "Change role…" if one.role else "Give a role…")]
    if one.role:
        lasting = own and not who.at_least("admin")
        acts.append(("remove", "Take out", *(["Leave for good?"] if lasting else [])))
    return Row(one.user_id, one.name, cells, acts if may else [], quiet=one.disabled)


def _take_out(who: Who, slug: str, found: Sequence[MemberView], act: str, user_id: int) -> None:
    """Take somebody out before the rerun; it can be undone."""
    one = next((one for one in found if one.user_id == user_id), None)
    if act != "remove" or one is None or one.role is None:
        return
    if attempt(lambda: memberships.remove(who, slug, user_id)):
        said = f"{one.name} was taken out of {slug}."
        undo.offer(said, "membership.set", project=slug, user_id=user_id, role=one.role)


@st.dialog("Add to project")
def _add(who: Who, slug: str, name: str) -> None:
    inside = {one.user_id for one in people_queries.members(who, slug) if one.role is not None}
    others = {one.id: one.name for one in reads.people_of(who) if one.id not in inside and one.disabled_at is None}
    if not others:
        explain(f"Everybody with an account has a role in {name} already. Whoever is missing is invited first.")
        return
    with st.form("add-member", border=False):
        chosen = st.selectbox(
            "Person", list(others), None, format_func=lambda user_id: others[user_id], placeholder="Choose somebody"
        )
        role = roles.choose(roles.IN_A_PROJECT, "viewer")
        sent = st.form_submit_button("Add to project", type="primary")
    if sent and chosen is None:
        st.error("Choose somebody first.", icon=":material/error:")
    elif sent and chosen is not None and worked(lambda: memberships.put(who, slug, chosen, role)):
        undo.offer(f"{others[chosen]} is {role} in {name} now.", "membership.remove", project=slug, user_id=chosen)
        st.rerun()


@st.dialog("Role in this project")
def _change(who: Who, slug: str, name: str, one: MemberView) -> None:
    with st.form("member-role", border=False):
        explain(f"What {one.name} may do in {name}. It holds in their open pages at once.")
        if one.user_id == who.user_id and not who.at_least("admin"):
            st.warning("This is your own role: with a lesser one you cannot come back by yourself.")
        role = roles.choose(roles.IN_A_PROJECT, one.role or "viewer")
        sent = st.form_submit_button("Change role", type="primary")
    if sent and worked(lambda: memberships.put(who, slug, one.user_id, role)):
        said = f"{one.name} is {role} in {name} now."
        if one.role is None:
            undo.offer(said, "membership.remove", project=slug, user_id=one.user_id)
        else:
            undo.offer(said, "membership.set", project=slug, user_id=one.user_id, role=one.role)
        st.rerun()
