"""`python -m jobs analyse`: what it prints, its exit codes, and that it leaves nothing behind."""

import fcntl
import itertools
import json
import math
import os
import re
import select
import shutil
import struct
import termios
import zipfile
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from jobs.command.analyse import _progress_bar
from tests.command.conftest import pair_lines, write_lines

NUMBER = {"type": ["number", "null"]}
ESTIMATE = {
    "type": "object",
    "required": ["value", "low", "high", "level", "method", "n", "null_95"],
    "properties": {
        **dict.fromkeys(("value", "low", "high", "null_95"), NUMBER),
        "level": {"type": "number"},
        "method": {"type": "string"},
        "n": {"type": "integer"},
    },
    "additionalProperties": False,
}
COUNT = {"type": ["integer", "null"], "minimum": 0}
SCHEMA = {
    "type": "object",
    "required": ["analysis", "dataset", "estimates", "slices", "items", "pairs", "warnings", "evidence"],
    "properties": {
        "analysis": {"type": "string"},
        "dataset": {
            "type": "object",
            "required": ["rows", "accepted", "rejected", "reasons", "name", "sha256"],
            "properties": dict.fromkeys(("rows", "accepted", "rejected"), COUNT),
        },
        "estimates": {"type": "object", "additionalProperties": ESTIMATE},
        "slices": {"type": "array", "items": {"type": "object", "required": ["column", "value"]}},
        "items": {"type": "array", "maxItems": 20},
        "pairs": {"type": "array", "maxItems": 20},
        "warnings": {"type": "array", "items": {"type": "object", "required": ["code", "message"]}},
        "evidence": {"type": "object", "required": ["analysis", "analysis_version", "sha256", "command"]},
        "error": {"type": "object", "required": ["code", "message"]},
    },
}
ESTIMATES = re.findall(
    r"\S+",
    "accuracy base_rate mean_score calibration_error ece_debiased_l2 ece_width_15 ece_mass_15 mce_width_15 smooth_ece "
    "brier brier_reliability brier_resolution brier_uncertainty nll spiegelhalter_z temperature position_bias "
    "calibration_error_recalibrated",
)


def check(ran):
    """The one object on stdout: valid, and nothing but it."""
    found = json.loads(ran.out, parse_constant=lambda name: pytest.fail(f"{name} is not a finite number"))
    Draft202012Validator(SCHEMA).validate(found)
    return found


# ------------------------------------------------------------------ done


def test_json_object_of_pairs(analyse, pairs):
    ran = analyse(pairs, "--json")
    found = check(ran)
    assert (ran.code, ran.err) == (0, "")
    assert found["dataset"]["rows"] == found["dataset"]["accepted"] == 600
    assert set(ESTIMATES) <= set(found["estimates"])
    error = found["estimates"]["calibration_error"]
    assert 0 < error["low"] < error["value"] < error["high"] < 0.3
    assert found["estimates"]["ece_width_15"]["low"] is None
    assert found["estimates"]["ece_width_15"]["null_95"] > 0
    assert "error" not in found
    assert found["items"] == []


def test_the_worst_pairs_carry_their_text(analyse, pairs):
    found = analyse(pairs, "--json").object
    sources = list(pair_lines(600))
    confidences = [pair["confidence"] for pair in found["pairs"]]
    assert len(confidences) == 20
    assert confidences == sorted(confidences, reverse=True)
    for pair in found["pairs"]:
        source = sources[pair["source_line"] - 1]
        assert pair["text_a"] == source["response_a"]
        assert pair["slices"] == {"topic": source["topic"]}
        assert pair["confidence"] == pytest.approx(1 / (1 + math.exp(-abs(source["score_a"]))))
        assert (pair["margin"] > 0) != (source["label"] == 1)


def test_json_object_of_scores(analyse, scores):
    found = check(analyse(scores, "--json", "--param", "scale=100"))
    assert len(found["items"]) == 20
    assert found["pairs"] == []
    assert found["dataset"]["kind"] == "score"
    assert "scale_guessed" not in {warning["code"] for warning in found["warnings"]}


def test_a_guessed_scale_is_said(analyse, scores):
    guessed, given = analyse(scores, "--json").object, analyse(scores, "--json", "--param", "scale=100").object
    assert "scale_guessed" in {warning["code"] for warning in guessed["warnings"]}
    assert guessed["estimates"] == given["estimates"]


def test_human_output_says_the_answer_first(analyse, pairs):
    ran = analyse(pairs)
    assert ran.code == 0
    assert ran.out.startswith("Over-confident: calibration error ")
    sentence = analyse(pairs, "--json").object["sentence"]
    assert " ".join(ran.out.split("\n\n")[0].split()) == sentence
    for part in ("600 rows", "estimate", "95% interval", "null 95%", "Slices", "Most confidently wrong", "Evidence"):
        assert part in ran.out
    table = next(part for part in ran.out.split("\n\n") if part.startswith("estimate ")).splitlines()
    assert {line.split()[0] for line in table} >= {"accuracy", "calibration_error", "nll"}


