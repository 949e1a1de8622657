"""The reports of the project: what each is of, how far it is, its file."""

import streamlit as st

from engine.actions import reports as actions
from engine.errors import PlumblineError
from engine.types import Who
from pages.parts import guard, location, reads, reporting, shell, states
from pages.parts.component import mount

PAGE = 50
who = guard.enter()


def page(who: Who) -> None:
    """The newest reports, a page at a time; the list moves by itself."""
    st.title("Reports")
    project = shell.project(who)
    before = location.earlier()
    since = reads.cursor()
    found = reads.reports_of(who, project.slug, PAGE + 1, before[-1] if before else None)
    with st.container(key="card-reports"):
        if not found and not before:
            st.header("Nothing has been made yet")
            states.explain(
                "Open an answer and choose Export among its tools: PDF, Excel and images "
                "are made there and kept here for thirty days, for everybody who sees this project."
            )
        rows = [reporting.row(who, one) for one in found[:PAGE]]
        data = {"project": project.slug, "since": since, "rows": rows}
        asked = mount("reports", "reports", data, "remove", "retry", "changed")
    for chosen, action in ((asked.remove, actions.remove), (asked.retry, actions.retry)):
        if chosen:
            act(who, action, int(chosen["id"]))
    states.leaf(before, found[PAGE - 1].id if len(found) > PAGE else None)


def act(who: Who, action: reporting.Act, number: int) -> None:
    """Do what was chosen, and look again."""
    try:
        action(who, number)
    except PlumblineError as error:
        st.toast(states.literal(error.message))
    else:
        st.rerun()


page(who)
