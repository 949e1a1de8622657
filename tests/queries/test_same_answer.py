"""The page and the command line give the same answer: by segments through the store, and straight from the file."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from engine import analyse
from engine.actions import runs
from engine.analysis import ANALYSES
from engine.formats import read
from engine.formats.segments import segment_rows, write_segment
from engine.queries import results, states
from engine.settings import get_settings
from engine.store import datasets as store
from engine.types import Result, Who
from tests.store.fixtures import Installation
from tests.store.people import person, upload


def table(path: Path, rows: int, seed: int) -> Path:
    """Pairs of a reward model that is too sure of itself, on two topics."""
    draw = random.Random(seed)
    lines = ["prompt,score_a,score_b,label,topic"]
    for number in range(rows):
        margin = draw.gauss(0.0, 2.0)
        right = draw.random() < 1 / (1 + 2.718281828 ** (-margin / 2))
        topic = draw.choice(["code", "maths"])
        lines.append(f"prompt {seed}-{number // 2},{margin:.6f},0,{'a' if right else 'b'},{topic}")
    path.write_text("\n".join(lines) + "\n")
    return path


def through_the_store(who: Who, files: list[Path]) -> int:
    """What the runner does, without its children. Returns the dataset."""
    analysis = ANALYSES["calibration"]
    dataset = upload(who, "any", files[0].name).dataset_id
    for number, path in enumerate(files):
        if number:
            runs.request(who, dataset, "read")
        work = runs.claim("worker")
        assert work is not None
        reading = read(path, path.name)
        segment = write_segment(reading, get_settings().uploads)
        assert segment is not None
        sha256, size = store.adopt_segment(segment.path)
        params = analysis.parameters.parse({})
        state = analysis.observe(segment_rows(store.existing_segment(sha256)), params)
        store.write_state(states.observed(analysis, params).key(sha256), analysis.to_bytes(state))
        answer = results.answer_of([*work.manifest, sha256], {"kind": "comparison"})
        kept = runs.NewSegment(sha256, segment.rows, size)
        runs.finish(work, segment=kept, report=reading.report.to_dict(), answer=answer, replace=False)
    return dataset


def comparable(result: Result) -> dict[str, object]:
    whole = result.to_dict()
    return {
        name: whole[name]
        for name in ("verdict", "sentence", "estimates", "slices", "pairs", "pictures", "recalibrators")
    }


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
@pytest.mark.parametrize("params", [{}, {"bins": "10", "slice": "topic=code"}])
def test_the_same_file_the_same_answer(installation: Installation, tmp_path: Path, params: dict[str, str]) -> None:
    who, path = person(), table(tmp_path / "scores.csv", 600, 1)
    dataset = through_the_store(who, [path])
    concluded = results.conclude(who, dataset, params=params)
    assert comparable(concluded.result) == comparable(analyse(path, params=params))
    assert len(concluded.result.pairs) == 20
    assert concluded.result.dataset["accepted"] == 600


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_segments_add_up_to_the_whole(installation: Installation, tmp_path: Path) -> None:
    who = person()
    parts = [table(tmp_path / f"part{number}.csv", 300, number) for number in range(6)]
    dataset = through_the_store(who, parts)
    grown = results.conclude(who, dataset)
    assert comparable(grown.result) == comparable(analyse(parts))
    for memory in (states._folds, results._results, results._with_rows):
        memory.clear()
    store.prune_folds(keep=0)
    assert results.conclude(who, dataset).result.estimates == grown.result.estimates
    manifest = [path.stem for path in installation.settings.segments.iterdir()]
    assert sum(pq.read_metadata(store.segment_path(sha256)).num_rows for sha256 in manifest) == 1800
