"""Writes ranking.json: rows, and what other people's packages make of them.

    python -m tests.analysis.golden.ranking

Needs choix 0.4.1, evalica 0.4.2 and statsmodels 0.15.0 in an environment of its own. Strengths have sum zero.

- `choix`, `evalica`: the Bradley-Terry model with ties as half a win.
- `glm`: the same as a logistic regression (statsmodels, binomial, ties as ½), with standard errors of the differences
  to the first item from the covariance clustered by prompt, without corrections for few clusters or parameters.
- `glm_length`: the same with the standardised difference of lengths as one more regressor.
- `davidson`: Davidson's model as the log-linear model of counts that it is (Poisson regression with an effect for each
  pair; Critchlow and Fligner 1991): strengths and ν.
"""

from __future__ import annotations

import json
from pathlib import Path

import choix
import evalica
import numpy as np
import statsmodels.api as sm

ITEMS, ROWS, PROMPTS = 6, 600, 60


def rows() -> dict[str, np.ndarray]:
    generator = np.random.default_rng(20261129)
    true = np.linspace(-1, 1, ITEMS)
    a = generator.integers(0, ITEMS, ROWS)
    b = (a + generator.integers(1, ITEMS, ROWS)) % ITEMS
    prompt = generator.integers(0, PROMPTS, ROWS)
    taste = generator.normal(0, 0.7, (PROMPTS, ITEMS))
    length_a, length_b = (np.round(generator.lognormal(5 + 0.3 * true[side], 0.5)) for side in (a, b))
    z = (length_a - length_b) / (length_a + length_b)
    distance = true[a] - true[b] + taste[prompt, a] - taste[prompt, b] + 1.5 * z
    odds = np.exp(np.stack([distance / 2, -distance / 2, np.full(ROWS, np.log(0.6))]))
    win, loss, _ = odds / odds.sum(axis=0)
    draw = generator.random(ROWS)
    label = np.where(draw < win, 1.0, np.where(draw < win + loss, 0.0, 0.5))
    return {"a": a, "b": b, "prompt": prompt, "label": label, "length_a": length_a, "length_b": length_b}


def centred(values: np.ndarray) -> list[float]:
    return (values - values.mean()).tolist()


def design(data: dict[str, np.ndarray]) -> np.ndarray:
    """+1 for a and −1 for b, without a column for the first item."""
    matrix = np.zeros((ROWS, ITEMS))
    matrix[np.arange(ROWS), data["a"]] = 1
    matrix[np.arange(ROWS), data["b"]] = -1
    return matrix[:, 1:]


def logistic(data: dict[str, np.ndarray], matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    model = sm.GLM(data["label"], matrix, family=sm.families.Binomial())
    clusters = {"groups": data["prompt"], "use_correction": False}
    found = model.fit(tol=1e-14, maxiter=100, cov_type="cluster", cov_kwds=clusters)
    return found.params, found.bse


def glm(data: dict[str, np.ndarray]) -> dict[str, list[float]]:
    parameters, deviation = logistic(data, design(data))
    return {"strengths": centred(np.append(0, parameters)), "deviation_to_first": deviation.tolist()}


def glm_length(data: dict[str, np.ndarray]) -> dict[str, object]:
    z = (data["length_a"] - data["length_b"]) / (data["length_a"] + data["length_b"])
    z = z / np.sqrt(np.mean(np.square(z)))
    parameters, deviation = logistic(data, np.column_stack([design(data), z]))
    return {
        "strengths": centred(np.append(0, parameters[:-1])),
        "deviation_to_first": deviation[:-1].tolist(),
        "coefficient": float(parameters[-1]),
        "coefficient_deviation": float(deviation[-1]),
    }


def davidson(data: dict[str, np.ndarray]) -> dict[str, object]:
    low, high = np.minimum(data["a"], data["b"]), np.maximum(data["a"], data["b"])
    label = np.where(data["a"] < data["b"], data["label"], 1 - data["label"])
    counts, matrix = [], []
    pairs = [(i, j) for i in range(ITEMS) for j in range(i + 1, ITEMS)]
    for number, (i, j) in enumerate(pairs):
        there = (low == i) & (high == j)
        for outcome, sign in ((1.0, 1), (0.0, -1), (0.5, 0)):
            line = np.zeros(len(pairs) + ITEMS + 1)
            line[number] = 1
            line[len(pairs) + i], line[len(pairs) + j] = sign / 2, -sign / 2
            line[-1] = outcome == 0.5
            counts.append(np.sum(there & (label == outcome)))
            matrix.append(line)
    matrix = np.delete(np.array(matrix), len(pairs), axis=1)
    found = sm.GLM(np.array(counts), matrix, family=sm.families.Poisson()).fit(tol=1e-14, maxiter=200)
    return {"strengths": centred(np.append(0, found.params[len(pairs) : -1])), "nu": float(np.exp(found.params[-1]))}


def choix_strengths(data: dict[str, np.ndarray]) -> list[float]:
    wins = np.zeros((ITEMS, ITEMS))
    np.add.at(wins, (data["a"], data["b"]), data["label"])
    np.add.at(wins, (data["b"], data["a"]), 1 - data["label"])
    return centred(choix.ilsr_pairwise_dense(wins, tol=1e-12, max_iter=1000))


def evalica_strengths(data: dict[str, np.ndarray]) -> list[float]:
    winner = {1.0: evalica.Winner.X, 0.0: evalica.Winner.Y, 0.5: evalica.Winner.Draw}
    names = [[str(item) for item in data[side]] for side in ("a", "b")]
    found = evalica.bradley_terry(
        *names, [winner[label] for label in data["label"]], tie_weight=0.5, tolerance=1e-14, limit=100_000
    )
    return centred(np.log(found.scores.sort_index().to_numpy()))


def main() -> None:
    data = rows()
    told = {
        "rows": {name: values.tolist() for name, values in data.items()},
        "choix": choix_strengths(data),
        "evalica": evalica_strengths(data),
        "glm": glm(data),
        "glm_length": glm_length(data),
        "davidson": davidson(data),
    }
    Path(__file__).with_name("ranking.json").write_text(json.dumps(told, indent=None) + "\n")


if __name__ == "__main__":
    main()
