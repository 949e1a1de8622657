"""Forecast of training curves: where a metric will be, with bands that hold, beside what naive would say."""

from engine.analysis.forecast.analysis import Forecast
from engine.analysis.forecast.parameters import ForecastParameters

__all__ = ["Forecast", "ForecastParameters"]
