"""The answer in one line, and its code."""

from __future__ import annotations

from engine.analysis.drift.attribution import Attribution
from engine.analysis.drift.cells import Cell
from engine.analysis.drift.shown import Shown
from engine.analysis.drift.windows import DATASET, Windows, spoken
from engine.words import amount

DRIFTED, NONE, RANKED = "drifted", "no_drift_detected", "ranked"
SHAPE = 1.5
"""How much more the bins have to say than the mean for the shape to be what is told."""


def verdict(cells: list[Cell], *, live: bool) -> str:
    """Ranked where rows are looked at while they arrive; drifted where any cell did."""
    if live:
        return RANKED
    return DRIFTED if any(cell.drifted for cell in cells) else NONE


def sentence(code: str, windows: Windows, cells: list[Cell], shown: Shown, alpha: float, effect: float) -> str:
    """What moved most, since when, how many features did, and how much of it is composition."""
    features = len({cell.feature for cell in cells})
    of = f"{amount(features, 'feature')} in {amount(len(windows) - 1, 'window')}"
    if code == RANKED:
        where = windows.names[shown.cell.window]
        return f"Moved most of {of}: {_moved(shown.cell, live=True)} in {where}; nothing is tested while rows arrive."
    if code == NONE:
        small = len({cell.feature for cell in cells if cell.known and cell.q_value <= alpha})
        tail = f"; {amount(small, 'feature')} moved by less" if small else ""
        least = f"{digits(effect)} sd or more at {percent(alpha)} false discoveries"
        most = f"{_moved(shown.cell)} in {windows.names[shown.cell.window]}"
        return f"No drift detected: none of {of} moved by {least}{tail}; the most is {most}."
    count = len({cell.feature for cell in cells if cell.drifted})
    text = f"Drifted {since(windows, cells, shown)}: {_moved(shown.cell)} against {windows.names[0]}; "
    text += f"{count} of {amount(features, 'feature')} at {percent(alpha)} false discoveries"
    return f"{text}{_explained(shown.attributions)}."


def since(windows: Windows, cells: list[Cell], shown: Shown) -> str:
    """From the change of the mean that is largest, where one is found; else from the first window that drifted."""
    if windows.by == DATASET:
        return f"in {windows.names[shown.cell.window]}"
    if shown.changes and shown.series is not None:
        most = max(shown.changes, key=lambda change: abs(change.after - change.before))
        at, low, high = (float(shown.series.at[place]) for place in (most.place, most.low, most.high))
        if low == high:
            return f"since {spoken(windows.by, at)}"
        ends = [spoken(windows.by, end).removeprefix("step ") for end in (low, high)]
        return f"since {spoken(windows.by, at)} [{ends[0]}, {ends[1]}]"
    first = min(cell.window for cell in cells if cell.drifted and cell.feature == shown.cell.feature)
    return f"since {windows.began(first)}"


def _moved(cell: Cell, *, live: bool = False) -> str:
    """What a cell did, with its interval; of a fall that of its size."""
    if cell.named or 2 * cell.cramers_v > SHAPE * abs(cell.effect):
        did = "came in another mix" if cell.named else "took another shape"
        return f"{cell.feature} {did}, Cramér's V {_sized(cell.cramers_v, cell.v_low, cell.v_high, live=live)}"
    if cell.effect > 0:
        return f"{cell.feature} rose by {_sized(cell.effect, cell.low, cell.high, ' sd', live=live)}"
    return f"{cell.feature} fell by {_sized(-cell.effect, -cell.high, -cell.low, ' sd', live=live)}"


def _sized(value: float, low: float, high: float, unit: str = "", *, live: bool) -> str:
    return f"{digits(value)}{unit}" + ("" if live else f" [{digits(low)}, {digits(high)}]")


def _explained(found: list[Attribution]) -> str:
    if not found:
        return ""
    first = found[0]
    low, high = first.composition.low, first.composition.high
    if low is None or high is None or low <= 0 <= high:
        return "; another mix explains none of it"
    if first.share < 0:
        return f"; the mix of {first.column} pulls the other way"
    if first.share > 1:
        return f"; the mix of {first.column} explains more than all of it"
    return f"; the mix of {first.column} explains {percent(first.share)} of it"


def digits(value: float) -> str:
    """Two significant digits or two decimals without a leading zero, a true minus: .82, 1.3, −.05."""
    text = f"{value:.2f}" if abs(value) < 9.95 else f"{value:.3g}"
    if float(text) == 0:
        return "0"
    return text.replace("0.", ".", 1).replace("-", "−") if abs(value) < 1 and "0." in text else text.replace("-", "−")


def percent(share: float) -> str:
    """A share in whole percent, or as many as it takes, on one line."""
    return f"{100 * share:.0f}\u00a0%" if share >= 0.01 else f"{100 * share:.2g}\u00a0%"
