"""Roles that the columns of an unknown file may have, by their names, their twins and what stands in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow.compute as pc

from engine.formats import slices
from engine.formats.names import CHOSEN, PAIRS, REJECTED, SCORES, SHARED
from engine.formats.plan import Plan, Sample, plain
from engine.formats.values import FINE, MISSING, labels, numbers, scheme_of, texts, times

Roles = dict[str, tuple[str, float]]
"""By column its role, and how sure that is in [0, 1]."""

NAMED, LIKELY, POSSIBLE = 0.8, 0.6, 0.3
"""How sure a role is: by the column's name; by its twin or what stands in it; because nothing else is left."""

_NAMES: Mapping[str, tuple[str, ...]] = {**SHARED, **SCORES, **PAIRS, "chosen": CHOSEN, "rejected": REJECTED}
_NUMBERS = frozenset(
    {"score_a", "score_b", "margin", "probability", "value", "truth", "votes", "step", "length_a", "length_b", "length"}
)
_PROSE = frozenset({"prompt_text", "text_a", "text_b", "text", "chosen", "rejected"})
_SIDES = (("a", "b"), ("1", "2"), ("left", "right"), ("chosen", "rejected"), ("first", "second"), ("one", "two"),
          ("x", "y"), ("ours", "theirs"), ("win", "lose"), ("winner", "loser"), ("good", "bad"))  # fmt: skip


def roles(sample: Sample) -> Roles:
    """The surest role of each column. A role is given to one column only; `slice` to as many as there are."""
    offers = sorted(
        ((offer, name) for name in sample.names for offer in _offers(sample, name)), key=lambda each: -each[0][1]
    )
    given: Roles = {}
    taken: set[str] = set()
    for (role, confidence), name in offers:
        if name not in given and role not in taken:
            given[name] = (role, confidence)
            taken.add(role)
    _rest(sample, given)
    return given


def _offers(sample: Sample, name: str) -> list[tuple[str, float]]:
    """Roles that a column may have, with how sure that is, by its name and what stands in it."""
    values = [row.get(name) for row in sample.rows]
    offers = [
        (role, NAMED - 0.01 * wanted.index(plain(name)))
        for role, wanted in _NAMES.items()
        if plain(name) in wanted and _fits(sample, name, values, role)
    ]
    offers += [(role, LIKELY) for role in _sided(sample, name, values)]
    if _is_label(values):
        offers.append(("label", LIKELY))
    if _is_time(values):
        offers.append(("time", LIKELY))
    return offers


def _fits(sample: Sample, name: str, values: list[Any], role: str) -> bool:
    if role in _NUMBERS:
        return sample.numeric(name) > 0.5
    if role in ("label", "verdict"):
        return _is_label(values)
    if role == "time":
        return _is_time(values)
    if role == "first":
        found, codes = labels(values)
        filled = codes != MISSING
        return bool(filled.any()) and float(((found == 0) | (found == 1))[filled].mean()) >= 0.5
    return role not in _PROSE or sample.share(name, (str, list)) > 0.5


def _sided(sample: Sample, name: str, values: list[Any]) -> list[str]:
    """Roles of one side: the name has a twin that differs by one word, such as left and right."""
    words = plain(name).split("_")
    known = {plain(each) for each in sample.names}
    for pair in _SIDES:
        for side in (0, 1):
            places = [place for place, word in enumerate(words) if word == pair[side]]
            twins = ["_".join([*words[:place], pair[1 - side], *words[place + 1 :]]) for place in places]
            if any(twin in known for twin in twins):
                return [_side_role(sample, name, values, "ab"[side])]
    return []


def _side_role(sample: Sample, name: str, values: list[Any], side: str) -> str:
    if sample.numeric(name) > 0.5:
        return f"score_{side}"
    return f"text_{side}" if _mean_length(values) > 30 or sample.share(name, list) > 0.5 else f"item_{side}"


def _is_label(values: list[Any]) -> bool:
    """Whether most values say which of two is better; numbers do so only as 0, ½, 1, 2 or −1."""
    found, codes = labels(values, scheme_of(values))
    filled = codes != MISSING
    if not filled.any() or (codes[filled] == FINE).mean() < 0.9:
        return False
    numeric = numbers(values)[1]
    return len(set(found[codes == FINE].tolist())) <= 5 and not ((numeric == FINE).all() and len(set(found)) > 3)


def _is_time(values: list[Any]) -> bool:
    try:
        found = times(values)
    except (ValueError, OverflowError):
        return False
    return len(found) > 0 and found.null_count < len(found) / 5


def _mean_length(values: list[Any]) -> float:
    lengths = pc.utf8_length(texts(values))
    return float(pc.mean(lengths).as_py() or 0.0)


def _rest(sample: Sample, given: Roles) -> None:
    """Long texts are a prompt or answers by their order; what has few values may be a slice."""
    taken = {role for role, _ in given.values()}
    wanted = [role for role in ("prompt_text", "text_a", "text_b") if role not in taken]
    sliced = slices.guess(sample, Plan("", "comparison", {}))
    for name in sample.names:
        if name in given:
            continue
        if sample.share(name, str) > 0.5 and _mean_length([row.get(name) for row in sample.rows]) > 30 and wanted:
            given[name] = (wanted.pop(0), POSSIBLE)
        elif name in sliced:
            given[name] = ("slice", POSSIBLE)
