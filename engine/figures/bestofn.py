"""The picture of best of n: what choosing the highest score of n answers gives, by the score and by the truth."""

from __future__ import annotations

from engine.figures import words
from engine.figures.chart import Chart
from engine.figures.curves import Curve, Frame, curves
from engine.types import Result

NAMES = {"best": "Score, best of n", "worst": "Score, worst of n"}
TRUE = {"gold": "Truth of the best by score", "oracle": "Truth of the best by truth"}


def bestofn(result: Result) -> dict[str, Chart | None]:
    """The charts of best of n by name."""
    return {"curve": _drawn(result, "By the score", NAMES), "truth": _drawn(result, "By the truth", TRUE)}


def _drawn(result: Result, title: str, names: dict[str, str]) -> Chart | None:
    picture = result.pictures.get("curve")
    if not picture:
        return None
    lines = [
        Curve(label, picture[name], picture[f"{name}_low"], picture[f"{name}_high"])
        for name, label in names.items()
        if name in picture
    ]
    if not lines:
        return None
    first = lines[0]
    alt = (
        f"{first.name} from {words.number(first.values[0])} at one answer to {words.number(first.values[-1])} "
        f"at {words.count(picture['n'][-1])}."
    )
    frame = Frame("Answers to choose among, n", title, ".4~g", logarithmic=True)
    return curves(title, picture["n"], lines, frame, alt)
