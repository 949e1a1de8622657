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


def verdicts(prompts: int = 240, seed: int = 0) -> str:
    """What a judge says beside what people say: right in four of five, a little in favour of the first."""
    rng = random.Random(seed)
    lines = ["prompt_id,model_a,model_b,judge,judge_verdict,label"]
    for prompt in range(prompts):
        label = rng.choice(("model_a", "model_b"))
        judged = label if rng.random() < 0.8 else rng.choice(("model_a", "model_a", "model_b"))
        lines.append(f"v{prompt},{('alpha', 'beta')[prompt % 2]},gamma,judge-7b,{judged},{label}")
    return "\n".join(lines) + "\n"


def answers(prompts: int = 200, of: int = 8, seed: int = 0) -> str:
    """Several scored answers of a prompt, with whether each is right."""
    rng = random.Random(seed)
    lines = ["prompt_id,score,truth"]
    for prompt in range(prompts):
        for _answer in range(of):
            right = rng.random() < 0.5
            score = 1 / (1 + math.exp(-rng.gauss(0.7 if right else -0.7, 1.0)))
            lines.append(f"p{prompt},{score:.4f},{int(right)}")
    return "\n".join(lines) + "\n"


def curve(steps: int = 200, seed: int = 0) -> str:
    """A training log in which a reward rises and falls while KL grows."""
    rng = random.Random(seed)
    lines = ["step,gold,objective/scores,objective/kl,loss"]
    for step in range(steps):
        gold = 1 - ((step - 100) / 100) ** 2 + rng.gauss(0, 0.03)
        lines.append(f"{step},{gold:.4f},{step / 100 + rng.gauss(0, 0.03):.4f},{step / 10:.3f},{1 / (step + 1):.4f}")
    return "\n".join(lines)


def rollouts(prompts: int = 400, steps: int = 200, seed: int = 0, shift: float = 90.0, topic: str = "math") -> str:
    """Answers of a policy over steps; from step 120 on they are longer, and more prompts are of one topic."""
    rng = random.Random(seed)
    lines = ["step,prompt_id,completion,reward,kl,length,topic"]
    for prompt in range(prompts):
        step = prompt * steps // prompts
        late = step >= 0.6 * steps
        kind = topic if rng.random() < (0.6 if late else 0.35) else rng.choice(("code", "chat"))
        for _ in range(2):
            length = max(20, round(rng.gauss(300, 80) + (shift if late else 0)))
            lines.append(f"{step},p{prompt},answer {prompt},{rng.gauss(0, 1):.4f},{0.01 * step:.3f},{length},{kind}")
    return "\n".join(lines) + "\n"


def stepped(rows: int = 2_000, steps: int = 20, seed: int = 0, name: str = "math") -> str:
    """Pairs scored at the steps of a training run: well calibrated at first, ever more over-confident later."""
    rng = random.Random(seed)
    lines = ["prompt,step,score_a,score_b,label,source"]
    for row in range(rows):
        step = row * steps // rows
        true = rng.gauss(0, 1.2)
        label = int(rng.random() < 1 / (1 + math.exp(-true)))
        source = name if row % 2 else "law"
        lines.append(f"p{row},{step * 50},{(1 + 3 * step / steps) * true:.4f},0,{label},{source}")
    return "\n".join(lines) + "\n"


def curves(runs: int = 3, steps: int = 200, seed: int = 0, names: tuple[str, ...] = ()) -> str:
    """A training log: reward and loss of runs at their steps; the first run begins again from a half of its steps."""
    rng = random.Random(seed)
    lines = ["run,step,reward,loss,learning_rate"]
    for run in range(runs):
        name = names[run] if run < len(names) else f"lr{1 + run % 2}_seed{run // 2}"
        order = [*range(steps), *range(steps // 2, steps)] if run == 0 else range(steps)
        for step in order:
            reward = 1 - math.exp(-step / steps * 3) + rng.gauss(0, 0.05) + run / 50
            lines.append(f"{name},{step * 10},{reward:.4f},{math.exp(-step / steps) + rng.gauss(0, 0.02):.4f},0.001")
    return "\n".join(lines) + "\n"


def checkpoints(prompts: int = 240) -> str:
    """How sure three checkpoints were of each prompt and whether they were right: the last two are hardly apart."""
    rng = random.Random(11)
    lines = ["prompt_id,model_name,score,correct,topic"]
    for prompt in range(prompts):
        hard = rng.random()
        for name, skill in (("step-1000", 0.55), ("step-2000", 0.67), ("step-3000", 0.69)):
            right = int(0.5 * hard + 0.5 * rng.random() < skill)
            sure = min(max(rng.gauss(0.75 if right else 0.45, 0.15), 0.01), 0.99)
            lines.append(f"c{prompt},{name},{sure:.3f},{right},{('math', 'law', 'chat')[prompt % 3]}")
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
