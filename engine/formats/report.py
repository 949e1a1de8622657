"""What reading a file found: its format, what was taken, what was rejected and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from engine.errors import InputRefused
from engine.types import Kind, Notice

EXAMPLES_KEPT = 20

REASONS: Mapping[str, str] = {
    "duplicate_key": "the same key stands twice in the row",
    "invalid_json": "the line is not valid JSON",
    "label_missing": "the label is empty",
    "label_unknown": "the label is none of the known ones",
    "no_pair": "the row holds no right answer beside a wrong one",
    "not_a_number": "the text is not a number",
    "not_an_object": "the row is not an object with named fields",
    "not_finite": "the number is NaN or infinite",
    "not_utf8": "the line is not UTF-8 text",
    "orders_disagree": "the swapped judgment is not of the same two answers",
    "probability_is_certain": "a probability of exactly 0 or 1 has no finite margin",
    "record_damaged": "the record's checksum is wrong",
    "row_too_long": "the row is longer than the limit",
    "score_missing": "the score is empty",
    "too_deep": "the row is nested too deeply",
    "truncated": "the file ends inside this row",
    "truth_missing": "the truth is empty",
    "truth_out_of_range": "the truth lies outside 0 to 1",
    "verdict_missing": "the judge's verdict is empty",
    "verdict_unknown": "the judge's verdict is none of the known ones",
    "value_missing": "the value is empty",
    "wrong_columns": "the row has another number of columns than the header",
    "wrong_shape": "the field does not have the shape this format has",
}
"""Every reason a row can be rejected for, as a sentence for people."""

NOTHING_TO_CALIBRATE = "nothing_to_calibrate"


@dataclass(frozen=True, slots=True)
class Rejection:
    """One rejected row: the name of the file, its line (from 1; of a JSON array its item), field and reason code."""

    file: str
    line: int
    field: str
    reason: str


@dataclass(slots=True)
class Report:
    """What was found, complete once the reading is exhausted.

    `rows` counts the rows of the source, `accepted + rejected`. `kind` is null until
    the file is recognised. `columns` maps source names to canonical ones, `slices`
    each slice column to its values, sorted. `scale` divides raw score values into [0, 1] (null for pairs). `fields`
    names the canonical columns in which at least one row has something: what an analysis can count on.
    `source_columns` are what the file has (`engine.formats.guess`), `signature` the hash of their names; both are empty
    for what was appended to a file. `mapping` is one that was saved for files of these columns, where it was used.
    """

    format: str = ""
    kind: Kind | None = None
    rows: int = 0
    accepted: int = 0
    rejected: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    examples: list[Rejection] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)
    warnings: list[Notice] = field(default_factory=list)
    slices: dict[str, list[str]] = field(default_factory=dict)
    scale: float | None = None
    fields: list[str] = field(default_factory=list)
    source_columns: list[dict[str, Any]] = field(default_factory=list)
    signature: str = ""
    mapping: dict[str, str] = field(default_factory=dict)

    def note_fields(self, names: Iterable[str]) -> None:
        """Add canonical columns that are not empty."""
        self.fields = sorted({*self.fields, *names})

    def reject(self, file: str, line: int, field: str, reason: str, count: int = 1) -> None:
        """Count `count` rejected rows of which this is the first."""
        self.rows += count
        self.rejected += count
        self.reasons[reason] = self.reasons.get(reason, 0) + count
        if len(self.examples) < EXAMPLES_KEPT:
            self.examples.append(Rejection(file, line, field, reason))

    def warn(self, code: str, message: str) -> None:
        """Add a notice unless one of its code is there already."""
        if all(notice.code != code for notice in self.warnings):
            self.warnings.append(Notice(code, message))

    def to_dict(self) -> dict[str, Any]:
        """The report as one JSON object."""
        return asdict(self)

    def require_scores(self, file: str | None = None) -> None:
        """Refuse calibration of a file that holds no scores (or no truth to hold them against).

        Raises:
            InputRefused: with code `nothing_to_calibrate`.
        """
        for notice in self.warnings:
            if notice.code == NOTHING_TO_CALIBRATE:
                raise InputRefused(notice.message, code=NOTHING_TO_CALIBRATE, file=file)


def report_from_dict(raw: Mapping[str, Any]) -> Report:
    """The report that `to_dict` gave."""
    fields = dict(raw)
    fields["examples"] = [Rejection(**each) for each in fields.get("examples", [])]
    fields["warnings"] = [Notice(**each) for each in fields.get("warnings", [])]
    return Report(**fields)
