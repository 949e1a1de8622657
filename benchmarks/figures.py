"""`make figures`: published figures of real files and golden values, expected, got and difference.

The real files are found through PLUMBLINE_REAL_DATA; where they are absent, this says so and checks the golden values
alone. Exits with 1 if a difference exceeds what the printed precision allows.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks import figures_agreement, figures_compare, figures_ranking, figures_stop
from benchmarks.figure import Line
from engine import analyse
from engine.analysis import metrics
from engine.analysis.isotonic import corp
from engine.analysis.smooth import smooth_ece_of, smooth_error_of

OTHERS = (figures_ranking, figures_compare, figures_agreement, figures_stop)
"""The figures of the other analyses."""

# ------------------------------------------------------------------ real files

JUDGEBENCH = (
    "judgebench/outputs/dataset=judgebench,response_model=gpt-4o-2024-05-13,judge_name=reward_model,judge_model="
)
FILES: list[tuple[str, str, dict[str, object], dict[str, str]]] = [
    (
        "judgebench GRM-Gemma-2B",
        JUDGEBENCH + "Ray2333_GRM-Gemma-2B-rewardmodel-ft.jsonl",
        {},
        {"accuracy": ".5943", "ece_width_15": ".2155", "brier": ".2840", "nll": ".9010"},
    ),
    (
        "judgebench Skywork-8B",
        JUDGEBENCH + "Skywork_Skywork-Reward-Llama-3.1-8B.jsonl",
        {},
        {"accuracy": ".6243", "ece_width_15": ".3259", "brier": ".3322", "nll": "2.4082"},
    ),
    (
        "judgebench internlm2-7b",
        JUDGEBENCH + "internlm_internlm2-7b-reward.jsonl",
        {},
        {"accuracy": ".5943", "ece_width_15": ".0832", "brier": ".2297", "nll": ".6456"},
    ),
    (
        "judge_goodhart",
        "judge_goodhart/runs/pilot.jsonl",
        {"scale": 100},
        {"base_rate": ".6684", "mean_score": ".7901", "accuracy": ".8563", "ece_width_15": ".1338", "brier": ".1376"},
    ),
    (
        "helpsteer2",
        "helpsteer2_gold_rm/experimental/helpsteer2_subset_annotated.json",
        {},
        {"accuracy": ".72", "ece_width_15": ".0977", "brier": ".1815"},
    ),
]


def real_files(folder: Path) -> Iterator[Line]:
    """The figures of the files that are there, through the same way a user's file takes."""
    for source, path, params, expected in FILES:
        if not (folder / path).is_file():
            print(f"absent: {source}")
            continue
        estimates = analyse([folder / path], params=params).estimates
        for name, text in expected.items():
            value = estimates[name].value
            yield Line(source, name, text, float("nan") if value is None else value)


# ------------------------------------------------------------------ golden values


def golden_values() -> Iterator[Line]:
    """Values on which several packages agree, for 2,000 made-up pairs of a model over-confident by 1.7."""
    p, y, margin = golden_data()
    ten, fifteen = metrics.width_bins(p, y, 10), metrics.width_bins(p, y, 15)
    mass_15 = metrics.mass_bins(p, y, 15, split_ties=True)
    terms = metrics.murphy(p, y, 10)
    brier_terms = corp(p, y)
    for name, expected, got in [
        ("ece_width_10", ".08171925271286642", ten.ece),
        ("mce_width_10", ".14836487657291664", ten.mce),
        ("ace_width_10", ".08598187788461571", ten.ace),
        ("ece_mass_10", ".0841802250860848", metrics.mass_bins(p, y, 10, split_ties=True).ece),
        ("ece_width_15", ".08598216366501707", fifteen.ece),
        ("ece_mass_15", ".08190035624761595", mass_15.ece),
        ("ece_debiased_l2", ".08016161790817228", metrics.debiased_l2(mass_15)),
        ("smooth_ece", ".07816984459840355", smooth_ece_of(p, y)),
        ("smooth_ece at width .05", ".08067320310728199", smooth_error_of(p, y, 0.05)),
        ("brier", ".1878404448733009", metrics.brier(p, y)),
        ("nll", ".5738041087392667", metrics.nll(p, y)),
        ("nll of the margin", ".5738041087392667", metrics.nll_of_margin(margin, y)),
        ("corp miscalibration", ".009923423299741718", brier_terms.miscalibration),
        ("corp discrimination", ".05177672842644079", brier_terms.discrimination),
        ("corp uncertainty", ".22969374999999997", brier_terms.uncertainty),
        ("brier_reliability, 10 bins", ".007284521221485252", terms.reliability),
        ("brier_resolution, 10 bins", ".048675394614408604", terms.resolution),
        ("brier_uncertainty", ".22969375", terms.uncertainty),
        ("within-bin variance", ".0008441331249987992", terms.within_variance),
        ("within-bin covariance", ".0006532824293872736", terms.within_covariance),
        ("spiegelhalter_z", "12.663304488498971", metrics.spiegelhalter_z(p, y)),
        ("temperature", "1.67991", metrics.temperature(margin, y)),
        ("platt slope", ".573977", metrics.platt(margin, y)[0]),
        ("platt intercept", ".099643", metrics.platt(margin, y)[1]),
    ]:
        yield Line("golden", name, expected, got)


def golden_data() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities, labels and margins of 2,000 pairs: true margin m, the model's 1.7 m."""
    rng = np.random.default_rng(20261123)
    truth = rng.normal(0.6, 1.2, 2000)
    y = (rng.random(2000) < 1 / (1 + np.exp(-truth))).astype(float)
    margin = 1.7 * truth
    return 1 / (1 + np.exp(-margin)), y, margin


# ------------------------------------------------------------------ the table


def report(lines: list[Line]) -> int:
    """Print the table; 1 if any figure does not fit."""
    print(f"{'source':26}{'figure':28}{'expected':>22}{'got':>22}{'difference':>13}")
    for line in lines:
        mark = "" if line.fits else "  DIFFERS"
        print(f"{line.source:26}{line.name:28}{line.expected:>22}{line.got:>22.15g}{line.difference:>+13.1e}{mark}")
    wrong = sum(not line.fits for line in lines)
    print(f"\n{len(lines)} figures, {wrong} beyond the printed precision")
    return 1 if wrong else 0


def main() -> int:
    named = os.environ.get("PLUMBLINE_REAL_DATA", "")
    folder = Path(named) if named else None
    found: list[Line] = []
    if folder is not None:
        found += real_files(folder)
    else:
        print("PLUMBLINE_REAL_DATA is not set: the figures of real files are left out.\n")
    others = [line for module in OTHERS for line in module.lines(folder)]
    return report([*found, *golden_values(), *others])


if __name__ == "__main__":
    sys.exit(main())
