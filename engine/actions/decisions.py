"""Changes to the journal: what was decided, because of which answer. It is added to; nothing in it is ever changed.

The answer is concluded anew when a decision is recorded: no number of it comes from whoever asks. Concluding is a
matter of the queries, which stand above the actions and say here how it is done (`grounded_by`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlmodel import Session as Rows
from sqlmodel import col, select

from engine.access import audit
from engine.access.names import clean, prose
from engine.access.roles import require
from engine.access.scope import dataset_of, project_of
from engine.access.visible import storable_id
from engine.errors import Conflict, NotFound, UsageError
from engine.store.tables import Decision, Project
from engine.store.times import now
from engine.store.transaction import transaction
from engine.types import Grounds, Who

LONGEST_TITLE = 200
LONGEST_BECAUSE = 10_000

Concludes = Callable[[Who, Sequence[int], str, Mapping[str, Any]], Grounds]

_concludes: list[Concludes] = []


def grounded_by(concludes: Concludes) -> None:
    """*System.* Have the grounds of decisions concluded by this function (`engine.queries.decisions`)."""
    _concludes[:] = [concludes]


def record(
    who: Who,
    project: str,
    title: str,
    because: str,
    analysis: str,
    dataset_ids: Sequence[int],
    params: Mapping[str, Any] | None = None,
) -> int:
    """Record a decision with what an analysis now says of the newest versions of these datasets of the project.

    Raises NotFound, AccessDenied, UsageError, and whatever concluding raises: without an answer there are no grounds.
    """
    require(who, project, "analyst")
    wanted, reasons = clean(title, LONGEST_TITLE, "A title"), prose(because, LONGEST_BECAUSE, "The reason")
    grounds = _concludes[0](who, dataset_ids, analysis, params or {})
    with transaction() as tx:
        home = project_of(tx.session, who, project, "analyst")
        _require_of(tx.session, who, home, grounds)
        decision = Decision(
            project_id=home.id or 0, user_id=who.user_id, title=wanted, because=reasons, **_plain(grounds)
        )
        tx.session.add(decision)
        tx.session.flush()
        audit.record(tx.session, who, "record_decision", f"decision/{decision.id}", project, verdict=grounds.verdict)
        tx.publish(project, f"project/{project}", "decision", {"decision": decision.id, "change": "recorded"})
        return decision.id or 0


def withdraw(who: Who, decision_id: int, why: str) -> None:
    """Say that a decision does not hold any more, and why. It stays where it is. Raises Conflict the second time."""
    reasons = prose(why, LONGEST_BECAUSE, "The reason")
    with transaction() as tx:
        decision, project = _decision_of(tx.session, who, decision_id)
        if decision.withdrawn_at is not None:
            raise Conflict("This decision has been withdrawn already.", code="withdrawn")
        decision.withdrawn_at, decision.withdrawn_by, decision.withdrawn_why = now(), who.user_id, reasons
        audit.record(tx.session, who, "withdraw_decision", f"decision/{decision.id}", project)
        tx.publish(project, f"project/{project}", "decision", {"decision": decision.id, "change": "withdrawn"})


def _plain(grounds: Grounds) -> dict[str, Any]:
    plain = asdict(grounds)
    return {**plain, "datasets": list(plain["datasets"])}


def _require_of(rows: Rows, who: Who, project: Project, grounds: Grounds) -> None:
    """A journal is read by those who see the project: nothing of another one goes into it."""
    for dataset in grounds.datasets:
        _, home = dataset_of(rows, who, dataset.id)
        if home.id != project.id:
            raise UsageError(f"{dataset.name} belongs to another project.", code="other_project")


def _decision_of(rows: Rows, who: Who, decision_id: int) -> tuple[Decision, str]:
    asked = select(Decision, Project).join(Project).where(col(Decision.id) == storable_id(decision_id))
    found = rows.exec(asked.with_for_update(of=Decision)).first()
    if found is None or not who.sees(found[1].slug):
        raise NotFound("There is no such decision.", code="no_decision")
    require(who, found[1].slug, "analyst")
    return found[0], found[1].slug
