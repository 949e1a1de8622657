"""What the reader of a ranking has to know, by code."""

from __future__ import annotations

from dataclasses import dataclass

from engine.analysis.ranking.checks import listed
from engine.types import Notice
from engine.words import amount

FEW_PROMPTS = 200
MANY_TIES = 0.5
FEW_CLUSTERS = 30


@dataclass(frozen=True)
class Facts:
    """What warnings depend on. `unranked` names items without a finite strength, `thin` those of very few prompts.

    `styled` is how many rows a controlled ranking's coefficients rest on (None without controls), `sampled` whether
    they are a sample.
    """

    rows: int
    prompts: int
    left_out: int
    tie_rate: float
    unranked: list[str]
    thin: list[str]
    styled: int | None = None
    sampled: bool = False


def warnings(facts: Facts) -> list[Notice]:
    """The warnings that apply, the gravest first."""
    battles = amount(facts.rows, "battle")
    checks = [
        (
            bool(facts.unranked),
            "unranked_items",
            f"{listed(facts.unranked)} won, lost or tied every battle against the others: "
            "no finite strength or no interval, so not ranked and left out of the fit.",
        ),
        (
            facts.left_out > 0,
            "rows_left_out",
            f"{amount(facts.left_out, 'row')} did not name two different items, or had no label, and were left out.",
        ),
        (
            facts.prompts < FEW_PROMPTS,
            "few_prompts",
            f"Only {amount(facts.prompts, 'prompt')}: intervals are wide and their coverage approximate below "
            f"{FEW_PROMPTS}.",
        ),
        (
            bool(facts.thin),
            "thin_items",
            f"{listed(facts.thin)}: fewer than {FEW_CLUSTERS} groups of prompts each, so their intervals are rough.",
        ),
        (
            facts.tie_rate > MANY_TIES,
            "many_ties",
            f"{facts.tie_rate:.0%} of the battles are ties and count as half a win; model=davidson models them.",
        ),
        (
            facts.styled is not None and facts.sampled,
            "style_sampled",
            f"The effect of style is estimated on {facts.styled or 0:,} of {battles}, whole prompts taken at random.",
        ),
        (
            facts.styled is not None and not facts.sampled and facts.styled < facts.rows,
            "style_unknown",
            f"The effect of style is estimated on {facts.styled or 0:,} of {battles}; the others do not tell it.",
        ),
    ]
    return [Notice(code, message) for applies, code, message in checks if applies]
