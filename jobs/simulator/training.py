"""What the simulated training run logs: TRL's PPO metrics, gold evaluations, rollouts, annotators' votes."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np

from jobs.simulator.preferences import draw
from jobs.simulator.texts import topic
from jobs.simulator.truth import TICK_SECONDS, Truth

TRAINER_FILE = "ppo-log.jsonl"
GOLD_FILE = "gold-evaluations.jsonl"
ROLLOUT_FILE = "rollouts.jsonl"
VOTES_FILE = "votes.jsonl"
FILES = (TRAINER_FILE, GOLD_FILE, ROLLOUT_FILE, VOTES_FILE)

TICKS_A_STEP = 4
STEPS_AN_EVALUATION = 10
ROLLOUTS_A_STEP = 8
VOTED_ITEMS_A_STEP = 2
TOKENS = 180


def lines(truth: Truth, tick: int) -> dict[str, list[str]]:
    """The lines one tick appends to each file: none between training steps."""
    if tick % TICKS_A_STEP:
        return {}
    step = tick // TICKS_A_STEP
    rng = np.random.default_rng([truth.seed, step, 2])
    written = {
        TRAINER_FILE: [_trainer_row(truth, rng, step)],
        ROLLOUT_FILE: [_rollout(truth, rng, step, index) for index in range(ROLLOUTS_A_STEP)],
        VOTES_FILE: [row for item in range(VOTED_ITEMS_A_STEP) for row in _votes(truth, rng, step, item)],
    }
    if step % STEPS_AN_EVALUATION == 0:
        written[GOLD_FILE] = [_gold_row(truth, rng, step)]
    return {name: [json.dumps(row, ensure_ascii=False) for row in rows] for name, rows in written.items()}


def _minute(step: int) -> float:
    return step * TICKS_A_STEP * TICK_SECONDS / 60


def _trainer_row(truth: Truth, rng: np.random.Generator, step: int) -> Mapping[str, object]:
    policy = truth.policy
    divergence = max(policy.kl_per_step * step * (1 + 0.05 * rng.normal()), 0.0)
    score = (policy.proxy(step) + policy.noise * rng.normal()) * truth.drift.scale(_minute(step))
    entropy = TOKENS * (0.9 - 0.4 * (1 - np.exp(-step / 400))) + rng.normal()
    penalty = -0.05 * divergence
    return {
        "step": step,
        "episode": (step + 1) * 512,
        "objective/kl": round(divergence, 5),
        "objective/entropy": round(entropy, 4),
        "objective/non_score_reward": round(penalty, 5),
        "objective/rlhf_reward": round(score + penalty, 5),
        "objective/scores": round(score, 5),
        "policy/approxkl_avg": round(abs(0.004 + 0.001 * rng.normal()), 6),
        "policy/clipfrac_avg": round(abs(0.06 + 0.01 * rng.normal()), 5),
        "policy/entropy_avg": round(entropy / TOKENS, 5),
        "loss/policy_avg": round(-0.01 + 0.004 * rng.normal(), 5),
        "loss/value_avg": round(0.3 * np.exp(-step / 150) + 0.05 + 0.01 * rng.normal(), 5),
        "val/ratio": round(1 + 0.004 * rng.normal(), 5),
        "lr": 3e-6,
        "eps": 12,
    }


def _gold_row(truth: Truth, rng: np.random.Generator, step: int) -> Mapping[str, object]:
    policy = truth.policy
    return {
        "step": step,
        "kl": round(policy.kl_per_step * step, 5),
        "kl_unit": "nats per sequence",
        "gold_reward": round(policy.gold(step) + policy.noise * rng.normal(), 5),
        "proxy_reward": round(policy.proxy(step) + policy.noise * rng.normal(), 5),
    }


def _rollout(truth: Truth, rng: np.random.Generator, step: int, index: int) -> Mapping[str, object]:
    minute = _minute(step)
    domain = draw(rng, truth.drift.mix(minute))
    subject = topic(rng, domain, draw(rng, truth.preferences.languages))
    better, worse = subject.answers(rng)
    noise = rng.normal()
    reward = (truth.policy.proxy(step) + noise) * truth.drift.scale(minute)
    gold = truth.policy.gold(step) + 0.6 * noise + 0.8 * rng.normal()
    grown = truth.policy.proxy(step) / truth.policy.proxy(600)
    return {
        "step": step,
        "prompt_id": f"r-{step:05d}-{index}",
        "prompt": subject.prompt,
        "response": better if rng.random() < 0.7 else worse,
        "reward": round(reward, 4),
        "gold_reward": round(gold, 4),
        "kl": round(max(truth.policy.kl_per_step * step + 0.5 * rng.normal(), 0.0), 4),
        "length": int(TOKENS * (1 + grown) * np.exp(0.2 * rng.normal())),
        "subset": domain,
    }


def _votes(truth: Truth, rng: np.random.Generator, step: int, item: int) -> list[Mapping[str, object]]:
    annotators = truth.annotators
    a_is_better = rng.random() < annotators.prevalence
    votes: list[Mapping[str, object]] = []
    for name, (sensitivity, specificity) in annotators.quality.items():
        says_a = rng.random() < (sensitivity if a_is_better else 1 - specificity)
        votes.append({"item": f"i-{step:05d}-{item}", "annotator": name, "label": "a" if says_a else "b"})
    return votes
