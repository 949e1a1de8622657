"""Kept forecasts: which are due, how those did whose points are there, and the record of them all."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.access.visible import from_json, project_id, visible_dataset
from engine.actions import forecasts
from engine.analysis import ANALYSES
from engine.analysis.forecast import ForecastParameters
from engine.analysis.forecast.analysis import chosen_line, forecast_line, still
from engine.analysis.forecast.keeping import grade, kept_of, overwritten
from engine.analysis.lines import Line, Lines, lines_of
from engine.errors import PlumblineError, UsageError
from engine.queries.datasets import version_of
from engine.queries.results import check_rows
from engine.queries.segments import count_rows
from engine.queries.states import StatesMissingError, folded, observed
from engine.store.engine import fetch
from engine.store.times import from_store, now
from engine.types import ForecastRecord, ForecastView, GradedForecast, NewForecast, Scoreboard, Who

MOST_GRADED = 1_000
"""The newest graded forecasts of a project, on which its record rests."""
MISSES = 5
MISSED = 0.8
"""A forecast is a miss where its 95 % band held less often than this."""
WAITING = 10
GROWTH = 2.0
"""The runner makes one forecast of a dataset whenever it has so many times the rows of the last, or after a day."""
DAY = timedelta(days=1)
DAILY_GROWTH = 1.1
LOOK = 1.02
"""The points are looked for once the dataset has so many times the rows of the last look."""

_FORECAST = ANALYSES["forecast"]

_NEWEST = """
SELECT rows, made_at FROM forecast WHERE dataset_id = :dataset AND user_id IS NULL ORDER BY id DESC LIMIT 1
"""
_WAITING = """
SELECT id, metric, run, origin, until, kept, looked FROM forecast
WHERE dataset_id = :dataset AND state = 'waiting' ORDER BY id
"""
_COLUMNS = """
SELECT f.id, d.id, d.name, f.metric, f.run, f.model, f.kept, f.origin, f.until, f.made_at, u.name, f.state, f.points,
       f.held, f.crps, f.crps_naive, f.error, f.error_naive
