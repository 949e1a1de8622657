"""Every container, encoding and oddity of JSON and CSV: taken or rejected as written here, never a wrong number."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import struct
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InputRefused, LimitExceeded
from engine.formats import Limits, read
from engine.formats.json_lines import split_items
from engine.formats.parquet_footer import values_per_row
from tests.formats import samples
from tests.formats.reading import csv, taken

GOOD = b'{"score_a": 2, "score_b": 1, "label": "A"}'

NESTED = samples.FILES["rewardbench2.parquet"]()

ODD_LINES = [
    (b'{"score_a": NaN, "score_b": 1, "label": "A"}', "not_finite"),
    (b'{"score_a": Infinity, "score_b": 1, "label": "A"}', "not_finite"),
    (b'{"score_a": -Infinity, "score_b": 1, "label": "A"}', "not_finite"),
    (b'{"score_a": 1e999, "score_b": 1, "label": "A"}', "not_finite"),
    (b'{"score_a": "nan", "score_b": 1, "label": "A"}', "not_finite"),
    (b'{"score_a": 1' + b"0" * 400 + b', "score_b": 1, "label": "A"}', "not_finite"),
    (b'{"score_a": 1' + b"0" * 5000 + b', "score_b": 1, "label": "A"}', "not_finite"),
    (b'{"score_a": null, "score_b": 1, "label": "A"}', "score_missing"),
    (b'{"score_b": 1, "label": "A"}', "score_missing"),
    (b'{"score_a": "", "score_b": 1, "label": "A"}', "score_missing"),
    (b'{"score_a": true, "score_b": 1, "label": "A"}', "not_a_number"),
    (b'{"score_a": "high", "score_b": 1, "label": "A"}', "not_a_number"),
    (b'{"score_a": [], "score_b": 1, "label": "A"}', "not_a_number"),
    (b'{"score_a": {"x": 1}, "score_b": 1, "label": "A"}', "not_a_number"),
    (b'{"score_a": 2, "score_b": 1, "label": null}', "label_missing"),
    (b'{"score_a": 2, "score_b": 1, "label": "C3PO"}', "label_unknown"),
    (b'{"score_a": 2, "score_b": 1, "label": ["A"]}', "label_unknown"),
    (b'{"score_a": 2, "score_b": 1, "label": "A"', "invalid_json"),
    (b'{"score_a": 2, "score_b": 1, "label": "A"}}', "invalid_json"),
    (b"{'score_a': 2, 'score_b': 1, 'label': 'A'}", "invalid_json"),
    (b'{"score_a": 2, "score_b": 1, "label": "A",}', "invalid_json"),
    (b'{"score_a": 2, "score_b": 1, "label": "A\xff"}', "not_utf8"),
    (b'{"score_a": ' + b"[" * 2000 + b"]" * 2000 + b', "score_b": 1, "label": "A"}', "too_deep"),
    (b"[1, 2]", "not_an_object"),
    (b'"text"', "not_an_object"),
    (b"7", "not_an_object"),
    (b"null", "not_an_object"),
    (b'{"score_a": 2, "score_b": 1, "label": "A", "text": "' + b"x" * 1_100_000 + b'"}', "row_too_long"),
    (b'{"score_a": 3, "score_a": 2, "score_b": 1, "label": "A"}', "duplicate_key"),
]

FINE_LINES = [
    b'{"score_a": "2", "score_b": "1", "label": "A"}',
    b'{"score_a": "2,0", "score_b": 1, "label": "A"}',
    b'{"score_a": [2], "score_b": [1.0], "label": "A"}',
    b'{"score_a": 2, "score_b": 1, "label": "A", "more": "\\ud83d\\ude00 \\u0000"}',
    b'  {"score_a": 2.0e0, "score_b": 1, "label": " a "}  ',
    b'{"score_a": 2, "score_b": 1, "label": "A", "score_a_note": "\\"score_a\\": 5"}',
    b'{"score_a": 2, "score_b": 1, "label": "A", "huge": ' + b"9" * 40 + b"}",
]


@pytest.mark.parametrize(("line", "reason"), ODD_LINES)
def test_an_odd_line_is_rejected_alone_by_its_reason(line: bytes, reason: str) -> None:
    rows, report = taken(b"\n".join([GOOD, line, b"", GOOD]) + b"\n")
    assert [row["margin"] for row in rows] == [1.0, 1.0]
    assert [(each.line, each.reason) for each in report.examples] == [(2, reason)]
    assert [row["source_line"] for row in rows] == [1, 4]


@pytest.mark.parametrize("line", FINE_LINES)
def test_an_unusual_line_is_taken(line: bytes) -> None:
    rows, report = taken(b"\n".join([GOOD, line]))
    assert report.rejected == 0
    assert [row["margin"] for row in rows] == [1.0, 1.0]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("name", ["pairs.csv", "scores.jsonl", "helpsteer.json"])
def test_encodings_and_line_ends(name: str, encoding: str, end: str) -> None:
    plain = samples.FILES[name]()
    rows, report = taken(plain.decode().replace("\n", end).encode(encoding))
    assert rows == taken(plain)[0]
    assert report.rejected == 0


def test_windows_text_is_read_with_a_warning() -> None:
    rows, report = taken(csv("prompt,score_a,score_b,label", '"Grüße",1,0,A', "plain,1,0,B").decode().encode("cp1252"))
    assert rows[0]["prompt_text"] == "Grüße"
    assert "encoding_guessed" in {notice.code for notice in report.warnings}


# ------------------------------------------------------------------ JSON's outer shapes


def _same(data: bytes) -> None:
    rows, report = taken(data)
    expected, _ = taken(samples.lines(samples.pairs()))
    drop = "source_line"
    assert [{k: v for k, v in row.items() if k != drop} for row in rows] == [
        {k: v for k, v in row.items() if k != drop} for row in expected
    ]
    assert report.rejected == 0


def test_one_form_in_every_outer_shape() -> None:
    made = samples.pairs()
    columns = {name: [row[name] for row in made] for name in made[0]}
    _same(json.dumps(made).encode())
    _same(json.dumps(made, indent=2).encode())
    _same(json.dumps({"version": 1, "data": made}).encode())
    _same(json.dumps(columns).encode())
    _same(json.dumps({name: {str(n): v for n, v in enumerate(values)} for name, values in columns.items()}).encode())
    _same(gzip.compress(samples.lines(made)))
    _same(samples.lines(made).rstrip(b"\n"))


def test_an_array_that_is_cut_off_keeps_its_whole_items() -> None:
    data = json.dumps(samples.pairs()).encode()
    rows, report = taken(data[:-200])
    assert len(rows) == report.accepted < 24
    assert report.reasons == {"truncated": 1}


def test_an_array_with_a_bad_item() -> None:
    rows, report = taken(b"[" + GOOD + b", {'bad': 1}, 3, " + GOOD + b"]")
    assert len(rows) == 2
    assert report.reasons == {"invalid_json": 1, "not_an_object": 1}


_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.text('a"\\,[]{}\n é', max_size=6)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text('a"\\', max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.lists(_values, max_size=6), st.integers(0, 200))
def test_arrays_are_cut_where_their_items_end(items: list[Any], at: int) -> None:
    text = json.dumps(items).encode()[1:]
    found, rest, ended, _ = split_items(text)
    assert [json.loads(item) for item in found] == items
    assert ended
    assert rest == b""
    first, left, _, _ = split_items(text[:at])
    second, _, _, _ = split_items(left + text[at:])
    if at < len(text):
        assert [json.loads(item) for item in first + second] == items


def test_nesting_beyond_the_limit_stops_the_reading() -> None:
    with pytest.raises(LimitExceeded) as refused:
        taken(b"[" * 200)
    assert refused.value.code == "nested_too_deep"


def test_a_broken_document_names_its_line() -> None:
    with pytest.raises(InputRefused) as refused:
        taken(b'{\n  "log_history": [\n    {"step": 1,, "loss": 2}\n  ]\n}\n')
    assert (refused.value.code, refused.value.line, refused.value.file) == ("invalid_json", 3, "file")


# ------------------------------------------------------------------ CSV


def test_quotes_commas_and_line_ends_within_fields() -> None:
    data = b'prompt,score_a,score_b,label\n"a, ""b""\nc",1,0,A\n\nplain,2,0,B\n"last\n",3,0,A'
    rows, _ = taken(data)
    assert [(row["prompt_text"], row["margin"], row["source_line"]) for row in rows] == [
        ('a, "b"\nc', 1.0, 2),
        ("plain", 2.0, 5),
        ("last\n", 3.0, 6),
    ]


def test_rows_with_other_numbers_of_columns_are_rejected_with_their_lines() -> None:
    rows, report = taken(csv("score_a,score_b,label", "1,0,A", "1,0", "1,0,A,x", "", "2,0,B"))
    assert [row["source_line"] for row in rows] == [2, 6]
    assert [(each.line, each.reason) for each in report.examples] == [(3, "wrong_columns"), (4, "wrong_columns")]


def test_semicolons_and_decimal_commas() -> None:
    rows, _ = taken(b"score_a;score_b;label\n1,234;0,5;A\n1.000,5;-0,5;B\n")
    assert [(row["score_a"], row["score_b"]) for row in rows] == [(1.234, 0.5), (1000.5, -0.5)]


def test_a_thousands_comma_is_never_taken_for_a_decimal_one() -> None:
    rows, report = taken(csv("score_a,score_b,label", '"1,234",0,A', '"0,5",0,A'))
    assert [row["score_a"] for row in rows] == [0.5]
    assert report.reasons == {"not_a_number": 1}


def test_repeated_names_are_told_apart() -> None:
    rows, _ = taken(csv("score_a,score_b,label,label", "1,0,A,B"))
    assert rows[0]["label"] == 1.0


def test_a_stray_quote_costs_no_other_row() -> None:
    rows, _ = taken(csv("score_a,score_b,label,size", '1,0,A,5" disk', "2,0,B,x"))
    assert [row["score_a"] for row in rows] == [1.0, 2.0]


def test_plain_and_quoted_blocks_give_the_same_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.formats.source.BLOCK", 100)
    mixed = [{**row, "language": 'e"n' if n % 7 == 0 else "en,x"} for n, row in enumerate(samples.pairs(60))]
    rows, report = taken(samples.table(mixed))
    assert [row["score_a"] for row in rows] == [row["score_a"] for row in mixed]
    assert [row["source_line"] for row in rows] == list(range(2, 62))
    assert report.rejected == 0


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "prompt": st.text("ab,;\"'\t\né", max_size=8),
                "score_a": st.floats(-1e6, 1e6),
                "score_b": st.floats(-1e6, 1e6),
                "label": st.sampled_from(["A", "B", "tie"]),
            }
        ),
        min_size=1,
        max_size=12,
    )
)
def test_the_same_rows_by_csv_json_and_parquet(rows: list[dict[str, Any]]) -> None:
    def margins(data: bytes) -> list[tuple[float, float]]:
        return [(row["margin"], row["label"]) for row in taken(data)[0]]

    expected = [(row["score_a"] - row["score_b"], {"A": 1.0, "B": 0.0, "tie": 0.5}[row["label"]]) for row in rows]
    assert margins(samples.lines(rows)) == expected
    assert margins(samples.parquet(rows)) == expected
    assert margins(samples.table(rows)) == expected


# ------------------------------------------------------------------ Parquet


def test_parquet_types() -> None:
    table = pa.table(
        {
            "score_a": pa.array([1.5, None, 2], pa.float32()),
            "score_b": pa.array([1, 2, 3], pa.int16()),
            "label": pa.array(["A", "B", "tie"]).dictionary_encode(),
            "language": pa.array(["de", "en", "de"], pa.large_string()),
            "created_at": pa.array([0, 10**6, 2 * 10**6], pa.timestamp("ms")),
            "extra": pa.array([[1], [], None], pa.list_(pa.int8())),
        }
    )
    sink = io.BytesIO()
    pq.write_table(table, sink)
    rows, report = taken(sink.getvalue())
    assert [row["margin"] for row in rows] == [0.5, -1.0]
    assert report.reasons == {"score_missing": 1}
    assert [row["source_line"] for row in rows] == [1, 3]
    assert report.slices == {}
    assert rows[0]["time"].year == 1970


def test_a_damaged_parquet_file() -> None:
    data = samples.FILES["pairs.parquet"]()
    for broken in (data[:-10], data[: len(data) // 2], b"PAR1" + data[8:]):
        with pytest.raises(InputRefused):
            taken(broken)


def test_parquet_texts_that_are_no_utf8_are_damage() -> None:
    broken = pa.array([b"good", b"\xff\xfe"]).view(pa.string())
    for column in (broken, pa.ListArray.from_arrays([0, 1, 2], broken)):
        sink = io.BytesIO()
        pq.write_table(pa.table({"score_a": [1.0, 2.0], "score_b": [0, 0], "label": ["A", "B"], "text": column}), sink)
        with pytest.raises(InputRefused) as refused:
            taken(sink.getvalue())
        assert refused.value.code == "parquet_damaged"


def test_values_a_row_are_counted_from_the_footer() -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"scores": [[1, 2, 3, 4], [5, 6]], "n": [1, 2]}), sink)
    assert values_per_row(sink) == 3.0


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_damaged_footer_is_a_value_error(at: int, mask: int) -> None:
    data = bytearray(NESTED)
    (length,) = struct.unpack("<I", data[-8:-4])
    data[len(data) - 1 - at % (length + 8)] ^= mask
    with contextlib.suppress(ValueError):
        assert values_per_row(io.BytesIO(bytes(data))) >= 1


# ------------------------------------------------------------------ what is no table


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b"   \n\n", "empty_file"),
        (b"\xef\xbb\xbf", "empty_file"),
        (b"just a sentence\nand another\n", "unrecognised"),
        (b"a,b\n1,2\n", "unrecognised"),
        (b"score_a,score_b,label\n", "no_rows"),
        (b"[]", "no_rows"),
        (b"{}", "unrecognised"),
        (b"PK\x03\x04rest", "archive_damaged"),
        (b"\x93NUMPY\x01\x00", "binary_not_read"),
        (b"\x80\x04\x95payload", "pickle_refused"),
        (b"\x18\x00\x00\x00\x00\x00\x00\x00\xa3\x7fK\x22\x09\x00\x00\xc0brain.Event:2", "no_rows"),
        (bytes(range(256)) * 4, "not_text"),
        (gzip.compress(gzip.compress(GOOD, mtime=0), mtime=0), "nested_archive"),
        (gzip.compress(GOOD, mtime=0)[:-9], "archive_damaged"),
    ],
)
def test_refused_by_name(data: bytes, code: str) -> None:
    with pytest.raises(InputRefused) as refused:
        taken(data, name="scores.csv")
    assert refused.value.code == code
    assert refused.value.file == "scores.csv"


def test_when_no_row_can_be_taken_the_first_is_named() -> None:
    with pytest.raises(InputRefused) as refused:
        taken(csv("score_a,score_b,label", "x,1,A", "1,1,", "1,1,C3PO", "1,,A"))
    assert (refused.value.code, refused.value.line, refused.value.field) == ("no_rows", 2, "score_a")


# ------------------------------------------------------------------ limits


@pytest.mark.parametrize(
    ("data", "limits", "code"),
    [
        (gzip.compress(GOOD * 100_000, mtime=0), Limits(pack_free_bytes=10_000, pack_ratio=20), "archive_bomb"),
        (GOOD * 100, Limits(total_bytes=1000), "too_large"),
        (b"score_a,score_b,label\n" + b"x" * 50_000, Limits(line_bytes=1000), "line_too_long"),
        (b",".join(b"c%d" % n for n in range(200)) + b"\n", Limits(columns=100), "too_many_columns"),
        (b'{"log_history": [' + b"1," * 50_000, Limits(document_bytes=1000), "line_too_long"),
        (samples.FILES["pairs.parquet"](), Limits(rows=10), "too_many_rows"),
        (samples.FILES["pairs.parquet"](), Limits(columns=2), "too_many_columns"),
        (samples.FILES["helpsteer.parquet"](), Limits(batch_bytes=8), "parquet_bomb"),
    ],
)
def test_limits(data: bytes, limits: Limits, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.formats.source.BLOCK", 4096)
    with pytest.raises(LimitExceeded) as refused:
        list(read(data, "x", limits=limits))
    assert refused.value.code == code
