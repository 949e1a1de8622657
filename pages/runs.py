"""What is being read or computed, what ended, and what went wrong."""

import streamlit as st

from engine.actions import runs as actions
from engine.errors import PlumblineError
from engine.types import RunView, Who
from pages.parts import guard, location, reads, shell, states
from pages.parts.answer import iso
from pages.parts.component import mount

who = guard.enter()


def row(run: RunView) -> dict[str, object]:
    """A run as the table shows it."""
    return {
        "id": run.id,
        "state": run.state,
        "kind": run.kind,
        "dataset": run.dataset,
        "attempt": run.attempt,
        "progress": run.progress,
        "stage": run.stage,
        "error": run.error,
        "backend": run.backend,
        "log": run.log,
        "by": run.requested_by,
        "asked": iso(run.requested_at),
        "started": iso(run.started_at) if run.started_at else None,
        "finished": iso(run.finished_at) if run.finished_at else None,
    }


def page(who: Who) -> None:
    """The table, which moves by itself."""
    st.title("Runs")
    project = shell.project(who)
    runs = reads.runs_of(who, project.slug)
    with st.container(key="card-runs"):
        if not runs:
            states.explain(
                "Nothing has run yet. Reading a file is a run; it shows here while it goes on and after it ended."
            )
        since = runs[0].event_id if runs else reads.cursor()
        data = {
            "project": project.slug,
            "since": since,
            "shown": location.run(),
            "may": who.at_least("analyst", project.slug),
            "rows": [row(run) for run in runs],
        }
        asked = mount("runs", "runs", data, "cancel", "retry", "changed")
    for chosen, action in ((asked.cancel, actions.cancel), (asked.retry, actions.retry)):
        if chosen:
            try:
                action(who, int(chosen["id"]))
            except PlumblineError as error:
                st.toast(states.literal(error.message))


page(who)
