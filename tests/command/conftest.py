"""Small made-up score files, and the command as a function."""

import json
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pytest

from engine.standalone import FileRows
from jobs.__main__ import main


@dataclass
class Ran:
    code: int
    out: str
    err: str

    @property
    def object(self):
        return json.loads(self.out)


@pytest.fixture
def analyse(capsys, monkeypatch):
    """The command in this process; files are read here too unless `limited` is asked for."""

    def run(*arguments, limited=False):
        if not limited:
            monkeypatch.setattr("jobs.command.limited.limited_files", _read_here)
        try:
            code = main(["analyse", *map(str, arguments)])
        except SystemExit as ended:
            code = ended.code
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return run


@contextmanager
def _read_here():
    yield FileRows


def pair_lines(rows, seed=1, sharpness=2.0):
    """Pairs of a model that is over-confident by `sharpness`, two to a prompt, with texts and a slice."""
    rng = np.random.default_rng(seed)
    true = rng.normal(0.4, 1.0, rows)
    label = rng.random(rows) < 1 / (1 + np.exp(-true))
    for number in range(rows):
        yield {
            "prompt_id": f"p{number // 2}",
            "prompt": f"Question {number // 2}",
            "score_a": round(float(sharpness * true[number]), 6),
            "score_b": 0.0,
            "label": int(label[number]),
            "response_a": f"first answer {number}",
            "response_b": f"second answer {number}",
            "topic": ("law", "code", "poems")[number % 3],
        }


def write_lines(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.fixture
def pairs(tmp_path):
    return write_lines(tmp_path / "pairs.jsonl", pair_lines(600))


@pytest.fixture
def scores(tmp_path):
    rng = np.random.default_rng(2)
    truth = rng.random(400)
    lines = ["task_id,score,correct"]
    for number, rate in enumerate(truth):
        lines.append(f"t{number // 4},{round(100 * rate)},{int(rng.random() < rate**2)}")
    path = tmp_path / "scores.csv"
    path.write_text("\n".join(lines) + "\n")
    return path
