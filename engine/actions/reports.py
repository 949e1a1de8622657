"""Changes to reports: files that a run makes of an answer, of a whole decision, or of one that was recorded.

Asking writes down what is asked of which versions; the runner makes it (`jobs.reporting`). Whoever sees the project may
ask and read; a report is removed by whoever asked for it, and by analysts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func
from sqlmodel import Session as Rows
from sqlmodel import col, select

from engine.access import audit
from engine.access.names import clean
from engine.access.roles import require, require_writing
from engine.access.scope import dataset_of, project_of
from engine.access.visible import storable_id
from engine.actions.queue import publish_run, work_key
from engine.actions.work import Work, fenced, forget_progress
from engine.errors import Conflict, NotFound, UsageError
from engine.reports.document import DECISIONS, FORMATS
from engine.reports.words import page
from engine.store.tables import Decision, Project, Report, Run
from engine.store.times import now
from engine.store.transaction import Transaction, transaction
from engine.types import Who

__all__ = ["DECISIONS", "FORMATS", "WHOLE", "finish", "page", "remove", "request", "retry"]

VIEW, RECORDED = "view", "decision"
WHOLE = (VIEW, *DECISIONS, RECORDED)
"""What a report may be of: one view, everything that answers one of the decisions, a decision of the journal."""

MOST_DATASETS = 8
MOST_WAITING = 10
LONGEST_ASKED = 4_000
OPEN = ("queued", "running")

_ANALYSIS = re.compile(r"[a-z]{1,64}")


def request(
    who: Who,
    project: str,
    name: str,
    of: str,
    file_format: str,
    dataset_ids: Sequence[int] = (),
    analysis: str = "",
    params: Mapping[str, Any] | None = None,
    decision_id: int = 0,
) -> int:
    """Ask for a report; the run that makes it is queued. Returns the report.

    Args:
        who: who asks; the run sees what they see.
        project: the slug of the project whose datasets or decision it is of.
        name: what it is called, on its title page and as a file.
        of: `view`, `trust`, `ship`, `drift`, `stop`, or `decision` for one that was recorded.
        file_format: one of `FORMATS`.
        dataset_ids: what it is of, but for a recorded decision; their newest versions are taken.
        analysis: of a view.
        params: of a view, as its page has them.
        decision_id: the recorded decision.
    """
    require(who, project, "viewer")
    require_writing(who)
    wanted = clean(name, 200, "A name")
    if of not in WHOLE or file_format not in FORMATS:
        raise UsageError(
            f"A report is of one of {', '.join(WHOLE)}, as one of {', '.join(FORMATS)}.", code="report_kind"
        )
    if of == VIEW and not _ANALYSIS.fullmatch(analysis):
        raise UsageError("A view is of an analysis.", code="report_kind")
    if len(json.dumps(dict(params or {}), default=str)) > LONGEST_ASKED:
        raise UsageError(f"The parameters have at most {LONGEST_ASKED:,} characters.", code="too_long")
    with transaction() as tx:
        home = project_of(tx.session, who, project)
        _require_few(tx.session, who)
        asked: dict[str, Any] = {"of": of}
        if of == RECORDED:
            asked["decision"] = _decision_id(tx.session, home, decision_id)
        else:
            asked |= {"datasets": _versions(tx.session, who, home, dataset_ids)}
        if of == VIEW:
            asked |= {"analysis": analysis, "params": dict(params or {})}
        report = Report(project_id=home.id or 0, user_id=who.user_id, name=wanted, format=file_format, asked=asked)
        tx.session.add(report)
        tx.session.flush()
        run = _queued(tx, home, report, who)
        report.run_id = run.id
        audit.record(tx.session, who, "request_report", f"report/{report.id}", project, format=file_format, of=of)
        publish_run(tx, project, run)
        _publish(tx, project, report, "asked")
        return report.id or 0


def retry(who: Who, report_id: int) -> None:
    """Make a report again that failed or was cancelled, of the same versions. One under way is left alone."""
    with transaction() as tx:
        report, project, run = _report_of(tx.session, who, report_id)
        if run is not None and run.state in OPEN:
            return
        if report.sha256:
            raise Conflict("The report is made already.", code="report_made")
        _require_few(tx.session, who)
        if run is None:
            run = _queued(tx, project, report, who)
            report.run_id = run.id
        run.state, run.error, run.finished_at = "queued", None, None
        run.losses, run.progress, run.stage = 0, 0.0, ""
        audit.record(tx.session, who, "retry_report", f"report/{report.id}", project.slug)
        publish_run(tx, project.slug, run)


def remove(who: Who, report_id: int) -> None:
    """Remove a report; what still makes it is stopped. Its file goes with the next upkeep."""
    with transaction() as tx:
        report, project, run = _report_of(tx.session, who, report_id)
        report.removed_at = now()
        if run is not None and run.state in OPEN:
            run.state, run.finished_at = "cancelled", now()
            publish_run(tx, project.slug, run)
        audit.record(tx.session, who, "remove_report", f"report/{report.id}", project.slug)
        _publish(tx, project.slug, report, "removed")


def finish(work: Work, *, sha256: str, size: int, media_type: str) -> None:
    """*System.* End the run that made a report: its file lies among the blobs already. Raises Conflict (fenced)."""
    with transaction() as tx:
        run = fenced(tx, work, state="done", progress=1.0, stage="", finished_at=now(), backend="child")
        report = tx.session.get_one(Report, int(work.params["report"]), with_for_update=True)
        report.sha256, report.size, report.media_type = sha256, size, media_type
        publish_run(tx, work.project, run)
        _publish(tx, work.project, report, "made")
        forget_progress(work)


# ------------------------------------------------------------------ parts


def _queued(tx: Transaction, project: Project, report: Report, who: Who) -> Run:
    params = {"report": report.id}
    run = Run(
        project_id=project.id or 0,
        kind="report",
        key=work_key("report", params),
        params=params,
        requested_by=who.user_id,
    )
    tx.session.add(run)
    tx.session.flush()
    return run


def _publish(tx: Transaction, project: str, report: Report, change: str) -> None:
    tx.publish(project, f"project/{project}", "report", {"report": report.id, "run": report.run_id, "change": change})


def _versions(rows: Rows, who: Who, home: Project, dataset_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Which versions the report is of: the newest now, whatever arrives until it is made."""
    if not 0 < len(dataset_ids) <= MOST_DATASETS or len({*dataset_ids}) < len(dataset_ids):
        raise UsageError(f"A report is of one to {MOST_DATASETS} different datasets.", code="datasets")
    found: list[dict[str, Any]] = []
    for dataset_id in dataset_ids:
        dataset, project = dataset_of(rows, who, dataset_id)
        if project.id != home.id:
            raise UsageError("A report is of datasets of one project.", code="other_project")
        found.append({"id": dataset.id or 0, "name": dataset.name, "version": dataset.version})
    return found


