"""What a page shows where there is no answer (yet): each state says what happened, what was kept, what to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import streamlit as st

from engine.errors import NotFound, PlumblineError, StatePending
from engine.figures import words
from engine.settings import ROOT, get_settings
from engine.types import DatasetView, Notice, Who
from pages.parts import location, places, prose, reads
from pages.parts.component import mount
from pages.parts.ways import QUESTIONS, TITLES

NAME = "name"
"""The way out that names the columns of a file."""

_ADDRESS = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?=@)", re.IGNORECASE)
"""Where an address would no longer be one if something stood there."""

HINT = {
    "title": "Drop files here, or choose them",
    "text": "Scores, verdicts, votes, training logs, rollouts, sweeps. CSV, JSON, Parquet, Excel, zip, folders.",
}


def drop_zone(who: Who, key: str, large: bool = False) -> None:
    """The place to drop files on, or to choose them from, for those who may add data."""
    if not places.may_add(who):
        return
    mount("dropzone", key, {"large": large, **HINT})


def banner(text: str) -> None:
    """A line above the page that says what is particular about it."""
    st.html(f'<div class="pl-banner" role="note">{escape(text)}</div>')


def explain(text: str) -> None:
    """A calm paragraph."""
    prose.show(prose.paragraph(text))


def no_project() -> None:
    """Signed in, but a member of nothing."""
    st.title("Welcome to Plumbline")
    with st.container(key="card-no-project"):
        st.header("You are not in a project yet")
        explain(
            "Your account works, but nobody has given you a project to look at. Ask an administrator to add you to "
            "one; this page fills by itself as soon as they have."
        )


def no_datasets(who: Who, slug: str, page: str = "", absent: str = "") -> None:
    """Nothing has been given yet: what the page would answer, and what it takes (`absent`) for that."""
    with st.container(key="card-empty"):
        st.header("No data yet")
        parts = [prose.strong(QUESTIONS[page])] if page in QUESTIONS else []
        if absent:
            parts.append(prose.paragraph(f"{TITLES[page]} needs {absent}."))
        parts.append(
            prose.paragraph(
                "Give what a trainer, a judge or your annotators already write: scores, verdicts, votes, battles. The "
                "answer appears here within seconds; files of the same prompts, given together, are compared."
            )
        )
        prose.show(*parts)
        drop_zone(who, "zone-empty", large=True)
        watch(slug, [])


def watch(slug: str, known: list[DatasetView]) -> None:
    """Run the page again when a dataset of the project that is not among these has been read."""
    since = known[0].event_id if known else reads.cursor()
    mount("watch", "watch", {"project": slug, "since": since, "known": [one.id for one in known]}, "moved")


def waiting_for_simulator(who: Who, slug: str) -> None:
    """The simulator was just started: its first rows come within seconds."""
    with st.container(key="card-waiting"):
        st.header("The simulator is starting")
        explain(
            "A made-up reward model is being scored in front of you; its first answer appears here in a few seconds."
        )
        watch(slug, [])
    drop_zone(who, "zone-waiting")


def pending(run_id: int, who: Who, title: str = "Reading the file") -> None:
    """A run has to end before there is something to show; the page looks again when it does."""
    try:
        run = reads.run_of(who, run_id)
    except NotFound:
        st.warning("The run behind this page is gone. Reload the page.")
        return
    with st.container(key="card-pending"):
        st.header(title)
        data: dict[str, Any] = {
            "run": run.id,
            "since": run.event_id,
            "state": run.state,
            "progress": run.progress,
            "stage": run.stage,
        }
        mount("run", f"run-{run.id}", data, "ended")
        explain("The answer appears by itself. You may leave this page; nothing is lost.")


def refused(who: Who, dataset: DatasetView) -> bool:
    """The file could not be read: where, why, what to try. Whether the way out was chosen."""
    error = dataset.error or {}
    with st.container(key="card-refused"):
        st.header("This file could not be read")
        st.error(literal(str(error.get("message") or "The reader stopped.")), icon=":material/error:")
        where = [
            ("File", error.get("file")),
            ("Line", error.get("line")),
            ("Field", error.get("field")),
            ("Code", error.get("code")),
        ]
        facts([(name, str(value)) for name, value in where if value is not None])
        explain(
            "Nothing of it was taken; the original is kept. If columns were misread, name them and it is read again."
        )
        return name_columns(who)


def stale(dataset: DatasetView) -> None:
    """The newest rows could not be read: the answer below is of those before."""
    error = dataset.error or {}
    message = literal(str(error.get("message") or "The reader stopped."))
    st.warning(
        f"What came after version {dataset.version} could not be read, so the answer below is without it. {message}",
        icon=":material/warning:",
    )


def name_columns(who: Who) -> bool:
    """The way out of misread columns, for those who may take it. Whether it was chosen."""
    return places.may_change(who) and st.button("Name the columns…", type="primary")


def nothing_to_calibrate(who: Who, notice: Notice, analyses: Sequence[str]) -> str:
    """Rows without scores, or without a truth to hold them against. The way out that was chosen."""
    with st.container(key="card-nothing"):
        st.header("Nothing to calibrate in this file")
        explain(notice.message.removeprefix("nothing to calibrate: ").capitalize() + ".")
        explain("Its rows are kept. If a column holds the scores under a name of its own, name it: it is read again.")
        return _ways_out(who, analyses)


def nothing_to_say(who: Who, title: str, absent: str, analyses: Sequence[str]) -> str:
    """Rows that lack what an analysis needs. The way out that was chosen."""
    with st.container(key="card-nothing"):
        st.header(f"Nothing for {title} in this file")
        explain(f"{title} needs {absent}.")
        explain("If a column holds that under a name of its own, name it: the file is read again.")
        return _ways_out(who, analyses)


def _ways_out(who: Who, analyses: Sequence[str]) -> str:
    """Buttons to what can be said of such rows, and to naming their columns; the page, or NAME, that was chosen."""
    chosen = ""
    with st.container(horizontal=True):
        for place, analysis in enumerate(analyses):
            if st.button(
                f"Open {TITLES.get(analysis, analysis)}",
                key=f"way-{analysis}",
                type="primary" if place == 0 else "secondary",
            ):
                chosen = analysis
        if places.may_change(who) and st.button("Name the columns…", type="secondary" if analyses else "primary"):
            chosen = NAME
    return chosen


def not_enough(dataset: DatasetView, message: str) -> None:
    """Too few prompts for an honest answer."""
    with st.container(key="card-few"):
        st.header("Not enough data for an honest answer")
        explain(message)
        read = f"{words.count(dataset.accepted)} of {words.count(dataset.rows)} rows were taken."
        explain(f"{read} Add rows to the file, or drop a larger one: the answer appears as soon as it can be defended.")


def failed(error: PlumblineError) -> None:
    """Anything else that was refused on purpose."""
    if isinstance(error, StatePending):
        return
    with st.container(key="card-failed"):
        st.header("This view cannot be shown")
        explain(error.message)


def worked(action: Callable[[], Any]) -> bool:
    """Do something a form asked for; where it is refused, say why below the form."""
    return _tried(action, st.error)


def attempt(action: Callable[[], Any]) -> bool:
    """Do something before the rerun, where there is no place to show a refusal but in passing."""
    return _tried(action, st.toast)


def _tried(action: Callable[[], Any], refuse: Callable[..., Any]) -> bool:
    try:
        action()
    except PlumblineError as error:
        refuse(literal(error.message), icon=":material/error:")
        return False
    return True


def literal(text: str) -> str:
    """Somebody's text inside Markdown, as it is written.

    Addresses are made links after escapes are gone: a mark without width keeps them apart.
    """
    apart = _ADDRESS.sub("\u2060", text)
    return "".join(f"\\{mark}" if mark in "\\`*_{}[]()<>#+-.!|~$:" else mark for mark in apart)


def inbox(slug: str) -> str:
    """Where files are followed, as people type it: relative to the folder the product runs in."""
    folder = get_settings().inbox / slug
    return f"{folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder}/"


def facts(pairs: list[tuple[str, str]]) -> None:
    """Names and values in two columns."""
    prose.show(prose.facts(pairs))


def leaf(before: list[int], last: int | None) -> None:
    """To what is older and back, where there is more than a page of it."""
    if not before and last is None:
        return
    with st.container(horizontal=True, horizontal_alignment="center"):
        st.button("Newest", disabled=not before, on_click=location.set_earlier, args=([],))
        st.button("Newer", disabled=not before, on_click=location.set_earlier, args=(before[:-1],))
        further = before if last is None else [*before, last]
        st.button("Older", disabled=last is None, on_click=location.set_earlier, args=(further,))
