"""Figures of agreement and judges: published values of real files, read as a user's file is, and golden values.

What is published is of the files as their sides stand, so it is compared at function level, one orientation; the
analysis takes both orientations of every pair. Tulu's alpha of .399 is of five levels in one of many possible
orientations: over random ones it has mean .403 and standard deviation .004, and ours is that mean.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.figure import Line
from engine.analysis import Agreement, AgreementParameters, Judge, JudgeParameters
from engine.analysis.agreement.coefficients import alpha, kappa
from engine.analysis.agreement.dawid_skene import Words, fit
from engine.analysis.agreement.kappas import weights
from engine.analysis.judge.corrected import Sums, corrected
from engine.formats import read_table
from engine.formats.canonical import to_rows
from engine.types import Result

TULU = "tulu1_human_eval/human_eval/data/eval_annotations_tulu_1.xlsx"
PANDALM = "pandalm/data/testset-v1.json"
PANDALM_JUDGES = (
    ("gpt-3.5", "pandalm/data/gpt-3.5-turbo-testset-v1.json", ".693"),
    ("PandaLM-7B", "pandalm/data/pandalm-7b-testset-v1.json", ".668"),
)
LLMBAR = "llmbar/Dataset/LLMBar"
FIVE = {"a-is-better": 1.0, "a-is-slightly-better": 0.75, "tie": 0.5, "b-is-slightly-better": 0.25, "b-is-better": 0.0}
GOLDEN = Path(__file__).parents[1] / "tests" / "analysis" / "golden" / "agreement.json"


def lines(folder: Path | None) -> Iterator[Line]:
    """The figures, those of real files only where they are in `folder`."""
    for name, path, figures in (("tulu1", TULU, tulu), ("pandalm", PANDALM, pandalm), ("llmbar", LLMBAR, llmbar)):
        if folder is not None and (folder / path).exists():
            yield from figures(folder)
        else:
            print(f"absent: {name}")
    yield from golden()


def table_of(path: Path) -> pa.Table:
    """A file's canonical rows."""
    return read_table(path, path.name, {})[0]


def agreement_of(table: pa.Table) -> Result:
    """Agreement's answer on canonical rows."""
    params = AgreementParameters()
    return Agreement().conclude(Agreement().observe(to_rows(table, reads=Agreement.reads), params), params)


def judge_of(table: pa.Table) -> Result:
    """Judge's answer on canonical rows."""
    params = JudgeParameters()
    return Judge().conclude(Judge().observe(to_rows(table, reads=Judge.reads), params), params)


def value(result: Result, name: str) -> float:
    """An estimate, NaN where there is none."""
    found = result.estimates[name].value
    return float("nan") if found is None else found


# ------------------------------------------------------------------ tulu1


def tulu(folder: Path) -> Iterator[Line]:
    """Sixteen evaluators of three pairs of systems."""
    table = table_of(folder / TULU)
    result = agreement_of(table)
    yield Line("tulu1", "pairs seen by two or more", "121", result.dataset["units"])
    yield Line("tulu1", "raw agreement", ".574", value(result, "raw_agreement"))
    for week, expected, got in zip(
        (1, 2, 3), (".339", ".316", ".286"), result.pictures["weeks"]["tie_rate"], strict=True
    ):
        yield Line("tulu1", f"tie rate, week {week}", expected, got)
    five = pa.array([FIVE[word] for word in table.column("outcome").to_pylist()])
    levels = agreement_of(table.set_column(table.column_names.index("label"), "label", five))
    yield Line("tulu1", "ordinal alpha, five levels", ".40", value(levels, "krippendorff_alpha_ordinal"))


# ------------------------------------------------------------------ pandalm


def pandalm(folder: Path) -> Iterator[Line]:
    """Three annotators, a line a pair; two judges against their majority."""
    words = _words(folder)
    pairs = [(one, other) for one in range(3) for other in range(one)]
    tables = {pair: np.zeros((3, 3)) for pair in pairs}
    for one, other in pairs:
        np.add.at(tables[one, other], (words[:, one], words[:, other]), 1)
    coincidences = sum(tables.values())
    coincidences = (coincidences + coincidences.T) / 2
    yield Line("pandalm", "alpha", ".864", float(alpha(coincidences, np.arange(3.0), "nominal")))
    for pair, expected in (((1, 0), ".852"), ((2, 0), ".879"), ((2, 1), ".862")):
        observed, chance = kappa(tables[pair], weights(3, 0))
        yield Line("pandalm", f"kappa of {pair[1] + 1} and {pair[0] + 1}", expected, float(1 - observed / chance))
    result = agreement_of(table_of(folder / PANDALM))
    yield Line("pandalm", "alpha, both orientations", ".86", value(result, "krippendorff_alpha_nominal"))
    majority = np.array([np.bincount(row, minlength=3).argmax() for row in words])
    for name, path, expected in PANDALM_JUDGES:
        yield Line("pandalm", f"{name} and the majority", expected, _judged(folder / path, majority, name))


