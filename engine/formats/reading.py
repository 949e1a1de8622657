"""Reading one file: open it, recognise it by its content, turn it batch by batch into canonical rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa

from engine.errors import InputRefused, PlumblineError
from engine.formats import console, registry, slices, tellings, tfevents, trackio
from engine.formats.batches import Batch
from engine.formats.canonical import SLICE_PREFIX, build, kind_of, optional, schema
from engine.formats.csv_tables import Dialect, dialect_of, read_csv
from engine.formats.gather import gathered, join
from engine.formats.guess import fitted, guess, signature
from engine.formats.hashing import Occurrences
from engine.formats.json_lines import looks_like_json, read_json
from engine.formats.limits import Limits
from engine.formats.parquet_tables import read_parquet
from engine.formats.plan import Draft, Plan, Sample, apply_mapping, check_mapping, plan_from_dict, sample_of
from engine.formats.points import name_run
from engine.formats.report import REASONS, Report
from engine.formats.source import OF_FILES, Source, blocks, is_parquet, is_zip, open_source, unpack
from engine.formats.workbooks import is_workbook, open_parts, read_workbook
from engine.types import Kind
from engine.words import amount

HEAD = 256

APPENDED = frozenset({"json_lines", "csv", "console", "tensorboard", ""})
"""Containers that a file can be appended to ("" while nothing is in it)."""

Saved = Mapping[str, Mapping[str, Any]]
"""Mappings that are kept for files of certain columns: by signature, {name, mapping}."""


@dataclass(frozen=True, slots=True)
class FollowState:
    """Where a followed file was left: goes into the next reading of what was appended since. JSON through `to_dict`.

    `offset` counts bytes, `line` lines (records of event files), both of complete ones read. `carried` is what a
    container remembers of them, such as the step that a console log is at. An empty state starts at the beginning.
    """

    offset: int = 0
    line: int = 0
    plan: dict[str, Any] = field(default_factory=dict)
    delimiter: str = ""
    names: list[str] = field(default_factory=list)
    slices: dict[str, list[str]] = field(default_factory=dict)
    head: str = ""
    container: str = ""
    carried: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The state as JSON."""
        return asdict(self)


def follow_from_dict(raw: Mapping[str, Any]) -> FollowState:
    """The state that `to_dict` gave."""
    return FollowState(**raw)


