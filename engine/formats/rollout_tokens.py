"""Token by token: what some trainers keep of each answer (RLLoggingBoard), and what follows from it for the answer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from engine.formats.batches import Batch
from engine.formats.plan import Draft, Plan, Sample
from engine.formats.values import Floats, objects, text_of
from engine.words import amount

_NAMES: Mapping[str, tuple[str, ...]] = {
    "token": ("response_tokens", "completion_tokens", "output_tokens"),
    "logprob": ("logprobs", "response_logprobs", "old_logprobs"),
    "ref_logprob": ("ref_logprobs", "reference_logprobs"),
    "value": ("values",),
    "reward": ("token_rewards",),
}
MOST_TOKENS = 32_768
"""Tokens of one answer of which the lists are kept; of longer answers only what follows from them is."""


def held(sample: Sample) -> dict[str, str]:
    """By what is said of each token the column that holds it; empty where no answer is given in tokens."""
    found = {}
    for role, names in _NAMES.items():
        name = sample.find(names)
        if name is not None and sample.share(name, list) > 0.5:
            found[role] = name
    return found if {"token", "logprob"} & set(found) else {}


def fill(draft: Draft, batch: Batch, plan: Plan) -> None:
    """Lengths, the KL of each answer where nothing else tells it, and the lists themselves as JSON.

    KL is k1 summed over the answer, Σ (logprob − ref_logprob) in nats: an unbiased estimate of KL(policy ‖ reference)
    from its own samples (Schulman 2020), where every token has both.
    """
    columns = {role: objects(batch.column(name)) for role, name in plan.options["lists"].items()}
    size = len(batch.lines)
    kl, length = np.full(size, np.nan), np.full(size, np.nan)
    kept: list[str | None] = []
    uneven = long = 0
    for place in range(size):
        given = {role: values[place] for role, values in columns.items() if isinstance(values[place], list)}
        count = len(given.get("token", given.get("logprob", [])))
        even = {role: values for role, values in given.items() if len(values) == count}
        uneven += len(even) < len(given)
        told = {role: _tokens(values) if role == "token" else _numbers(values) for role, values in even.items()}
        if count:
            length[place] = count
            kl[place] = _k1(told.get("logprob"), told.get("ref_logprob"))
        long += count > MOST_TOKENS
        whole = 0 < count <= MOST_TOKENS and "token" in told
        kept.append(orjson.dumps(told).decode() if whole else None)
    if "token" in columns:
        draft.columns["tokens"] = pa.array(kept, pa.string())
    _take(draft, "length", length)
    if "kl" not in plan.columns and np.isfinite(kl).any():
        draft.columns["kl"] = kl
        plan.note("kl_from_tokens", "KL is summed over the tokens of each answer: log-prob less reference (k1, nats)")
    if uneven:
        told_of = amount(plan.count("tokens_uneven", uneven), "answer")
        plan.note("tokens_uneven", f"{told_of} with lists of other lengths than the tokens: these lists were left")
    if long:
        told_of = amount(plan.count("tokens_long", long), "answer")
        plan.note("tokens_long", f"{told_of} with more than {MOST_TOKENS:,} tokens: not shown token by token")


def _take(draft: Draft, name: str, found: Floats) -> None:
    """What the file says counts; the lists fill its gaps."""
    given = draft.columns.get(name)
    draft.columns[name] = found if given is None else np.where(np.isnan(given), found, given)


def _tokens(values: list[Any]) -> list[str]:
    return [text_of(value) or "" for value in values]


def _numbers(values: list[Any]) -> list[float | None]:
    return [_number(value) for value in values]


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def _k1(own: list[Any] | None, reference: list[Any] | None) -> float:
    """The sum of the differences; NaN where a token lacks one of the two."""
    if own is None or reference is None or None in own or None in reference:
        return math.nan
    return math.fsum(own) - math.fsum(reference)
