"""Apply a recalibrator to margins or raw scores: python apply_recalibrator.py recalibrator.json < numbers.txt."""

import json
import sys
from pathlib import Path

import numpy as np


def probability(logit):
    """The probability with these log-odds."""
    return np.exp(-np.logaddexp(0, -logit))


def apply(spec, values):
    """Repaired probabilities of margins (pairs) or raw scores (scores)."""
    kind, given, source = spec["kind"], spec["parameters"], spec["input"]
    d, pairs = np.asarray(values, float), source["column"] == "margin"
    if not pairs:  # raw scores become log-odds first, as they did when it was fitted
        with np.errstate(divide="ignore"):
            d = np.log(d / source["scale"]) - np.log1p(-d / source["scale"])
        d = np.clip(d, -source["logit_limit"], source["logit_limit"])
    if kind == "isotonic":
        y = np.interp(probability(np.abs(d) if pairs else d), given["x"], given["y"])
        return np.where(d < 0, 1 - y, y) if pairs else y
    logit = {
        "temperature": lambda temperature: d / temperature,
        "platt": lambda a, b: a * d + b,
        "beta": lambda a, b, c: -a * np.logaddexp(0, -d) + b * np.logaddexp(0, d) + c,
        "flexible": lambda a, g: a * np.sign(d) * np.abs(d) ** g,
    }
    return probability(logit[kind](**given))


if __name__ == "__main__":
    spec = json.loads(Path(sys.argv[1]).read_text())
    np.savetxt(sys.stdout, apply(spec, np.loadtxt(sys.stdin, ndmin=1)))
