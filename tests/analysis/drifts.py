"""Simulated rollouts and scores over steps, with a known drift."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.analysis import Drift, DriftParameters
from engine.types import Result, Rows
from tests.analysis.compare_worlds import identity

ANALYSIS = Drift()
TOPICS = ["chat", "code", "law", "math"]


def rollouts(
    prompts: int = 1500,
    *,
    answers: int = 2,
    length: float = 0.0,
    mix: float = 0.0,
    spread: float = 1.0,
    begins: float = 0.6,
    steps: int = 300,
    together: float = 0.6,
    seed: int = 0,
) -> Rows:
    """Answers of prompts in the order of their steps; from the share `begins` of the steps on things are otherwise.

    `length`: how far the mean length moves, in its standard deviations without topics; `spread`: factor on the noise of
    the entropy; `mix`: by how much the share of the topic chat grows, whose answers are 40 longer. `together`:
    correlation of lengths and rewards within a prompt.
    """
    generator = np.random.default_rng(seed)
    size = prompts * answers
    prompt = np.repeat(np.arange(prompts), answers)
    step = np.sort(generator.integers(0, steps, prompts))[prompt]
    late = step >= begins * steps
    chat = generator.random(prompts) < 0.3 + mix * (np.sort(step.reshape(prompts, -1)[:, 0]) >= begins * steps)
    topic = np.where(chat, 0, generator.integers(1, 4, prompts))[prompt]

    def noise() -> np.ndarray:
        shared = generator.normal(size=prompts)[prompt]
        return np.sqrt(together) * shared + np.sqrt(1 - together) * generator.normal(size=size)

    columns = {
        "reward": noise(),
        "length": np.round(300 + 100 * noise() + 100 * length * late + 40 * (topic == 0), 3),
        "entropy": noise() * np.where(late, spread, 1.0),
        "truncated": (generator.random(size) < 0.1).astype(float),
        "step": step.astype(float),
        **identity(prompt + 10**6 * seed),
    }
    return Rows("rollout", columns, {"topic": (topic.astype(np.int32), TOPICS)})


def scores(value: np.ndarray, step: np.ndarray, prompt: np.ndarray, **more: Any) -> Rows:
    """Scores at steps."""
    columns = {"value": np.asarray(value, float), "step": np.asarray(step, float), **identity(prompt)}
    return Rows("score", columns, **more)


def conclude(rows: Rows, **params: Any) -> Result:
    """Observe in one segment and conclude."""
    parameters = DriftParameters.parse(params)
    return ANALYSIS.conclude(ANALYSIS.observe(rows, parameters), parameters)


def number(result: Result, name: str) -> float:
    """An estimate that has to be there."""
    found = result.estimates[name].value
    assert found is not None, name
    return found


def cells(result: Result) -> dict[tuple[str, int], dict[str, Any]]:
    """The known cells by feature and window."""
    return {(cell["feature"], cell["window"]): cell for cell in result.pictures["cells"]["cells"]}
