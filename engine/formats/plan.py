"""How one file is to be read: which source column becomes which canonical one, decided once from its first rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine.errors import UsageError
from engine.formats.batches import Batch, Lines, Refused, sample_rows
from engine.formats.hashing import hash_texts
from engine.formats.names import SHARED
from engine.formats.values import FINE, MISSING, NOT_FINITE, Codes, Floats, labels, numbers, texts, times
from engine.types import Kind, Notice

ROLES: Mapping[str, str] = {
    "score_a": "score of the first answer",
    "score_b": "score of the second answer",
    "margin": "score of the first minus score of the second",
    "probability": "the model's probability that the first is preferred",
    "label": "which was preferred, or the share of votes for the first",
    "votes": "number of votes behind the label",
    "annotators": "columns of single votes, parted by commas",
    "value": "score of one answer",
    "truth": "whether that answer is right, 0 to 1",
    "prompt": "what the prompt is called by",
    "prompt_text": "text of the prompt",
    "text_a": "text of the first answer",
    "text_b": "text of the second answer",
    "text": "text of the answer",
    "item": "name of what was scored",
    "item_a": "name of the first",
    "item_b": "name of the second",
    "pair": "what the pair is called by, where several rows vote on it",
    "annotator": "who voted",
    "verdict": "which the judge itself preferred",
    "chosen": "text of the preferred answer",
    "rejected": "text of the other answer",
    "judge": "what gave the scores",
    "first": "which was shown first",
    "step": "training step",
    "time": "time",
    "length_a": "length of the first answer",
    "length_b": "length of the second answer",
    "length": "length of the answer",
    "reward": "reward of one answer of a policy in training",
    "components": "columns of parts of that reward, parted by commas",
    "gold": "what the answer is truly worth, by a better judge",
    "advantage": "advantage of the answer",
    "kl": "KL of the answer to the reference",
    "entropy": "entropy of the answer",
    "truncated": "whether the answer was cut at the limit",
    "run": "name of the run",
    "slice": "columns to slice by, parted by commas",
    "scale": "number that divides values into 0 to 1",
}
"""What `mapping` may name: canonical role -> what stands in that column."""

CORE = (
    "score_a", "score_b", "margin", "probability", "label", "annotators", "value", "truth", "verdict", "chosen",
    "rejected",
)  # fmt: skip
"""Roles whose mapping says what the file is; the others only add to what was recognised."""


def plain(name: str) -> str:
    """A column name without case, spaces and signs."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


@dataclass(frozen=True, slots=True)
class Sample:
    """The first rows of a file: what recognition looks at."""

    names: tuple[str, ...]
    rows: list[dict[str, Any]]
    batch: Batch

    def find(self, wanted: tuple[str, ...], taken: frozenset[str] = frozenset()) -> str | None:
        """The first column whose plain name is among `wanted`, in the order of `wanted`."""
        by_plain: dict[str, str] = {}
        for name in self.names:
            by_plain.setdefault(plain(name), name)
        return next((by_plain[name] for name in wanted if name in by_plain and by_plain[name] not in taken), None)

    def has(self, *names: str) -> bool:
        """Whether all these columns are there, by exact name."""
        return all(name in self.names for name in names)

    def share(self, name: str, form: type | tuple[type, ...]) -> float:
        """The share of rows whose value in this column is of the type (truth values are no numbers)."""
        if not self.rows:
            return 0.0
        good = sum(
            isinstance(row.get(name), form) and (form is bool or not isinstance(row.get(name), bool))
            for row in self.rows
        )
        return good / len(self.rows)

    def numeric(self, name: str) -> float:
        """The share of filled rows whose value in this column is a finite number (0 where all are empty)."""
        values = [row.get(name) for row in self.rows]
        _, codes = numbers(values, decimal_comma=self.batch.decimal_comma)
        filled = codes != MISSING
        return float((codes[filled] == FINE).mean()) if filled.any() else 0.0


def sample_of(batch: Batch) -> Sample:
    """The sample a batch gives."""
    return Sample(tuple(batch.names), sample_rows(batch), batch)


