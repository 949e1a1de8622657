"""A reader that prints without end fills neither the disk nor the log, and what it read counts."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from benchmarks.faults import said
from jobs import children
from jobs.children import MOST_PRINTED_BYTES, PRINTED_BYTES, Child


def test_a_gigabyte_of_words_is_cut_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "PROGRAM", "benchmarks.faults.greedy")
    path = tmp_path / "print.jsonl"
    path.write_bytes(said.lines(0, 20))
    blocks: list[int] = []
    over = threading.Event()

    def watch(child: Child) -> None:
        while not over.wait(0.02):
            blocks.append(os.fstat(child._output).st_blocks * 512)

    with Child(seconds=60) as child:
        watcher = threading.Thread(target=watch, args=[child])
        watcher.start()
        done = child.read(path, path.name, {}, tmp_path)
        over.set()
        watcher.join()
        assert done.rows == 20
        assert len(child.printed()) <= PRINTED_BYTES
        assert child.printed() == ""
    assert MOST_PRINTED_BYTES < max(blocks) < 2**30 / 2
