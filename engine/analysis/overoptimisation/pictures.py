"""The numbers of the pictures: rewards over √KL with the fits, the same over steps, components, what goes beside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from engine.analysis.arrays import Floats, Ints
from engine.analysis.overoptimisation import forms
from engine.analysis.overoptimisation.found import Found
from engine.analysis.overoptimisation.series import Points, Series

MOST_POINTS = 2000
PLACES = 61


def frontier(series: Iterable[Series], gold: str, proxy: str, found: Found | None) -> dict[str, Any]:
    """Gold and proxy of the runs over √KL, each less its first value; with a fit its curves, band and peak."""
    lines = []
    runs = list(series)
    for one in runs:
        for role, metric in (("gold", gold), ("proxy", proxy)):
            points = one.rise(metric) if metric else None
            if points is not None:
                lines.append({"run": one.run, "role": role, "metric": metric, **_points(points, len(runs))})
    return {"lines": lines, **({} if found is None else fitted(found))}


def fitted(found: Found) -> dict[str, Any]:
    """Both fits, the band of the curve, the set of the peak and where the run is, over √KL."""
    places = np.linspace(0, found.fit.most, PLACES)
    low, high = np.quantile(found.draws.at(places), [0.5 - found.level / 2, 0.5 + found.level / 2], axis=0)
    fits = [
        {"form": form, "evidence": found.fit.share(form), "value": _curve(found, form, places).tolist()}
        for form in dict.fromkeys(found.fit.form)
    ]
    peak = {"value": found.peak.value, "low": found.peak.low, "high": found.peak.high}
    return {
        "run": found.run,
        "d": places.tolist(),
        "low": low.tolist(),
        "high": high.tolist(),
        "fits": fits,
        "peak": peak if found.peak.told else None,
        "now": found.now,
        "most": found.fit.most,
    }


def _curve(found: Found, form: str, d: Floats) -> Floats:
    return np.asarray(forms.design(form, d / found.fit.scale) @ found.fit.mean(form))


def _points(points: Points, runs: int) -> dict[str, list[float]]:
    kept = thinned(len(points), MOST_POINTS // max(runs, 1))
    return {
        "step": points.step[kept].tolist(),
        "d": points.d[kept].tolist(),
        "value": points.value[kept].tolist(),
    }


def over_steps(series: Series, gold: str, proxy: str) -> dict[str, Any]:
    """Gold, proxy and KL of one run over its steps."""
    lines = [
        {"name": name, "role": role, **_line(series.courses[name].step, series.courses[name].value)}
        for role, name in (("gold", gold), ("proxy", proxy))
        if name in series.courses
    ]
    return {"run": series.run, "lines": lines, "kl": _line(series.kl.step, series.kl.value)}


def beside(series: Series, names: Iterable[str]) -> dict[str, Any]:
    """Length, entropy and the like of one run over √KL."""
    found: Mapping[str, Points | None] = {name: series.against(name) for name in names}
    lines = [{"name": name, **_points(points, 1)} for name, points in found.items() if points is not None]
    return {"run": series.run, "lines": lines}


def _line(step: Floats, value: Floats) -> dict[str, list[float]]:
    kept = thinned(len(step), MOST_POINTS)
    return {"step": step[kept].tolist(), "value": value[kept].tolist()}


def thinned(count: int, most: int) -> Ints:
    """Places of at most `most` of `count` points, evenly, the last among them."""
    if count <= most:
        return np.arange(count)
    return np.unique(np.linspace(0, count - 1, max(most, 2)).round().astype(np.int64))
