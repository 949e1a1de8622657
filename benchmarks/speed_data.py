"""Made-up pairs for the speed comparisons: an over-confident model with a bend, four answers to a prompt."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.types import FINE_BUCKETS, Rows

ROWS_PER_PROMPT = 4


@dataclass(frozen=True)
class Pairs:
    """n pairs: p = sigmoid(margin), y ~ Bernoulli(sigmoid(0.7 margin + 0.15 sin(2 margin)))."""

    margin: np.ndarray
    p: np.ndarray
    y: np.ndarray
    prompt: np.ndarray

    @cached_property
    def rows(self) -> Rows:
        """The same pairs as an analysis reads them."""
        hashes = np.random.default_rng(2).integers(0, 2**64, len(self.p), dtype=np.uint64)
        prompts = np.random.default_rng(3).integers(0, 2**64, self.prompt.max() + 1, dtype=np.uint64)[self.prompt]
        columns = {
            "margin": self.margin,
            "label": self.y,
            "row_hash": hashes,
            "prompt_hash": prompts,
            "bucket": (prompts % np.uint64(FINE_BUCKETS)).astype(np.uint16),
            "votes": np.ones(len(self.p), np.int32),
            "first": np.full(len(self.p), -1, np.int8),
            "step": np.full(len(self.p), -1, np.int64),
        }
        return Rows("comparison", columns)


def make(rows: int, seed: int = 1) -> Pairs:
    """`rows` pairs from a mixture of easy and hard prompts."""
    rng = np.random.default_rng(seed)
    easy = rng.random(rows) < 0.4
    margin = rng.standard_normal(rows)
    margin *= np.where(easy, 2.5, 1.0)
    margin += np.where(easy, 1.0, 0.2)
    true_logit = 0.7 * margin + 0.15 * np.sin(2 * margin)
    y = (rng.random(rows) < 1 / (1 + np.exp(-true_logit))).astype(np.float64)
    return Pairs(margin, 1 / (1 + np.exp(-margin)), y, np.arange(rows) // ROWS_PER_PROMPT)
