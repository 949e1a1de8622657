"""What the reader of an agreement result has to know, by code."""

from __future__ import annotations

import numpy as np

from engine.analysis.agreement.quality import IDENTIFIED, Quality
from engine.analysis.agreement.raters import MOST_RATERS, Table
from engine.analysis.agreement.view import View
from engine.types import Notice
from engine.words import amount

FEW_PROMPTS = 200
RARE = 0.05


def warnings(view: View, prompts: int, quality: Quality | None, told: Table) -> list[Notice]:
    """The warnings that apply, the gravest first."""
    flagged = [f"{line['item']} ({', '.join(line['flags']).replace('_', ' ')})" for line in told.items if line["flags"]]
    checks = [
        (
            prompts < FEW_PROMPTS,
            "few_prompts",
            f"Only {amount(prompts, 'prompt')} with a second judgment: intervals are wide and approximate below "
            f"{FEW_PROMPTS}.",
        ),
        (bool(flagged), "annotators_flagged", f"Look at {'; '.join(flagged[:5])}."),
        (
            _skewed(view),
            "prevalence",
            "Nearly all judgments are of one category: kappa and alpha are low at high agreement; read gwet_ac1 too.",
        ),
        (
            _prompts_as_units(view),
            "prompt_is_unit",
            "Scores have no item beside their prompt and raters score prompts again: name the answers (item=…).",
        ),
        (
            quality is None and view.categories >= 2,
            "quality_not_identified",
            f"No quality of annotators: {IDENTIFIED}.",
        ),
        (
            len(view.raters) > MOST_RATERS,
            "many_annotators",
            f"{amount(len(view.raters), 'annotator')}: the {MOST_RATERS} with the most shared judgments are listed.",
        ),
        (
            view.state.left_out > 0,
            "rows_left_out",
            f"{amount(view.state.left_out, 'row')} without an annotator or a label are left out.",
        ),
    ]
    return [Notice(code, message) for applies, code, message in checks if applies]


def _skewed(view: View) -> bool:
    if view.mirrored or view.categories < 2:
        return False
    share = np.bincount(view.category[view.shared], minlength=view.categories) / max(int(view.shared.sum()), 1)
    return bool(share.max() > 1 - RARE)


def _prompts_as_units(view: View) -> bool:
    """Whether most scores repeat one by the same rater on the same unit, as answers without names do."""
    return not view.paired and len(view) > 0 and bool((view.count > 1).mean() > 0.5)