def _words(folder: Path) -> np.ndarray:
    """What each annotator says of each line: 0 the second answer, 1 a tie, 2 the first. Shape (lines, annotators)."""
    table = table_of(folder / PANDALM)
    place, rater = (np.unique(table.column(name), return_inverse=True)[1] for name in ("source_line", "annotator"))
    found = np.zeros((place.max() + 1, rater.max() + 1), int)
    found[place, rater] = np.round(2 * table.column("label").to_numpy())
    return found


def _judged(path: Path, majority: np.ndarray, name: str) -> float:
    """The share of all lines on which a judge says what the majority says.

    Published for gpt-3.5 are verdicts and labels as texts, where its `Tie` never equals the annotators' 0: its five
    right ties do not count. A line that cannot be read counts as wrong.
    """
    table = table_of(path)
    line = table.column("source_line").to_numpy() - 1
    said = np.round(2 * table.column("verdict").to_numpy()).astype(int)
    same = said == majority[line]
    return float(np.sum(same & (said != 1) if name == "gpt-3.5" else same) / len(majority))


# ------------------------------------------------------------------ llmbar


def llmbar(folder: Path) -> Iterator[Line]:
    """Judges asked in both orders: ours against counts of the files' own words."""
    for path in sorted((folder / LLMBAR).rglob("Vanilla/result.json")):
        records = json.loads(path.read_text())
        judge, subset = path.parts[-3], path.parts[-5]
        result = judge_of(table_of(path))
        words = [[one["results"][0][f"swap = {swap}"]["winner"] for swap in (False, True)] for one in records]
        known = np.array([[winner in ("1", "2", 1, 2) for winner in pair] for pair in words])
        won = np.array([[str(winner) == "1" for winner in pair] for pair in words])
        right = won == np.array([[str(one["label"]) == "1"] for one in records])
        first = np.stack([won[:, 0], ~won[:, 1]], axis=1)
        both = known.all(axis=1)
        for figure, name, expected in (
            ("right in either order", "agreement", right[known].mean()),
            ("for the first shown", "position_bias", first[known].mean() - 0.5),
            ("the same in both orders", "order_consistency", (won[:, 0] == won[:, 1])[both].mean()),
        ):
            yield Line(f"llmbar {subset} {judge}", figure, f"{expected:.6f}", value(result, name))


# ------------------------------------------------------------------ golden


def golden() -> Iterator[Line]:
    """Values of krippendorff, crowd-kit and ppi-python (`tests/analysis/golden/agreement.py`)."""
    told = json.loads(GOLDEN.read_text())
    for scale, expected in zip(("nominal", "ordinal", "interval"), (".69136", ".80672", ".81084"), strict=True):
        yield Line("golden", f"alpha, {scale}", expected, float(alpha(*_coincidences(told["textbook"]), scale)))
    said, truth = np.array(told["crowd"]["said"]), np.array(told["crowd"]["truth"])
    units, raters = said.shape
    words = Words(
        np.repeat(np.arange(units), raters), np.tile(np.arange(raters), units), said.ravel(), units, raters, 2
    )
    accuracy = float((fit(words, steps=5000).truth.argmax(axis=1) == truth).mean())
    yield Line("golden", "Dawid-Skene accuracy", f"{told['crowd']['accuracy']:.4f}", accuracy)
    label, verdict = (np.array(told["judge"][name]) for name in ("label", "verdict"))
    known = (np.arange(len(label)) < told["judge"]["labelled"]).astype(float)
    sums = Sums(known, known * label, known * verdict, 1 - known, (1 - known) * verdict)
    for weight, one in told["judge"]["fixed"].items():
        yield Line("golden", f"PPI++ mean, weight {weight}", repr(one["mean"]), corrected(sums, float(weight)).value)


def _coincidences(data: dict[str, list[list[int | None]]]) -> tuple[np.ndarray, np.ndarray]:
    values = np.array(sorted({one for row in data["ratings"] for one in row if one is not None}), float)
    sums = np.zeros((len(values), len(values)))
    for unit in zip(*data["ratings"], strict=True):
        count = np.array([unit.count(value) for value in values], float)
        if count.sum() > 1:
            sums += (np.outer(count, count) - np.diag(count)) / (count.sum() - 1)
    return sums, values
