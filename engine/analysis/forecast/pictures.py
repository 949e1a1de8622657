"""What the figures of a forecast are drawn from, few enough points for a browser."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.analysis.arrays import Floats, Ints
from engine.analysis.forecast.answering import Answer
from engine.analysis.forecast.models import MODELS
from engine.analysis.forecast.outlook import Crossing, bands
from engine.analysis.lines import Line

MOST_POINTS = 1_600


def thinned(value: Floats, most: int = MOST_POINTS) -> Ints:
    """Places of at most `most` values: the least and the greatest of each stretch, the first and the last."""
    size = len(value)
    if size <= most:
        return np.arange(size)
    edges = np.linspace(0, size, (most - 2) // 2 + 1).astype(np.int64)
    kept = {0, size - 1}
    for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        part = value[start:end]
        kept |= {start + int(part.argmin()), start + int(part.argmax())}
    return np.array(sorted(kept))


def forecast_picture(line: Line, by: str, answer: Answer, level: float) -> dict[str, Any]:
    """Points (thinned), means of blocks, and the bands ahead."""
    kept = thinned(line.value)
    return {
        "by": by,
        "metric": line.metric,
        "run": line.run,
        "level": level,
        "points": {"at": line.at[kept].tolist(), "value": line.value[kept].tolist(), "of": len(line)},
        "means": {"at": answer.blocks.at.tolist(), "value": answer.blocks.mean.tolist()},
        "bands": bands(answer, level),
    }


def threshold_picture(limit: float, found: Crossing, answer: Answer) -> dict[str, Any]:
    """The chance of having passed the threshold, by block ahead."""
    return {"threshold": limit, "up": found.up, "at": answer.ahead.tolist(), "chance": found.curve}


def backtest_picture(answer: Answer) -> dict[str, Any]:
    """What the model that answers said at each origin, and the score of every model."""
    tested = answer.tested
    rows = [
        {
            "model": model,
            "error": own.error,
            "ratio": tested.ratio(model, "error"),
            "crps": own.crps,
            "crps_ratio": tested.ratio(model, "crps"),
            "mase": own.scaled,
            "covered": own.covered,
            "width": own.width,
            "p_value": own.p_value,
        }
        for model, own in tested.scores.items()
    ]
    shown = [
        {
            "at": one["at"],
            "value": one[answer.model],
            "low": one[f"{answer.model} low"],
            "high": one[f"{answer.model} high"],
        }
        for one in tested.shown
    ]
    order = {model: place for place, model in enumerate(MODELS)}
    rows.sort(key=lambda row: order[str(row["model"])])
    return {"model": answer.model, "origins": shown, "rows": [_plain(row) for row in rows]}


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """What is not finite as None."""
    return {name: None if isinstance(one, float) and not np.isfinite(one) else one for name, one in row.items()}
