"""`python -m jobs read`: what it prints and how it exits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jobs.__main__ import main
from tests.formats import samples


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "pairs.csv"
    path.write_bytes(samples.FILES["pairs.csv"]() + b"q99,x,1,A,de\n")
    return path


def test_one_object_with_exactly_the_promised_keys(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", str(file), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert list(said) == ["format", "kind", "rows", "accepted", "rejected", "reasons", "columns", "warnings"]
    assert (said["format"], said["kind"], said["rows"], said["accepted"]) == ("pairs", "comparison", 25, 24)
    assert said["reasons"] == {"not_a_number": 1}


def test_a_table_for_people(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", str(file)]) == 0
    out = capsys.readouterr().out
    assert "25: 24 taken, 1 rejected" in out
    assert "line 26, score_a: not_a_number" in out


def test_mapping(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    swapped = ["--map", "score_a=score_b", "--map", "score_b=score_a", "--map", "label=label"]
    assert main(["read", str(file), "--json", *swapped]) == 0
    assert json.loads(capsys.readouterr().out)["columns"]["score_b"] == "score_a"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--map", "score_a"], 2), (["--map", "colour=x"], 2), (["--map", "score_a=nowhere"], 2), ([], 3)],
)
def test_exit_codes(tmp_path: Path, arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(samples.FILES["pairs.csv"]() if arguments else b"neither, nor\n1,2\n")
    assert main(["read", str(path), *arguments]) == code
    assert capsys.readouterr().err


def test_a_refusal_names_file_line_field_and_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"score_a,score_b,label\nx,1,A\n1,1,\n")
    assert main(["read", str(path), "--json"]) == 3
    caught = capsys.readouterr()
    said = json.loads(caught.out)
    assert said["kind"] is None or said["kind"] == "comparison"
    assert said["error"] == {
        "code": "no_rows",
        "message": said["error"]["message"],
        "file": "x.csv",
        "line": 2,
        "field": "score_a",
        "signature": said["error"]["signature"],
        "source_columns": said["error"]["source_columns"],
    }
    assert [column["name"] for column in said["error"]["source_columns"]] == ["score_a", "score_b", "label"]
    assert "line 2, field score_a: the text is not a number" in caught.err


def test_the_worst_of_several_files_decides(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", str(file), str(tmp_path / "nowhere.csv"), "--json"]) == 3
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["rows"] for line in lines] == [25, 0]
