"""Small score files, made up with a seed."""

from __future__ import annotations

import math
import random


def pairs(rows: int = 300, temperature: float = 3.0, seed: int = 0, source: tuple[str, ...] = ("math", "law")) -> str:
    """Over-confident pairs: the margin is `temperature` times what it should be."""
    rng = random.Random(seed)
    lines = ["prompt,score_a,score_b,label,source,text_a,text_b"]
    for row in range(rows):
        true = rng.gauss(0, 1.2)
        label = int(rng.random() < 1 / (1 + math.exp(-true)))
        lines.append(f"p{row},{temperature * true:.4f},0,{label},{source[row % len(source)]},first {row},second {row}")
    return "\n".join(lines) + "\n"


HOSTILE = "<img src=x onerror=alert(1)>"


def hostile(rows: int = 300) -> str:
    """The same with markup wherever a file may hold text."""
    return (
        pairs(rows, source=(HOSTILE, "$ink")).replace("first", HOSTILE).replace("second", "<script>alert(2)</script>")
    )


def battles(prompts: int = 200, seed: int = 0, names: tuple[str, ...] = ("alpha", "beta", "gamma", "delta")) -> str:
    """Comparisons of named models, each prompt judged by three of six annotators; the first model is the strongest."""
    rng = random.Random(seed)
    lines = ["question_id,model_a,model_b,winner,annotator,language,length_a,length_b"]
    for prompt in range(prompts):
        a, b = rng.sample(range(len(names)), 2)
        lead = 0.9 * (b - a)
        for annotator in rng.sample(range(6), 3):
            wins = rng.random() < 1 / (1 + math.exp(-lead))
            label = "tie" if rng.random() < 0.1 else "model_a" if wins else "model_b"
            language, lengths = ("en", "de")[prompt % 2], f"{rng.randrange(50, 400)},{rng.randrange(50, 400)}"
            lines.append(f"q{prompt},{names[a]},{names[b]},{label},ann{annotator},{language},{lengths}")
    return "\n".join(lines) + "\n"


def over_kl(steps: int = 80, gold: bool = True, kl: str = "objective/kl", runs: tuple[str, ...] = ("one",)) -> str:
    """A log of rewards over the KL: the gold reward peaks at 30 nats and falls until 58."""
    rng = random.Random(0)
    lines = [f"run,step,{kl},reward,{'gold_reward' if gold else 'other'},completions/mean_length,rewards/format/mean"]
    for run in runs:
        for step in range(steps):
            d = 7.6 * (step / (steps - 1)) ** 0.6
            value = 0.03 * d * (10.95 - d) + rng.gauss(0, 0.03)
            proxy, form = 0.3 * d + rng.gauss(0, 0.02), min(d / 5, 1) + rng.gauss(0, 0.02)
            lines.append(f"{run},{step * 10},{d * d:.4f},{proxy:.4f},{value:.4f},{200 + 30 * d:.1f},{form:.4f}")
    return "\n".join(lines) + "\n"
