"""A metric over two parameters of runs: where it is best, how sure that is, where to try next."""

from engine.analysis.surface.analysis import Surface, grid_of, surface_of
from engine.analysis.surface.parameters import SurfaceParameters

__all__ = ["Surface", "SurfaceParameters", "grid_of", "surface_of"]