class Reading:
    """The canonical rows of one file as tables, to be iterated once.

    `report` is complete, and `follow` set, once the tables are exhausted; `follow` stays None for files that cannot be
    appended to (packed, Parquet, SQLite, one JSON document, UTF-16). Every table has the same schema.
    """

    def __init__(
        self, source: Source, mapping: Mapping[str, str], follow: FollowState | None, saved: Saved | None = None
    ) -> None:
        self.report = Report()
        self.follow: FollowState | None = None
        self._source = source
        self._mapping = dict(mapping)
        self._saved = saved or {}
        self._state = follow
        self._dialect: Dialect | None = None
        self._container = ""
        self._plan: Plan | None = None
        self._slices = slices.Slices([])
        self._line = 0
        self._console = console.State()
        self._events = tfevents.Tally()

    @property
    def followed(self) -> bool:
        """Whether this is one part of a file that grows: its slice columns stay the same from part to part."""
        return self._state is not None

    def progress(self) -> float:
        """The share of the file that has been read, in [0, 1]."""
        return self._source.progress()

    def __iter__(self) -> Iterator[pa.Table]:
        """The tables. Raises InputRefused, LimitExceeded or UsageError as `read` says."""
        try:
            yield from self._tables()
        finally:
            self._source.stream.close()

    # -------------------------------------------------------------- batches

    def _tables(self) -> Iterator[pa.Table]:
        drafts = self._drafts()
        occurrences = None if self._state is not None else Occurrences()
        held: Draft | None = None
        if (first := next(drafts, None)) is not None:
            plan = self._known_plan()
            if plan.options.get("gather"):
                votes = join([first, *drafts])
                first = gathered(votes)
                self.report.warn(
                    "votes_gathered",
                    f"{amount(len(votes.lines), 'vote')} were gathered into {amount(len(first.lines), 'pair')}",
                )
            held = next(drafts, None)
            if held is None and self._state is None:
                first.slices = {name: first.slices[name] for name in self._slices.useful()}
            yield self._built(plan.kind, first, occurrences)
            while held is not None:
                yield self._built(plan.kind, held, occurrences)
                held = next(drafts, None)
        self._finish()

    def _built(self, kind: Kind, draft: Draft, occurrences: Occurrences | None) -> pa.Table:
        table = build(kind, draft, occurrences)
        self.report.note_fields(name for name in table.column_names if table.column(name).null_count < len(table))
        return table

    def _drafts(self) -> Iterator[Draft]:
        """Converted batches without their rejected rows, which are counted."""
        for batch in self._batches():
            for refused in batch.refused:
                self.report.reject(self._source.name, refused.line, refused.field, refused.reason)
            if not len(batch):
                continue
            if self._plan is None:
                self._recognise(batch)
            plan = self._known_plan()
            draft = registry.converter(plan.format)(batch, plan)
            self._slices.fill(draft, draft.batch or batch)
            kept = draft.kept()
            self._slices.note(kept)
            self._count(draft, kept)
            if len(kept.lines):
                yield kept

    def _count(self, draft: Draft, kept: Draft) -> None:
        """Add a batch to the report: rows of the source, each once, whatever they became."""
        taken = set(kept.lines.tolist()) if draft.several else set()
        accepted = len(taken) if draft.several else len(kept.lines)
        self.report.rows += accepted
        self.report.accepted += accepted
        for refused in draft.rejected():
            if refused.line not in taken:
                taken |= {refused.line} if draft.several else set()
                self.report.reject(self._source.name, refused.line, refused.field, refused.reason)

    def _known_plan(self) -> Plan:
        assert self._plan is not None
        return self._plan

    def _batches(self) -> Iterator[Batch]:
        source = self._source
        if self._state is not None and self._state.offset:
            yield from self._appended(self._state)
            return
        if is_parquet(source):
            self._container = "parquet"
            yield from read_parquet(source)
            return
        if trackio.is_sqlite(source):
            self._container = "sqlite"
            yield from trackio.read_trackio(source)
            return
        if is_zip(source):
            parts = open_parts(source)
            if not is_workbook(parts):
                raise source.refuse(OF_FILES, "archive_of_files")
            self._container = "workbook"
            yield from read_workbook(source, parts, self._fits)
            return
        unpack(source)
        if is_parquet_stream(source):
            self._container = "parquet"
            yield from read_parquet(source)
            return
        if self._has_events():
            yield from self._scalars()
            return
        text = blocks(source)
        first = next(text, b"")
        if not first.strip():
            if source.complete_only:
                return
            raise source.refuse("the file holds no text", "empty_file")
        counted = self._counted(first, text)
        if console.looks_like_console(first) and not first.lstrip().startswith((b'{"', b"[{", b"[[")):
            self._container = "console"
            yield from self._logged(counted, 1)
        elif looks_like_json(first):
            self._container = "json_lines" if first.lstrip()[:1] == b"{" else "json"
            yield from read_json(source, counted)
        else:
            self._container = "csv"
            self._dialect = dialect_of(source, first)
            yield from read_csv(source, counted, None)

    def _has_events(self) -> bool:
        """Whether the stream, unpacked by now, is an event file; what was looked at is read again."""
        source = self._source
        if not source.packed:
            return tfevents.is_events(source)
        head = source.stream.read(64)
        source.stream.push_back(head)  # type: ignore[attr-defined]
        return tfevents.is_events_head(head)

    def _scalars(self) -> Iterator[Batch]:
        """The scalars of an event file; a record that is not whole yet is left for later."""
        self._container = "tensorboard"
        self._events.records = self._line
        yield from tfevents.read_events(self._source, self._events)
        self._line = self._events.records
        if self._events.tail and not self.followed:
            told = f"{amount(self._events.tail, 'byte')} at the end are no whole record, as while a file is written"
            self._source.notes.append(("tail_unread", told))

    def _logged(self, text: Iterator[bytes], number: int) -> Iterator[Batch]:
        """The lines with values of a console log."""
        yield from console.read_console(self._source, text, number, self._console)
        plan = self._plan
        if plan is not None:
            tellings.count(plan, "lines_without_values", self._console.unread)
            tellings.count(plan, "names_left", self._console.left)
            if self._console.by != "step":
                by = "lines with values" if self._console.by == "count" else "epochs"
                plan.note("steps_counted", f"the log names no steps: they are its {by}, numbered in order")
            tellings.tell(plan)
        self._console.unread = self._console.left = 0

    def _counted(self, first: bytes, text: Iterator[bytes]) -> Iterator[bytes]:
        """The blocks; their lines are counted where the next part of the file has to know how many there were."""
        if not self.followed:
            yield first
            yield from text
            return
        self._line += first.count(b"\n")
        yield first
        for block in text:
            self._line += block.count(b"\n")
            yield block

    # -------------------------------------------------------------- recognition

    def _fits(self, batch: Batch) -> bool:
        return registry.recognise(sample_of(batch), self._mapping) is not None

    def _recognise(self, batch: Batch) -> None:
        sample = sample_of(batch)
        self.report.signature = signature(sample.names)
        self._take_saved(sample)
        try:
            plan = self._planned(sample)
        except PlumblineError as error:
            error.source_columns, error.signature = guess(sample), self.report.signature
            raise
        self.report.source_columns = guess(sample, plan)
        if plan.kind == "curve":
            name_run(plan, self._source.name)
        self._plan = plan
        self._slices = slices.Slices(plan.slices)

    def _take_saved(self, sample: Sample) -> None:
        """Use what was said of a file of the same columns, where nothing is said of this one."""
        known = self._saved.get(self.report.signature) if not self._mapping else None
        own = fitted(known["mapping"], sample.names) if known is not None else None
        if known is not None and own:
            self._mapping = self.report.mapping = own
            self.report.warn("mapping_applied", f"the columns are read as saved under the name {known['name']}")

    def _planned(self, sample: Sample) -> Plan:
        check_mapping(self._mapping, sample)
        plan = registry.recognise(sample, self._mapping)
        if plan is None:
            names = ", ".join(repr(name) for name in sample.names[:20])
            raise self._source.refuse(
                f"no known form: its columns are {names}. Say what they mean with a mapping, such as score_a=…, "
                "score_b=…, label=… for pairs or value=…, truth=… for single scores",
                "unrecognised",
            )
        apply_mapping(plan, self._mapping)
        if "slice" not in self._mapping:
            plan.slices = slices.guess(sample, plan, growing=self.followed)
        return plan

    # -------------------------------------------------------------- following

    def _appended(self, state: FollowState) -> Iterator[Batch]:
        source = self._source
        source.stream.seek(0)
        if source.size < state.offset or _digest(source.stream.read(min(HEAD, state.offset))) != state.head:
            raise source.refuse("the file was replaced or cut, not appended to", "file_replaced")
        source.offset = source.consumed = state.offset
        self._plan = plan_from_dict(state.plan) if state.plan else None
        self._slices = slices.Slices(self._plan.slices if self._plan else [], state.slices)
        self._line = state.line
        if state.container == "tensorboard":
            yield from self._scalars()
            return
        text = blocks(source)
        counted = self._counted(next(text, b""), text)
        if state.container == "console":
            self._container, self._console = "console", console.State(**state.carried)
            yield from self._logged(counted, state.line + 1)
        elif state.delimiter:
            self._container, self._dialect = "csv", Dialect(state.delimiter, tuple(state.names))
            yield from read_csv(source, counted, self._dialect, state.line + 1)
        else:
            self._container = "json_lines"
            yield from read_json(source, counted, state.line + 1)

    # -------------------------------------------------------------- the end

    def _finish(self) -> None:
        report, plan = self.report, self._plan
        beginning = self._state is None or (report.rows > 0 and not self._state.offset)
        if beginning and not report.accepted:
            error = self._none_taken()
            error.source_columns, error.signature = report.source_columns, report.signature
            raise error
        for code, message in self._source.notes:
            report.warn(code, message)
        if plan is not None:
            self._describe(plan)
        if self._state is not None:
            self._leave()

    def _none_taken(self) -> InputRefused:
        first = self.report.examples[0] if self.report.examples else None
        if first is None:
            return self._source.refuse("the file holds no rows", "no_rows")
        why = REASONS.get(first.reason, first.reason)
        rows = self.report.rows
        none = "the only row could not be taken" if rows == 1 else f"none of {rows:,} rows could be taken"
        return self._source.refuse(
            f"{none}; line {first.line}{f', field {first.field}' if first.field else ''}: {why}",
            "no_rows",
            line=first.line,
            field=first.field or None,
        )

    def _describe(self, plan: Plan) -> None:
        report = self.report
        report.format, report.kind, report.scale = plan.format, plan.kind, plan.scale
        for role, name in plan.columns.items():
            report.columns[name] = f"{report.columns[name]}, {role}" if name in report.columns else role
        for name in plan.options.get("annotators", []):
            report.columns[name] = "vote"
        for name in plan.options.get("components", []):
            report.columns[name] = "component"
        report.columns |= plan.options.get("metrics", {})
        for notice in plan.warnings:
            report.warn(notice.code, notice.message)
        report.slices = self._slices.useful()
        lost = [name for name in self._slices.dropped if name in self._mapping.get("slice", "").split(",")]
        if lost:
            why = f"more than {slices.MOST_VALUES} values, or long texts"
            report.warn("slice_dropped", f"no slices by {', '.join(lost)}: {why}")

    def _leave(self) -> None:
        source = self._source
        if source.packed or source.encoding != "utf-8" or self._container not in APPENDED:
            return
        if self._plan is None:  # what a first line was taken for may turn out otherwise when more has come
            self.follow = FollowState()
            return
        source.stream.seek(0)
        names = list(self._dialect.names) if self._dialect else []
        self.follow = FollowState(
            offset=source.consumed,
            line=self._line,
            plan=self._plan.to_dict(),
            delimiter=self._dialect.delimiter if self._dialect else "",
            names=names,
            slices={name: sorted(values) for name, values in self._slices.values.items()},
            head=_digest(source.stream.read(min(HEAD, source.consumed))),
            container=self._container,
            carried=dict(vars(self._console)) if self._container == "console" else {},
        )


