"""Smoothing of a line by what came before: the exponential mean without the bias of its beginning."""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

from engine.analysis.arrays import Floats


def exponential(value: Floats, weight: float) -> Floats:
    """The exponential moving mean, debiased: weights weight^k on the value k points earlier, divided by their sum.

    As `pandas.Series.ewm(alpha=1 - weight, adjust=True).mean()`. It lags behind: a turn is seen about
    weight / (1 − weight) points late.

    Args:
        value: finite values in order, shape (n,).
        weight: in [0, 1); 0 leaves them as they are.
    """
    if weight == 0 or not len(value):
        return value
    summed = lfilter([1.0], [1.0, -weight], value)
    # 1 - weight^k over 1 - weight; expm1 keeps its digits where the weight is close to 1.
    weights = np.expm1(np.log(weight) * np.arange(1, len(value) + 1)) / (weight - 1)
    return np.asarray(summed / weights)
