"""Reads of the journal of decisions, and what a decision rests on: an answer, concluded here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

from engine.access.visible import earlier_than, from_json, project_id, storable_id, visible_dataset
from engine.actions import decisions
from engine.errors import NotFound, PlumblineError
from engine.queries import results, several
from engine.queries.datasets import version_of
from engine.store.engine import fetch
from engine.store.times import from_store
from engine.types import Concluded, DatasetVersion, DecisionView, Grounds, Since, Who

MOST = 1_000

_COLUMNS = """
SELECT c.id, p.slug, c.at, u.name, c.title, c.because, c.analysis, c.datasets, c.params, c.verdict, c.sentence,
       c.estimates, c.evidence, c.query, c.withdrawn_at, w.name, c.withdrawn_why
FROM decision AS c JOIN project AS p ON p.id = c.project_id JOIN "user" AS u ON u.id = c.user_id
LEFT JOIN "user" AS w ON w.id = c.withdrawn_by WHERE
"""
_PAGE = _COLUMNS + "c.project_id = :project AND c.id < :before ORDER BY c.id DESC LIMIT :limit"
_ONE = _COLUMNS + "c.id = :id"


def list_decisions(who: Who, project: str, limit: int = 50, before: int | None = None) -> list[DecisionView]:
    """The newest decisions of a project, newest first, at most 1,000; those recorded before the one of id `before`.

    Raises NotFound, AccessDenied.
    """
    number = project_id(who, project)
    asked = {"project": number, "before": earlier_than(before), "limit": min(max(limit, 0), MOST)}
    return [_view(row) for row in fetch(_PAGE, asked)]


def get_decision(who: Who, decision_id: int) -> DecisionView:
    """One decision. Raises NotFound."""
    found = fetch(_ONE, {"id": storable_id(decision_id)})
    if not found or not who.sees(found[0][1]):
        raise NotFound("There is no such decision.", code="no_decision")
    return _view(found[0])


def since(who: Who, decision_id: int) -> Since:
    """What became of the data of a decision: whether they moved, and what the same question is answered now.

    Raises NotFound where there is no such decision; what cannot be answered any more says why.
    """
    grounds = get_decision(who, decision_id).grounds
    ids = [dataset.id for dataset in grounds.datasets]
    try:
        heads = [_head(who, dataset_id) for dataset_id in ids]
        newer = tuple(head for head, then in zip(heads, grounds.datasets, strict=True) if head.sha256 != then.sha256)
        if not newer:
            return Since()
        now = _concluded(who, heads, grounds.analysis, grounds.params).result
    except PlumblineError as error:
        return Since(sentence=error.message)
    return Since(newer, now.verdict, now.sentence)


def grounds(who: Who, dataset_ids: Sequence[int], analysis: str, params: Mapping[str, Any]) -> Grounds:
    """What an analysis says of the newest versions of datasets, as a decision keeps it. Raises what concluding does."""
    asked = dataset_ids[: several.MOST_DATASETS + 1]  # one too many is refused below
    heads = [_head(who, dataset_id) for dataset_id in asked]
    return frozen(_concluded(who, heads, analysis, params), heads)


def frozen(concluded: Concluded, datasets: Sequence[DatasetVersion]) -> Grounds:
    """A conclusion as plain values that lie in the store for ever."""
    result = concluded.result
    evidence = asdict(result.evidence)
    return Grounds(
        analysis=result.analysis,
        datasets=tuple(datasets),
        params=evidence["params"],
        verdict=result.verdict,
        sentence=result.sentence,
        estimates={name: asdict(estimate) for name, estimate in result.estimates.items()},
        evidence=evidence,
        query=_address(result.analysis, datasets, evidence["params"]),
    )


decisions.grounded_by(grounds)


def _head(who: Who, dataset_id: int) -> DatasetVersion:
    dataset = visible_dataset(who, dataset_id)
    version = version_of(dataset)
    return DatasetVersion(dataset.id, dataset.name, version.number, version.sha256)


def _concluded(who: Who, heads: Sequence[DatasetVersion], analysis: str, params: Mapping[str, Any]) -> Concluded:
    """The answer on exactly these versions: rows that arrive meanwhile do not get in between."""
    if len(heads) == 1:
        return results.conclude(who, heads[0].id, analysis, params, heads[0].version, rows=False)
    versions = [head.version for head in heads]
    return several.conclude(who, [head.id for head in heads], analysis, params, versions, rows=False)


def _address(analysis: str, datasets: Sequence[DatasetVersion], params: Mapping[str, Any]) -> str:
    """Where the view is within this product: its page, the datasets, and the parameters that are not the usual ones."""
    usual = asdict(results.find_analysis(analysis).parameters())
    first, *others = (dataset.id for dataset in datasets)
    beside = {"beside": ".".join(map(str, others))} if others else {}
    chosen = {name: value for name, value in params.items() if value != usual.get(name)}
    return f"{analysis}?{urlencode({'dataset': first, **beside, **chosen})}"


def _view(row: Any) -> DecisionView:
    (decision_id, project, at, person, title, because, analysis, datasets, params, verdict, sentence, *rest) = row
    (estimates, evidence, query, withdrawn_at, withdrawn_by, withdrawn_why) = rest
    return DecisionView(
        id=decision_id,
        project=project,
        at=from_store(at),
        person=person,
        title=title,
        because=because,
        grounds=Grounds(
            analysis=analysis,
            datasets=tuple(DatasetVersion(**dataset) for dataset in from_json(datasets)),
            params=from_json(params),
            verdict=verdict,
            sentence=sentence,
            estimates=from_json(estimates),
            evidence=from_json(evidence),
            query=query,
        ),
        withdrawn_at=None if withdrawn_at is None else from_store(withdrawn_at),
        withdrawn_by=withdrawn_by or "",
        withdrawn_why=withdrawn_why,
    )
