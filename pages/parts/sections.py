"""What pages of analyses share: the choice of rows, tools, and the cards that every answer has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from engine import cohort
from engine.figures import words
from engine.types import Concluded, DatasetView, Notice, Who
from pages.parts import cards, deciding, exporting, location, numbers, sharing, shell, state, widgets
from pages.parts.answer import chart_data
from pages.parts.cards import Card
from pages.parts.cohorts import rows_control
from pages.parts.component import mount
from pages.parts.looking import Looking

__all__ = ["rows_control"]

EXAMPLES = 5
COLUMNS = 12


def choice(label: str, name: str, options: Mapping[str, str], width: int = 200) -> str:
    """One of a few ways, the first where nobody chose."""
    return widgets.way(label, name, options, width)


def tools(who: Who, looking: Looking, concluded: Concluded) -> None:
    """Copy, link, share, take away, keep."""
    base, query = f"/export/{looking.analysis}", looking.query
    exports = [
        {"title": "Report, HTML", "hint": "One file, opens anywhere", "href": f"{base}.html?{query}"},
        {"title": "Table, CSV", "hint": _table_hint(concluded), "href": f"{base}.csv?{query}"},
        {"title": "Result, JSON", "hint": "Every number with its evidence", "href": f"{base}.json?{query}"},
    ]
    decides = who.at_least("analyst", looking.dataset.project)
    if state.asked_to_export():
        exporting.ask(who, looking, {"of": "view", "format": "pdf"})
    may = {"saves": True, "decides": decides, "shares": decides}
    given = {"markdown": numbers.markdown(concluded.result), "exports": exports, **may}
    given |= {**exporting.offered(looking), "making": exporting.making(who)}

    def told(fired: Mapping[str, Any]) -> None:
        if fired.get("report"):
            exporting.ask(who, looking, fired["report"])
        if fired.get("act"):
            exporting.act(who, fired["act"])

    take = partial(state.take, "tools", told)
    chosen = mount("tools", "tools", given, "save", "decide", "share", report=take, act=take)
    if decides and (chosen.decide or state.asked_to_decide()):
        deciding.record(who, looking, concluded)
    elif decides and (chosen.share or state.asked_to_share()):
        sharing.offer(who, looking, deciding.suggested(looking, concluded))
    deciding.tell()
    if chosen.save:
        kept = chosen.save
        opens = bool(kept.get("opens"))
        shell.save_view(who, looking.dataset.project, kept["name"], looking.analysis, kept["query"], opens=opens)


def _table_hint(concluded: Concluded) -> str:
    if concluded.result.analysis == "calibration":
        return "The bins of the diagram"
    return "The first picture as rows"


# ------------------------------------------------------------------ cards


def show_recognised(dataset: DatasetView) -> None:
    """What was read from a file that has no answer."""
    cards.show([recognised(dataset, [])], {})


def filter_by(value: Any) -> None:
    """Look at one slice alone."""
    location.set_slice(str(value or ""))


def look_at(value: Any) -> None:
    """Look at a cohort alone, within the one that is looked at."""
    location.set_cohort(cohort.together(location.cohort(), str(value or "")))


def picture(
    name: str, heading: str, reading: str, looking: Looking, concluded: Concluded, *, half: bool = False
) -> Card | None:
    """A card with one chart of the result; None where the result has none of this name."""
    data = chart_data(name, looking, concluded)
    if data is None:
        return None
    return Card(name, [cards.title(heading), cards.text(reading), cards.part("chart", name, data)], half=half)


def pictured(*found: Card | None) -> list[Card]:
    """The cards that there are; of an odd number of halves that follow one another, the first is a whole one."""
    kept = [card for card in found if card is not None]
    for half, run in groupby(range(len(kept)), lambda place: kept[place].half):
        places = list(run)
        if half and len(places) % 2:
            kept[places[0]] = replace(kept[places[0]], half=False)
    return kept


def newer(looking: Looking, concluded: Concluded) -> Card:
    """Answer and charts move by themselves; what is below says when it is older, and is read again on demand."""
    data = {"dataset": looking.dataset.id, "version": concluded.version, "since": concluded.event_id}
    return Card("newer", [cards.part("newer", "newer", data)], bare=True)


WORST = "Where the model was surest and the label says otherwise. Press n and p to go through them."


def worst(looking: Looking, concluded: Concluded, heading: str = "Most confidently wrong", said: str = WORST) -> Card:
    """The rows that speak most against it, side by side."""
    address = f"/view/{looking.analysis}/worst?{looking.query}&version={concluded.version}"
    none = cards.text("Nothing is confidently wrong here.")
    rows = cards.part("pairs", "worst", {"address": address}) if concluded.result.worst else none
    return Card("worst", [cards.title(heading), cards.text(said), rows])


def recognised(dataset: DatasetView, warnings: list[Notice]) -> Card:
    """What was read from the file, and what was not."""
    taken = f"{words.count(dataset.accepted)} of {words.count(dataset.rows)}"
    said = str if dataset.kind == "curve" else _spelled  # metrics are called by their names
    read = [("Format", dataset.format.replace("_", " ") or "not known"), ("Rows taken", taken)]
    columns = [(source or "without a name", said(role)) for source, role in dataset.columns.items()]
    rest = columns[COLUMNS:]
    blocks = [
        cards.title("What was recognised"),
        cards.facts(read),
        *([cards.text("Columns, as they were read:"), cards.facts(columns[:COLUMNS])] if columns else []),
        *([cards.fold(f"{words.count(len(rest))} more", [cards.facts(rest)])] if rest else []),
        *(_refused(dataset) if dataset.rejected else []),
        *(cards.warning(notice.message) for notice in [*_said(dataset), *warnings]),
    ]
    return Card("recognised", blocks, half=True)


def _said(dataset: DatasetView) -> list[Notice]:
    """What the reader said, without what other analyses lack."""
    return [notice for notice in dataset.warnings if notice.code != "nothing_to_calibrate"]


def _refused(dataset: DatasetView) -> list[cards.Block]:
    said = [
        cards.strong(f"{words.count(dataset.rejected)} {'row' if dataset.rejected == 1 else 'rows'} refused"),
        cards.facts([(_spelled(reason), words.count(number)) for reason, number in dataset.reasons.items()]),
    ]
    if dataset.examples:
        first = [(f"Line {one['line']}", _where(one)) for one in dataset.examples[:EXAMPLES]]
        said += [cards.text("The first of them:"), cards.facts(first)]
    return said


def _spelled(code: str) -> str:
    return code.replace("_", " ")


def _where(example: Mapping[str, Any]) -> str:
    return ": ".join(part for part in (example.get("field"), _spelled(example["reason"])) if part)


def evidence(concluded: Concluded) -> Card:
    """What recomputes the answer."""
    proof = concluded.result.evidence
    params = urlencode(
        {name: value for name, value in proof.params.items() if value not in ("", None)}, safe="=|;!"
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
