"""The rows of a cohort of one or several datasets, the first of them with their texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from engine import cohort
from engine.access.visible import visible_dataset
from engine.errors import UsageError
from engine.queries import segments
from engine.queries.datasets import version_of
from engine.queries.several import MOST_DATASETS
from engine.types import Who

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Belonging:
    """Rows as plain values, in the order of the data; `total` counts those that are not among them, too."""

    rows: list[dict[str, Any]]
    total: int


def rows_of(who: Who, dataset_ids: Sequence[int], where: str, most: int = SHOWN) -> Belonging:
    """The first rows of the newest versions that belong to the cohort `where`.

    Raises UsageError for a text that names none or too many datasets, NotFound for a dataset that is not there.
    """
    if not 0 < len(dataset_ids) <= MOST_DATASETS:
        raise UsageError(f"Rows are shown of one to {MOST_DATASETS} datasets.", code="datasets")
    chosen = cohort.parse(where)
    if chosen is None:
        raise UsageError("Say which rows: where=column=value.", code="cohort")
    versions = [version_of(visible_dataset(who, dataset_id), None) for dataset_id in dataset_ids]
    manifest = list(chain.from_iterable(version.manifest for version in versions))
    hashes, total = segments.hashes_of(manifest, chosen, most)
    return Belonging(segments.rows_by_hash(manifest, hashes), total)
