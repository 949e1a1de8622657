"""Prompts and answers from a small grammar: no real person's words, readable, never the same twice in a row."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Topic:
    """One prompt with what its answers may say."""

    prompt: str
    words: dict[str, object]
    strong: list[str]
    weak: list[str]
    manner: dict[str, list[str]]

    def answers(self, rng: np.random.Generator) -> tuple[str, str]:
        """A better and a worse answer to the prompt."""
        return self._answer(rng, self.strong), self._answer(rng, self.weak)

    def _answer(self, rng: np.random.Generator, templates: list[str]) -> str:
        substance = _fill(_pick(rng, templates), self.words)
        return _pick(rng, self.manner["openers"]) + substance + _pick(rng, self.manner["closers"])


def topic(rng: np.random.Generator, domain: str, language: str) -> Topic:
    """A prompt of a domain in a language."""
    grammar = _grammar()[domain][language]
    divisor, quotient = int(rng.integers(2, 13)), int(rng.integers(3, 60))
    words: dict[str, object] = {
        "a": divisor * quotient,
        "b": divisor,
        "c": quotient,
        "d": quotient + int(rng.integers(1, 9)),
        "thing": _pick(rng, grammar.get("things", [""])),
    }
    prompt = _fill(_pick(rng, grammar["prompts"]), words)
    return Topic(prompt, words, grammar["strong"], grammar["weak"], _grammar()["manner"][language])


@lru_cache(maxsize=1)
def _grammar() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "texts.toml").read_text(encoding="utf-8"))


def _pick(rng: np.random.Generator, choices: list[str]) -> str:
    return choices[int(rng.integers(len(choices)))]


def _fill(template: str, words: dict[str, object]) -> str:
    text = template.format(**words)
    return text[:1].upper() + text[1:]
