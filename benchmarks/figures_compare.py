"""Figures of comparison, power, best of n and audit: published values of real files, and values of other packages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.figure import Line
from engine import analyse
from engine.analysis.bestofn.curve import kl_bound, weights
from engine.analysis.intervals import normal_quantile
from engine.analysis.paired import mcnemar, wilson
from engine.analysis.power import Assumed, plan, variance
from engine.formats import read_table

JUDGEBENCH = {
    "Skywork/Skywork-Reward-Llama-3.1-8B": ".6243",
    "Ray2333/GRM-Gemma-2B-rewardmodel-ft": ".5943",
    "internlm/internlm2-7b-reward": ".5943",
}
LENGTHS = {
    "FuseChat-Gemma-2-9B-Instruct/weighted_alpaca_eval_gpt4_turbo": "2155",
    "alpaca-farm-ppo-human/alpaca_eval_gpt4": "803",
}


def lines(folder: Path | None) -> Iterator[Line]:
    """The figures, those of real files only where they are in `folder`."""
    for name, found in (("judgebench", judgebench), ("judge_goodhart", goodhart), ("alpaca_eval_judges", lengths)):
        if folder is not None and (folder / name).is_dir():
            yield from found(folder / name)
        else:
            print(f"absent: {name}")
    yield from golden()


def judgebench(folder: Path) -> Iterator[Line]:
    """Three reward models on the same pairs, in three files."""
    result = analyse(sorted(folder.rglob("*.jsonl")), "compare")
    accuracy = {item["item"]: float(item["value"]) for item in result.items}
    for judge, expected in JUDGEBENCH.items():
        yield Line("compare judgebench", judge.rpartition("/")[2][:26], expected, accuracy[judge])


def goodhart(folder: Path) -> Iterator[Line]:
    """The base rate is the mean truth of one answer."""
    for file in folder.rglob("*.jsonl"):
        value = analyse(file, "bestofn").estimates["mean_truth"].value
        yield Line("best of n judge_goodhart", "mean_truth", ".6684", float("nan") if value is None else value)


def lengths(folder: Path) -> Iterator[Line]:
    """The leaderboards' average lengths are in characters of the model's outputs, fractions cut off."""
    for place, expected in LENGTHS.items():
        table, _ = read_table(folder / "results" / place / "annotations.json", "annotations.json", {})
        found = float(np.mean(table.column("style.characters.b").to_numpy()))
        yield Line("audit alpaca_eval", place.partition("/")[0][:26], expected, float(np.floor(found)))


def golden() -> Iterator[Line]:
    """Values of statsmodels, and of the scripts that the product's reference was made with."""
    low, high = wilson(0.9, 100, normal_quantile(0.95))
    score = published()
    half = plan("accuracy", Assumed(share=0.7), half_width=0.03).labels
    pair = plan("difference", Assumed(deviation=1.0), effect=0.1).labels
    for name, expected, got in [
        ("McNemar exact 12, 25", ".04703102743951604", mcnemar(12, 25)[0]),
        ("McNemar mid-p 1, 7", ".0390625", mcnemar(1, 7)[1]),
        ("Wilson 90 of 100, low", ".8256343384950865", low),
        ("Wilson 90 of 100, high", ".9447708629393249", high),
        ("best of 1 of 64", ".1669530526587745", float(weights(64, 1) @ score)),
        ("best of 4 of 64", "1.3237464812152548", float(weights(64, 4) @ score)),
        ("best of 16 of 64", "2.1903859835246595", float(weights(64, 16) @ score)),
        ("nats of best of 4", ".6362943611198906", kl_bound(4)),
        ("nats of best of 16", "1.8350887222397811", kl_bound(16)),
        ("labels for .7 ± .03", "897", float(half)),
        ("labels for .1 sd, paired", "785", float(pair)),
        ("n · variance of kappa", ".8928571428571423", variance("agreement", Assumed(), 0.0)),
    ]:
        yield Line("golden", name, expected, got)


def published() -> np.ndarray:
    """64 normal numbers, after the draws that come before them in the script that first made them."""
    generator = np.random.default_rng(7)
    generator.integers(0, 6, 3000)
    generator.integers(1, 6, 3000)
    generator.normal(0, 1, 3000)
    generator.random(3000)
    generator.integers(0, 2, 600)
    generator.random(2400)
    return np.sort(generator.normal(0, 1, 64))