@dataclass(slots=True)
class Plan:
    """How every batch of one file is read. `columns` maps canonical roles to source columns; JSON through `to_dict`."""

    format: str
    kind: Kind
    columns: dict[str, str] = field(default_factory=dict)
    slices: list[str] = field(default_factory=list)
    scale: float | None = None
    options: dict[str, Any] = field(default_factory=dict)
    warnings: list[Notice] = field(default_factory=list)

    def warn(self, code: str, message: str) -> None:
        """Add a notice."""
        self.warnings.append(Notice(code, message))

    def count(self, code: str, rows: int) -> int:
        """Add to what is counted from batch to batch under a code; returns the sum."""
        total = int(self.options.get(code, 0)) + rows
        self.options[code] = total
        return total

    def note(self, code: str, message: str) -> None:
        """Add a notice, in place of an earlier one of its code."""
        self.warnings = [notice for notice in self.warnings if notice.code != code]
        self.warn(code, message)

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON."""
        return asdict(self)


def plan_from_dict(raw: Mapping[str, Any]) -> Plan:
    """The plan that `to_dict` gave."""
    return Plan(**{**raw, "warnings": [Notice(**each) for each in raw.get("warnings", [])]})


def shared_columns(sample: Sample, roles: tuple[str, ...], taken: frozenset[str]) -> dict[str, str]:
    """Columns of a sample by their usual names for the roles that every format may have."""
    found: dict[str, str] = {}
    for role in roles:
        name = sample.find(SHARED[role], taken | frozenset(found.values()))
        if name is not None:
            found[role] = name
    return found


def check_mapping(mapping: Mapping[str, str], sample: Sample) -> None:
    """Refuse roles that do not exist and columns the file does not have.

    Raises:
        UsageError: naming what there is.
    """
    for role, name in mapping.items():
        if role not in ROLES:
            raise UsageError(f"no role is called {role!r}; there are {', '.join(ROLES)}", code="unknown_role")
        if role == "scale":
            value, code = numbers([name])
            if code[0] != FINE or value[0] <= 0:
                raise UsageError(f"scale has to be a number above 0, not {name!r}", code="bad_scale")
            continue
        parts = name.split(",") if role in ("slice", "annotators", "components") else [name]
        for part in parts:
            if part not in sample.names and part.split(".")[0] not in sample.names:
                raise UsageError(
                    f"no column is called {part!r}; there are {', '.join(sample.names[:40])}", code="unknown_column"
                )


def apply_mapping(plan: Plan, mapping: Mapping[str, str]) -> None:
    """Let the user's words overrule what was guessed."""
    for role, name in mapping.items():
        if role == "scale":
            plan.scale = float(numbers([name])[0][0])
            plan.warnings = [notice for notice in plan.warnings if not notice.code.startswith("scale_")]
        elif role == "slice":
            plan.slices = name.split(",")
        elif role in ("annotators", "components"):
            plan.options[role] = name.split(",")
        elif role in ("chosen", "rejected"):
            plan.columns["text_a" if role == "chosen" else "text_b"] = name
        else:
            plan.columns[role] = name


# ------------------------------------------------------------------ drafts


