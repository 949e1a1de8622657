"""One answer on several datasets: their states, each labelled with its name, put together and concluded."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import reduce
from itertools import chain
from typing import Any, NamedTuple

from engine.access.visible import VisibleDataset, visible_dataset
from engine.actions.queue import observe_once
from engine.analysis.base import Analysis, Parameters
from engine.errors import StatePending, UsageError
from engine.naming import apart
from engine.queries import events, results
from engine.queries.cache import Cache
from engine.queries.datasets import VersionOf, version_of
from engine.queries.states import StatesMissingError, folded, observed
from engine.types import Concluded, Result, Who

MOST_DATASETS = 24
RESULTS_REMEMBERED = 128

_results: Cache[tuple[Any, ...], Result] = Cache(RESULTS_REMEMBERED)


class Part(NamedTuple):
    """One of the datasets: which, and its version that is looked at."""

    dataset: VisibleDataset
    version: VersionOf


def conclude(
    who: Who,
    dataset_ids: Sequence[int],
    analysis: str,
    params: Mapping[str, Any] | None = None,
    versions: Sequence[int] | None = None,
    *,
    rows: bool = True,
) -> Concluded:
    """The answer of an analysis on versions of several datasets, the newest where none are named.

    The first dataset is the baseline's.

    The version of the answer is the sum of theirs, which grows whenever one of them does. Raises as
    `results.conclude`, for the first dataset that it holds of; UsageError for too many, or one twice.
    """
    if len({*dataset_ids}) < len(dataset_ids) or not 0 < len(dataset_ids) <= MOST_DATASETS:
        raise UsageError(f"From one to {MOST_DATASETS} different datasets are put together.", code="datasets")
    as_of = events.cursor()
    found = [visible_dataset(who, dataset_id) for dataset_id in dataset_ids]
    return answered(found, who.user_id, analysis, params, versions, as_of, rows=rows)


def answered(
    datasets: Sequence[VisibleDataset],
    asked_by: int | None,
    analysis: str,
    params: Mapping[str, Any] | None,
    versions: Sequence[int] | None,
    as_of: int,
    *,
    rows: bool,
) -> Concluded:
    """*System.* What `conclude` answers on datasets that were found on somebody's behalf (None: on nobody's)."""
    chosen = results.find_analysis(analysis)
    numbers: Sequence[int | None] = versions or [None] * len(datasets)
    parts = [Part(one, version_of(one, number)) for one, number in zip(datasets, numbers, strict=True)]
    for part in parts:
        results.check_rows(chosen, part.version)
    usual = results.found_params(chosen, parts[0].version.report)
    parameters = chosen.parameters.parse({**usual, **(params or {})})
    names = _names(parts)
    key = (*((name, part.version.sha256) for name, part in zip(names, parts, strict=True)), chosen.name, parameters)
    result = _results.get(key, lambda: _concluded(asked_by, parts, names, chosen, parameters))
    if rows:
        result = results.with_worst(result, list(chain.from_iterable(part.version.manifest for part in parts)))
    version = sum(part.version.number for part in parts)
    return Concluded(_with_evidence(result, parts, parameters), version, as_of)


def _names(parts: Sequence[Part]) -> list[str]:
    """What the datasets are called: what tells their names apart; those that share one are told apart by number."""
    names = [part.dataset.name for part in parts]
    different = list(dict.fromkeys(names))
    short = dict(zip(different, apart(different), strict=True))
    return [
        short[name] if names.count(name) == 1 else f"{short[name]} ({part.dataset.id})"
        for name, part in zip(names, parts, strict=True)
    ]


def _concluded(
    asked_by: int | None,
    parts: Sequence[Part],
    names: Sequence[str],
    chosen: Analysis[Any, Any],
    parameters: Parameters,
) -> Result:
    found = _states(asked_by, parts, chosen, parameters)
    labelled = [chosen.labelled(state, name) for state, name in zip(found, names, strict=True)]
    return chosen.conclude(reduce(chosen.combine, labelled), parameters)


def _states(
    asked_by: int | None, parts: Sequence[Part], chosen: Analysis[Any, Any], parameters: Parameters
) -> list[Any]:
    """The state of each; those to be observed first are all asked for, and the last is waited for."""
    found, pending = [], None
    for part in parts:
        try:
            found.append(_state(asked_by, part, chosen, parameters))
        except StatePending as error:
            pending = error
    if pending is not None:
        raise pending
    return found


def _state(asked_by: int | None, part: Part, chosen: Analysis[Any, Any], parameters: Parameters) -> Any:
    what = observed(chosen, parameters)
    try:
        return folded(part.version.manifest, what)
    except StatesMissingError as missing:
        run_id = observe_once(part.dataset.id, chosen.name, what.observe, missing.segments, asked_by)
        said = f"{part.dataset.name} is being observed for this view; it appears by itself."
        raise StatePending(said, run_id) from missing


def _with_evidence(result: Result, parts: Sequence[Part], parameters: Parameters) -> Result:
    given = {key: value for key, value in asdict(parameters).items() if value != getattr(type(parameters)(), key)}
    words = ["python", "-m", "jobs", "analyse", *(part.dataset.name for part in parts), "--analysis", result.analysis]
    words += [word for key, value in given.items() for word in ("--param", f"{key}={value}")]
    named = ", ".join(part.dataset.name for part in parts)
    evidence = replace(
        result.evidence,
        dataset=named,
        sha256=" ".join(part.version.sha256 for part in parts),
        params=asdict(parameters),
        command=shlex.join(words),
    )
    return replace(result, evidence=evidence, dataset={**result.dataset, "name": named, "datasets": len(parts)})
