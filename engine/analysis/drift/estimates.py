"""The numbers of the cell that is shown, and how many cells drifted."""

from __future__ import annotations

from dataclasses import replace

from engine.analysis.drift.cells import Cell
from engine.analysis.drift.parameters import DriftParameters
from engine.analysis.drift.shown import Shown
from engine.analysis.drift.windows import Windows
from engine.types import Estimate

SHIFT = "difference of the means over the root of the mean of both variances, jackknife by bucket"
SHARES = "Cramér's V less its expectation by chance, jackknife by bucket"
TESTED = "twice the smaller p of the means (score test) and of ten bins (Rao-Scott F), both by bucket"
TESTED_NAMES = "Rao-Scott F test by bucket"


def estimates(windows: Windows, cells: list[Cell], shown: Shown, params: DriftParameters) -> dict[str, Estimate]:
    """By name. What is not tested (live) or not identified is left out."""
    cell, level, live = shown.cell, params.level, params.live == "yes"
    rows = cell.rows
    counted = {
        "features": len({one.feature for one in cells}),
        "drifted": len({one.feature for one in cells if one.drifted}),
        "windows": len(windows) - 1,
    }
    told = {name: Estimate(float(value), level=level, method="counted", n=0) for name, value in counted.items()}
    if live:
        del told["drifted"]
    told["effect"] = _of(cell.effect, cell.low, cell.high, level, SHARES if cell.named else SHIFT, rows)
    told["cramers_v"] = _of(cell.cramers_v, cell.v_low, cell.v_high, level, SHARES, rows)
    if shown.cliffs is not None:
        told["cliffs_delta"] = shown.cliffs
    convention = "nats; bins of the reference's deciles, an empty bin as half a row"
    plain = {
        "psi": (cell.psi, "nats; an empty category as half a row" if cell.named else convention),
        "js": (cell.js, "root of the divergence in bits"),
        "ks": (cell.ks, "largest difference of the distribution functions"),
        "wasserstein": (cell.wasserstein, "area between the distribution functions"),
        "energy": (cell.energy, "√(2 ∫ (F − G)²)"),
        "chi_square": (cell.chi_square, "Pearson's statistic of the rows, not tested as such"),
    }
    for name, (value, method) in plain.items():
        if value is not None:
            told[name] = Estimate(value, level=level, method=method, n=rows)
    if not live:
        how = TESTED_NAMES if cell.named else TESTED
        told["p_value"] = Estimate(cell.p_value, level=level, method=how, n=rows)
        told["q_value"] = Estimate(cell.q_value, level=level, method="Benjamini and Hochberg over all cells", n=rows)
    told["reference_mean"], told["window_mean"] = shown.means[0], shown.means[cell.window]
    if live:
        told = {name: one if name.endswith("_mean") else _bare(one) for name, one in told.items()}
    return {**told, **_explained(shown, level)}


def _explained(shown: Shown, level: float) -> dict[str, Estimate]:
    told: dict[str, Estimate] = {}
    if shown.attributions:
        first = shown.attributions[0]
        told = {"mean_change": first.change, "composition": first.composition, "within": first.within}
        told["composition_share"] = Estimate(first.share, level=level, method="composition / change", n=first.change.n)
    if shown.again is not None:
        told["change_of_same_answers"] = shown.again
    if shown.series is not None:
        method = "exact partition, penalty 3 σ² ln n of the long-run variance"
        told["change_points"] = Estimate(float(len(shown.changes)), level=level, method=method, n=len(shown.series))
    return told


def _bare(one: Estimate) -> Estimate:
    """Without an interval: one of so many rows does not hold at every look."""
    return replace(one, low=None, high=None)


def _of(value: float, low: float, high: float, level: float, method: str, rows: int) -> Estimate:
    return Estimate(value, low, high, level, method, rows)