@dataclass(slots=True)
class Draft:
    """Canonical columns of one batch before hashing: floats with NaN for null, or Arrow arrays, all of one length.

    `problems` holds, by row, the place in `causes` (field, reason) of why it cannot be taken, −1 where it can. `batch`
    is set where the rows are not those of the batch that was converted, `several` where one row of the source may have
    become several or none; `refused` holds source rows that are not in the draft at all.
    """

    lines: Lines
    columns: dict[str, Any] = field(default_factory=dict)
    slices: dict[str, pa.Array] = field(default_factory=dict)
    problems: NDArray[np.int16] = field(default_factory=lambda: np.empty(0, np.int16))
    causes: list[tuple[str, str]] = field(default_factory=list)
    batch: Batch | None = None
    several: bool = False
    refused: list[Refused] = field(default_factory=list)

    def __post_init__(self) -> None:
        if len(self.problems) != len(self.lines):
            self.problems = np.full(len(self.lines), -1, np.int16)

    def reject(self, rows: NDArray[np.bool_], field: str, reason: str) -> None:
        """Mark rows as rejected, unless they already are for another cause."""
        if rows.any():
            self.causes.append((field, reason))
            self.problems[rows & (self.problems < 0)] = len(self.causes) - 1

    def reject_codes(self, codes: Codes, field: str, missing: str) -> None:
        """Mark the rows whose value is missing, no number or not finite."""
        self.reject(codes == MISSING, field, missing)
        self.reject(codes == NOT_FINITE, field, "not_finite")
        self.reject((codes != FINE) & (codes != MISSING) & (codes != NOT_FINITE), field, "not_a_number")

    def rejected(self) -> list[Refused]:
        """The rejected rows with their causes."""
        places = np.flatnonzero(self.problems >= 0)
        return self.refused + [
            Refused(int(self.lines[place]), self.causes[self.problems[place]][1], self.causes[self.problems[place]][0])
            for place in places
        ]

    def kept(self) -> Draft:
        """The draft without its rejected rows."""
        good = self.problems < 0
        if good.all():
            return self
        mask = pa.array(good)
        columns = {
            name: values[good] if isinstance(values, np.ndarray) else values.filter(mask)
            for name, values in self.columns.items()
        }
        return Draft(self.lines[good], columns, {name: each.filter(mask) for name, each in self.slices.items()})


_FLOATS = ("votes", "step", "length_a", "length_b", "length")
_TEXTS = ("judge", "annotator", "item", "item_a", "item_b", "text", "text_a", "text_b")
_INT32, _INT64 = 2.0**31 - 1, 2.0**53


def fill_shared(draft: Draft, batch: Batch, plan: Plan) -> None:
    """Fill the columns that every format treats alike (prompt, judge, step, time, lengths, texts) from the plan."""
    for role in _FLOATS:
        if role in plan.columns:
            found, _ = numbers(batch.column(plan.columns[role]), decimal_comma=batch.decimal_comma)
            with np.errstate(invalid="ignore"):
                found = np.where(np.abs(found) <= (_INT64 if role == "step" else _INT32), np.floor(found), np.nan)
            draft.columns[role] = found
    for role in _TEXTS:
        if role in plan.columns and role not in draft.columns:
            draft.columns[role] = texts(batch.column(plan.columns[role]))
    if "time" in plan.columns:
        draft.columns["time"] = times(batch.column(plan.columns["time"]))
    if "first" in plan.columns:
        draft.columns["first"] = _first(batch.column(plan.columns["first"]))
    fill_prompt(draft, batch, plan)


def fill_prompt(draft: Draft, batch: Batch, plan: Plan) -> None:
    """The prompt is called by its id where the source has one, else by its text; whole numbers become text later."""
    text = plan.columns.get("prompt_text")
    if text is not None and "prompt_text" not in draft.columns:
        draft.columns["prompt_text"] = texts(batch.column(text))
    name = plan.columns.get("prompt")
    if name is not None:
        values = batch.column(name)
        whole = isinstance(values, pa.Array) and pa.types.is_signed_integer(values.type)
        draft.columns["prompt"] = values if whole else texts(values)
    elif "prompt_text" in draft.columns:
        draft.columns["prompt"] = name_texts(draft.columns["prompt_text"])


def name_texts(prompts: pa.Array) -> pa.Array:
    """A short name for each text: itself up to 40 characters, else the hash of it in hexadecimal."""
    encoded = prompts.dictionary_encode()
    words = encoded.dictionary.to_pylist()
    names = [
        word if len(word) <= 40 else f"{code:016x}"
        for word, code in zip(words, hash_texts(encoded.dictionary).tolist(), strict=True)
    ]
    return pa.array(names, pa.string()).take(encoded.indices)


def _first(values: Any) -> Floats:
    """1 where a was shown first, 0 where b was, NaN where unknown."""
    found, _ = labels(values)
    return np.where((found == 0) | (found == 1), found, np.nan)
