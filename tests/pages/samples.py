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


def sweep(trials: int = 29, steps: int = 6, seed: int = 0, names: str = "trial") -> str:
    """Runs over a learning rate and a beta, best in the middle of both."""
    rng = random.Random(seed)
    lines = ["run,step,config.learning_rate,config.beta,reward,loss"]
    for trial in range(trials):
        rate, beta = 10 ** rng.uniform(-6, -4), 10 ** rng.uniform(-2, 0)
        top = 0.72 - 0.12 * (math.log10(rate) + 4.9) ** 2 - 0.1 * (math.log10(beta) + 0.9) ** 2 + rng.gauss(0, 0.015)
        for step in range(1, steps + 1):
            reward = top * (1 - math.exp(-step / 2)) + rng.gauss(0, 0.003)
            lines.append(f"{names}-{trial},{100 * step},{rate:.3g},{beta:.3g},{reward:.4f},{1 - reward:.4f}")
    return "\n".join(lines) + "\n"
