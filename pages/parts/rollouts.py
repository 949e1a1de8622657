"""The page of rollouts: its controls, the pictures of their course, and the answers themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.types import Concluded, DatasetView
from pages.parts import cards, location, numbers, sections, widgets
from pages.parts.cards import Card
from pages.parts.looking import Looking
from pages.parts.screen import Screen

RUN = "run"
DEFAULTS = {RUN: "", location.SLICE: ""}

STEPS, AT = "steps", "at"
BROWSING = (STEPS, "cut", "find", "sort", "order", AT, "open", "pair", "shade")
"""What of the browser of answers is in the address: steps, truncated or not, text sought, sorted by, in which order,
which page, which answer is open, which two are side by side, what shades its tokens."""

LONGEST = 200

REWARD = (
    "The mean over the answers of each step; the band holds the true mean of prompts like these in 95 of 100 cases. "
)
REWARD += "Choose a mark to see the answers of its steps below."
RUNS = "The same for each run."
ANSWERS = (
    "Every answer, in the order you say. Arrow keys, n and p go through them, Enter opens one, Esc closes it: with its "
    "tokens where the file has them, and with the other answers to the same prompt from step to step."
)
LENGTH = "How long the answers are. Reward that rises with length alone is worth a look at the answers."
KL = "How far the policy is from its reference, as the file tells it."
ENTROPY = "How undecided the policy is. Near nought it has stopped to try."
SPREAD = "How far apart the rewards of a step lie."
SHARES = "Prompts whose answers all get the same reward teach nothing; truncated answers were cut at the limit."
COMPONENTS = "The parts of the reward. One that moves alone is what the policy learns."
BY_LENGTH = "Among answers to the same prompt at the same step: what longer ones get above the prompt's mean."


def controls(dataset: DatasetView) -> dict[str, Any]:
    """The parameters of the view, each bound to the address."""
    run = widgets.text_input("Run", key=RUN, bind="query-params", width=200, placeholder="the one with most answers")
    return {RUN: (run or "").strip(), location.SLICE: sections.rows_control(dataset)}


def below(looking: Looking, concluded: Concluded) -> list[Card]:
    """Every card below the answer."""
    return sections.pictured(
        sections.picture("reward", "Reward", REWARD, looking, concluded),
        sections.picture("runs", "Runs", RUNS, looking, concluded),
        sections.newer(looking, concluded),
        answers(looking, concluded),
        sections.picture("length", "Length", LENGTH, looking, concluded, half=True),
        sections.picture("kl", "KL", KL, looking, concluded, half=True),
        sections.picture("components", "Components", COMPONENTS, looking, concluded, half=True),
        sections.picture("shares", "Shares", SHARES, looking, concluded, half=True),
        sections.picture("spread", "Spread", SPREAD, looking, concluded, half=True),
        sections.picture("entropy", "Entropy", ENTROPY, looking, concluded, half=True),
        sections.picture("by_length", "By length", BY_LENGTH, looking, concluded, half=True),
        everything(concluded),
        sections.recognised(looking.dataset, concluded.result.warnings),
        sections.evidence(concluded),
    )


def answers(looking: Looking, concluded: Concluded) -> Card:
    """The browser of answers; what it shows is in the address."""
    given = {"query": looking.query, "version": concluded.version, "shown": location.named(BROWSING)}
    return Card("answers", [cards.title("Answers"), cards.text(ANSWERS), cards.part("rollouts", "rollouts", given)])


def everything(concluded: Concluded) -> Card:
    """Every number, those of the components too."""
    found = concluded.result.estimates
    facts = [(numbers.label(name), numbers.said(name, one)) for name, one in found.items()]
    return Card("numbers", [cards.fold("All numbers", [cards.facts(facts)])])


def keep_shown(value: Any) -> None:
    """Put into the address what the browser shows."""
    told: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
    location.name(BROWSING, {name: str(told.get(name) or "")[:LONGEST] for name in BROWSING})


def choose_steps(value: Any) -> None:
    """Show the answers of the steps behind a mark, from the first on."""
    shown = {name: said for name, said in location.named(BROWSING).items() if name not in (AT, "open", "pair")}
    location.name(BROWSING, {**shown, STEPS: str(value or "")})


SCREEN = Screen(
    "rollouts",
    "Rollouts",
    DEFAULTS,
    controls,
    below,
    "answers of a policy with their rewards at the steps of a run",
    together=True,
    acts={("rollouts", "show"): keep_shown, ("", "pick"): choose_steps},
)
