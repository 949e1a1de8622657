"""Small pictures of the pages as they were when somebody last looked at them, and how far a new one is from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

FOLDER = Path(__file__).parent / "kept"
WIDTH = 180
"""Of a window of a desk; a phone's, which is long, a quarter of what it was."""

COLOURS = 24
FAR = 40
"""How far apart, of 255, two points have to be to count as different."""

MOST_DIFFERENT = 0.05
MOST_TALLER = 0.06
"""Shares up to which two pictures are the same: words such as "2 min ago" and the width of a letter are in it."""


def keep(picture: Path) -> None:
    """Keep a picture, small."""
    FOLDER.mkdir(exist_ok=True)
    _small(picture).quantize(COLOURS).save(FOLDER / picture.name, optimize=True)


def change(picture: Path) -> str:
    """What is different from the kept picture; empty where nothing much is."""
    before = FOLDER / picture.name
    if not before.exists():
        return "nothing is kept to hold it against"
    with Image.open(before) as opened:
        old = np.asarray(opened.convert("RGB"), np.int16)
    new = np.asarray(_small(picture), np.int16)
    taller = abs(len(new) - len(old)) / len(old)
    if taller > MOST_TALLER:
        return f"{len(new) / len(old) - 1:+.0%} in height"
    rows = min(len(new), len(old))
    different = float((np.abs(new[:rows] - old[:rows]).max(axis=2) > FAR).mean())
    return f"{different:.1%} of it looks different" if different > MOST_DIFFERENT else ""


def _small(picture: Path) -> Image.Image:
    with Image.open(picture) as opened:
        width = min(WIDTH, opened.width // 4)
        height = round(opened.height * width / opened.width)
        return opened.convert("RGB").resize((width, height), Image.Resampling.BOX)
