"""Drift: what it observes, and what it concludes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, replace
from typing import ClassVar

import numpy as np

from engine.analysis.drift import pictures
from engine.analysis.drift.again import is_score
from engine.analysis.drift.cells import LEAST_PROMPTS, Cell, Tallies, cells_of, judged, tallies_of
from engine.analysis.drift.estimates import estimates
from engine.analysis.drift.features import MOST, features_of
from engine.analysis.drift.parameters import DriftParameters
from engine.analysis.drift.sentence import sentence, verdict
from engine.analysis.drift.shown import Shown, distribution, rows_of, shown_of
from engine.analysis.drift.windows import DATASET, Windows, prompts_among, windows_of
from engine.analysis.records import Records
from engine.analysis.timed import TimedAnalysis
from engine.errors import NotEnoughData, NotFound
from engine.types import Evidence, Kind, Notice, Result
from engine.words import amount

FEW_PROMPTS = 200
LED_LAST = frozenset({"kl"})
"""Features that move in every training run: they lead only where nothing else drifted."""


class Drift(TimedAnalysis[DriftParameters]):
    """What moved away from a reference, since when, and what of it is composition."""

    name: ClassVar[str] = "drift"
    version: ClassVar[str] = "1"
    together: ClassVar[bool] = True
    needs: ClassVar[Mapping[Kind, tuple[str, ...]]] = {"comparison": (), "score": (), "rollout": ()}
    parameters = DriftParameters

    def missing(self, kind: str | None, fields: Collection[str]) -> tuple[str, ...] | None:
        """Nothing: a dataset without steps or times may stand beside another one."""
        return None if kind not in self.kinds or not fields else ()

    def applies(self, kind: str | None, fields: Collection[str]) -> bool:
        """Whether rows of one dataset can be cut into windows."""
        return self.missing(kind, fields) == () and bool({"step", "time"} & set(fields))

    def labelled(self, state: Records, name: str) -> Records:
        """The records with the name of their dataset."""
        return replace(state, names={**state.names, DATASET: (np.zeros(len(state), np.int64), (name,))})

    def combine(self, left: Records, right: Records) -> Records:
        """The records of both; of several datasets the first one stays the first."""
        both = left + right
        if DATASET not in both.names:
            return both
        first, codes, values = left.names[DATASET][1], *both.names[DATASET]
        order = (*first, *(value for value in values if value not in first))
        target = np.array([order.index(value) for value in values], np.int64)
        return replace(both, names={**both.names, DATASET: (target[codes], order)})

    def answer(self, state: Records, params: DriftParameters) -> Result:
        """The result of a state.

        Raises NotEnoughData where there is no step, time or second dataset, nothing after the reference, or where
        reference or windows have fewer than 30 prompts; NotFound for a feature, window or dataset that is not there;
        UsageError for a way to cut, or a reference, that the rows do not allow.
        """
        return _conclude(state, params)


def _conclude(state: Records, params: DriftParameters) -> Result:
    windows = windows_of(state, params)
    live = params.live == "yes"
    found = features_of(state)
    tallies: dict[str, Tallies] = {}
    cells: list[Cell] = []
    for feature in found:
        tallies[feature.name] = tallies_of(state, windows, feature)
        cells += cells_of(windows, feature, tallies[feature.name], params.level)
    _check(state, windows, cells)
    cells = cells if live else judged(cells, params.alpha, params.effect)
    known = [cell for cell in cells if cell.known]
    leading = max(known, key=lambda cell: (cell.drifted, cell.feature not in LED_LAST, cell.size))
    chosen = _chosen(cells, leading, params)
    first = shown_of(state, windows, found, tallies[leading.feature], leading, params)
    shown = first
    if chosen is not leading:
        shown = shown_of(state, windows, found, tallies[chosen.feature], chosen, params)
    code = verdict(cells, live=live)
    return Result(
        analysis=Drift.name,
        verdict=code,
        sentence=sentence(code, windows, cells, first, params.alpha, params.effect),
        estimates=estimates(windows, cells, shown, params),
        evidence=Evidence(Drift.name, Drift.version, params=asdict(params), rows=state.rows),
        dataset={
            "rows": int((windows.code >= 0).sum()),
            "prompts": prompts_among(state, windows.code >= 0),
            "prompts_approximate": False,
            "by": windows.by,
            "feature": chosen.feature,
            "features": [feature.name for feature in found],
            "window": chosen.window,
            "windows": list(windows.names),
        },
        warnings=_warnings(state, windows, cells, shown, params),
        pictures={
            "matrix": pictures.matrix(windows, cells),
            "means": pictures.means(windows, shown),
            "distribution": distribution(windows, tallies[chosen.feature], shown),
            **({"attribution": pictures.attribution(shown)} if shown.attributions else {}),
            "cells": {"cells": pictures.cells_told(windows, cells)},
        },
        worst=rows_of(state, windows, tallies[chosen.feature], shown),
    )


def _check(state: Records, windows: Windows, cells: list[Cell]) -> None:
    if any(cell.known for cell in cells):
        return
    prompts = [prompts_among(state, windows.code == place) for place in range(len(windows))]
    if not cells:
        raise NotEnoughData("No column says different things of different rows: nothing can drift.", code="no_feature")
    if prompts[0] < LEAST_PROMPTS:
        told = f"The reference has {amount(prompts[0], 'prompt')}; an honest interval needs at least {LEAST_PROMPTS}."
        raise NotEnoughData(told)
    most = amount(max(prompts[1:]), "prompt")
    raise NotEnoughData(f"The largest later window has {most}; an honest interval needs at least {LEAST_PROMPTS}.")


def _chosen(cells: list[Cell], leading: Cell, params: DriftParameters) -> Cell:
    """The cell that was asked for; where the feature alone was, its window that moved most."""
    if not params.feature and not params.window:
        return leading
    names = dict.fromkeys(cell.feature for cell in cells)
    if params.feature and params.feature not in names:
        raise NotFound(f"There is no feature {params.feature!r}; there are {', '.join(list(names)[:20])}.")
    able = [
        cell
        for cell in cells
        if cell.known and params.feature in ("", cell.feature) and params.window in (0, cell.window)
    ]
    if not able:
        raise NotEnoughData(f"Too little is known of it in this window: fewer than {LEAST_PROMPTS} prompts.")
    return max(able, key=lambda cell: (cell.drifted, cell.size))


def _warnings(
    state: Records, windows: Windows, cells: list[Cell], shown: Shown, params: DriftParameters
) -> list[Notice]:
    notices = []
    prompts = min((cell.prompts for cell in cells if cell.known), default=0)
    if prompts < FEW_PROMPTS:
        told = f"A window has only {amount(prompts, 'prompt')}: intervals are approximate."
        notices.append(Notice("few_prompts", told))
    blank = sorted({windows.names[cell.window] for cell in cells if not cell.known})
    if blank:
        told = f"Cells of fewer than {LEAST_PROMPTS} prompts are left blank, in {', '.join(blank[:5])}."
        notices.append(Notice("cells_blank", told))
    if windows.unknown and windows.by != DATASET:
        notices.append(Notice("without_time", f"{amount(windows.unknown, 'row')} without a {windows.by} left out."))
    if windows.outside:
        told = f"{amount(windows.outside, 'row')} from before the end of the reference and not in it left out."
        notices.append(Notice("before_reference", told))
    if params.live == "yes":
        told = "Rows are looked at while they arrive: the order and the sizes are told, nothing is tested."
        notices.append(Notice("live", told))
    elif is_score(shown.feature.name) and shown.again is None:
        told = (
            f"Whether {shown.feature.name} moved because answers changed or because the scorer did is not identified: "
            "too few of the same answers were scored in both windows."
        )
        notices.append(Notice("scorer_not_identified", told))
    if len({cell.feature for cell in cells}) == MOST:
        notices.append(Notice("many_features", f"Only the first {MOST} columns are held against the reference."))
    if state.sampled:
        told = "There are more rows than are kept: the answer rests on a random sample of prompts."
        notices.append(Notice("sampled", told))
    return notices
