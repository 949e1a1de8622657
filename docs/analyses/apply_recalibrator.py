"""Apply an exported recalibrator to margins or raw scores: python apply_recalibrator.py exported.json < numbers.txt."""

import json
import sys
from pathlib import Path

import numpy as np


def apply(spec: dict, values: np.ndarray) -> np.ndarray:
    """Recalibrated probabilities of margins (pairs) or raw scores (scores)."""
    kind, parameters, source = spec["kind"], spec["parameters"], spec["input"]
    if source["column"] == "value":
        p, limit = np.asarray(values) / source["scale"], source["logit_limit"]
        with np.errstate(divide="ignore"):
            margin = np.clip(np.log(p) - np.log1p(-p), -limit, limit)
    else:
        margin, p = np.asarray(values), 1 / (1 + np.exp(-np.abs(values)))
    if kind == "isotonic":
        risen = np.interp(p, parameters["x"], parameters["y"])
        return np.where(margin < 0, 1 - risen, risen) if source["column"] == "margin" else risen
    logit = {
        "temperature": lambda temperature: margin / temperature,
        "platt": lambda a, b: a * margin + b,
        "beta": lambda a, b, c: -a * np.logaddexp(0, -margin) + b * np.logaddexp(0, margin) + c,
        "flexible": lambda a, g: a * np.sign(margin) * np.abs(margin) ** g,
    }[kind](**parameters)
    return 1 / (1 + np.exp(-logit))


if __name__ == "__main__":
    exported = json.loads(Path(sys.argv[1]).read_text())
    np.savetxt(sys.stdout, apply(exported, np.loadtxt(sys.stdin, ndmin=1)))
