"""The sections of the Calibration page below its answer, in the order in which they are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from engine.figures import words
from engine.types import Concluded, DatasetView, Notice, Who
from pages.parts import cards, numbers, recalibration, shell, state
from pages.parts.answer import chart_data
from pages.parts.cards import Card
from pages.parts.component import mount

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


# ------------------------------------------------------------------ cards


def show(dataset: DatasetView, concluded: Concluded, params: dict[str, Any]) -> None:
    """Every card below the answer."""
    made = [
        reliability(dataset, concluded, params),
        newer(dataset, concluded),
        slices(dataset, concluded, params),
        recalibration.card(dataset, concluded.result, params[state.RECALIBRATOR]),
        worst(dataset, concluded, params),
        recognised(dataset, concluded.result.warnings),
        evidence(concluded),
    ]
    acts = {("slices", "pick"): _filter, ("reliability", "show"): _switch}
    if cards.show(made, acts) == ("newer", "refresh"):
        st.rerun()


def show_recognised(dataset: DatasetView) -> None:
    """What was read from a file that has no answer."""
    cards.show([recognised(dataset, [])], {})


def _filter(value: Any) -> None:
    state.set_slice(str(value or ""))


def _switch(value: Any) -> None:
    state.set_overlays(str(value or ""))


def reliability(dataset: DatasetView, concluded: Concluded, params: dict[str, Any]) -> Card:
    """The reliability diagram, large."""
    data = chart_data("reliability", dataset, concluded, params, height=470)
    return Card(
        "reliability", [cards.title("Reliability"), cards.text(READING), cards.part("chart", "reliability", data)]
    )


def newer(dataset: DatasetView, concluded: Concluded) -> Card:
    """Answer and charts move by themselves; what is below says when it is older, and is read again on demand."""
    data = {"dataset": dataset.id, "version": concluded.version, "since": concluded.event_id}
    return Card("newer", [cards.part("newer", "newer", data)], bare=True)


def slices(dataset: DatasetView, concluded: Concluded, params: dict[str, Any]) -> Card:
    """Slices as a forest; choosing a point filters the page."""
    data = chart_data("slices", dataset, concluded, params)
    if data is None:
        return Card("slices", [cards.title("Slices"), cards.text(_no_slices(dataset))], half=True)
    confirmed = sum(bool(entry.get("confirmed")) for entry in concluded.result.slices)
    said = f"Against the rest, after recalibration; {confirmed} confirmed on held-out prompts. Choose one to filter."
    return Card("slices", [cards.title("Slices"), cards.text(said), cards.part("chart", "slices", data)], half=True)


def _no_slices(dataset: DatasetView) -> str:
    if dataset.slices:
        named = ", ".join(dataset.slices)
        return f"This file can be sliced by {named}, but no value has enough prompts (30) to be held against the rest."
    return (
        "This file has no column to slice by. Any column of your own with 2 to 50 different short values becomes "
        "one by its own name: add, say, domain, language or source. A column that was missed is named under Datasets, "
        "in the menu of the file, Columns…"
    )


def worst(dataset: DatasetView, concluded: Concluded, params: dict[str, Any]) -> Card:
    """The most confidently wrong rows, side by side."""
    said = "Where the model was surest and the label says otherwise. Press n and p to go through them."
    address = f"/view/worst?{state.query(dataset.id, params)}&version={concluded.version}"
    none = cards.text("Nothing is confidently wrong here.")
    rows = cards.part("pairs", "worst", {"address": address}) if concluded.result.worst else none
    return Card("worst", [cards.title("Most confidently wrong"), cards.text(said), rows])


def recognised(dataset: DatasetView, warnings: list[Notice]) -> Card:
    """What was read from the file, and what was not."""
    taken = f"{words.count(dataset.accepted)} of {words.count(dataset.rows)}"
    read = [("Format", dataset.format.replace("_", " ") or "not known"), ("Rows taken", taken)]
    columns = [(source, role.replace("_", " ")) for source, role in dataset.columns.items()]
    blocks = [
        cards.title("What was recognised"),
        cards.facts(read),
        *([cards.text("Columns, as they were read:"), cards.facts(columns)] if columns else []),
        *(_refused(dataset) if dataset.rejected else []),
        *(cards.warning(notice.message) for notice in [*dataset.warnings, *warnings]),
    ]
    return Card("recognised", blocks, half=True)


def _refused(dataset: DatasetView) -> list[cards.Block]:
    said = [
        cards.strong(f"{words.count(dataset.rejected)} {'row' if dataset.rejected == 1 else 'rows'} refused"),
        cards.facts([(_reason(reason), words.count(number)) for reason, number in dataset.reasons.items()]),
    ]
    if dataset.examples:
        first = [(f"Line {one['line']}", _where(one)) for one in dataset.examples[:EXAMPLES]]
        said += [cards.text("The first of them:"), cards.facts(first)]
    return said


def _reason(code: str) -> str:
    return code.replace("_", " ")


def _where(example: Mapping[str, Any]) -> str:
    return ": ".join(part for part in (example.get("field"), _reason(example["reason"])) if part)


def evidence(concluded: Concluded) -> Card:
    """What recomputes the answer."""
    proof = concluded.result.evidence
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
    return Card("evidence", [cards.title("Evidence"), cards.facts(named), cards.code(proof.command)], half=True)
