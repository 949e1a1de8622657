"""The fine grid of a surface, and what its axes may be: parts of a page that need more than a conclusion holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.access.visible import visible_dataset
from engine.analysis.records import Records
from engine.analysis.surface import SurfaceParameters, grid_of
from engine.analysis.trials import STEP, trials_of
from engine.errors import PlumblineError, UsageError
from engine.queries.cache import Cache
from engine.queries.datasets import version_of
from engine.queries.results import check_rows, conclude, find_analysis
from engine.queries.states import StatesMissingError, folded, observed
from engine.store.datasets import manifest_hash
from engine.types import Who

LAYERS = ("value", "error")
GRIDS_REMEMBERED = 16

_grids: Cache[tuple[str, str, str], NDArray[np.float32] | None] = Cache(GRIDS_REMEMBERED)
_choices: Cache[str, Choices] = Cache(64)


@dataclass(frozen=True, slots=True)
class Choices:
    """Parameters and metrics of the trials of a dataset, those first that a page begins with."""

    parameters: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()


def choices(who: Who, dataset_id: int) -> Choices:
    """What the axes and the height of a surface may be; nothing where there are no trials or no state yet."""
    found = version_of(visible_dataset(who, dataset_id), None)
    try:
        check_rows(find_analysis("surface"), found)
        return _choices.get(manifest_hash(found.manifest), lambda: _chosen(_state(found.manifest, SurfaceParameters())))
    except (PlumblineError, StatesMissingError):
        return Choices()


def grid(
    who: Who, dataset_id: int, params: Mapping[str, Any] | None, layer: str, version: int | None = None
) -> NDArray[np.float32]:
    """The fine grid of a layer, "value" or "error": shape (resolution, resolution), a row for each y, NaN outside.

    The fit is the one of the conclusion, remembered by its points. Raises what concluding raises (StatePending where
    the rows are not observed yet), and UsageError for a layer that there is not, or that this surface does not have.
    """
    if layer not in LAYERS:
        raise UsageError(f"The layer is one of {', '.join(LAYERS)}.")
    found = version_of(visible_dataset(who, dataset_id), version)
    chosen = find_analysis("surface")
    parameters = replace(SurfaceParameters.parse(params or {}), cut_x="", cut_y="")
    check_rows(chosen, found)
    key = manifest_hash(found.manifest), repr(parameters), layer
    try:
        made = _grids.get(key, lambda: _made(_state(found.manifest, parameters), parameters, layer))
    except StatesMissingError:
        conclude(who, dataset_id, chosen.name, params, version, rows=False)
        raise
    if made is None:
        raise UsageError("This surface has no standard errors.")
    return made


def _state(manifest: Any, parameters: SurfaceParameters) -> Records:
    state: Records = folded(manifest, observed(find_analysis("surface"), parameters))
    if parameters.slice and parameters.slice != state.narrowed:
        state = state.narrow(*parameters.slice.split("=", 1))
    return state


def _made(state: Records, parameters: SurfaceParameters, layer: str) -> NDArray[np.float32] | None:
    found = grid_of(state, parameters, layer)
    return None if found is None else np.asarray(found, np.float32)


def _chosen(state: Records) -> Choices:
    trials = trials_of(state, "", "")
    metrics = (trials.metric, *(name for name in trials.metrics if name != trials.metric))
    return Choices((*trials.parameters, *([STEP] if trials.steps else [])), metrics)
