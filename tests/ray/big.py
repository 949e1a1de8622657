"""Large segments made at once: nobody has to read millions of lines to test what comes after reading."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine.actions.projects import ensure
from engine.actions.versions import NewSegment, add_version
from engine.formats.canonical import METADATA_KEY, ROW_GROUP, SLICE_PREFIX, SLICE_TYPE, schema
from engine.formats.hashing import mix
from engine.formats.report import Report
from engine.store import datasets
from engine.store.tables import Dataset
from engine.store.transaction import transaction
from engine.types import FINE_BUCKETS

SEED = 20261123
WORDS = ("chat", "code", "maths", "safety")
PROMPTS = 400_000


def write(
    path: Path, rows: int, seed: int = SEED, group: int = ROW_GROUP, *, bad_label: bool = False
) -> dict[str, object]:
    """Pairs of a model that is somewhat too sure, sorted by their slice. Returns the report."""
    report = Report(
        format="made", kind="comparison", rows=rows, accepted=rows, slices={"domain": list(WORDS), "side": ["l", "r"]}
    ).to_dict()
    form = schema("comparison", ["domain", "side"]).with_metadata({METADATA_KEY: json.dumps(report)})
    rng = np.random.default_rng(seed)
    with pq.ParquetWriter(path, form, compression="zstd", write_statistics=False) as writer:
        for start in range(0, rows, group):
            table = _table(form, rng, start, min(group, rows - start), rows)
            if bad_label:
                table = table.set_column(form.names.index("label"), form.field("label"), pa.array([7.0] * len(table)))
            writer.write_table(table)
    return report


def _table(form: pa.Schema, rng: np.random.Generator, start: int, size: int, rows: int) -> pa.Table:
    margin = np.round(rng.normal(0.4, 1.5, size), 4)
    prompt = mix(rng.integers(0, PROMPTS, size).astype(np.uint64))
    domain = np.arange(start, start + size) * len(WORDS) // rows
    known = {
        "row_hash": pa.array(rng.integers(0, 2**63, size).astype(np.uint64)),
        "bucket": pa.array((prompt % np.uint64(FINE_BUCKETS)).astype(np.uint16)),
        "prompt_hash": pa.array(prompt),
        "margin": pa.array(margin),
        "label": pa.array((rng.random(size) < 1 / (1 + np.exp(-0.7 * margin))).astype(float)),
        "source_line": pa.array(np.arange(start, start + size)),
        SLICE_PREFIX + "domain": _slice(domain, WORDS),
        SLICE_PREFIX + "side": _slice(rng.integers(0, 2, size), ("l", "r")),
    }
    return pa.table([known.get(field.name, pa.nulls(size, field.type)) for field in form], schema=form)


def _slice(codes: np.ndarray, words: tuple[str, ...]) -> pa.Array:
    """Only the words that occur, as a reader would have found them."""
    present = np.unique(codes)
    return pa.DictionaryArray.from_arrays(
        pa.array(np.searchsorted(present, codes), pa.int32()), pa.array([words[code] for code in present])
    ).cast(SLICE_TYPE)


def dataset(folder: Path, rows: int, name: str = "big", project: str = "p", seed: int = SEED) -> tuple[int, str]:
    """A dataset of one such segment in the store, not observed yet. Returns its id and the segment."""
    path = folder / f"{name}.parquet"
    report = write(path, rows, seed)
    sha256, size = datasets.adopt_segment(path)
    with transaction() as tx:
        home = ensure(tx, project)
        made = Dataset(project_id=home.id or 0, name=name, content=sha256)
        tx.session.add(made)
        tx.session.flush()
        add_version(tx, project, made.id or 0, NewSegment(sha256, rows, size), report, None, None, replace=True)
        return made.id or 0, sha256
