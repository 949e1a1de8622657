"""What is true of the simulated project: tests compare estimates with it, the written files never show it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

TICK_SECONDS = 15.0
"""Simulated seconds between two appends: four appends a second at 60x speed."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """People's choices between two answers, and the reward model that claims to predict them.

    A person prefers answer a with probability 1 / (1 + exp(−m)), m the true margin. The reward model's margin is
    temperature × m: at 1 it is calibrated, above 1 over-confident.
    """

    margin_sd: float = 1.6
    temperature_start: float = 1.0
    temperature_end: float = 1.9
    drift_minutes: float = 60.0
    domains: Mapping[str, float] = field(
        default_factory=lambda: {"math": 0.3, "code": 0.3, "chat": 0.25, "safety": 0.15}
    )
    languages: Mapping[str, float] = field(default_factory=lambda: {"en": 0.6, "de": 0.2, "es": 0.2})
    worst_domain: str = "safety"
    worst_factor: float = 1.7
    prompt_correlation: float = 0.3
    """Correlation, within a prompt, of the normal scores that decide the choices; each margin stays as told."""

    def temperature(self, minutes: float, domain: str) -> float:
        """The temperature at a simulated minute: linear from start to end, then constant; the worst domain has more."""
        travelled = min(max(minutes / self.drift_minutes, 0.0), 1.0)
        general = self.temperature_start + travelled * (self.temperature_end - self.temperature_start)
        return general * self.worst_factor if domain == self.worst_domain else general


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy that over-optimises: with d = √KL (nats), gold reward is d·(gold_slope − gold_bend·d) above its start.

    The proxy (the reward model) keeps rising while gold falls: Gao, Schulman and Hilton (2023), best-of-n form.
    """

    gold_slope: float = 1.2
    gold_bend: float = 0.12
    proxy_slope: float = 1.5
    proxy_bend: float = 0.05
    kl_per_step: float = 0.06
    noise: float = 0.05

    @property
    def peak_distance(self) -> float:
        """The d at which gold reward is highest."""
        return self.gold_slope / (2 * self.gold_bend)

    @property
    def peak_step(self) -> float:
        """The training step at which gold reward is highest."""
        return self.peak_distance**2 / self.kl_per_step

    def gold(self, step: float) -> float:
        """Expected gold reward at a step, above that of step 0."""
        distance = math.sqrt(self.kl_per_step * step)
        return distance * (self.gold_slope - self.gold_bend * distance)

    def proxy(self, step: float) -> float:
        """Expected proxy reward at a step, above that of step 0."""
        distance = math.sqrt(self.kl_per_step * step)
        return distance * (self.proxy_slope - self.proxy_bend * distance)


@dataclass(frozen=True, slots=True)
class Drift:
    """From `minute` on, prompts come in another mix and the reward model reports on another scale."""

    minute: float = 180.0
    mix_before: Mapping[str, float] = field(
        default_factory=lambda: {"math": 0.3, "code": 0.3, "chat": 0.3, "safety": 0.1}
    )
    mix_after: Mapping[str, float] = field(
        default_factory=lambda: {"math": 0.15, "code": 0.45, "chat": 0.3, "safety": 0.1}
    )
    scale_before: float = 1.0
    scale_after: float = 1.35

    def mix(self, minute: float) -> Mapping[str, float]:
        """Share of each domain among the prompts at a simulated minute."""
        return self.mix_after if minute >= self.minute else self.mix_before

    def scale(self, minute: float) -> float:
        """Factor on every reward at a simulated minute."""
        return self.scale_after if minute >= self.minute else self.scale_before


@dataclass(frozen=True, slots=True)
class Annotators:
    """People of known quality: `sensitivity` P(says a | a is better), `specificity` P(says b | b is better)."""

    prevalence: float = 0.55
    quality: Mapping[str, tuple[float, float]] = field(
        default_factory=lambda: {
            "amara": (0.94, 0.92),
            "bruno": (0.90, 0.91),
            "chiara": (0.86, 0.88),
            "dmitri": (0.93, 0.70),
            "elif": (0.78, 0.80),
            "farid": (0.52, 0.51),
        }
    )


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything that is true of one simulated project. The same seed writes the same bytes."""

    seed: int = 7
    start: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    preferences: Preferences = field(default_factory=Preferences)
    policy: Policy = field(default_factory=Policy)
    drift: Drift = field(default_factory=Drift)
    annotators: Annotators = field(default_factory=Annotators)
