"""What is compared with what. A peer that is not installed is left out and named."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.speed_clock import Contestant, Timing, compare
from benchmarks.speed_data import Pairs
from engine.analysis import ANALYSES, metrics
from engine.analysis.intervals import bucket_bootstrap
from engine.analysis.isotonic import fit_isotonic
from engine.analysis.smooth import smooth_ece_of

OURS = "Plumbline"
BINS = 15
RESAMPLES = 1_000
PEER_RESAMPLES = 3


@dataclass(frozen=True)
class Comparison:
    """One line of the table: a peer beside ours, how much faster we have to be, and how close the answers are."""

    what: str
    peer: str
    ours: Timing
    theirs: Timing
    goal: float
    note: str = ""

    @property
    def ratio(self) -> float:
        return self.theirs.milliseconds / self.ours.milliseconds


def installed(module: str) -> bool:
    """Whether the peer is there (two of them only together with torch)."""
    needed = (module, "torch") if module in ("torchmetrics", "netcal") else (module,)
    return all(importlib.util.find_spec(name) is not None for name in needed)


# ------------------------------------------------------------------ point estimates


def ece(data: Pairs) -> list[Comparison]:
    """ECE with its table by bin (count, mean p, mean y) of each of 15 equal-width bins; the peers give the scalar."""
    peers: dict[str, Callable[[Pairs], Contestant]] = {
        "relplot": _relplot_ece,
        "torchmetrics": _torchmetrics_ece,
        "netcal": _netcal_ece,
    }
    goals = {"relplot": 1.5, "torchmetrics": 6.0, "netcal": 25.0}
    contestants: dict[str, Contestant] = {OURS: lambda: metrics.width_bins(data.p, data.y, BINS).ece}
    contestants |= {name: make(data) for name, make in peers.items() if installed(name)}
    timed = compare(contestants, dict.fromkeys(contestants, 5) | {"netcal": 3})
    return _against("ECE with table by bin", timed, goals)


def _relplot_ece(data: Pairs) -> Contestant:
    from relplot.metrics import binnedECE

    return lambda: float(binnedECE(data.p, data.y, BINS))


def _torchmetrics_ece(data: Pairs) -> Contestant:
    import torch
    from torchmetrics.functional.classification import binary_calibration_error

    torch.set_num_threads(1)
    p, y = torch.from_numpy(data.p), torch.from_numpy(data.y.astype(np.int64))
    return lambda: float(binary_calibration_error(p, y, n_bins=BINS, norm="l1", validate_args=False))


def _netcal_ece(data: Pairs) -> Contestant:
    from netcal.metrics import ECE

    return lambda: float(ECE(BINS).measure(data.p, data.y))


def smooth(data: Pairs) -> list[Comparison]:
    """Smooth ECE on the same grids with the same search."""
    if not installed("relplot"):
        return []
    import relplot

    contestants: dict[str, Contestant] = {
        OURS: lambda: smooth_ece_of(data.p, data.y),
        "relplot": lambda: float(relplot.smECE(data.p, data.y)),
    }
    return _against("smooth ECE", compare(contestants, {OURS: 5, "relplot": 2}), {"relplot": 40.0})


def isotonic(data: Pairs) -> list[Comparison]:
    """Isotonic regression of y on p: fit only; the number compared is the fitted value at ¾."""
    if not installed("sklearn"):
        return []
    from sklearn.isotonic import IsotonicRegression

    at = np.array([0.75])
    contestants: dict[str, Contestant] = {
        OURS: lambda: float(fit_isotonic(data.p, data.y)(at)[0]),
        "scikit-learn": lambda: float(IsotonicRegression().fit(data.p, data.y).predict(at)[0]),
    }
    return _against("isotonic", compare(contestants, {OURS: 5, "scikit-learn": 2}), {"scikit-learn": 10.0})


def _against(what: str, timed: dict[str, Timing], goals: dict[str, float]) -> list[Comparison]:
    return [
        Comparison(what, name, timed[OURS], timed[name], goal, _agreement(timed[OURS], timed[name]))
        for name, goal in goals.items()
        if name in timed
    ]


def _agreement(ours: Timing, theirs: Timing) -> str:
    return f"answers differ by {abs(ours.found - theirs.found):.0e}"


# ------------------------------------------------------------------ intervals


def intervals(data: Pairs) -> list[Comparison]:
    """All prompt-clustered intervals (the whole conclusion) against the pass that observes the rows."""
    calibration = ANALYSES["calibration"]
    params = calibration.parameters()
    rows = data.rows
    state = calibration.observe(rows, params)
    contestants: dict[str, Contestant] = {
        OURS: lambda: calibration.conclude(state, params).estimates["accuracy"].value,
        "the pass itself": lambda: float(len(rows) * (calibration.observe(rows, params) is not None)),
    }
    timed = compare(contestants, {OURS: 5, "the pass itself": 5})
    return [Comparison("all clustered intervals", "the pass itself", timed[OURS], timed["the pass itself"], 1.0)]


def resamples(data: Pairs) -> list[Comparison]:
    """1,000 clustered resamples of ECE: ours with its pass over the rows, scipy's scaled from three resamples."""
    from scipy.stats import bootstrap

    bucket = data.rows.columns["bucket"].astype(np.int64)
    order = np.argsort(bucket, kind="stable")
    p, y = data.p[order], data.y[order]
    ends = np.cumsum(np.bincount(bucket))
    members = np.split(np.arange(len(p)), ends[:-1])

    def theirs() -> float:
        def statistic(drawn: np.ndarray) -> float:
            rows = np.concatenate([members[int(one)] for one in drawn])
            return metrics.width_bins(p[rows], y[rows], BINS).ece

        clusters = (np.arange(len(members)),)
        found = bootstrap(clusters, statistic, n_resamples=PEER_RESAMPLES, vectorized=False, method="percentile", rng=1)
        return float(found.confidence_interval.high)

    def ours() -> float:
        return bucket_bootstrap(_ece_of_sums, _bucket_sums(data.p, data.y, bucket), 0.95, RESAMPLES, 1)[1]

    timed = compare({OURS: ours, "scipy": theirs}, {OURS: 3, "scipy": 2})
    scaled = Timing(
        timed["scipy"].milliseconds * RESAMPLES / PEER_RESAMPLES, timed["scipy"].found, timed["scipy"].megabytes
    )
    note = f"ours with the pass over the rows; scipy scaled from {PEER_RESAMPLES} resamples"
    return [Comparison(f"{RESAMPLES:,} clustered resamples", "scipy.stats.bootstrap", timed[OURS], scaled, 250.0, note)]


def _bucket_sums(p: np.ndarray, y: np.ndarray, bucket: np.ndarray, block: int = 1 << 16) -> np.ndarray:
    """Rows, Σp and Σy by bucket and bin: shape (3, buckets, bins), in one pass."""
    buckets = int(bucket.max()) + 1
    sums = np.zeros((3, buckets * BINS))
    for start in range(0, len(p), block):
        part = slice(start, start + block)
        key = bucket[part] * BINS + np.minimum((p[part] * BINS).astype(np.int64), BINS - 1)
        for field, values in zip(sums, (None, p[part], y[part]), strict=True):
            field += np.bincount(key, values, minlength=buckets * BINS)
    return sums.reshape(3, buckets, BINS)


def _ece_of_sums(sums: np.ndarray) -> np.ndarray:
    """ECE of sums of shape (3, ..., bins): Σ |Σp − Σy| / n."""
    return np.abs(sums[1] - sums[2]).sum(axis=-1) / sums[0].sum(axis=-1)


def all_comparisons(data: Pairs) -> list[Comparison]:
    """Every comparison, one after the other."""
    warnings.filterwarnings("ignore")
    return [line for case in (ece, smooth, isotonic, intervals, resamples) for line in case(data)]
