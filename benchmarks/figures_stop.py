"""Figures of training logs: published values of real files, read and drawn as a user's file would be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.figure import Line
from engine import analyse
from engine.analysis.lines import Lines, lines_of
from engine.analysis.timed import READS, observe
from engine.formats import read_table, to_rows

L101 = {"100_0": (".953", "7.56"), "80_20": (".812", "3.03"), "50_50": (".540", ".32")}
"""Last evaluation of DPO by flipped labels: accuracy, margin."""


def lines(folder: Path | None) -> Iterator[Line]:
    """The figures of the files that are there."""
    sets = {
        "dpo_llama31_trainer_state": dpo_llama31,
        "l101_dpo_vs_ppo": l101,
        "grpo_reasoning_logs": grpo,
        "deepspeed_chat_logs": deepspeed,
        "lmarena_history": lmarena,
        "rlhf_systems_kit_tb": systems_kit,
        "paraphrase_dpo_ipo_sweep": paraphrase,
    }
    for name, found in sets.items():
        if folder is not None and (folder / name).is_dir():
            yield from found(folder / name)
        else:
            print(f"absent: {name}")


def curves_of(file: Path) -> Lines:
    """The lines of a log."""
    table, _ = read_table(file, file.name)
    return lines_of(observe(to_rows(table, "curve", READS)))


def _of(found: Lines, metric: str) -> np.ndarray:
    (line,) = found.of(metric)
    return line.value


def _one(folder: Path, pattern: str) -> Path:
    (file,) = folder.rglob(pattern)
    return file


def dpo_llama31(folder: Path) -> Iterator[Line]:
    """TRL's DPO run of 10,050 steps: both ends of margin and accuracy."""
    found = curves_of(_one(folder, "*state.json"))
    for metric, first, last in (("rm_margin", ".0006", ".186"), ("rm_acc", ".381", ".619")):
        value = _of(found, metric)
        yield Line("dpo_llama31", f"{metric} first", first, float(value[0]))
        yield Line("dpo_llama31", f"{metric} last", last, float(value[-1]))
    yield Line("dpo_llama31", "entries", "1005", float(len(_of(found, "loss"))))


def l101(folder: Path) -> Iterator[Line]:
    """The last evaluation of DPO at three shares of flipped labels."""
    for name, (accuracy, margin) in L101.items():
        found = curves_of(_one(folder, f"dpo_31m_training_logs_{name}.csv"))
        yield Line(f"l101 dpo {name}", "last eval accuracy", accuracy, float(_of(found, "eval_rm_acc")[-1]))
        yield Line(f"l101 dpo {name}", "last eval margin", margin, float(_of(found, "eval_rm_margin")[-1]))


def grpo(folder: Path) -> Iterator[Line]:
    """A column that is filled on 11 of 500 rows is a line of 11 points."""
    found = curves_of(_one(folder, "7_5_plus_kl_metrics.csv"))
    yield Line("grpo 7_5_plus_kl", "eval_acc points", "11", float(len(_of(found, "eval_acc"))))
    yield Line("grpo 7_5_plus_kl", "reward points", "500", float(len(_of(found, "reward"))))


def deepspeed(folder: Path) -> Iterator[Line]:
    """A console log with the reward on the line after the step."""
    result = analyse(_one(folder, "*.log"), "curves", {"metric": "reward", "ends": 50})
    yield Line("deepspeed chat", "reward, first 50", ".33", float(result.estimates["first"].value or np.nan))
    yield Line("deepspeed chat", "reward, last 50", "4.44", float(result.estimates["last"].value or np.nan))
    yield Line("deepspeed chat", "PPO steps", "477", float(len(_of(curves_of(_one(folder, "*.log")), "reward"))))


def lmarena(folder: Path) -> Iterator[Line]:
    """Ratings by date: 0 stands for not listed."""
    file = _one(folder, "*.csv")
    found = curves_of(file)
    with file.open() as rows:
        dates = sum(1 for _ in rows) - 1
    points = sum(len(line) for line in found.lines)
    yield Line("lmarena history", "models", "227", float(len(found.runs)))
    yield Line("lmarena history", "not listed, %", "46.8", 100 * (1 - points / (dates * len(found.runs))))


def systems_kit(folder: Path) -> Iterator[Line]:
    """TensorBoard's events, and the same run's own log."""
    found = curves_of(_one(folder, "events.out.tfevents*"))
    yield Line("rlhf systems kit", "scalar tags", "14", float(len(found.metrics)))
    yield Line("rlhf systems kit", "steps", "50", float(max(len(line) for line in found.lines)))
    constant = analyse(_one(folder, "train.jsonl"), "curves").verdict
    yield Line("rlhf systems kit", "change found in a constant", "0", float(constant != "no_change_detected"))


def paraphrase(folder: Path) -> Iterator[Line]:
    """A sweep with decimal commas: trials with their parameters."""
    table, _ = read_table(_one(folder, "hyperparameters_dpo.csv"), "hyperparameters_dpo.csv")
    yield Line("paraphrase sweep", "trials", "29", float(len(table.column("run").unique())))
    rates = np.unique(table.column("config.learning_rate").to_numpy())
    yield Line("paraphrase sweep", "learning rates above 1", "0", float((rates > 1).sum()))
