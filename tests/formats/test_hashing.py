"""Hashes of rows and the numbers that tell equal rows apart, against slow, direct counting."""

from __future__ import annotations

import io
from collections import Counter
from hashlib import blake2b

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.formats import read_table
from engine.formats.hashing import Occurrences, hash_prose, hash_texts, mix, numbered


@pytest.mark.parametrize("distinct", [3, 400, 10**9])
@pytest.mark.parametrize("sizes", [[1000], [1, 0, 2, 5, 900, 3], [200] * 9])
def test_occurrences_are_counted_over_all_batches(distinct, sizes):
    generator, seen, counting = np.random.default_rng(0), Counter(), Occurrences()
    for size in sizes:
        hashes = mix(generator.integers(0, distinct, size).astype(np.uint64))
        expected = []
        for one in hashes.tolist():
            expected.append(seen[one])
            seen[one] += 1
        assert counting.number(hashes).tolist() == expected


def test_the_first_of_equal_rows_keeps_its_hash():
    hashes = mix(np.array([5, 5, 7], np.uint64))
    told_apart = numbered(hashes, np.array([0, 1, 0]))
    assert told_apart[[0, 2]].tolist() == hashes[[0, 2]].tolist()
    assert len(set(told_apart.tolist())) == 3
    assert hashes[0] == hashes[1]


@pytest.mark.parametrize("form", [pa.int8(), pa.int32(), pa.int64()])
def test_whole_numbers_hash_as_their_texts(form):
    numbers = pa.array([0, -1, 7, None, 100], form)
    assert hash_texts(numbers).tolist() == hash_texts(numbers.cast(pa.string())).tolist()


@pytest.mark.parametrize("form", [pa.int16(), pa.int64(), pa.uint64()])
def test_prompts_called_by_numbers_are_those_called_by_the_texts(form):
    numbers = pa.array([3, 3, None, 40, 5], form)
    found = []
    for prompts in (numbers, numbers.cast(pa.string())):
        file = io.BytesIO()
        table = {"prompt_id": prompts, "margin": [0.1, 0.1, 0.3, -2.0, 1.5], "label": [1, 1, 0, 1, 0]}
        pq.write_table(pa.table(table), file)
        found.append(read_table(file.getvalue(), "pairs.parquet")[0])
    assert found[0].equals(found[1])
    assert found[0]["prompt"].to_pylist() == ["3", "3", None, "40", "5"]
    assert len(set(found[0]["row_hash"].to_pylist())) == 5


def test_texts_hash_as_blake2b_says_wherever_they_lie_in_memory():
    words = ["a", "", "é" * 400, None, "b\x00c", "a"]
    expected = [int.from_bytes(blake2b((word or "").encode(), digest_size=8).digest(), "little") for word in words]
    assert hash_prose([pa.array(words, pa.string())]).tolist() == expected
    padded = pa.array(["first", *words, "last"], pa.string()).slice(1, len(words))
    assert hash_prose([padded]).tolist() == expected
    assert hash_prose([pa.array([], pa.string())]).tolist() == []
    assert hash_prose([pa.array(["", None], pa.string())]).tolist() == [expected[1]] * 2
    assert hash_texts(padded).tolist() == [
        0 if word is None else one for word, one in zip(words, expected, strict=True)
    ]
