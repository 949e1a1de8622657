"""What the reader of a calibration result has to know, by code."""

from __future__ import annotations

from collections.abc import Mapping

from engine.analysis.calibration.view import View
from engine.types import Estimate, Notice
from engine.words import amount

FEW_PROMPTS = 200
MANY_TIES = 0.2


def warnings(view: View, prompts: int, found: Mapping[str, Estimate]) -> list[Notice]:
    """The warnings that apply, the gravest first."""
    total, rows = view.total, view.rows
    tied_scores, tied_labels = total["tied_score"] / rows, total["tied_label"] / rows
    impossible = amount(total["impossible"], "row")
    checks = [
        (
            total["correct"] == rows and total["tied_score"] == 0,
            "circular_label_suspected",
            "Every label agrees with the sign of its score: were the labels made from these scores?",
        ),
        (
            total["impossible"] > 0,
            "infinite_nll",
            f"{impossible} came out as the score called impossible (p = 0 or 1): NLL is infinite.",
        ),
        (
            int(view.filled.sum()) == 1,
            "constant_scores",
            "All scores are the same: nothing can be said about how they rank.",
        ),
        (
            found["temperature"].value is None and total["correct"] != rows,
            "no_signal",
            "Higher margins do not go with more correct labels: no temperature exists. Is the sign right?",
        ),
        (
            prompts < FEW_PROMPTS,
            "few_prompts",
            f"Only {amount(prompts, 'prompt')}: intervals are wide and their coverage approximate below {FEW_PROMPTS}.",
        ),
        (
            tied_scores > MANY_TIES,
            "many_tied_scores",
            f"{tied_scores:.0%} of the scores are exactly undecided (p = ½) and count as half correct.",
        ),
        (
            tied_labels > MANY_TIES,
            "many_tied_labels",
            f"{tied_labels:.0%} of the labels are ties and count as half correct.",
        ),
    ]
    return [Notice(code, message) for applies, code, message in checks if applies]
