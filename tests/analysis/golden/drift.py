"""Writes drift.json: what other people's packages make of a table by cluster, a line with steps, and two samples.

    python -m tests.analysis.golden.drift

Needs samplics 0.4.22, ruptures 1.1.10 and POT 0.9.7 in an environment of its own.

- `tables`: rows of two windows in 60 clusters by category; the second-order Rao-Scott F test of independence, clusters
  as primary sampling units (samplics).
- `lines`: 120 numbers whose mean jumps; the partition into so many parts that costs least squared residuals, no part
  shorter than 4 (ruptures' exact dynamic programme).
- `transport`: Wasserstein's distance of two samples with ties (POT).
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import ot
import pandas as pd
import ruptures
from samplics import CrossTabulation, PopParam

CLUSTERS, CATEGORIES = 60, 4


def table(seed: int, moved: float) -> dict[str, Any]:
    """Clusters with rows in both windows, whose rows of a cluster go together."""
    generator = np.random.default_rng(seed)
    counts = np.zeros((2, CLUSTERS, CATEGORIES), int)
    for cluster in range(CLUSTERS):
        leaning = generator.dirichlet(np.full(CATEGORIES, 2.0))
        for window in (0, 1):
            share = (1 - moved * window) * leaning + moved * window * np.eye(CATEGORIES)[0]
            counts[window, cluster] = generator.multinomial(20, share)
    rows = [
        {"window": window, "category": category, "cluster": cluster}
        for (window, cluster, category), count in np.ndenumerate(counts)
        for _ in range(count)
    ]
    frame = pd.DataFrame(rows)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = CrossTabulation(param=PopParam.prop)
        found.tabulate(vars=frame[["window", "category"]].astype(str), psu=frame["cluster"].to_numpy(), remove_nan=True)
    adjusted = found.stats["Pearson-Adj"]
    told = {name: float(adjusted[name]) for name in ("f_value", "df_num", "df_den", "p_value")}
    return {"counts": counts.tolist(), **told}


def line(seed: int, parts: int) -> dict[str, Any]:
    generator = np.random.default_rng(seed)
    level = np.repeat(generator.normal(0, 2, parts), 120 // parts)
    value = level + generator.normal(size=len(level))
    bounds = ruptures.Dynp(model="l2", min_size=4, jump=1).fit(value).predict(parts - 1)
    return {"value": value.tolist(), "bounds": bounds}


def transport() -> dict[str, Any]:
    generator = np.random.default_rng(11)
    a, b = generator.integers(0, 20, 70) / 8, generator.integers(3, 26, 90) / 8
    return {"a": a.tolist(), "b": b.tolist(), "distance": float(ot.wasserstein_1d(a, b, p=1))}


if __name__ == "__main__":
    told = {
        "tables": [table(1, 0.0), table(2, 0.03), table(3, 0.12)],
        "lines": [line(5, 2), line(6, 3), line(7, 5)],
        "transport": transport(),
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(told) + "\n")
