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
