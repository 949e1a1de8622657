"""Kept forecasts: written when they are made, graded once when the points are there, and never changed otherwise.

A forecast is concluded anew when somebody asks to have it kept: no number of it comes from whoever asks. Concluding is
a matter of the queries, which stand above the actions and say here how it is done (`made_by`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import update
from sqlmodel import col, select

from engine.access import audit
from engine.access.scope import dataset_of
from engine.store.tables import Dataset, KeptForecast, Project
from engine.store.times import now
from engine.store.transaction import Transaction, transaction
from engine.types import GradedForecast, NewForecast, Who

Makes = Callable[[Who, int, Mapping[str, Any]], tuple[NewForecast, int, int]]
"""The forecast of a dataset with these parameters, the version it is of, and the rows that version has."""

_makes: list[Makes] = []


def made_by(makes: Makes) -> None:
    """*System.* Have forecasts concluded by this function (`engine.queries.forecasts`)."""
    _makes[:] = [makes]


def keep(who: Who, dataset_id: int, params: Mapping[str, Any] | None = None) -> int:
    """Keep the forecast of the newest version with these parameters, to be graded when its points are there.

    Returns its id. Raises NotFound, AccessDenied, and whatever concluding raises.
    """
    with transaction() as tx:
        dataset_of(tx.session, who, dataset_id, "analyst")
    made, version, rows = _makes[0](who, dataset_id, params or {})
    with transaction() as tx:
        dataset, project = dataset_of(tx.session, who, dataset_id, "analyst")
        kept = _row(made, project.id or 0, dataset.id or 0, version, rows, who.user_id)
        tx.session.add(kept)
        tx.session.flush()
        audit.record(tx.session, who, "keep_forecast", f"forecast/{kept.id}", project.slug, metric=made.metric[:100])
        _tell(tx, project.slug, dataset_id, kept=1, graded=0)
        return kept.id or 0


def record(
    dataset_id: int,
    version: int,
    rows: int,
    made: Sequence[NewForecast],
    graded: Sequence[GradedForecast],
    looked: Sequence[int] = (),
) -> None:
    """*System.* Keep what the runner made on a version of so many rows, and grade what the points are there for.

    `looked` are ids of forecasts that still wait. A grade is given once: who comes second changes nothing.
    """
    if not made and not graded and not looked:
        return
    with transaction() as tx:
        of = select(Dataset, Project).join(Project).where(col(Dataset.id) == dataset_id)
        found = tx.session.exec(of).first()
        if found is None:
            return
        project = found[1]
        for one in made:
            tx.session.add(_row(one, project.id or 0, dataset_id, version, rows, None))
        for done in graded:
            _grade(tx, dataset_id, done)
        if looked:
            seen = update(KeptForecast).where(col(KeptForecast.id).in_(looked)).values(looked=rows)
            tx.session.connection().execute(seen)
        if made or graded:
            _tell(tx, project.slug, dataset_id, kept=len(made), graded=len(graded))


def _row(
    made: NewForecast, project_id: int, dataset_id: int, version: int, rows: int, user_id: int | None
) -> KeptForecast:
    return KeptForecast(
        project_id=project_id,
        dataset_id=dataset_id,
        version=version,
        rows=rows,
        looked=rows,
        user_id=user_id,
        metric=made.metric,
        run=made.run,
        model=made.model,
        origin=made.origin,
        until=made.until,
        kept=dict(made.kept),
    )


def _grade(tx: Transaction, dataset_id: int, one: GradedForecast) -> None:
    waiting = update(KeptForecast).where(
        col(KeptForecast.id) == one.id,
        col(KeptForecast.dataset_id) == dataset_id,
        col(KeptForecast.state) == "waiting",
    )
    values = {"state": "overwritten"} if one.score is None else {"state": "graded", **one.score}
    tx.session.connection().execute(waiting.values(graded_at=now(), **values))


def _tell(tx: Transaction, project: str, dataset_id: int, *, kept: int, graded: int) -> None:
    tx.publish(project, f"dataset/{dataset_id}", "forecast", {"dataset": dataset_id, "kept": kept, "graded": graded})
