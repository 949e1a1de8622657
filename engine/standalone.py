"""Files in, a result out: the whole way in this process, without server, store or anything written.

from engine import analyse
analyse("scores.jsonl").sentence
"""

from __future__ import annotations

import hashlib
import os
import shlex
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import reduce
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from engine import cohort
from engine.actions.merging import merged
from engine.analysis import ANALYSES, applicable
from engine.analysis.base import Analysis, Parameters
from engine.errors import InputRefused, NotFound, PlumblineError, UsageError
from engine.formats import Report, read, to_rows, view_columns
from engine.formats.canonical import SLICE_PREFIX, STYLE_PREFIX
from engine.formats.report import NOTHING_TO_CALIBRATE
from engine.naming import apart, of_files
from engine.types import Evidence, Notice, Result, RowReference, Rows

FileName = str | os.PathLike[str]
Progress = Callable[[float], None]
"""Called with the share of the bytes that has been read, 0 to 1."""

ROWS_SHOWN = 20
NOT_SHOWN = ("bucket", "prompt_hash")
EVERY_READ = tuple(dict.fromkeys(read for analysis in ANALYSES.values() for read in analysis.reads))
COUNTS = ("rows", "accepted", "rejected")
NOTHING_KNOWN: Mapping[str, Any] = {"name": "", "sha256": "", **dict.fromkeys(COUNTS), "reasons": {}}


