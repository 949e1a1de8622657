"""The journal of decisions as Markdown: what people wrote stands in it as they wrote it and marks nothing up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from engine.figures import words
from engine.reports.words import interval, label
from engine.types import DecisionView, Estimate

_MARKS = re.compile(r"[\\`*_\[\]<>&|~#$]")
_BEGINNING = re.compile(r"^(\d{1,9})?([-+=.):])")
"""What makes a line a list, a rule or the underline of a heading, where it stands first."""

_ADDRESS = re.compile(r"(?i)(www)(?=\.)|(?<=[a-z0-9])(?=://|@)")
"""Where some readers see a link although none was written."""


def to_markdown(project: str, decisions: Iterable[DecisionView]) -> Iterator[str]:
    """The journal of a project, piece by piece: a heading, then each decision as it comes."""
    yield f"# Decisions of {text(project)}\n"
    for decision in decisions:
        yield "\n" + "\n".join(_decision(decision)) + "\n"


def text(written: str) -> str:
    """One line that somebody wrote, in Markdown that reads the same."""
    line = _MARKS.sub(lambda mark: "&amp;" if mark[0] == "&" else f"\\{mark[0]}", " ".join(written.split()))
    line = _ADDRESS.sub(lambda place: f"{place[0]}&#8203;", line)
    return _BEGINNING.sub(lambda mark: f"{mark[1] or ''}\\{mark[2]}", line)


def _decision(decision: DecisionView) -> Iterator[str]:
    grounds = decision.grounds
    yield f"## {text(decision.title)}"
    yield ""
    yield f"{_when(decision.at)}, {text(decision.person)}. Decision {decision.id}."
    if decision.withdrawn_at is not None:
        yield ""
        yield f"**Withdrawn** {_when(decision.withdrawn_at)} by {text(decision.withdrawn_by)}:"
        yield ""
        yield from _quoted(decision.withdrawn_why)
    yield ""
    yield "Because:"
    yield ""
    yield from _quoted(decision.because)
    yield ""
    yield f"What the data said ({text(grounds.analysis)}, {text(grounds.verdict)}):"
    yield ""
    yield from _quoted(grounds.sentence)
    yield ""
    for name, found in grounds.estimates.items():
        yield f"- {_estimate(name, Estimate(**found))}"
    for dataset in grounds.datasets:
        yield f"- {text(dataset.name)}, version {dataset.version}, sha256 {text(dataset.sha256)}"
    yield f"- View: {text(grounds.query)}"
    yield ""
    yield from _code(str(grounds.evidence.get("command", "")))


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _quoted(written: str) -> Iterator[str]:
    for line in written.split("\n"):
        yield f"> {text(line)}".rstrip()


def _estimate(name: str, found: Estimate) -> str:
    within = "" if found.low is None else f" {text(interval(found))}"
    return f"{text(label(name))}: {words.estimate(name, found.value)}{within}"


def _code(command: str) -> Iterator[str]:
    longest = max((len(run) for run in re.findall(r"`+", command)), default=0)
    fence = "`" * max(3, longest + 1)
    yield from (fence, " ".join(command.split()), fence)
