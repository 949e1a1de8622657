"""Several votes on one pair, each in a row of its own, gathered into one row with their mean and their number."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from engine.formats.hashing import mix
from engine.formats.plan import Draft


def join(drafts: list[Draft]) -> Draft:
    """Drafts of one file, one after the other."""
    first = drafts[0]
    columns = {name: _join([draft.columns[name] for draft in drafts]) for name in first.columns}
    slices = {name: _join([draft.slices[name] for draft in drafts]) for name in first.slices}
    return Draft(np.concatenate([draft.lines for draft in drafts]), columns, slices)


def _join(parts: list[Any]) -> Any:
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts)
    whole = pa.chunked_array(parts)
    if pa.types.is_dictionary(whole.type):
        whole = whole.unify_dictionaries()
    return pa.concat_arrays(whole.chunks)


def gathered(draft: Draft) -> Draft:
    """One row a pair: its first row, with the mean label and the number of votes; rows without a pair stay alone.

    Rows of one name whose margins differ are different pairs.
    """
    codes = _pair_codes(draft.columns["pair"], draft.columns["margin"])
    _, first, group = np.unique(codes, return_index=True, return_inverse=True)
    order = np.argsort(first)
    count = np.bincount(group)[order].astype(np.float64)
    total = np.bincount(group, draft.columns["label"])[order]
    places = first[order]
    index = pa.array(places)
    columns = {
        name: values[places] if isinstance(values, np.ndarray) else values.take(index)
        for name, values in draft.columns.items()
        if name not in ("pair", "annotator")
    }
    columns |= {"label": total / count, "votes": count}
    return Draft(draft.lines[places], columns, {name: values.take(index) for name, values in draft.slices.items()})


def _pair_codes(pairs: pa.Array, margins: Any) -> Any:
    encoded = pairs.dictionary_encode()
    alone = len(encoded.dictionary) + np.arange(len(pairs))
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    named = np.where(codes < 0, alone, codes).astype(np.uint64)
    return mix(mix(named) ^ (margins + 0.0).view(np.uint64))
