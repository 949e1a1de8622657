"""What was decided, by whom, because of which answer, and whether the data have moved since."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import streamlit as st

from engine.types import Who
from pages.parts import deciding, exporting, guard, journal, location, reads, shell, state, states
from pages.parts.component import mount

PAGE = 20
who = guard.enter()


def page(who: Who) -> None:
    """The decisions of the project, newest first, a page at a time."""
    project = shell.project(who)
    before = location.earlier()
    since = reads.cursor()
    found = reads.decisions_of(who, project.slug, PAGE + 1, before[-1] if before else None)
    may = who.at_least("analyst", project.slug)
    st.title("Journal")
    if not found and not before:
        empty(may)
    rows = [journal.row(who, one, may) for one in found[:PAGE]]
    given = {
        "project": project.slug,
        "since": since,
        "rows": rows,
        "export": f"/export/journal.md?project={project.slug}",
    }
    known = {one.id: one for one in found}

    def export(fired: Mapping[str, Any]) -> None:
        if fired.get("report") and (chosen := known.get(int(fired["report"]["id"]))):
            exporting.ask_of_decision(who, chosen)

    exporting.show(who)
    taken = partial(state.take, "journal", export)
    asked = mount("journal", "journal", given, "withdraw", "changed", report=taken)
    if asked.withdraw and (chosen := known.get(int(asked.withdraw["id"]))):
        deciding.withdraw(who, chosen)
    states.leaf(before, found[PAGE - 1].id if len(found) > PAGE else None)


def empty(may: bool) -> None:
    """Nothing has been decided yet: how that is done."""
    with st.container(key="card-empty"):
        st.header("Nothing has been decided yet")
        how = (
            "choose Record decision… among its tools." if may else "those who may change this project record it there."
        )
        states.explain(f"Open an answer; {how}")
        states.explain(
            "The words are kept together with the answer, its numbers and what they were made of, for everybody who "
            "sees this project. Here it also says whether the data have moved since."
        )


page(who)
