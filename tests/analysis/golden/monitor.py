"""Golden values of sequential detectors, by river: `python tests/analysis/golden/monitor.py`.

Needs river 0.26.1 and numpy. `published` are the series of the script that first made the published alarms, `p` the
p-values that a plain Simple Jumper took from it; the jumper itself is written again here, step by step.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from river import drift

FILE = Path(__file__).with_suffix(".json")


def alarms(values: np.ndarray, **how: object) -> list[int]:
    """Places at which river's Page-Hinkley rings."""
    detector = drift.PageHinkley(**how)
    found = []
    for place, value in enumerate(values):
        detector.update(float(value))
        if detector.drift_detected:
            found.append(place)
    return found


def third() -> tuple[np.ndarray, np.ndarray]:
    """The third script's series and the p-values that it took from 500 further numbers, after its runs of a CUSUM."""
    generator = np.random.default_rng(3)
    series = np.r_[generator.normal(0, 1, 500), generator.normal(0.8, 1, 500)]
    for _ in range(400):
        up = down = 0.0
        while max(up, down) <= 5:
            value = generator.normal()
            up, down = max(0.0, up + value - 0.5), max(0.0, down - value - 0.5)
    known = generator.normal(0, 1, 500)
    p = [
        ((known > value).sum() + generator.random() * ((known == value).sum() + 1)) / (len(known) + 1)
        for value in series
    ]
    return series, np.array(p)


def first() -> np.ndarray:
    """The first script's series, after the draws that came before it."""
    generator = np.random.default_rng(20261123)
    generator.normal(0.6, 1.2, 2000)
    generator.random(2000)
    generator.normal(0, 1, 1500)
    generator.normal(0.15, 1.1, 1200)
    return np.r_[generator.normal(0, 1, 500), generator.normal(0.8, 1, 500)]


def jumper(p: np.ndarray, jump: float = 0.01) -> list[float]:
    """The Simple Jumper, stake by stake."""
    stakes, told = np.ones(3) / 3, []
    wealth = 1.0
    for value in p:
        stakes = (1 - jump) * stakes + jump * wealth / 3
        stakes = stakes * (1 + np.array([-1, 0, 1]) * (value - 0.5))
        wealth = float(stakes.sum())
        told.append(wealth)
    return told


def main() -> None:
    series, p = third()
    cases = []
    for seed, shift, how in (
        (1, 0.8, {"threshold": 20.0}),
        (2, -1.2, {"threshold": 15.0, "delta": 0.1, "min_instances": 50}),
        (3, 1.0, {"threshold": 8.0, "alpha": 0.99}),
        (4, 0.5, {"threshold": 20.0, "mode": "up"}),
        (5, -0.5, {"threshold": 20.0, "mode": "down"}),
        (6, 0.0, {"threshold": 3.0, "min_instances": 5}),
    ):
        generator = np.random.default_rng(seed)
        values = np.r_[generator.normal(0, 1, 700), generator.normal(shift, 1, 700)].round(6)
        cases.append({"values": values.tolist(), "how": how, "alarms": alarms(values, **how)})
    published = [
        {"values": values.tolist(), "how": {}, "alarms": alarms(values, min_instances=30, delta=0.005, threshold=50)}
        for values in (first(), series)
    ]
    told = {"published": published, "cases": cases, "p": p.tolist(), "jumper": jumper(p)}
    FILE.write_text(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
