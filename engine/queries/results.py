"""Answers: states folded, concluded, remembered; the rows and the evidence behind them filled in."""

from __future__ import annotations

import json
import logging
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from functools import partial
from typing import Any

from engine import alarms
from engine import analysis as analyses
from engine.access.visible import VisibleDataset, visible_dataset
from engine.actions.queue import observe_once
from engine.analysis.base import Analysis, Parameters
from engine.errors import NotEnoughData, PlumblineError, StatePending, UsageError
from engine.queries import events, kept, segments
from engine.queries.cache import Cache
from engine.queries.datasets import VersionOf, version_of
from engine.queries.moving import Chosen, Moving
from engine.queries.states import StatesMissingError, folded, observed
from engine.store.datasets import manifest_hash
from engine.store.engine import get_store
from engine.types import Concluded, Result, Who

WORST_SHOWN = 20
ANSWER_PICTURES = ("reliability", "corp")
RESULTS_REMEMBERED = 256

MISTAKES = (ArithmeticError, LookupError, TypeError, ValueError)
"""What an analysis raises that should not; what was read is kept all the same."""

log = logging.getLogger(__name__)

_results: Cache[tuple[str, ...], Result] = Cache(RESULTS_REMEMBERED)
_with_rows: Cache[tuple[str, ...], Result] = Cache(RESULTS_REMEMBERED)
_moving = Moving(RESULTS_REMEMBERED)


def conclude(
    who: Who,
    dataset_id: int,
    analysis: str = "calibration",
    params: Mapping[str, Any] | None = None,
    version: int | None = None,
    *,
    rows: bool = True,
    patience: float = 0.0,
) -> Concluded:
    """The answer of an analysis (empty: the leading one of such rows) on a version (the newest where none is named).

    `rows` says whether the worst rows come with their texts: finding them in the segments takes longer than the answer.
    While rows keep arriving, an answer that was the newest less than `patience` seconds ago serves instead of one that
    would have to be concluded, and a little longer while that is done meanwhile: its version and its `as_of` say so.

    Raises NotFound, AccessDenied, UsageError (unknown analysis, parameter or slice, or a kind it cannot take),
    NotEnoughData, and StatePending where segments have to be observed first: that run is queued then.
    """
    as_of = events.cursor()
    dataset = visible_dataset(who, dataset_id)
    return answered(dataset, who.user_id, analysis, params, version, as_of, rows=rows, patience=patience)


def answered(
    dataset: VisibleDataset,
    asked_by: int | None,
    analysis: str,
    params: Mapping[str, Any] | None,
    version: int | None,
    as_of: int,
    *,
    rows: bool,
    patience: float = 0.0,
) -> Concluded:
    """*System.* What `conclude` answers on a dataset that was found on somebody's behalf (None: on nobody's)."""
    found = version_of(dataset, version)
    chosen = find_analysis(analysis) if analysis else _leading(found)
    parameters = chosen.parameters.parse({**found_params(chosen, found.report), **(params or {})})
    check_rows(chosen, found)
    usual = parameters == chosen.parameters.parse(found_params(chosen, found.report))
    if patience and not usual and _results.peek(_key(found.manifest, chosen, parameters)) is None:
        question = (get_store().url, dataset.id, *_question(chosen, parameters))
        conclude_next = partial(_conclusion, None, found.manifest, chosen, parameters, rows)
        found, as_of = _moving.choose(question, Chosen(found, as_of), patience, conclude_next)
    try:
        result = _conclusion(dataset.id if usual else None, found.manifest, chosen, parameters, rows)
    except StatesMissingError as missing:
        observe = observed(chosen, parameters).observe
        run_id = observe_once(dataset.id, chosen.name, observe, missing.segments, asked_by)
        raise StatePending("The data are being observed for this view; it appears by itself.", run_id) from missing
    return Concluded(with_evidence(result, dataset, found, parameters), found.number, as_of)