FROM forecast AS f JOIN dataset AS d ON d.id = f.dataset_id LEFT JOIN "user" AS u ON u.id = f.user_id
WHERE d.removed_at IS NULL AND
"""
_GRADED = """
SELECT f.model, f.metric, f.points, f.held, f.crps, f.crps_naive, f.error, f.error_naive
FROM forecast AS f JOIN dataset AS d ON d.id = f.dataset_id
WHERE d.removed_at IS NULL AND f.project_id = :project AND f.state = 'graded' ORDER BY f.id DESC LIMIT :most
"""
_MISSED = _COLUMNS + "f.project_id = :project AND f.state = 'graded' AND f.held < :held ORDER BY f.id DESC LIMIT :most"
_OPEN = _COLUMNS + "f.dataset_id = :dataset AND f.state = 'waiting' ORDER BY f.id DESC LIMIT :most"


# ------------------------------------------------------------------ made and graded


@dataclass(frozen=True, slots=True)
class Due:
    """What a version gives: forecasts to keep, grades, and the ids of those that go on waiting."""

    made: tuple[NewForecast, ...] = ()
    graded: tuple[GradedForecast, ...] = ()
    looked: tuple[int, ...] = ()


def due(dataset_id: int, manifest: Sequence[str], report: Mapping[str, Any]) -> Due:
    """*System.* What is to be kept and graded on a version whose usual states are on disk.

    Nothing where the rows are no curves, nothing is due, or the states are not there.
    """
    if not _FORECAST.applies(report.get("kind"), report.get("fields") or ()):
        return Due()
    rows = count_rows(manifest)
    wanted = _wanted(dataset_id, rows)
    waiting = [one for one in fetch(_WAITING, {"dataset": dataset_id}) if rows >= LOOK * one[6]]
    if not wanted and not waiting:
        return Due()
    try:
        state = folded(manifest, observed(_FORECAST, ForecastParameters()))
    except StatesMissingError:
        return Due()
    lines = lines_of(state)
    found = [_graded(lines, one) for one in waiting]
    ids = [one[0] for one in waiting]
    return Due(
        _usual(lines) if wanted else (),
        tuple(one for one in found if one is not None),
        tuple(number for number, one in zip(ids, found, strict=True) if one is None),
    )


def _wanted(dataset_id: int, rows: int) -> bool:
    newest = fetch(_NEWEST, {"dataset": dataset_id})
    if not newest:
        return True
    before, made_at = newest[0]
    return rows >= GROWTH * before or (rows >= DAILY_GROWTH * before and now() - from_store(made_at) >= DAY)


def _usual(lines: Lines) -> tuple[NewForecast, ...]:
    """The forecast with the usual parameters; none where there is nothing to forecast yet."""
    try:
        line = chosen_line(lines, "", "")
    except PlumblineError:
        return ()
    return () if still(line) else (_made(line, lines.by, ForecastParameters()),)


def _made(line: Line, by: str, params: ForecastParameters) -> NewForecast:
    answer = forecast_line(line, params)
    kept = kept_of(answer, line, by)
    return NewForecast(line.metric, line.run, answer.model, float(line.at[-1]), answer.until, kept)


def _graded(lines: Lines, row: Any) -> GradedForecast | None:
    """The grade of a waiting forecast; None while its points are not all there."""
    forecast_id, metric, run, origin, until, raw, _looked = row
    kept, line = from_json(raw), lines.get(run, metric)
    if line is None:
        return None if lines.sampled else GradedForecast(forecast_id, None)
    if not lines.sampled and overwritten(line, origin, kept):
        return GradedForecast(forecast_id, None)
    if line.at[-1] < until:
        return None
    score = grade(line, origin, until, kept)
    return GradedForecast(forecast_id, None if score is None else asdict(score))


def asked(who: Who, dataset_id: int, params: Mapping[str, Any] | None = None) -> tuple[NewForecast, int, int]:
    """The forecast that somebody asks to have kept: of the newest version, with these parameters.

    Raises NotFound, AccessDenied, UsageError, NotEnoughData.
    """
    found = version_of(visible_dataset(who, dataset_id))
    chosen = ForecastParameters.parse(dict(params or {}))
    check_rows(_FORECAST, found)
    if chosen.slice or chosen.where:
        raise UsageError("A forecast is kept of whole lines, not of a part of the rows.", code="cohort")
    try:
        lines = lines_of(folded(found.manifest, observed(_FORECAST, chosen)))
    except StatesMissingError:
        raise UsageError("The data are still being observed; try again in a moment.", code="not_observed") from None
    line = chosen_line(lines, chosen.metric, chosen.run)
    if still(line):
        raise UsageError(f"{line.metric} never moves: there is nothing to forecast.", code="constant")
    return _made(line, lines.by, chosen), found.number, count_rows(found.manifest)


forecasts.made_by(asked)


# ------------------------------------------------------------------ the record


def scoreboard(who: Who, dataset_id: int) -> Scoreboard:
    """How kept forecasts of the project of a dataset did, and what of the dataset still waits.

    Raises NotFound, AccessDenied.
    """
    dataset = visible_dataset(who, dataset_id)
    project = project_id(who, dataset.project)
    return Scoreboard(
        _records(fetch(_GRADED, {"project": project, "most": MOST_GRADED})),
        tuple(_view(row) for row in fetch(_MISSED, {"project": project, "held": MISSED, "most": MISSES})),
        tuple(_view(row) for row in fetch(_OPEN, {"dataset": dataset.id, "most": WAITING})),
    )


def _records(rows: Sequence[Any]) -> tuple[ForecastRecord, ...]:
    by_kind: dict[tuple[str, str], list[Any]] = {}
    for model, metric, *score in rows:
        by_kind.setdefault((model, metric), []).append(score)
    found = [_record(*kind, scores) for kind, scores in by_kind.items()]
    return tuple(sorted(found, key=lambda one: (-one.graded, one.model, one.metric)))


def _record(model: str, metric: str, scores: Sequence[Any]) -> ForecastRecord:
    points = sum(score[0] for score in scores)
    held = sum(score[0] * score[1] for score in scores) / points
    crps, error = ([ratio(score[at], score[at + 1]) for score in scores] for at in (2, 4))
    return ForecastRecord(model, metric, len(scores), points, held, _typical(crps), _typical(error))


def ratio(own: float | None, other: float | None) -> float | None:
    """*System.* A score by naive's; None where naive makes no error, or nothing was scored."""
    return own / other if own is not None and other else None


def _typical(ratios: Sequence[float | None]) -> float | None:
    """Geometric mean of those above nought."""
    kept = [math.log(one) for one in ratios if one]
    return math.exp(sum(kept) / len(kept)) if kept else None


def _view(row: Any) -> ForecastView:
    (number, dataset_id, dataset, metric, run, model, kept, origin, until, made_at, person, state, *score) = row
    points, held, crps, crps_naive, error, error_naive = score
    moment: datetime = from_store(made_at)
    return ForecastView(
        number,
        dataset_id,
        dataset,
        metric,
        run,
        model,
        str(from_json(kept).get("by", "step")),
        origin,
        until,
        moment,
        person or "",
        state,
        points,
        held,
        ratio(crps, crps_naive),
        ratio(error, error_naive),
    )