def test_the_command_in_the_evidence_gives_the_same(analyse, tmp_path):
    odd = write_lines(tmp_path / "scores of 'it'.jsonl", pair_lines(300))
    first = analyse(odd, "--json", "--param", "bins=10", "--map", "slice=topic").object
    words = _split(first["evidence"]["command"])
    assert words[:4] == ["python", "-m", "jobs", "analyse"]
    again = analyse(*words[4:], "--json").object
    assert _without_time(again) == _without_time(first)
    assert first["evidence"]["params"]["bins"] == 10


def test_several_files_are_one_dataset(analyse, tmp_path):
    lines = list(pair_lines(600))
    whole = write_lines(tmp_path / "whole.jsonl", lines)
    halves = [write_lines(tmp_path / "a.jsonl", lines[:300]), write_lines(tmp_path / "b.jsonl", lines[300:])]
    one, two = analyse(whole, "--json").object, analyse(*halves, "--json").object
    assert two["dataset"]["rows"] == 600
    assert two["dataset"]["name"] == "a.jsonl, b.jsonl"
    for name, estimate in one["estimates"].items():
        value = estimate["value"]
        assert two["estimates"][name]["value"] == (None if value is None else pytest.approx(value, rel=1e-9)), name
    assert [pair["text_a"] for pair in two["pairs"]] == [pair["text_a"] for pair in one["pairs"]]


@pytest.mark.parametrize("packed", [False, True])
def test_files_of_one_name_are_told_apart_by_their_folders(analyse, tmp_path, packed):
    lines = list(pair_lines(240))
    for name, right in (("Larger", 0.95), ("Smaller", 0.55)):
        (tmp_path / "judges" / name / "Vanilla").mkdir(parents=True)
        rng = np.random.default_rng(5)
        told = [{**line, "score_a": (2 * line["label"] - 1) * (1 if rng.random() < right else -1)} for line in lines]
        write_lines(tmp_path / "judges" / name / "Vanilla" / "result.jsonl", told)
    given = tmp_path / "judges"
    if packed:
        given = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", given))
    result = check(analyse(given, "--analysis", "compare", "--json"))
    assert result["sentence"].startswith("Ship Larger: ")
    assert "of Smaller, " in result["sentence"]
    assert result["dataset"]["name"] == "Larger, Smaller"


def test_files_of_one_name_in_two_archives_are_called_by_their_archives(analyse, tmp_path):
    lines = list(pair_lines(240))
    for name, right in (("larger", 0.95), ("smaller", 0.55)):
        rng = np.random.default_rng(5)
        told = [{**line, "score_a": (2 * line["label"] - 1) * (1 if rng.random() < right else -1)} for line in lines]
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as archive:
            archive.writestr("result.jsonl", "".join(json.dumps(line) + "\n" for line in told))
    result = check(analyse(tmp_path / "larger.zip", tmp_path / "smaller.zip", "--analysis", "compare", "--json"))
    assert result["dataset"]["name"] == "larger.zip, smaller.zip"
    assert result["sentence"].startswith("Ship larger.zip: ")


def test_a_file_of_an_archive_that_others_have_as_a_folder_is_refused(analyse, tmp_path):
    path = tmp_path / "odd.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("a.jsonl", "a.jsonl/b.jsonl"):
            archive.writestr(name, "".join(json.dumps(line) + "\n" for line in pair_lines(100, seed=len(name))))
    ran = analyse(path)
    assert ran.code == 3
    assert "another file in the archive has its name" in ran.err


def test_columns_can_be_named(analyse, tmp_path):
    renamed = [
        {"left": line["score_a"], "right": line["score_b"], "who": line["label"], "q": line["prompt_id"]}
        for line in pair_lines(300)
    ]
    path = write_lines(tmp_path / "own.jsonl", renamed)
    maps = ("score_a=left", "score_b=right", "label=who", "prompt=q")
    found = check(analyse(path, "--json", *(word for one in maps for word in ("--map", one))))
    assert found["dataset"]["accepted"] == 300
    assert "150 prompts" in found["sentence"]


def test_html_is_written(analyse, pairs, tmp_path):
    target = tmp_path / "answer.html"
    ran = analyse(pairs, "--html", target)
    assert ran.code == 0
    assert target.read_bytes().startswith(b"<!doctype html>")


# ------------------------------------------------------------------ not done


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--analysis", "astrology"], "astrology"),
        (["--param", "bins"], "NAME=VALUE"),
        (["--param", "bins=7"], "15, 16, 20"),
        (["--param", "bins=many"], "does not fit"),
        (["--param", "bins=10", "--param", "bins=12"], "twice"),
        (["--param", "colour=red"], "colour"),
        (["--param", "level=nan"], "level"),
        (["--param", "slice=topic=none"], "none"),
        (["--map", "nonsense=topic"], "nonsense"),
        (["--map", "score_a=absent"], "absent"),
        (["--fail-if", "accuracy"], "comparison"),
        (["--fail-if", "ece > 0.1"], "no estimate 'ece'"),
        (["--fail-if", "position_bias > 0"], "null in this result"),
        (["--html", "/nowhere/at/all.html"], "cannot be written"),
        (["--bogus"], "bogus"),
    ],
)
def test_usage_is_exit_2(analyse, pairs, arguments, said):
    ran = analyse(pairs, *arguments)
    assert ran.code == 2
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_no_file_is_exit_2(analyse):
    assert analyse().code == 2


