"""Reads of datasets: what they are, how their answer changed, and single rows with their text."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from engine.access.visible import VisibleDataset, earlier_than, from_json, project_id, visible_dataset
from engine.analysis import applicable, combinable
from engine.errors import NotFound
from engine.queries import events, segments
from engine.queries.cache import Cache
from engine.store.engine import fetch, get_store
from engine.store.times import from_store
from engine.types import AnswerView, DatasetView, Notice, RowReference, VersionView, Who

VERSIONS_REMEMBERED = 1_000
LISTS_REMEMBERED = 4
HISTORIES_REMEMBERED = 64
MOST_ANSWERS = 500

_COLUMNS = """
SELECT d.id, p.slug, p.simulated, d.name, d.content, d.source, d.version, d.created_at, d.updated_at,
       v.sha256, v.report, v.sentence, v.verdict, r.id, r.state, r.error
FROM dataset d
JOIN project p ON p.id = d.project_id
LEFT JOIN version v ON v.dataset_id = d.id AND v.number = d.version
LEFT JOIN run r ON r.id = (SELECT max(id) FROM run WHERE dataset_id = d.id)
WHERE d.removed_at IS NULL AND
"""
_OF_PROJECT = _COLUMNS + "d.project_id = :project ORDER BY d.updated_at DESC, d.id DESC"
_PAGE = _COLUMNS + "d.project_id = :project AND d.id < :before ORDER BY d.id DESC LIMIT :limit"
_ONE = _COLUMNS + "d.id = :id"
_VERSION = "SELECT number, manifest, sha256, report FROM version WHERE dataset_id = :dataset AND number = :number"
_VERSIONS = """
SELECT number, created_at, sha256, report, verdict, sentence FROM version
WHERE dataset_id = :dataset AND number < :before ORDER BY number DESC LIMIT :limit
"""
_ANSWERS = """
SELECT number, created_at, verdict, sentence, answer FROM version
WHERE dataset_id = :dataset AND number > :after AND answer IS NOT NULL ORDER BY number DESC LIMIT :limit
"""


class VersionOf(NamedTuple):
    """One version of a dataset. It never changes."""

    number: int
    manifest: tuple[str, ...]
    sha256: str
    report: dict[str, Any]


_versions: Cache[tuple[str, int, int], VersionOf] = Cache(VERSIONS_REMEMBERED)
_histories: Cache[tuple[object, ...], list[AnswerView]] = Cache(HISTORIES_REMEMBERED)
_lists: Cache[tuple[str, int, int], list[DatasetView]] = Cache(LISTS_REMEMBERED)


def list_datasets(who: Who, project: str) -> list[DatasetView]:
    """The datasets of a project that are not removed, last changed first.

    Everybody who may see them is given the same list, until the next event: there may be ten thousand.
    """
    number, as_of = project_id(who, project), events.cursor()

    def read() -> list[DatasetView]:
        return [_view(row, as_of) for row in fetch(_OF_PROJECT, {"project": number})]

    return list(_lists.get((get_store().url, number, as_of), read))


def page(who: Who, project: str, limit: int, before: int | None = None) -> list[DatasetView]:
    """The newest datasets of a project that are not removed, newest first; those made before the one of id `before`."""
    as_of = events.cursor()
    asked = {"project": project_id(who, project), "limit": limit, "before": earlier_than(before)}
    return [_view(row, as_of) for row in fetch(_PAGE, asked)]


def get_dataset(who: Who, dataset_id: int) -> DatasetView:
    """One dataset. Raises NotFound where there is none or it was removed."""
    as_of = events.cursor()
    visible = visible_dataset(who, dataset_id)
    found = fetch(_ONE, {"id": visible.id})
    if not found:
        raise NotFound("There is no such dataset, or it was removed.", code="no_dataset")
    return _view(found[0], as_of)


def history(who: Who, dataset_id: int, since: int = 0, limit: int = MOST_ANSWERS) -> list[AnswerView]:
    """The answers of the newest versions after `since` that have one, oldest first; at most 500.

    Everybody who may see them is given the same: where rows arrive, many ask for the same line of them at once.
    """
    visible = visible_dataset(who, dataset_id)
    asked = {"dataset": visible.id, "after": since, "limit": min(max(limit, 0), MOST_ANSWERS)}
    key = (get_store().url, *asked.values(), visible.version)
    return list(_histories.get(key, lambda: [_answer(*row) for row in reversed(fetch(_ANSWERS, asked))]))


def versions(who: Who, dataset_id: int, limit: int, before: int | None = None) -> list[VersionView]:
    """The newest versions of a dataset that are kept, newest first; those before the number `before`."""
    visible = visible_dataset(who, dataset_id)
    asked = {"dataset": visible.id, "limit": limit, "before": earlier_than(before)}
    return [_version_view(*row) for row in fetch(_VERSIONS, asked)]


def read_rows(who: Who, dataset_id: int, version: int, references: list[RowReference]) -> list[dict[str, Any]]:
    """These rows of this version with everything the source said of them, text included, in the order asked."""
    found = version_of(visible_dataset(who, dataset_id), version)
    return segments.rows_by_hash(found.manifest, [reference.row_hash for reference in references])


def version_of(dataset: VisibleDataset, number: int | None = None) -> VersionOf:
    """A version of a dataset, the newest where no number is given. Raises NotFound."""
    wanted = dataset.version if number is None else number
    if not 0 < wanted <= dataset.version:
        message = "There is no such version." if dataset.version else "Nothing has been read of this dataset yet."
        raise NotFound(message, code="no_version")
    return _versions.get((get_store().url, dataset.id, wanted), lambda: _read_version(dataset.id, wanted))


def _read_version(dataset_id: int, number: int) -> VersionOf:
    found = fetch(_VERSION, {"dataset": dataset_id, "number": number})
    if not found:
        raise NotFound("This version is not kept any more.", code="no_version")
    (_number, manifest, sha256, report) = found[0]
    return VersionOf(number, tuple(from_json(manifest)), sha256, from_json(report))


# ------------------------------------------------------------------ views


def _view(row: Any, as_of: int) -> DatasetView:
    (row_id, project, simulated, name, content, source, version, created, updated, *rest) = row
    (manifest_sha256, kept_report, sentence, verdict, run_id, run_state, run_error) = rest
    report = from_json(kept_report) or {}
    return DatasetView(
        id=row_id,
        project=project,
        name=name,
        kind=report.get("kind"),
        format=report.get("format", ""),
        version=version,
        rows=report.get("rows", 0),
        accepted=report.get("accepted", 0),
        rejected=report.get("rejected", 0),
        reasons=report.get("reasons", {}),
        examples=report.get("examples", []),
        columns=report.get("columns", {}),
        warnings=[Notice(notice["code"], notice["message"]) for notice in report.get("warnings", [])],
        slices=report.get("slices", {}),
        live=source is not None,
        simulated=bool(simulated),
        created_at=from_store(created),
        updated_at=from_store(updated),
        sha256=content or manifest_sha256 or "",
        sentence=sentence,
        verdict=verdict,
        run_id=run_id,
        error=from_json(run_error) if run_state == "failed" else None,
        event_id=as_of,
        analyses=tuple(analysis.name for analysis in applicable(report)) if report else (),
        beside=tuple(analysis.name for analysis in combinable(report)) if report else (),
    )


def _version_view(number: int, created: Any, sha256: str, kept: Any, verdict: str, sentence: str) -> VersionView:
    report = from_json(kept) or {}
    counts = {name: report.get(name, 0) for name in ("rows", "accepted", "rejected")}
    return VersionView(number, from_store(created), sha256, **counts, verdict=verdict, sentence=sentence)


def _answer(number: int, created: Any, verdict: str, sentence: str, kept: Any) -> AnswerView:
    """The answer of a version. Each row that arrives asks for all of them: what came as text is parsed once."""
    parse = _answer_of_text if isinstance(kept, str) else _parse_answer
    return parse(number, created, verdict, sentence, kept)


def _parse_answer(number: int, created: Any, verdict: str, sentence: str, kept: Any) -> AnswerView:
    answer = from_json(kept)
    return AnswerView(
        version=number,
        at=from_store(created),
        verdict=verdict,
        sentence=sentence,
        rows=answer.get("rows", 0),
        estimates=answer.get("estimates", {}),
        analysis=answer.get("analysis", "calibration"),
    )


_answer_of_text = lru_cache(8 * MOST_ANSWERS)(_parse_answer)
