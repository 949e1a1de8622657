"""The Drift page: its controls, and what stands below its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.figures import words
from engine.figures.drift import PICK
from engine.types import Concluded, DatasetView
from engine.words import whole
from pages.parts import cards, location, numbers, sections, state, widgets
from pages.parts.cards import Card
from pages.parts.looking import Looking
from pages.parts.screen import Screen

BY, WINDOWS, CUT, REFERENCE, FEATURE, WINDOW = "by", "windows", "cut", "reference", "feature", "window"
EFFECT, LIVE = "effect", "live"
WAYS = {"auto": "What tells rows apart", "step": "Steps", "time": "Times", "dataset": "Datasets"}
CUTS = {"rows": "Equally many rows", "span": "Equal spans"}
LOOKS = {"no": "Once, on these rows", "yes": "At every look"}
DEFAULTS = {
    BY: "auto",
    WINDOWS: 0,
    CUT: "rows",
    REFERENCE: "",
    FEATURE: "",
    WINDOW: 0,
    EFFECT: 0.2,
    LIVE: "no",
    location.SLICE: "",
}

MATRIX = (
    "How far the mean lies from the reference, in standard deviations; of names (V) how far their mix does, by "
    "Cramér's V. Framed cells drifted. Choose a cell to see it below."
)
MEANS = "Each window with its interval, the shown one in another colour. Shaded: where the mean may have changed."
DISTRIBUTION = "The shown window over the reference. Choose a bar to read the rows behind it."
ECDF = "The largest distance between the two is the Kolmogorov-Smirnov statistic, the area between them Wasserstein's."
COMPOSITION = (
    "What the change of the mean would have been if only the mix of the column had changed. The rest is change within, "
    "which only the same answers scored twice could tell from a change of the scorer."
)
STRANGE = "Rows of the shown window that the reference makes least likely. Press n and p to go through them."
MOST_CELLS = 24


def controls(dataset: DatasetView) -> dict[str, Any]:
    """The parameters of the view, each bound to the address."""
    by = sections.choice("Along", BY, WAYS, 190)
    windows = widgets.number_input("Windows", 0, 48, DEFAULTS[WINDOWS], 1, key=WINDOWS, bind="query-params", width=110)
    cut = sections.choice("Cut into", CUT, CUTS, 180)
    reference = widgets.text_input(
        "Reference", key=REFERENCE, bind="query-params", width=180, placeholder="the first window"
    )
    feature = widgets.text_input("Feature", key=FEATURE, bind="query-params", width=180, placeholder="what moved most")
    window = widgets.number_input("Window", 0, 47, DEFAULTS[WINDOW], 1, key=WINDOW, bind="query-params", width=110)
    effect = widgets.number_input(
        "Least effect, sd", 0.0, 10.0, DEFAULTS[EFFECT], 0.05, key=EFFECT, bind="query-params", width=140, format="%.2f"
    )
    live = sections.choice("Looked at", LIVE, LOOKS, 180)
    chosen = {BY: by, WINDOWS: int(windows), CUT: cut, REFERENCE: (reference or "").strip()}
    chosen |= {FEATURE: (feature or "").strip(), WINDOW: int(window), EFFECT: float(effect), LIVE: live}
    return {**chosen, location.SLICE: sections.rows_control(dataset)}


def below(looking: Looking, concluded: Concluded) -> list[Card]:
    """Every card below the answer."""
    told = concluded.result.dataset
    shown = f"{told['feature']} in {told['windows'][told['window']]}"
    return sections.pictured(
        sections.picture("matrix", "What moved when", MATRIX, looking, concluded),
        sections.newer(looking, concluded),
        sections.picture("means", f"Mean of {told['feature']}", MEANS, looking, concluded),
        sections.picture("distribution", f"Distribution of {shown}", DISTRIBUTION, looking, concluded, half=True),
        sections.picture("ecdf", "Distribution functions", ECDF, looking, concluded, half=True),
        sections.picture("attribution", "Composition", COMPOSITION, looking, concluded),
        sections.worst(looking, concluded, f"Unlike the reference: {shown}", STRANGE),
        every(concluded),
        all_numbers(concluded, shown),
        sections.recognised(looking.dataset, concluded.result.warnings),
        sections.evidence(concluded),
    )


def all_numbers(concluded: Concluded, shown: str) -> Card:
    """Every number of the shown cell."""
    found = concluded.result.estimates
    facts = [(numbers.label(name), numbers.said(name, one)) for name, one in found.items()]
    return Card("numbers", [cards.title(f"All numbers: {shown}"), cards.facts(facts)], half=True)


def every(concluded: Concluded) -> Card:
    """Every distance of the cells that moved most."""
    columns = ["Feature", "Window", "Effect", "Cramér's V", "PSI", "KS", "Wasserstein", "JS", "q", "Drifted"]
    rows = [_line(cell) for cell in concluded.result.pictures["cells"]["cells"][:MOST_CELLS]]
    return Card("cells", [cards.title("Every distance"), cards.table("Cells by how far they moved", columns, rows, -1)])


def _line(cell: Mapping[str, Any]) -> list[str]:
    effect = "–" if cell["named"] else f"{words.number(cell['effect'], 2)} {_ends(cell['low'], cell['high'])}"
    distances = [words.number(cell[name]) for name in ("psi", "ks", "wasserstein", "js")]
    share = f"{words.number(cell['cramers_v'], 2)} {_ends(cell['v_low'], cell['v_high'])}"
    tested = [words.p_value(cell["q_value"]), "yes" if cell["drifted"] else "no"]
    return [cell["feature"], cell["over"], effect, share, *distances, *tested]


def _ends(low: float, high: float) -> str:
    return f"[{words.number(low, 2)}, {words.number(high, 2)}]"


def show_cell(value: Any) -> None:
    """Show the cell that was chosen."""
    window, _, feature = str(value or "").partition(PICK)
    if (number := whole(window)) is not None:
        state.choose_in(WINDOW, number)
        state.choose_in(FEATURE, feature)


SCREEN = Screen(
    "drift",
    "Drift",
    DEFAULTS,
    controls,
    below,
    "a step or a time beside scores, comparisons or rollouts; or an earlier dataset put beside this one",
    together=True,
    acts={("matrix", "pick"): show_cell},
)
