"""Hashes are stable for ever; rows keep what they are called by, whatever container they came in."""

from __future__ import annotations

import json
import random

import numpy as np
import pyarrow as pa
import pytest

from engine.formats import kind_of, read, read_table, schema, to_rows
from engine.formats.hashing import Occurrences, hash_text, hash_texts
from tests.formats import samples

GOLDEN_HASHES = [
    "b4b2797457a0a6e4",
    "cdd6be63af8f0fb8",
    "bdd732262feb6e95",
    "ccffffd357ee1dfc",
    "e4d971771b652c20",
    "c26ce80d029a408a",
    "2f19f3ef8bbf1acb",
]
GOLDEN_ROWS = ["a2f75b2ecdfdd4a6", "0b264d81085544a1", "2deeebe1bd01f574"]
GOLDEN_PROMPTS = ["2bc71745a8c3b968", "2bc71745a8c3b968", "2e7d22c6ef5c1e17"]
GOLDEN_PROSE = ["8432774ca751e4f3", "1a5695bad2a809bc"]


def test_hashes_of_texts_never_change() -> None:
    texts = ["", "prompt", "42", "042", "-1", "9223372036854775808", "é"]
    assert [f"{hash_text(text):016x}" for text in texts] == GOLDEN_HASHES


def test_hashes_of_rows_never_change() -> None:
    table, _ = read_table(samples.FILES["pairs.csv"](), "pairs")
    assert [f"{value:016x}" for value in table.column("row_hash").to_pylist()[:3]] == GOLDEN_ROWS
    assert [f"{value:016x}" for value in table.column("prompt_hash").to_pylist()[:3]] == GOLDEN_PROMPTS
    assert table.column("bucket").to_pylist()[:3] == [int(each, 16) % 4096 for each in GOLDEN_PROMPTS]
    texts, _ = read_table(samples.FILES["judgebench.jsonl"](), "texts")
    assert [f"{value:016x}" for value in texts.column("row_hash").to_pylist()[:2]] == GOLDEN_PROSE


@pytest.mark.parametrize(
    "other", ["pairs.tsv", "pairs.parquet", "pairs.csv.gz", "pairs_semicolon.csv", "pairs_utf16.csv"]
)
def test_a_row_has_the_same_hash_in_every_container(other: str) -> None:
    first, _ = read_table(samples.FILES["pairs.csv"](), "a")
    second, _ = read_table(samples.FILES[other](), "b")
    for name in ("row_hash", "prompt_hash", "bucket", "margin", "label", "slice.language"):
        assert first.column(name).to_pylist() == second.column(name).to_pylist()


def test_the_order_of_rows_does_not_change_their_hashes() -> None:
    rows = [{"score_a": value % 3, "score_b": 1, "label": 1} for value in range(50)]
    shuffled = random.Random(1).sample(rows, len(rows))
    first, second = (
        read_table(samples.lines(each), "x")[0].column("row_hash").to_pylist() for each in (rows, shuffled)
    )
    assert sorted(first) == sorted(second)
    assert len(set(first)) == 50


def test_equal_rows_without_a_prompt_fall_into_different_buckets() -> None:
    table, _ = read_table(samples.lines([{"score_a": 1, "score_b": 0, "label": 1}] * 500), "x")
    assert len(set(table.column("bucket").to_pylist())) > 400


def test_rows_of_a_prompt_share_its_bucket() -> None:
    rows = to_rows(read_table(samples.FILES["pairs.csv"](), "x")[0])
    pairs = set(zip(rows.columns["prompt_hash"].tolist(), rows.columns["bucket"].tolist(), strict=True))
    assert len(pairs) == 12


def test_occurrences_are_numbered_across_batches() -> None:
    counter = Occurrences()
    batches = [[5, 5, 1], [5, 9, 1], [1, 1, 9]]
    found = [counter.number(np.array(batch, np.uint64)).tolist() for batch in batches]
    assert found == [[0, 1, 0], [2, 0, 1], [2, 3, 1]]


def test_columns_of_whole_numbers_hash_as_the_same_numbers_among_words() -> None:
    alone = hash_texts(pa.array(["7", None, "12"]))
    among = hash_texts(pa.array(["7", None, "12", "word", "007"]))
    assert alone.tolist() == among[:3].tolist()
    assert alone[1] == 0


def test_every_kind_has_the_columns_of_the_contract() -> None:
    assert kind_of(schema("comparison", ["subset"])) == "comparison"
    assert schema("comparison").field("margin").type == pa.float64()
    assert schema("comparison", ["subset"]).field("slice.subset").type == pa.dictionary(pa.int32(), pa.string())
    assert schema("score").names[-1] == "source_line"
    with pytest.raises(ValueError, match="canonical"):
        kind_of(pa.schema({"x": pa.int8()}))


def test_the_numeric_view() -> None:
    rows = to_rows(read_table(samples.FILES["pairs.csv"](), "x")[0])
    assert {name: values.dtype.name for name, values in rows.columns.items()} == {
        "row_hash": "uint64",
        "bucket": "uint16",
        "prompt_hash": "uint64",
        "margin": "float64",
        "label": "float64",
        "votes": "int32",
        "first": "int8",
        "step": "int64",
    }
    assert rows.columns["first"].tolist() == [-1] * 24
    codes, values = rows.slices["language"]
    assert values == ["de", "en"]
    assert [values[code] for code in codes] == [row["language"] for row in samples.pairs()]


def test_the_numeric_view_of_scores() -> None:
    rows = to_rows(read_table(samples.FILES["scores.jsonl"](), "x")[0])
    assert rows.kind == "score"
    assert rows.columns["value"].max() > 1
    assert set(rows.columns["truth"].tolist()) == {0.0, 1.0}
    assert len(set(rows.columns["prompt_hash"].tolist())) == 6


def test_the_length_of_a_text_is_its_characters_where_a_file_gives_none() -> None:
    made = [{"prompt": "p", "chosen": "né", "rejected": "four"}, {"prompt": "q", "chosen": "x", "rejected": "yy"}]
    table, _ = read_table(samples.lines(made), "x")
    assert [side.tolist() for side in to_rows(table, reads=("styles",)).styles["characters"]] == [[2, 1], [4, 2]]
    given = [{**row, "length_chosen": 7, "length_rejected": 8} for row in made]
    table, _ = read_table(samples.lines(given), "x")
    styles = to_rows(table, reads=("styles",)).styles
    assert {name: [side.tolist() for side in sides] for name, sides in styles.items()} == {"length": [[7, 7], [8, 8]]}


def test_the_report_is_plain_json() -> None:
    reading = read(samples.FILES["rewardbench.jsonl"](), "x")
    list(reading)
    said = json.loads(json.dumps(reading.report.to_dict(), allow_nan=False))
    assert said["rows"] == 24
    assert said["examples"][0] == {"file": "x", "line": 1, "field": "scores_rejected", "reason": "score_missing"}
