"""Figures of forecasts from packages not written here: `python tests/analysis/golden/forecast.py` writes forecast.json.

Needs scoringrules 0.10, statsmodels 0.15, utilsforecast 0.2.17 and dieboldmariano 1.1 in an environment of its own.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import scoringrules
from dieboldmariano import dm_test
from statsmodels.tsa.exponential_smoothing.ets import ETSModel
from utilsforecast.losses import mase

SERIES = [446.7, 454.5, 455.7, 423.6, 456.3, 440.6, 425.3, 485.1, 506.0, 526.8, 514.3, 494.2]
"""Annual oil production of Saudi Arabia, 1996-2007, as Hyndman et al. print it."""


def crps() -> dict[str, object]:
    generator = np.random.default_rng(5)
    draws, observed = generator.normal(0, 1, (50, 4)), np.array([0.7, -2.0, 0.0, 4.0])
    return {
        "observed": observed.tolist(),
        "draws": draws.tolist(),
        "normal": [float(scoringrules.crps_normal(one, 0.3, 1.7)) for one in observed],
        "normal_at_0.7": float(scoringrules.crps_normal(0.7, 0.0, 1.0)),
        "ensemble": [float(scoringrules.crps_ensemble(one, draws[:, place])) for place, one in enumerate(observed)],
    }


def damped() -> list[dict[str, object]]:
    """Means and variances ahead with parameters and first states given."""
    value, found = pd.Series(SERIES), []
    for alpha, beta, phi in ((0.5, 0.1, 0.9), (0.9, 0.0, 0.8), (0.2, 0.2, 0.98)):
        model = ETSModel(
            value, error="add", trend="add", damped_trend=True, initialization_method="known",
            initial_level=450.0, initial_trend=2.0,
        )  # fmt: skip
        fitted = model.smooth([alpha, beta, phi])
        ahead = fitted.get_prediction(start=len(value), end=len(value) + 7)
        found.append(
            {
                "parameters": [alpha, beta, phi],
                "level": float(np.asarray(fitted.level)[-1]),
                "trend": float(np.asarray(fitted.slope)[-1]),
                "mean": np.asarray(ahead.predicted_mean).tolist(),
                "variance": np.asarray(ahead.forecast_variance).tolist(),
            }
        )
    return found


def scaled() -> dict[str, object]:
    train, test, forecast = SERIES[:8], SERIES[8:], [500.0, 505.0, 510.0, 515.0]
    frame = pd.DataFrame({"unique_id": "a", "ds": range(8, 12), "y": test, "own": forecast})
    before = pd.DataFrame({"unique_id": "a", "ds": range(8), "y": train})
    value = mase(frame, models=["own"], seasonality=1, train_df=before)["own"].iloc[0]
    return {"train": train, "test": test, "forecast": forecast, "mase": float(value)}


def equal_loss() -> list[dict[str, object]]:
    generator, found = np.random.default_rng(8), []
    for ahead, size in ((1, 40), (3, 60), (5, 80)):
        actual = generator.normal(size=size)
        one, other = actual + generator.normal(0, 1, size), actual + generator.normal(0, 1.3, size)
        statistic, p_value = dm_test(actual.tolist(), one.tolist(), other.tolist(), h=ahead)
        loss, second = np.square(actual - one), np.square(actual - other)
        found.append(
            {"ahead": ahead, "loss": loss.tolist(), "other": second.tolist(), "statistic": statistic, "p": p_value}
        )
    return found


if __name__ == "__main__":
    packages = ("scoringrules", "statsmodels", "utilsforecast", "dieboldmariano")
    told = {
        "packages": {name: version(name) for name in packages},
        "series": SERIES,
        "crps": crps(),
        "ets": damped(),
        "mase": scaled(),
        "dm": equal_loss(),
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(told, indent=1) + "\n")