def analyse(
    files: FileName | Sequence[FileName],
    analysis: str = "",
    params: Mapping[str, Any] | None = None,
    mapping: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Result:
    """The result of one analysis on one or several files of one kind, which count as one dataset.

    Args:
        files: CSV, TSV, JSON, JSON lines or Parquet files, compressed or not; recognised by content.
        analysis: name of the analysis, see `engine.analysis.ANALYSES`; empty for the leading one of such rows.
        params: its parameters by name; values may be text.
        mapping: canonical role to source column, where guessing needs help (`engine.formats.plan.ROLES`).
        progress: called while reading.

    Returns:
        The result with `pairs` or `items` (the twenty most confidently wrong rows with their text), `dataset` (what the
        reader found) and `evidence` (the command that recomputes it) filled.

    Raises:
        UsageError: no such analysis, parameter, role or column, or a file given twice.
        InputRefused: a file cannot be read; says file, line, field and reason.
        NotEnoughData: too few prompts for an honest answer.
    """
    names = [files] if isinstance(files, str | os.PathLike) else files
    return Analysing([Path(name) for name in names], analysis, params or {}, mapping or {}).run(progress)


@dataclass
class Analysing:
    """One way from files to a result. `dataset` holds what is known of the files, after an error too.

    `given` are the folders and archives in which the files lie, where a person named those.
    """

    files: Sequence[Path]
    analysis: str
    params: Mapping[str, Any]
    mapping: Mapping[str, str]
    open_file: Callable[[Path, Mapping[str, str]], FileRows] = field(default_factory=lambda: FileRows)
    dataset: dict[str, Any] = field(default_factory=lambda: dict(NOTHING_KNOWN))
    given: Sequence[Path] = ()

    def run(self, progress: Progress | None = None) -> Result:
        """Read, observe segment by segment, combine in the order given, conclude."""
        started = time.perf_counter()
        self.choose()
        self.dataset["name"] = ", ".join(names_of(self.files))
        self.dataset["sha256"] = content_hash(self.files)
        parts = self._read(progress or _ignore)
        chosen, params = self._chosen(parts)
        params = chosen.parameters.parse({**_scale(params, parts), **self.params})
        result = _conclude(chosen, _observe(chosen, params, parts), params)
        return self._complete(result, params, parts, time.perf_counter() - started)

    def choose(self) -> tuple[Analysis[Any, Any], Parameters] | None:
        """The analysis and its checked parameters, None where the files decide; reads nothing."""
        if self.analysis and self.analysis not in ANALYSES:
            raise UsageError(f"Unknown analysis {self.analysis!r}; known are {', '.join(ANALYSES)}.")
        if not self.files:
            raise UsageError("No file was given.")
        if not self.analysis:
            return None
        chosen: Analysis[Any, Any] = ANALYSES[self.analysis]
        return chosen, chosen.parameters.parse(self.params)

    def _chosen(self, parts: Sequence[FileRows]) -> tuple[Analysis[Any, Any], Parameters]:
        """The analysis that was named, else the leading one of such rows. Raises InputRefused where none applies."""
        found = applicable(self.dataset)
        if not self.analysis:
            if not found:
                for part in parts:
                    part.report.require_scores(name_of(part.path))
                raise InputRefused(f"{self.dataset['name']}: no analysis has anything to say about such rows.")
            self.analysis = found[0].name
        chosen = self.choose()
        assert chosen is not None
        return chosen

    def refused(self, error: PlumblineError) -> Result:
        """The result that says why there is none, with what is known of the files."""
        return Result(
            analysis=self.analysis,
            verdict=error.code,
            sentence=error.message,
            estimates={},
            evidence=self._evidence(Evidence(self.analysis, ""), 0.0),
            dataset={name: value for name, value in self.dataset.items() if name != "warnings"},
            warnings=self._notices(),
        )

    def _read(self, progress: Progress) -> list[FileRows]:
        parts: list[FileRows] = []
        report: dict[str, Any] = {}
        for number, path in enumerate(self.files):
            part = self.open_file(path, self.mapping)
            part.reads = ANALYSES[self.analysis].reads if self.analysis else EVERY_READ
            part.where = str(self.params.get("where", ""))
            try:
                part.read(_share_of(progress, number, len(self.files)))
            finally:
                if part.report.rows:
                    report = merged(report, part.report.to_dict())
                    self.dataset.update(report)
            self._check_rows(path, part.report)
            parts.append(part)
        return parts

    def _check_rows(self, path: Path, report: Report) -> None:
        if not self.analysis:
            return
        name, chosen = name_of(path), ANALYSES[self.analysis]
        if chosen.name == "calibration":
            report.require_scores(name)
        missing = chosen.missing(report.kind, report.fields)
        if missing is None:
            raise InputRefused(f"{name}: rows of kind {report.kind} are not for {chosen.name}.", file=name)
        if missing:
            raise InputRefused(f"{name}: {chosen.name} needs {' and '.join(missing)}; no row has it.", file=name)

    def _complete(self, result: Result, params: Parameters, parts: list[FileRows], seconds: float) -> Result:
        worst = _with_text(result.worst[:ROWS_SHOWN], parts) if result.worst else []
        paired = self.dataset["kind"] == "comparison"
        known = {name: value for name, value in self.dataset.items() if name != "warnings"}
        evidence = replace(result.evidence, params=_plain(params))
        return replace(
            result,
            dataset={**result.dataset, **known},
            pairs=worst if paired or result.items else result.pairs,
            items=worst if worst and not (paired or result.items) else result.items,
            warnings=_distinct([*self._notices(), *result.warnings]),
            evidence=self._evidence(evidence, seconds),
        )

    def _notices(self) -> list[Notice]:
        """What the reader said, without its doubts about a scale that was given, or of what another analysis lacks."""
        said = [Notice(one["code"], one["message"]) for one in self.dataset.get("warnings", [])]
        settled = {NOTHING_TO_CALIBRATE} if self.analysis != "calibration" else set()
        if "scale" in self.params:
            settled |= {one.code for one in said if one.code.startswith("scale_")}
        return [one for one in said if one.code not in settled]

    def _evidence(self, found: Evidence, seconds: float) -> Evidence:
        return replace(
            found,
            dataset=self.dataset.get("name", ""),
            sha256=self.dataset.get("sha256", ""),
            duration_ms=1e3 * seconds,
            command=self._command(),
        )

    def _command(self) -> str:
        """What a person types to get this result again."""
        words = ["python", "-m", "jobs", "analyse", *(_argument(path) for path in self.given or self.files)]
        words += ["--analysis", self.analysis]
        for option, given in (("--param", self.params), ("--map", self.mapping)):
            for name, value in given.items():
                words += [option, f"{name}={value}"]
        return shlex.join(words)


class FileRows:
    """The rows of one file: as numbers, kept; with their texts, read again for the few that are shown."""

    def __init__(self, path: Path, mapping: Mapping[str, str]) -> None:
        self.path = path
        self.mapping = mapping
        self.reads: Sequence[str] = ()
        self.where = ""
        self.report = Report()
        self._numbers: list[pa.Table] = []

    def read(self, progress: Progress) -> None:
        """Read all rows; `report` is complete afterwards and holds what is known if reading fails."""
        reading = read(self.path, name_of(self.path), self.mapping)
        self.report = reading.report
        chosen = cohort.parse(self.where)
        for table in reading:
            rows = chosen.of(table) if chosen else table
            self._numbers.append(rows.select(view_columns(table.schema, self.reads)))
            progress(reading.progress())

    def rows(self) -> Rows:
        """The numeric view, with the slices that turned out to be some."""
        rows = to_rows(pa.concat_tables(self._numbers), self.report.kind, self.reads)
        return replace(rows, slices={name: rows.slices[name] for name in self.report.slices if name in rows.slices})

    def tables(self) -> Iterator[pa.Table]:
        """The canonical rows, texts included."""
        yield from read(self.path, name_of(self.path), self.mapping)


# ------------------------------------------------------------------ steps


def _observe(chosen: Analysis[Any, Any], params: Parameters, parts: list[FileRows]) -> Any:
    names = apart(names_of([part.path for part in parts]))
    states = (
        chosen.labelled(chosen.observe(part.rows(), params), name) for part, name in zip(parts, names, strict=True)
    )
    return reduce(chosen.combine, states)


def _conclude(chosen: Analysis[Any, Any], state: Any, params: Parameters) -> Result:
    try:
        return chosen.conclude(state, params)
    except NotFound as error:
        raise UsageError(error.message) from error


def _scale(params: Parameters, parts: list[FileRows]) -> dict[str, float]:
    """The scale that the readers found, as a parameter where the analysis has it."""
    scales = sorted({part.report.scale for part in parts if part.report.scale is not None})
    if not scales or "scale" not in {one.name for one in fields(params)}:
        return {}
    if len(scales) > 1:
        raise UsageError(f"The files have different scales ({', '.join(f'{one:g}' for one in scales)}): give one.")
    return {"scale": scales[0]}


def _with_text(worst: list[RowReference], parts: list[FileRows]) -> list[dict[str, Any]]:
    """The worst rows in their order, each with its confidence."""
    missing = {one.row_hash for one in worst}
    found: dict[int, dict[str, Any]] = {}
    for table in (table for part in parts for table in part.tables()):
        if not missing:
            break
        wanted = pc.is_in(table.column("row_hash"), pa.array(sorted(missing), pa.uint64()))
        found |= {row["row_hash"]: _shown(row) for row in table.filter(wanted).to_pylist()}
        missing -= set(found)
    return [{"confidence": one.confidence, **found[one.row_hash]} for one in worst if one.row_hash in found]


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """A canonical row for people: what is known of it, slices under one name."""
    plain = {
        name: value
        for name, value in row.items()
        if value is not None and name not in NOT_SHOWN and not name.startswith(STYLE_PREFIX)
    }
    slices = {name.removeprefix(SLICE_PREFIX): plain.pop(name) for name in list(plain) if name.startswith(SLICE_PREFIX)}
    return {**plain, "slices": slices}


def _plain(params: Parameters) -> dict[str, Any]:
    return {one.name: getattr(params, one.name) for one in fields(params)}


def _distinct(notices: list[Notice]) -> list[Notice]:
    return list({notice.code: notice for notice in notices}.values())


def _share_of(progress: Progress, number: int, files: int) -> Progress:
    return lambda share: progress((number + share) / files)


def _ignore(_share: float) -> None:
    """No one watches."""


# ------------------------------------------------------------------ names of files


def name_of(path: Path) -> str:
    """The file's name as text that can be printed and stored."""
    return _printable(path.name or str(path))


def names_of(paths: Sequence[Path]) -> list[str]:
    """The names of files that are read together, with the folders that tell them apart where two have one name."""
    return [_printable(name) for name in of_files(paths)]


def _printable(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "replace")


def content_hash(files: Sequence[Path]) -> str:
    """SHA-256 of the one file, or of the hashes of several one after the other.

    Raises InputRefused for what is not a readable file, UsageError for the same content twice.
    """
    hashes = [_file_hash(path) for path in files]
    for path, one in zip(files, hashes, strict=True):
        if hashes.count(one) > 1:
            raise UsageError(f"{name_of(path)}: the same content is given twice and would count twice.")
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()


def _file_hash(path: Path) -> str:
    name = name_of(path)
    if not path.is_file():
        raise InputRefused(f"{name}: there is no such file", code="not_a_file", file=name)
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InputRefused(f"{name}: cannot be opened", code="not_a_file", file=name) from error


def _argument(path: Path) -> str:
    text = os.fsencode(path).decode("utf-8", "replace")
    return f"./{text}" if text.startswith("-") else text
