"""A surface that is linear in its coefficients: products of functions of either axis, splines or powers."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from engine.analysis.arrays import Floats, Ints
from engine.analysis.surface.basis import design

POWERS = 3


@dataclass(frozen=True)
class Tensor:
    """f(u, v) = Σ coefficient[i, j] · b_i(u) · b_j(v).

    `covariance` of the coefficients, row by row, shape (size², size²), None where no interval is honest. `freedom`: the
    effective number of parameters; `df`: what is left of the points for Student's t; `sigma`: of the noise; `smoothing`
    the two weights of the penalty.
    """

    coefficient: Floats
    covariance: Floats | None = None
    freedom: float = 0.0
    df: float = 0.0
    sigma: float = float("nan")
    smoothing: tuple[float, float] = (0.0, 0.0)
    splines: bool = field(default=True)

    @property
    def size(self) -> int:
        """Functions a side."""
        return len(self.coefficient)

    def basis(self, units: Floats) -> Floats:
        """The functions of one axis at these places: shape (n, size)."""
        if self.splines:
            return design(units, self.size)
        return np.vander(np.asarray(units, float), self.size, increasing=True)

    def values(self, u: Floats, v: Floats) -> Floats:
        """On the grid of u and v: shape (len(v), len(u)), a row for each v."""
        return np.asarray(self.basis(v) @ self.coefficient.T @ self.basis(u).T)

    def errors(self, u: Floats, v: Floats) -> Floats | None:
        """Standard errors on the grid; shape (len(v), len(u)). None without a covariance.

        The variance at a point is a sum over pairs of functions of u times pairs of functions of v; only pairs that
        overlap count, so that all of the grid takes two products of matrices (Currie, Durban and Eilers 2006).
        """
        if self.covariance is None:
            return None
        first, second = self._overlapping
        four = self.covariance.reshape(self.size, self.size, self.size, self.size)
        across, up = (basis[:, first] * basis[:, second] for basis in (self.basis(u), self.basis(v)))
        weights = four[first[:, None], first[None, :], second[:, None], second[None, :]]
        return np.asarray(np.sqrt(np.maximum(up @ (across @ weights).T, 0.0)))

    @property
    def _overlapping(self) -> tuple[Ints, Ints]:
        near = np.abs(np.subtract.outer(np.arange(self.size), np.arange(self.size))) <= 3
        first, second = np.nonzero(near)
        return first, second

    @cached_property
    def factor(self) -> Floats:
        """A root F of the covariance, F F' = covariance."""
        assert self.covariance is not None
        scale = max(float(np.diagonal(self.covariance).max()), 1e-300)
        try:
            return np.asarray(np.linalg.cholesky(self.covariance + 1e-12 * scale * np.eye(self.size**2)))
        except np.linalg.LinAlgError:
            values, vectors = np.linalg.eigh(self.covariance)
            return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))

    def drawn(self, u: Floats, v: Floats, draws: int, seed: int) -> Floats:
        """Errors of surfaces drawn from the distribution of the coefficients, shape (draws, len(v), len(u)).

        Student's t with `df` degrees of freedom: one χ² a draw for the unknown noise.
        """
        generator = np.random.default_rng(seed)
        normal = self.factor @ generator.normal(size=(self.size**2, draws))
        normal *= np.sqrt(self.df / generator.chisquare(self.df, draws))
        coefficients = normal.T.reshape(draws, self.size, self.size)
        return np.asarray(self.basis(v) @ coefficients.transpose(0, 2, 1) @ self.basis(u).T)