def test_a_condition_is_checked_before_anything_is_read(analyse, tmp_path):
    assert analyse(tmp_path / "absent.jsonl", "--fail-if", "1 +").code == 2


def test_the_same_content_twice_is_exit_2(analyse, pairs, tmp_path):
    copy = tmp_path / "copy.jsonl"
    copy.write_bytes(pairs.read_bytes())
    ran = analyse(pairs, copy)
    assert ran.code == 2
    assert "twice" in ran.err


@pytest.mark.parametrize(
    "content",
    [b"", b"\x80\x04\x95 pickle", b"word\nalone\n", b'{"a": 1}\n', b"score_a,score_b,label\nx,y,z\n"],
    ids=["empty", "binary", "no columns", "unknown", "no number"],
)
def test_refused_input_is_exit_3(analyse, tmp_path, content):
    path = tmp_path / "bad.jsonl"
    path.write_bytes(content)
    ran = analyse(path, "--json")
    found = check(ran)
    assert ran.code == 3
    assert found["error"]["file"] == "bad.jsonl"
    assert found["error"]["message"] in ran.err
    assert found["estimates"] == {}
    assert str(tmp_path) not in found["error"]["message"]


def test_a_refusal_says_which_line_and_field(analyse, tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("score_a,score_b,label\n" + "1,,1\n" * 40)
    found = analyse(path, "--json", "--map", "score_b=score_b").object
    assert found["error"]["line"] == 2
    assert found["error"]["field"] == "score_b"
    assert found["dataset"]["rejected"] == 40
    assert found["dataset"]["reasons"] == {"score_missing": 40}


def test_an_absent_file_is_exit_3(analyse, tmp_path):
    ran = analyse(tmp_path / "absent.jsonl", "--json")
    assert ran.code == 3
    assert check(ran)["error"]["code"] == "not_a_file"


def test_too_few_prompts_is_exit_4_with_what_is_known(analyse, tmp_path):
    path = write_lines(tmp_path / "few.jsonl", pair_lines(20))
    ran = analyse(path, "--json")
    found = check(ran)
    assert ran.code == 4
    assert found["dataset"]["accepted"] == 20
    assert found["dataset"]["format"] == "pairs"
    assert found["error"]["code"] == "not_enough_data"
    assert analyse(path).out == ""


def test_rejected_rows_are_counted_with_their_reasons(analyse, tmp_path):
    lines = [*pair_lines(300), {"prompt_id": "x", "score_a": "n/a", "score_b": 1, "label": 1}]
    found = check(analyse(write_lines(tmp_path / "some.jsonl", lines), "--json"))
    assert (found["dataset"]["rows"], found["dataset"]["accepted"], found["dataset"]["rejected"]) == (301, 300, 1)
    assert sum(found["dataset"]["reasons"].values()) == 1


@pytest.mark.parametrize(("condition", "code"), [("accuracy < 1.1", 5), ("accuracy > 1.1", 0)])
def test_fail_if_decides_the_exit_code_and_still_prints(analyse, pairs, condition, code):
    ran = analyse(pairs, "--json", "--fail-if", condition)
    assert ran.code == code
    assert check(ran)["estimates"]
    assert (condition in ran.err) == (code == 5)


# ------------------------------------------------------------------ what it leaves, what it survives


def test_nothing_is_written(analyse, pairs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    before = sorted(tmp_path.rglob("*"))
    assert analyse(pairs).code == 0
    assert sorted(tmp_path.rglob("*")) == before


def test_a_file_cannot_drive_the_terminal(analyse, tmp_path):
    lines = [{**line, "prompt": "\x1b[2J\x9b31m\u202eevil\x07"} for line in pair_lines(300)]
    out = analyse(write_lines(tmp_path / "\x1b[31mred.jsonl", lines)).out
    assert "evil" in out
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", out)


def test_no_bar_where_nobody_looks(analyse, pairs):
    assert analyse(pairs).err == ""


def test_a_bar_where_somebody_looks(monkeypatch):
    master, terminal = os.openpty()
    seconds = itertools.count()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with os.fdopen(terminal, "w") as screen, os.fdopen(master, "rb", buffering=0) as seen:
        monkeypatch.setattr("sys.stderr", screen)
        monkeypatch.setattr("tqdm.std.time", lambda: float(next(seconds)))
        with _progress_bar() as progress:
            progress(0.25)
            progress(0.5)
        screen.flush()
        shown = ""
        while not shown.endswith("\r") and select.select([seen], [], [], 5)[0]:
            shown += seen.read(4096).decode()
    assert "reading:  50%" in shown
    assert shown.endswith("\r")


def _split(command):
    import shlex

    return shlex.split(command)


def _without_time(found):
    return {**found, "evidence": {**found["evidence"], "duration_ms": None}}
