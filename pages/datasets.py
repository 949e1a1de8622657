"""Every dataset of the project: what it is, what it says, what can be done with it."""

import streamlit as st

from engine.queries.room import disk_is_low
from engine.types import DatasetView, Who
from pages.parts import dialogs, guard, reads, shell, state, states
from pages.parts.answer import NOUNS, iso
from pages.parts.component import mount

who = guard.enter()


def row(dataset: DatasetView) -> dict[str, object]:
    """A dataset as the list shows it."""
    reading = "reading" if dataset.run_id is not None else "empty"
    status = "ready" if dataset.version else "failed" if dataset.error else reading
    return {
        "id": dataset.id,
        "name": dataset.name,
        "state": status,
        "verdict": dataset.verdict,
        "sentence": dataset.sentence or (dataset.error or {}).get("message") or unanswered(dataset),
        "version": dataset.version,
        "rows": dataset.accepted,
        "rejected": dataset.rejected,
        "reasons": ", ".join(reason.replace("_", " ") for reason in dataset.reasons),
        "fault": (dataset.error or {}).get("message") if dataset.version else None,
        "noun": NOUNS.get(dataset.kind or "", "rows"),
        "format": dataset.format.replace("_", " "),
        "live": dataset.live,
        "simulated": dataset.simulated,
        "at": iso(dataset.updated_at),
    }


def unanswered(dataset: DatasetView) -> str | None:
    """Why a file that was read has no answer, where its reader knows."""
    known = (notice.message for notice in dataset.warnings if notice.code == "nothing_to_calibrate")
    message = next(known, None)
    return message and message[0].upper() + message[1:] + "."


def undo(who: Who) -> None:
    """What was removed last can come back."""
    if (gone := state.removed()) is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="card-undo"):
        st.markdown(f"Removed **{states.literal(gone[1])}**. Its rows are kept for now.")
        st.button("Undo", on_click=dialogs.bring_back, args=(who, gone[0]))


def not_taken(who: Who, slug: str) -> None:
    """What lies in the inbox and was refused: what, why, what was kept, what to do."""
    refusals = reads.refusals_of(who, slug)
    if not refusals:
        return
    with st.container(key="card-refused"):
        st.header("Not taken from the inbox")
        states.explain(
            f"Nothing of these was read; they lie untouched in {states.inbox(slug)}. Mend what is named and save the "
            "file again: it is looked at at once."
        )
        states.facts([(one.name, f"{one.reason}, {one.at:%d %b %Y, %H:%M} UTC") for one in refusals])


def room_left(who: Who, slug: str) -> None:
    """What the project holds of what it may, and in plain words when nothing more is taken."""
    room = reads.room_of(who, slug)
    if disk_is_low():
        st.warning(
            "The server's disk is nearly full, so no new data are taken; what is here can be read. "
            "Waiting files are taken by themselves as soon as there is space.",
            icon=":material/hard_drive:",
        )
    elif room.full:
        st.warning(
            "This project holds as much as it may. Remove datasets that are not needed, or have the limit raised.",
            icon=":material/inventory_2:",
        )
    if room.size:
        states.explain(
            f"{room.rows:,} rows of {room.most_rows:,} and {amount_of(room.size)} of {amount_of(room.most_bytes)} used."
        )


def amount_of(size: float) -> str:
    """Bytes as people say them."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:,.3g} {unit}"
        size /= 1000
    return f"{size:,.3g} TB"


def page(who: Who) -> None:
    """The list, the place for files, the way to follow a file."""
    project = shell.project(who)
    datasets = reads.datasets_of(who, project.slug)
    st.title("Datasets")
    undo(who)
    states.drop_zone(who, "zone-datasets")
    if not datasets:
        states.explain("Nothing has been given to this project yet.")
    data = {
        "project": project.slug,
        "since": datasets[0].event_id if datasets else reads.cursor(),
        "may": who.at_least("analyst", project.slug),
        "rows": [row(one) for one in datasets],
    }
    asked = mount("datasets", "datasets", data, "open", "rename", "mapping", "remove", "changed")
    dialogs.perform(who, {dataset.id: dataset for dataset in datasets}, asked)
    not_taken(who, project.slug)
    room_left(who, project.slug)
    with st.container(key="card-inbox"):
        st.header("Follow a file")
        states.explain("Rows appended to a file in this folder reach every open page within half a second.")
        st.code(f"{states.inbox(project.slug)}", language=None)


page(who)