def _decision_id(rows: Rows, home: Project, decision_id: int) -> int:
    asked = select(Decision.id).where(col(Decision.id) == storable_id(decision_id), Decision.project_id == home.id)
    found = rows.exec(asked).first()
    if found is None:
        raise NotFound("There is no such decision.", code="no_decision")
    return found


def _require_few(rows: Rows, who: Who) -> None:
    """One at a time is made: nobody's reports wait behind hundreds of somebody else's."""
    waiting = select(func.count()).where(
        col(Run.kind) == "report", col(Run.state).in_(OPEN), col(Run.requested_by) == who.user_id
    )
    if rows.exec(waiting).one() >= MOST_WAITING:
        raise Conflict(
            f"{MOST_WAITING} reports that you asked for are not made yet. Wait for one, or remove one.",
            code="reports_waiting",
        )


def _report_of(rows: Rows, who: Who, report_id: int) -> tuple[Report, Project, Run | None]:
    """A report that may be changed: one's own, or anybody's for an analyst. Raises NotFound, AccessDenied."""
    require_writing(who)
    asked = (
        select(Report, Project)
        .join(Project)
        .where(col(Report.id) == storable_id(report_id), col(Report.removed_at).is_(None))
    )
    found = rows.exec(asked.with_for_update(of=Report)).first()
    if found is None or not who.sees(found[1].slug):
        raise NotFound("There is no such report, or it was removed.", code="no_report")
    report, project = found
    if report.user_id != who.user_id:
        require(who, project.slug, "analyst")
    return report, project, None if report.run_id is None else rows.get(Run, report.run_id)
