"""What the columns of a file may mean, for people who say it: examples of each, a role, and how sure that is.

`signature` names the shape of a file, so that what was said of one can be used for the next of the same columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from engine.formats.names import CHOSEN, PAIRS, REJECTED, SCORES, SHARED
from engine.formats.plan import ROLES, Plan, Sample, plain
from engine.formats.values import MISSING, labels, text_of

MOST_COLUMNS = 60
EXAMPLES = 3
LONGEST_EXAMPLE = 60

AS_READ, BY_NAME, BY_WORD = 1.0, 0.8, 0.4
"""How sure a role is: the file is read so; the column has the usual name of the role; a word of its name says it."""

NUMERIC = frozenset({"score_a", "score_b", "margin", "probability", "value", "truth", "votes", "step"})
SEVERAL = frozenset({"slice", "annotators"})
"""Roles that several columns may have."""

_USUAL: Mapping[str, tuple[str, ...]] = {**PAIRS, **SHARED, "chosen": CHOSEN, "rejected": REJECTED}
_WORDS: Mapping[str, frozenset[str]] = {
    "score_a": frozenset({"score", "reward", "rating", "logit"}),
    "score_b": frozenset({"score", "reward", "rating", "logit"}),
    "margin": frozenset({"margin", "diff", "delta"}),
    "label": frozenset({"label", "winner", "preferred", "preference", "vote", "choice", "better"}),
    "truth": frozenset({"correct", "truth", "gold", "passed"}),
    "value": frozenset({"score", "reward", "rating", "grade", "confidence"}),
    "prompt_text": frozenset({"prompt", "question", "instruction", "query"}),
    "text": frozenset({"response", "answer", "completion", "output"}),
    "judge": frozenset({"judge"}),
    "annotator": frozenset({"annotator", "rater", "worker", "labeler"}),
}
_SIDES = {"score_a": frozenset({"a", "1", "left", "chosen"}), "score_b": frozenset({"b", "2", "right", "rejected"})}


def signature(names: Iterable[str]) -> str:
    """The shape of a file by the plain names of its columns, in whatever order: 64 hexadecimal digits."""
    return sha256("\n".join(sorted(plain(name) for name in names)).encode()).hexdigest()


def fitted(mapping: Mapping[str, str], names: Sequence[str]) -> dict[str, str] | None:
    """A mapping that was saved of a file of the same signature, in this file's own spelling; None where it fits not."""
    spelled = {plain(name): name for name in names}
    own: dict[str, str] = {}
    for role, column in mapping.items():
        if role == "scale":
            own[role] = column
            continue
        parts = column.split(",") if role in SEVERAL else [column]
        found = [part if part.split(".")[0] in names else spelled.get(plain(part)) for part in parts]
        if None in found:
            return None
        own[role] = ",".join(name for name in found if name is not None)
    return own


def guess(sample: Sample, plan: Plan | None = None) -> list[dict[str, Any]]:
    """What each column may be: {name, examples, role, confidence}, at most 60 columns in the order of the file.

    `examples` are up to 3 different values, each cut at 60 characters. `role` is one of `ROLES` or None, `confidence`
    in [0, 1]. With the `plan` by which the file is read, its roles are those; without, no role but those of `SEVERAL`
    is given twice.
    """
    found = _read_as(plan) if plan is not None else _guessed(sample)
    return [
        {
            "name": name,
            "examples": _examples(sample, name),
            "role": found.get(name, (None, 0.0))[0],
            "confidence": found.get(name, (None, 0.0))[1],
        }
        for name in sample.names[:MOST_COLUMNS]
    ]


def _examples(sample: Sample, name: str) -> list[str]:
    told: list[str] = []
    for row in sample.rows:
        value = " ".join((text_of(row.get(name)) or "").split())
        cut = value if len(value) <= LONGEST_EXAMPLE else value[: LONGEST_EXAMPLE - 1] + "…"
        if cut and cut not in told:
            told.append(cut)
        if len(told) == EXAMPLES:
            break
    return told


def _read_as(plan: Plan) -> dict[str, tuple[str, float]]:
    roles = {name: (role, AS_READ) for role, name in plan.columns.items() if role in ROLES}
    votes = dict.fromkeys(plan.options.get("annotators", []), ("annotators", AS_READ))
    return dict.fromkeys(plan.slices, ("slice", AS_READ)) | votes | roles


def _guessed(sample: Sample) -> dict[str, tuple[str, float]]:
    """The surest role of each column; each role goes to the column that is surest of it."""
    offers = [(sure, -place, role, name) for role, sure, place, name in _offers(sample) if _may_be(sample, role, name)]
    found: dict[str, tuple[str, float]] = {}
    given: set[str] = set()
    for sure, _place, role, name in sorted(offers, reverse=True):
        if name not in found and role not in given:
            found[name] = (role, sure)
            given.add(role)
    return found


def _may_be(sample: Sample, role: str, name: str) -> bool:
    """Whether most values are what the role needs: numbers, or which of two."""
    if role in NUMERIC:
        return sample.numeric(name) >= 0.5
    if role != "first":
        return True
    found, codes = labels([row.get(name) for row in sample.rows])
    filled = codes != MISSING
    return bool(filled.any()) and float(((found == 0) | (found == 1))[filled].mean()) >= 0.5


def _offers(sample: Sample) -> Iterable[tuple[str, float, int, str]]:
    """Every role that a column may have by its name: role, how sure, its place among the usual names, the column."""
    pairs = _has_pairs(sample)
    usual = _USUAL if pairs else {**_USUAL, **SCORES}
    for name in sample.names:
        called = plain(name)
        words = set(called.split("_"))
        for role, names in usual.items():
            if called in names:
                yield role, BY_NAME, names.index(called), name
        for role, known in _WORDS.items():
            sides = _SIDES.get(role)
            single = role in ("value", "truth", "text")
            if words & known and (sides is None or words & sides) and not (single and pairs):
                yield role, BY_WORD, 0, name


def _has_pairs(sample: Sample) -> bool:
    """Whether the columns speak of two sides."""
    words = {word for name in sample.names for word in plain(name).split("_")}
    return any(first in words and second in words for first, second in (("a", "b"), ("left", "right"), ("1", "2")))
