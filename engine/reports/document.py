"""What a report says, chapter by chapter, before it is decided how it is written: PDF, HTML, images.

The same results give the same document; the one moment in it is given. A figure is the one of the screen
(`engine.figures.view.charts`), with its colour tokens.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from engine.figures.view import charts
from engine.figures.words import number
from engine.reports import html, words
from engine.types import DecisionView, Estimate, Result

DECISIONS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "trust": ("Can it be trusted?", ("calibration", "judge", "audit", "whatif")),
    "ship": ("Which goes out?", ("compare", "ranking", "agreement", "bestofn")),
    "drift": ("What moved?", ("drift", "monitor")),
    "stop": ("When to stop?", ("overoptimisation", "hackwatch", "forecast", "tradeoff", "curves")),
}
"""The decisions a report may be about: the question, and the analyses that answer it, those that apply."""


class Format(NamedTuple):
    """How a report is written: what people call it, its media type, and how its name ends."""

    title: str
    media_type: str
    ending: str


FORMATS: Mapping[str, Format] = {
    "pdf": Format("PDF", "application/pdf", ".pdf"),
    "xlsx": Format("Excel", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"),
    "html": Format("HTML", "text/html", ".html"),
    "json": Format("JSON", "application/json", ".json"),
    "csv": Format("Tables, CSV", "application/zip", "-tables.zip"),
    "png": Format("Images, PNG", "application/zip", "-png.zip"),
    "svg": Format("Images, SVG", "application/zip", "-svg.zip"),
}

MOST_ROWS = 20
MOST_COLUMNS = 8
MOST_CELL = 300
MOST_TEXT = 2_000
HEADLINES = 3
WIDTH = 720
HEIGHT = 360


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture with its words and its table; `left_out` rows or columns of the table are said, not shown."""

    name: str
    title: str
    alt: str
    figure: Mapping[str, Any]
    columns: list[str]
    rows: list[list[str]]
    left_out: str = ""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in which it is drawn."""
        return WIDTH, int(self.figure["layout"].get("height") or HEIGHT)


@dataclass(frozen=True, slots=True)
class Number:
    """An estimate as it is printed."""

    label: str
    value: str
    interval: str
    null: str
    method: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """One answer. `headlines` are the numbers that are printed large; `missing` says why there is no answer."""

    name: str
    title: str
    subject: str
    sentence: str = ""
    verdict: str = ""
    headlines: tuple[Number, ...] = ()
    numbers: tuple[Number, ...] = ()
    figures: tuple[Figure, ...] = ()
    names: Figure | None = None
    warnings: tuple[str, ...] = ()
    evidence: tuple[tuple[str, str], ...] = ()
    command: str = ""
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A report: its title page and its chapters. `made` is the only moment in it, `because` what a person wrote."""

    kicker: str
    title: str
    project: str
    by: str
    made: datetime
    chapters: tuple[Chapter, ...]
    because: str = ""
    facts: tuple[tuple[str, str], ...] = ()

    @property
    def moment(self) -> str:
        """When it was made, to the minute."""
        return f"{self.made:%Y-%m-%d %H:%M} UTC"

    def figures(self) -> list[tuple[str, Figure]]:
        """Every figure by the name under which its image is looked up."""
        return [(image_name(chapter, figure), figure) for chapter in self.chapters for figure in chapter.figures]


def image_name(chapter: Chapter, figure: Figure) -> str:
    """The name of a figure's image within its document."""
    return f"{chapter.name}-{figure.name}"


def of_results(
    results: Sequence[Result | tuple[str, str, str]], of: str, title: str, project: str, by: str, made: datetime
) -> Document:
    """The document of answers, each a chapter; `of` is `view` or a decision of `DECISIONS`.

    A chapter without an answer is given as its analysis, its dataset and the reason.
    """
    kicker = "Answer" if of == "view" else DECISIONS[of][0]
    chapters = [
        chapter(one, place) if isinstance(one, Result) else _missing(one, place) for place, one in enumerate(results)
    ]
    return Document(kicker, text(title, 200), project, by, made, tuple(chapters))


