"""A run that makes a report: conclude, draw, write, keep the file. One at a time, in a slot of its own.

Drawing and setting happen in processes that are killed when the report is cancelled or they hang; this thread only
waits for them.
"""

from __future__ import annotations

import importlib
import threading
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from engine.actions import reports, runs
from engine.actions.runs import Work
from engine.errors import Conflict, NotFound, UsageError
from engine.queries import decisions, people
from engine.queries.reports import asked_of
from engine.reports import document, html, pdf, tables
from engine.reports.document import FORMATS, Document
from engine.store import blobs
from engine.types import DecisionView, Result
from jobs import gathering
from jobs.drawing import Drawing, drawn
from jobs.gathering import Missing
from jobs.work import do_by_name

CONCLUDED, DRAWN = 0.1, 0.7
"""How far a report is once its answers are there, and once its figures are."""

MIDDAY = (1980, 1, 1, 0, 0, 0)
"""The moment that every file of an archive bears: the same report gives the same bytes."""

_OPTIONS = orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z


class Press:
    """What makes reports, as a slot of the runner uses it."""

    backend = "child"

    def __init__(self, drawing: Drawing | None = None) -> None:
        self.drawing = drawing or Drawing()
        self._stopped = threading.Event()

    def begin(self, _run: str) -> None:
        """Another report."""
        self._stopped.clear()
        self.drawing.begin()

    def end(self) -> None:
        """It is made; what draws stays warm."""

    def start(self) -> None:
        """It starts with the first figure."""

    def stop(self) -> None:
        """End what draws."""
        self.drawing.stop()

    def cancel(self) -> None:
        """Stop the report under way, from any thread."""
        self._stopped.set()
        self.drawing.cancel()

    def printed(self) -> str:
        """It prints nothing."""
        return ""

    def stopped(self) -> bool:
        """Whether the report under way is to be stopped."""
        return self._stopped.is_set()

    def check(self) -> None:
        """Raise Conflict where the report under way is to be stopped."""
        if self.stopped():
            raise Conflict("The report was cancelled.", code="cancelled")


@dataclass(slots=True)
class Job:
    """One report on its way: what it is of, where it is written, and what is told of it."""

    press: Press
    document: Document
    results: Sequence[Result | Missing]
    decision: DecisionView | None
    rows: Iterable[pa.Table] | None
    path: Path
    say: Callable[[float, str], None]

    @property
    def answers(self) -> list[Result]:
        """The answers that there are."""
        return [one for one in self.results if isinstance(one, Result)]

    def images(self, form: str, until: float = DRAWN) -> dict[str, bytes]:
        """Every figure, drawn."""

        def told(place: int, of: int) -> None:
            share = CONCLUDED + (until - CONCLUDED) * (place - 1) / of
            self.say(share, f"Drawing {place} of {of}")

        return drawn(self.press.drawing, self.document.figures(), form, told)


def make_report(work: Work, press: Press) -> None:
    """Make a claimed report, to its end."""
    do_by_name(work, press, _make)


def _make(work: Work, press: Press, folder: Path) -> None:
    asked = asked_of(int(work.params["report"]))
    if asked is None:
        raise NotFound("The report was removed.", code="no_report")
    user_id, name, file_format, what = asked
    who = people.acting(user_id)
    if who is None:
        raise NotFound("Whoever asked for this report has no account any more.", code="no_person")

    def say(share: float, stage: str) -> None:
        press.check()
        runs.progress(work, share, stage)

    say(0.0, "Concluding")
    made = datetime.now(UTC).replace(microsecond=0)
    decision, rows = None, None
    results: list[Result | Missing] = []
    if what["of"] == reports.RECORDED:
        decision = decisions.get_decision(who, int(what["decision"]))
        then = gathering.answer_then(who, decision.grounds, lambda: say(0.0, "Waiting for the data to be observed"))
        results += [] if then is None else [then]
        told = document.of_decision(decision, then, who.name, made)
    else:
        results = gathering.answers(who, what, lambda: say(0.0, "Waiting for the data to be observed"))
        told = document.of_results(results, what["of"], name, work.project, who.name, made)
        rows = gathering.rows_of(who, what)
    job = Job(press, told, results, decision, rows, folder / "report", say)
    WRITERS[file_format](job)
    press.check()
    sha256, size = blobs.keep_made(job.path)
    reports.finish(work, sha256=sha256, size=size, media_type=FORMATS[file_format].media_type)


# ------------------------------------------------------------------ how each format is written


def _pdf(job: Job) -> None:
    images = job.images("png")
    job.say(DRAWN, "Setting the pages")
    job.path.write_bytes(pdf.render_pdf(job.document, images, stopped=job.press.stopped))


def _html(job: Job) -> None:
    job.say(CONCLUDED, "Writing the page")
    whole = len(job.results) == 1 and bool(job.answers) and job.decision is None
    job.path.write_bytes(
        html.render(job.answers[0], job.document.title) if whole else html.render_document(job.document)
    )


def _json(job: Job) -> None:
    job.say(CONCLUDED, "Writing the numbers")
    told = job.document
    content: dict[str, Any] = {"title": told.title, "project": told.project, "by": told.by, "made": told.made}
    if job.decision is not None:
        content["decision"] = asdict(job.decision)
    content["results"] = [
        one.to_dict() if isinstance(one, Result) else dict(zip(("analysis", "dataset", "missing"), one, strict=True))
        for one in job.results
    ]
    job.path.write_bytes(orjson.dumps(content, option=_OPTIONS, default=str))


def _png(job: Job) -> None:
    _archive(job, {f"{name}.png": image for name, image in job.images("png", 1.0).items()})


def _svg(job: Job) -> None:
    _archive(job, {f"{name}.svg": image for name, image in job.images("svg", 1.0).items()})


def _csv(job: Job) -> None:
    job.say(CONCLUDED, "Writing the tables")
    _archive(job, tables.every_table(job.answers))


def _xlsx(job: Job) -> None:
    if not job.answers:
        raise UsageError("A workbook is made of answers; this report has none.", code="no_answer")
    workbook = importlib.import_module("engine.reports.workbook")

    def told(share: float, stage: str) -> None:
        job.say(CONCLUDED + (1 - CONCLUDED) * share, stage)

    workbook.write(job.path, job.answers, job.rows, told, job.document.moment)


def _archive(job: Job, files: dict[str, bytes]) -> None:
    """A zip of files, the same bytes for the same files."""
    if not files:
        raise UsageError("There is nothing to put into the archive: the answer has none of these.", code="nothing")
    with zipfile.ZipFile(job.path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, MIDDAY), content, zipfile.ZIP_DEFLATED)


WRITERS: dict[str, Callable[[Job], None]] = {
    "pdf": _pdf,
    "xlsx": _xlsx,
    "html": _html,
    "json": _json,
    "csv": _csv,
    "png": _png,
    "svg": _svg,
}
"""How a report is written, by its format."""
