"""A workbook as its parts: what is in the zip file, read as XML, and its cells."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import openpyxl
import pyarrow as pa

from engine.reports.workbook import write
from engine.types import Result

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
TEXT = ("si", "is", "t")
MADE = "2026-11-30 15:00 UTC"


def written(path: Path, results: list[Result], rows: Iterable[pa.Table] | None = None, made: str = MADE) -> Path:
    write(path, results, rows, lambda _share, _said: None, made)
    return path


def parts(path: Path) -> dict[str, ET.Element]:
    """Every part of the file; one that is no XML is an error."""
    with zipfile.ZipFile(path) as file:
        return {name: ET.fromstring(file.read(name)) for name in file.namelist()}


def formulas(path: Path) -> list[str]:
    """What a sheet would compute, and text that is more than text: with parts, looks or cells of its own."""
    found = parts(path)
    computed = [name for name, root in found.items() if "worksheets/" in name for _ in root.iter(f"{MAIN}f")]
    texts = [one for root in found.values() for kind in ("si", "is") for one in root.iter(f"{MAIN}{kind}")]
    return computed + [str(part.tag) for text in texts for part in text.iter() if part.tag[len(MAIN) :] not in TEXT]


def outside(path: Path) -> list[str]:
    """Where the book leads out of itself: relationships, and links to a place that is none of its sheets."""
    found = parts(path)
    names = {sheet.get("name") for sheet in found["xl/workbook.xml"].iter(f"{MAIN}sheet")}
    leads = [one.get("Target", "") for root in found.values() for one in root if one.get("TargetMode") == "External"]
    links = [one.get("location", "") for root in found.values() for one in root.iter(f"{MAIN}hyperlink")]
    return leads + [link for link in links if link.rpartition("!")[0].strip("'").replace("''", "'") not in names]


def referred(path: Path) -> set[str]:
    """The sheets that charts take their numbers and names from."""
    chart = "{http://schemas.openxmlformats.org/drawingml/2006/chart}f"
    texts = (one.text or "" for name, root in parts(path).items() if "charts/" in name for one in root.iter(chart))
    return {text.rpartition("!")[0].strip("'").replace("''", "'") for text in texts}


def cells(path: Path) -> dict[str, list[list[Any]]]:
    """The values by sheet."""
    book = openpyxl.load_workbook(path)
    return {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book}
