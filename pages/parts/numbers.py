"""The numbers of an answer as pages show and explain them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.figures import words
from engine.types import Estimate, Result
from pages.parts.glossary import KEY, NUMBERS


def named(analysis: str, kind: str | None, known: Sequence[str], few: bool = False) -> list[dict[str, Any]]:
    """The key numbers of an analysis that the answer knows, in the order of the page; `few` leaves the first three."""
    of_scores = analysis == "calibration" and kind == "score"
    names = [name for name in KEY.get("calibration of scores" if of_scores else analysis, ()) if name in known]
    return [_named(name) for name in (names[:3] if few else names)]


def label(name: str) -> str:
    """What a number is called."""
    return NUMBERS[name].label if name in NUMBERS else name.replace("_", " ").capitalize()


def _named(name: str) -> dict[str, Any]:
    explained = NUMBERS[name]
    help_text = {"what": explained.what, "formula": explained.formula, "source": explained.source}
    return {"name": name, "label": explained.label, "help": help_text}


def compact(estimates: Mapping[str, Estimate]) -> dict[str, dict[str, float | None]]:
    """The estimates as parts of the page take them."""
    keys = ("value", "low", "high", "null_95")
    return {name: {key: getattr(estimate, key) for key in keys} for name, estimate in estimates.items()}


def said(name: str, estimate: Estimate) -> str:
    """A number with its interval, or why there is none."""
    if estimate.value is None:
        if estimate.low is not None:
            return f"at least {words.estimate(name, estimate.low)}"
        return f"not known: {estimate.method}" if estimate.method else "not known"
    return f"{words.estimate(name, estimate.value)} {words.interval(name, estimate.low, estimate.high)}".strip()


def markdown(result: Result) -> str:
    """The answer as Markdown, to be pasted into a report."""
    lines = [f"**{result.sentence}**", "", "| | value | interval |", "|---|---|---|"]
    for name in NUMBERS:
        estimate = result.estimates.get(name)
        if estimate is not None and estimate.value is not None:
            beside = words.interval(name, estimate.low, estimate.high)
            if not beside and estimate.null_95 is not None:
                beside = f"calibrated ≤ {words.estimate(name, estimate.null_95)}"
            lines.append(f"| {NUMBERS[name].label} | {words.estimate(name, estimate.value)} | {beside} |")
    evidence = result.evidence
    where = f"{evidence.dataset} version {evidence.dataset_version}, sha256 {evidence.sha256[:12]}"
    return "\n".join([*lines, "", f"{words.count(evidence.rows)} rows of {where}.", "", f"`{evidence.command}`"])
