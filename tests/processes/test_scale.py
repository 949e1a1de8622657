"""`make scale` on a small number of rows: its rows are distinct, its sums are whole, its table says so."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from benchmarks import scale
from engine.settings import ROOT


def test_it_tells_what_a_row_a_sum_and_a_bucket_cost() -> None:
    env = {**os.environ, "PLUMBLINE_SCALE_ROWS": "60000"}
    command = [sys.executable, "-m", "benchmarks.scale", "--no-write"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for told in ("rows, all distinct  60,000", "a state sum", "for each bucket", "conclude", "peak memory", "1,024"):
        assert told in done.stdout


def test_rows_are_distinct_across_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scale, "SEGMENT_ROWS", 2_000)
    tables = [scale.segment(number, 2_000) for number in range(3)]
    hashes = np.concatenate([table["row_hash"].to_numpy() for table in tables])
    prompts = np.concatenate([table["prompt_hash"].to_numpy() for table in tables])
    assert len(np.unique(hashes)) == 6_000
    assert len(np.unique(prompts)) == 6_000 // scale.ROWS_PER_PROMPT
    assert not np.array_equal(tables[0]["margin"].to_numpy(), tables[1]["margin"].to_numpy())


def test_more_memory_than_the_bound_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scale, "ROWS", 2_000)
    monkeypatch.setattr(scale, "MOST_BYTES", 1024)
    monkeypatch.setattr(sys, "argv", ["scale", "--no-write"])
    assert scale.main() == 1
