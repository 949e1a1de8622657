"""The reward-model score file: one JSON line a pair, as TRL and RewardBench tools write them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta

import numpy as np
from scipy.special import expit, ndtr

from jobs.simulator.texts import Topic, topic
from jobs.simulator.truth import TICK_SECONDS, Truth

FILE = "reward-model.jsonl"
MIN_PROMPTS, MAX_PROMPTS = 3, 6
MAX_PAIRS_OF_PROMPT = 4


def lines(truth: Truth, tick: int) -> list[str]:
    """The lines one tick appends, about 5–20 pairs: the same for the same seed and tick, whenever asked for."""
    rng = np.random.default_rng([truth.seed, tick, 1])
    rows = [
        row
        for prompt in range(int(rng.integers(MIN_PROMPTS, MAX_PROMPTS + 1)))
        for row in _pairs(truth, rng, tick, prompt)
    ]
    step = TICK_SECONDS / len(rows)
    for index, row in enumerate(rows):
        moment = truth.start + timedelta(seconds=TICK_SECONDS * tick + step * index)
        row["timestamp"] = moment.isoformat(timespec="milliseconds")
    return [json.dumps(row, ensure_ascii=False) for row in rows]


def _pairs(truth: Truth, rng: np.random.Generator, tick: int, prompt: int) -> Iterator[dict[str, object]]:
    preferences = truth.preferences
    domain, language = draw(rng, preferences.domains), draw(rng, preferences.languages)
    subject = topic(rng, domain, language)
    temperature = preferences.temperature(tick * TICK_SECONDS / 60, domain)
    level, shared = rng.normal(0.0, 2.0), rng.normal()
    for _ in range(int(rng.integers(1, MAX_PAIRS_OF_PROMPT + 1))):
        margin = abs(rng.normal(0.0, preferences.margin_sd))
        own = np.sqrt(1 - preferences.prompt_correlation) * rng.normal()
        better_wins = ndtr(np.sqrt(preferences.prompt_correlation) * shared + own) < expit(margin)
        rewards = (level + temperature * margin / 2, level - temperature * margin / 2)
        yield {
            "prompt_id": f"p-{tick:05d}-{prompt}",
            **_texts(subject, rng, better_wins),
            "reward_chosen": round(rewards[0 if better_wins else 1], 4),
            "reward_rejected": round(rewards[1 if better_wins else 0], 4),
            "subset": domain,
            "language": language,
            "annotator": draw(rng, dict.fromkeys(truth.annotators.quality, 1.0)),
        }


def _texts(subject: Topic, rng: np.random.Generator, better_wins: bool) -> dict[str, str]:
    better, worse = subject.answers(rng)
    chosen, rejected = (better, worse) if better_wins else (worse, better)
    return {"prompt": subject.prompt, "chosen": chosen, "rejected": rejected}


def draw(rng: np.random.Generator, shares: Mapping[str, float]) -> str:
    """One name, with probability in proportion to its share."""
    names, edges = list(shares), np.cumsum(np.fromiter(shares.values(), float))
    return names[min(int(np.searchsorted(edges, rng.random() * edges[-1], side="right")), len(names) - 1)]
