"""What the reader of a judge result has to know, by code."""

from __future__ import annotations

from engine.analysis.judge.corrected import RANDOM_AT
from engine.analysis.judge.view import View
from engine.analysis.judge.win_rate import WinRate
from engine.types import Notice
from engine.words import amount

FEW_PROMPTS = 200


def warnings(view: View, prompts: int, won: WinRate) -> list[Notice]:
    """The warnings that apply, the gravest first."""
    agreed = view.total("same") + view.total("both_tied")
    checks = [
        (
            agreed == view.total("labelled"),
            "circular_label_suspected",
            "The judge says what every label says: were the labels made from its verdicts?",
        ),
        (
            won.p_random < RANDOM_AT,
            "labelled_not_random",
            f"Labelled and unlabelled rows differ in what the judge says of them (p = {won.p_random:.2g}): the win "
            "rate is not corrected. Draw the rows to label at random.",
        ),
        (
            prompts < FEW_PROMPTS,
            "few_prompts",
            f"Only {amount(prompts, 'labelled prompt')}: intervals are wide and approximate below {FEW_PROMPTS}.",
        ),
        (
            len(view.state.judges) > 1,
            "several_judges",
            f"{len(view.state.judges)} judges; the numbers are of {view.state.judges[view.judge]} (another: judge=…).",
        ),
        (
            view.state.left_out > 0,
            "rows_left_out",
            f"{amount(view.state.left_out, 'row')} without a verdict are left out.",
        ),
    ]
    return [Notice(code, message) for applies, code, message in checks if applies]