def found_params(chosen: Analysis[Any, Any], report: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that the reader found in the data, where the analysis has them: the scale of raw scores."""
    scale = report.get("scale")
    return {"scale": scale} if scale is not None and hasattr(chosen.parameters, "scale") else {}


def answer_of(
    manifest: Sequence[str],
    report: Mapping[str, Any],
    keep_for: int | None = None,
) -> dict[str, Any] | None:
    """*System.* The compact answer of the leading analysis on a manifest whose usual states are on disk already.

    The whole of it is kept as the newest answer of the dataset `keep_for`. None where no analysis has anything to say
    about such rows; where the data do not suffice, an answer that says so.
    """
    chosen = next(iter(analyses.applicable(report)), None)
    if chosen is None or not manifest:
        return None
    parameters = chosen.parameters.parse(found_params(chosen, report))
    try:
        result = _concluded(manifest, chosen, parameters)
    except NotEnoughData as error:
        rows = segments.count_rows(manifest)
        said = {
            "analysis": chosen.name,
            "verdict": error.code,
            "sentence": error.message,
            "rows": rows,
            "prompts": None,
        }
        return {**said, "estimates": {}, "pictures": {}}
    if keep_for is not None:
        kept.keep(keep_for, _key(manifest, chosen, parameters), result)
    return summary(result)


def others_of(manifest: Sequence[str], report: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """*System.* What analyses that may ring but do not lead say of a manifest, as far as they observed it.

    One that fails leaves the others what they say.
    """
    said = {}
    for chosen in [one for one in analyses.applicable(report)[1:] if one.name in alarms.SEVERITY]:
        parameters = chosen.parameters.parse(found_params(chosen, report))
        try:
            result = _concluded(manifest, chosen, parameters)
        except (StatesMissingError, PlumblineError):
            continue
        except MISTAKES:
            log.exception("%s of a new version failed", chosen.name)
            continue
        said[chosen.name] = {"verdict": result.verdict, "sentence": result.sentence}
    return said


def summary(result: Result) -> dict[str, Any]:
    """The compact answer that versions keep and events carry."""
    return {
        "analysis": result.analysis,
        "verdict": result.verdict,
        "sentence": result.sentence,
        "estimates": {
            name: {key: getattr(estimate, key) for key in ("value", "low", "high", "null_95")}
            for name, estimate in result.estimates.items()
        },
        "rows": result.dataset.get("rows", result.evidence.rows),
        "prompts": result.dataset.get("prompts", 0),
        "prompts_approximate": result.dataset.get("prompts_approximate", False),
        "pictures": {name: dict(result.pictures[name]) for name in ANSWER_PICTURES if name in result.pictures},
    }


def every_parameter() -> dict[str, tuple[type, tuple[str, ...]]]:
    """*System.* Every parameter of the analyses by name: its type, and the analyses that have it."""
    found: dict[str, tuple[type, tuple[str, ...]]] = {}
    for chosen in analyses.ANALYSES.values():
        for field in fields(chosen.parameters):
            kind, known = found.get(field.name, (type(field.default), ()))
            found[field.name] = (kind, (*known, chosen.name))
    return found


def find_analysis(name: str) -> Analysis[Any, Any]:
    """The analysis of this name. Raises UsageError."""
    try:
        return analyses.ANALYSES[name]
    except KeyError:
        known = ", ".join(sorted(analyses.ANALYSES))
        raise UsageError(f"There is no such analysis; there are: {known}.", code="unknown_analysis") from None


def _leading(version: VersionOf) -> Analysis[Any, Any]:
    found = analyses.applicable(version.report)
    if not found:
        raise UsageError("No analysis has anything to say about such rows.", code="no_analysis")
    return found[0]


def check_rows(chosen: Analysis[Any, Any], version: VersionOf) -> None:
    """Raise UsageError where an analysis has nothing to say about the rows of a version, NotEnoughData for no row."""
    kind, fields = version.report.get("kind"), version.report.get("fields") or analyses.UNKNOWN_FIELDS
    missing = chosen.missing(kind, fields)
    if missing is None:
        taken = " or ".join(chosen.kinds)
        raise UsageError(f"{chosen.title} needs rows of kind {taken}; these are of kind {kind}.", code="kind")
    if missing:
        raise UsageError(f"{chosen.title} needs {_and(missing)}; these rows have none.", code="missing_columns")
    if not version.manifest:
        raise NotEnoughData("No row of this dataset could be taken.", code="no_rows")


def _and(names: Sequence[str]) -> str:
    return " and ".join(name.replace("_", " ") for name in names)


def _question(chosen: Analysis[Any, Any], parameters: Parameters) -> tuple[str, ...]:
    return chosen.name, chosen.version, json.dumps(asdict(parameters), sort_keys=True)


def _key(manifest: Sequence[str], chosen: Analysis[Any, Any], parameters: Parameters) -> tuple[str, ...]:
    return manifest_hash(manifest), *_question(chosen, parameters)


def _conclusion(
    usual_of: int | None, manifest: Sequence[str], chosen: Analysis[Any, Any], parameters: Parameters, rows: bool
) -> Result:
    """The answer. `usual_of` is the dataset where the parameters are the ones with which the runner concludes."""
    key = _key(manifest, chosen, parameters)

    def make() -> Result:
        known = kept.answer(usual_of, key) if usual_of is not None else None
        return known or _concluded(manifest, chosen, parameters)

    result = _results.get(key, make)
    return _with_rows.get(key, lambda: with_worst(result, manifest)) if rows else result


def _concluded(manifest: Sequence[str], chosen: Analysis[Any, Any], parameters: Parameters) -> Result:
    return chosen.conclude(folded(manifest, observed(chosen, parameters)), parameters)


def with_worst(result: Result, manifest: Sequence[str]) -> Result:
    """The result with the rows that it names, texts included."""
    if not result.worst:
        return result
    worst = {reference.row_hash: reference.confidence for reference in result.worst[:WORST_SHOWN]}
    rows = segments.rows_by_hash(manifest, list(worst))
    shown = [{**row, "confidence": worst[row["row_hash"]]} for row in rows]
    scores = bool(rows) and "value" in rows[0] and not result.items
    return replace(result, items=shown) if scores else replace(result, pairs=shown)


def with_evidence(result: Result, dataset: VisibleDataset, version: VersionOf, parameters: Parameters) -> Result:
    """The result with what recomputes it, and what was read of the rows that it is of."""
    given = {key: value for key, value in asdict(parameters).items() if value != getattr(type(parameters)(), key)}
    words = ["python", "-m", "jobs", "analyse", dataset.name, "--analysis", result.analysis]
    words += [word for key, value in given.items() for word in ("--param", f"{key}={value}")]
    words += [word for key, value in dataset.mapping.items() for word in ("--map", f"{key}={value}")]
    evidence = replace(
        result.evidence,
        dataset=dataset.name,
        dataset_version=version.number,
        sha256=version.sha256,
        params=asdict(parameters),
        command=shlex.join(words),
    )
    counts = {name: version.report.get(name) for name in ("rows", "accepted", "rejected", "reasons", "format", "kind")}
    return replace(result, evidence=evidence, dataset={**result.dataset, "name": dataset.name, **counts})
