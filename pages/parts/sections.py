"""The sections of the Calibration page below its answer, in the order in which they are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from engine.figures import words
from engine.types import Concluded, DatasetView, Notice, Who
from pages.parts import numbers, prose, shell, state
from pages.parts.answer import show_chart
from pages.parts.component import mount
from pages.parts.pairs import show_worst
from pages.parts.states import literal

EXAMPLES = 5
READING = "On the dotted line, confidence is what it is worth. Below it, the model claims more than it delivers."
BINS = [5, 8, 10, 12, 15, 20, 24, 30]
RECALIBRATORS = {
    "comparison": ["temperature", "isotonic", "flexible"],
    "score": ["temperature", "platt", "beta", "isotonic"],
}


def controls(dataset: DatasetView) -> dict[str, Any]:
    """The parameters of the view, each bound to the address."""
    slices = ["", *(f"{column}={value}" for column, values in dataset.slices.items() for value in values)]
    kinds = RECALIBRATORS.get(dataset.kind or "comparison", RECALIBRATORS["comparison"])
    with st.container(horizontal=True, key="controls", width="content"):
        bins = st.selectbox("Bins", BINS, BINS.index(15), key=state.BINS, bind="query-params", width=110)
        cohort = st.selectbox(
            "Rows",
            slices,
            key=state.SLICE,
            bind="query-params",
            width=260,
            format_func=_slice_name,
            disabled=len(slices) < 2,
        )
        chosen = st.selectbox("Recalibrator", kinds, key=state.RECALIBRATOR, bind="query-params", width=170)
    return {state.BINS: bins, state.SLICE: cohort or "", state.RECALIBRATOR: chosen}


def _slice_name(value: str) -> str:
    return value or "All rows"


def tools(who: Who, dataset: DatasetView, concluded: Concluded, params: dict[str, Any]) -> None:
    """Copy, link, take away, keep."""
    query = state.query(dataset.id, params)
    exports = [
        {"title": "Report, HTML", "hint": "One file, opens anywhere", "href": f"/export/calibration.html?{query}"},
        {"title": "Table, CSV", "hint": "The bins of the diagram", "href": f"/export/calibration.csv?{query}"},
        {
            "title": "Result, JSON",
            "hint": "Every number with its evidence",
            "href": f"/export/calibration.json?{query}",
        },
    ]
    chosen = mount(
        "tools", "tools", {"markdown": numbers.markdown(concluded.result), "exports": exports, "saves": True}, "save"
    )
    if chosen.save:
        shell.save_view(who, dataset.project, chosen.save["name"], "calibration", chosen.save["query"])


def reliability(dataset: DatasetView, concluded: Concluded, params: dict[str, Any]) -> None:
    """The reliability diagram, large."""
    with st.container(key="card-reliability"):
        prose.show(prose.title("Reliability"), prose.paragraph(READING))
        show_chart("reliability", dataset, concluded, params, height=470)


def slices(dataset: DatasetView, concluded: Concluded, params: dict[str, Any]) -> None:
    """Slices as a forest; choosing a point filters the page."""
    with st.container(key="card-slices", height="stretch"):
        title = prose.title("Slices")
        if not concluded.result.slices:
            prose.show(title, prose.paragraph(_no_slices(dataset)))
            return
        confirmed = sum(bool(entry.get("confirmed")) for entry in concluded.result.slices)
        said = (
            f"Against the rest, after recalibration; {confirmed} confirmed on held-out prompts. Choose one to filter."
        )
        prose.show(title, prose.paragraph(said))
        show_chart("slices", dataset, concluded, params, pick=_filter)


def _no_slices(dataset: DatasetView) -> str:
    if dataset.slices:
        named = ", ".join(dataset.slices)
        return f"This file can be sliced by {named}, but no value has enough prompts (30) to be held against the rest."
    return (
        "This file has no column to slice by. Any column of your own with 2 to 50 different short values becomes "
        "one by its own name: add, say, domain, language or source. A column that was missed is named under Datasets, "
        "in the menu of the file, Columns…"
    )


def _filter() -> None:
    state.set_slice(state.picked("chart-slices").get("pick") or "")


def newer(dataset: DatasetView, concluded: Concluded) -> None:
    """Answer and charts move by themselves; what is below says when it is older, and is read again on demand."""
    data = {"dataset": dataset.id, "version": concluded.version, "since": concluded.event_id}
    if mount("newer", "newer-rows", data, "refresh").refresh:
        st.rerun()


def worst(who: Who, dataset: DatasetView, concluded: Concluded, params: dict[str, Any]) -> None:
    """The most confidently wrong rows, side by side."""
    with st.container(key="card-worst"):
        said = "Where the model was surest and the label says otherwise. Press n and p to go through them."
        prose.show(prose.title("Most confidently wrong"), prose.paragraph(said))
        if not show_worst(who, dataset.id, concluded, params):
            prose.show(prose.paragraph("Nothing is confidently wrong here."))


def recognised(dataset: DatasetView, warnings: list[Notice]) -> None:
    """What was read from the file, and what was not."""
    with st.container(key="card-recognised", height="stretch"):
        taken = f"{words.count(dataset.accepted)} of {words.count(dataset.rows)}"
        read = [("Format", dataset.format.replace("_", " ") or "not known"), ("Rows taken", taken)]
        columns = [(source, role.replace("_", " ")) for source, role in dataset.columns.items()]
        prose.show(
            prose.title("What was recognised"),
            prose.facts(read),
            *([prose.paragraph("Columns, as they were read:"), prose.facts(columns)] if columns else []),
            *(refused(dataset) if dataset.rejected else []),
        )
        for notice in [*dataset.warnings, *warnings]:
            st.warning(literal(notice.message), icon=":material/warning:")


def refused(dataset: DatasetView) -> list[str]:
    """How many rows were refused, for which reasons, and the first of them, as prose."""
    said = [
        prose.strong(f"{words.count(dataset.rejected)} {'row' if dataset.rejected == 1 else 'rows'} refused"),
        prose.facts([(_reason(reason), words.count(number)) for reason, number in dataset.reasons.items()]),
    ]
    if dataset.examples:
        first = [(f"Line {one['line']}", _where(one)) for one in dataset.examples[:EXAMPLES]]
        said += [prose.paragraph("The first of them:"), prose.facts(first)]
    return said


def _reason(code: str) -> str:
    return code.replace("_", " ")


def _where(example: Mapping[str, Any]) -> str:
    return ": ".join(part for part in (example.get("field"), _reason(example["reason"])) if part)


def evidence(concluded: Concluded) -> None:
    """What recomputes the answer."""
    proof = concluded.result.evidence
    with st.container(key="card-evidence", height="stretch"):
        params = urlencode(
            {name: value for name, value in proof.params.items() if value not in ("", None)}, safe="="
        ).replace("&", ", ")
        named = [
            ("Dataset", f"{proof.dataset}, version {concluded.version}"),
            ("SHA-256", proof.sha256),
            ("Analysis", f"{proof.analysis} {proof.analysis_version}"),
            ("Parameters", params),
            ("Seed", str(proof.seed)),
            ("Rows", words.count(proof.rows)),
            ("Concluded in", f"{proof.duration_ms:.1f} ms"),
        ]
        prose.show(prose.title("Evidence"), prose.facts(named))
        st.code(proof.command, language="bash", wrap_lines=True)