def of_decision(decision: DecisionView, then: Result | None, by: str, made: datetime) -> Document:
    """The document of a recorded decision: its words, and the numbers it rested on as they were then.

    `then` is its answer where it can still be concluded, for the pictures.
    """
    grounds = decision.grounds
    numbers = tuple(_number(name, Estimate(**found)) for name, found in grounds.estimates.items())
    datasets = tuple((one.name, f"version {one.version}, sha256 {one.sha256}") for one in grounds.datasets)
    params = ", ".join(f"{name} = {value}" for name, value in grounds.params.items() if value not in ("", None))
    rested = Chapter(
        name="1-" + grounds.analysis,
        title=words.page(grounds.analysis),
        subject=", ".join(one.name for one in grounds.datasets),
        sentence=text(grounds.sentence),
        verdict=grounds.verdict,
        headlines=_leading(grounds.analysis, {name: Estimate(**found) for name, found in grounds.estimates.items()}),
        numbers=numbers,
        figures=() if then is None else _figures(then),
        warnings=(_WITHOUT_PICTURES,) if then is None else tuple(text(notice.message) for notice in then.warnings),
        evidence=tuple((text(name), text(value)) for name, value in (*datasets, ("Parameters", params))),
        command=text(str(grounds.evidence.get("command", ""))),
    )
    facts = [("Recorded", f"{decision.at:%Y-%m-%d %H:%M} UTC by {decision.person}, decision {decision.id}")]
    if decision.withdrawn_at is not None:
        when = f"{decision.withdrawn_at:%Y-%m-%d %H:%M} UTC by {decision.withdrawn_by}"
        facts.append(("Withdrawn", f"{when}: {decision.withdrawn_why}"))
    said = tuple((name, text(value)) for name, value in facts)
    title, because = text(decision.title, 200), text(decision.because)
    return Document("Decision", title, decision.project, by, made, (rested,), because, said)


_WITHOUT_PICTURES = (
    "There are no pictures: the rows of then are not kept any more, or would give another answer by now. The words and "
    "numbers are those that were recorded."
)


def chapter(result: Result, place: int = 0) -> Chapter:
    """The chapter of one answer, the `place`-th of its document."""
    named = words.named_items(result)
    return Chapter(
        name=f"{place + 1}-{result.analysis}",
        title=words.page(result.analysis),
        subject=text(str(result.dataset.get("name") or ""), MOST_CELL),
        sentence=text(result.sentence),
        verdict=text(result.verdict, MOST_CELL),
        headlines=_leading(result.analysis, result.estimates),
        numbers=tuple(_number(name, estimate) for name, estimate in result.estimates.items()),
        figures=_figures(result),
        names=_figure("names", "By name", "", {}, [words.label(name) for name in named[0]], named[1])
        if named[1]
        else None,
        warnings=tuple(text(notice.message) for notice in result.warnings),
        evidence=tuple((name, text(value)) for name, value in html.evidence_of(result)),
        command=text(result.evidence.command),
    )


def _figures(result: Result) -> tuple[Figure, ...]:
    return tuple(
        _figure(name, chart.title, chart.alt, chart.figure, chart.table.columns, chart.table.rows)
        for name, chart in charts(result).items()
    )


def text(written: str, longest: int = MOST_TEXT) -> str:
    """A text as it is printed: without what steers (controls, changes of direction), of a bounded length."""
    kept = "".join(mark for mark in written if mark in _KEPT or unicodedata.category(mark) not in _STEERING)
    return kept if len(kept) <= longest else kept[: longest - 1] + "…"


_KEPT = "\n\t\u200c\u200d"  # joiners make letters, they steer nothing
_STEERING = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def _missing(told: tuple[str, str, str], place: int) -> Chapter:
    analysis, subject, reason = told
    return Chapter(f"{place + 1}-{analysis}", words.page(analysis), text(subject, MOST_CELL), missing=text(reason))


def _leading(analysis: str, estimates: Mapping[str, Estimate]) -> tuple[Number, ...]:
    """The numbers that are printed large: those that lead the page, else the first ones."""
    known = [name for name, found in estimates.items() if found.value is not None]
    leading = [name for name in words.LEADING.get(analysis, ()) if name in known]
    return tuple(_number(name, estimates[name]) for name in (leading or known)[:HEADLINES])


def _number(name: str, found: Estimate) -> Number:
    return Number(
        label=text(words.label(name), MOST_CELL),
        value=words.value(name, found.value),
        interval=words.bounds(name, found),
        null="" if found.null_95 is None else number(found.null_95, 4),
        method=text(found.method, MOST_CELL),
    )


def _figure(
    name: str, title: str, alt: str, figure: Mapping[str, Any], columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> Figure:
    shown = [[text(_cell(value), MOST_CELL) for value in row[:MOST_COLUMNS]] for row in rows[:MOST_ROWS]]
    kept = [text(str(column), MOST_CELL) for column in columns[:MOST_COLUMNS]]
    return Figure(name, text(title), text(alt), figure, kept, shown, _left_out(len(rows), len(columns)))


def _cell(value: Any) -> str:
    """A cell; counts that came as decimals without them."""
    return f"{value:,.0f}" if isinstance(value, float) and abs(value) >= 2 and value.is_integer() else words.cell(value)


def _left_out(rows: int, columns: int) -> str:
    said = []
    if rows > MOST_ROWS:
        said.append(f"the first {MOST_ROWS} of {rows:,} rows")
    if columns > MOST_COLUMNS:
        said.append(f"the first {MOST_COLUMNS} of {columns} columns")
    return f"These are {' and '.join(said)}; the table as a file has all of them." if said else ""