def is_parquet_stream(source: Source) -> bool:
    """Whether an unpacked stream, held in memory, is Parquet."""
    return hasattr(source.stream, "getbuffer") and is_parquet(source)


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()[:16]


def read(
    source: Path | bytes,
    name: str,
    mapping: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    follow: FollowState | None = None,
    until: int | None = None,
    saved: Saved | None = None,
) -> Reading:
    """Open a file and prepare to read it; nothing is parsed before the tables are iterated.

    Args:
        source: the file, or its bytes.
        name: what the user calls it; stands in errors and in the report, never decides how it is read. A training run
            that has no name in the file is called by the folder in it.
        mapping: canonical role -> source column, overruling what is guessed (`engine.formats.plan.ROLES`).
        limits: what the file may cost.
        follow: for a file that grows: the state the last reading left (an empty one the first time). Only complete
            lines are read; equal rows are then told apart by their line.
        until: with `follow`, the byte up to which the file is whole; a last line that ends there needs no line end.
        saved: mappings kept for files of certain columns; that of this file's is used where `mapping` is empty.

    Raises:
        InputRefused: the file cannot be opened; while iterating: it is of no known form, damaged, or no row can be
            taken.
        LimitExceeded: while iterating: a limit was reached.
        UsageError: while iterating: the mapping names a role or column that is not there.
    """
    opened = open_source(source, name, limits or Limits())
    opened.complete_only, opened.until = follow is not None, until
    return Reading(opened, mapping or {}, follow, saved)


def read_table(
    source: Path | bytes, name: str, mapping: Mapping[str, str] | None = None, limits: Limits | None = None
) -> tuple[pa.Table, Report]:
    """All canonical rows of a file in one table, slices that turned out useless left out, with the report."""
    reading = read(source, name, mapping, limits)
    tables = list(reading)
    table = pa.concat_tables(tables)
    return settled(table, reading.report), reading.report


def settled(table: pa.Table, report: Report) -> pa.Table:
    """The table without slice columns that the finished report does not name."""
    kind = report.kind or kind_of(table.schema)
    kept = [name for name in report.slices if SLICE_PREFIX + name in table.column_names]
    return table.select(schema(kind, kept, optional(kind, table.column_names)).names)
