"""The fit of a reward over d = √KL, with the correlation of its errors and the form averaged over by their evidence.

For each covariance of `noise` the coefficients are those of generalised least squares; its weight is its restricted
likelihood (Harville 1974), which allows for the coefficients that were fitted. What is said of a contrast is then said
by a mixture of Student's t distributions, one a covariance (and form): with flat priors this is its posterior.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import stdtr

from engine.analysis.arrays import Flags, Floats
from engine.analysis.overoptimisation import forms, noise

TRUST = 0.75
"""The power that the likelihood of a covariance is raised to: true errors are none of the grid, and a short series that
looks white may hang together for long (Grünwald and van Ommen 2017)."""


@dataclass(frozen=True)
class Fit:
    """A mixture: by part its `weight`, `form`, coefficients (c, a, b) over u = d / `scale` and their covariance.

    `weight` has shape (k,), `coefficient` (k, 3), `covariance` (k, 3, 3); `freedom` are degrees of freedom. `points`
    counts what was fitted, `most` is the largest d among it. `explained` is the share of the variance of the points
    that the mean curve of the leading form explains, at most 1, below 0 where their mean would do better.
    """

    form: tuple[str, ...]
    weight: Floats
    coefficient: Floats
    covariance: Floats
    freedom: float
    scale: float
    most: float
    points: int
    explained: float = 1.0

    def of(self, form: str) -> Flags:
        """Which parts are of a form."""
        return np.array([each == form for each in self.form], np.bool_)

    def share(self, form: str) -> float:
        """The evidence for a form, in [0, 1]."""
        return float(self.weight[self.of(form)].sum())

    @property
    def leading(self) -> str:
        """The form that the points speak for."""
        return max(dict.fromkeys(self.form), key=self.share)

    def mean(self, form: str) -> Floats:
        """The mean coefficients (c, a, b) of a form, over u, shape (3,)."""
        parts = self.of(form)
        weight = self.weight[parts] / max(self.share(form), 1e-300)
        return np.asarray(weight @ self.coefficient[parts])

    def rising(self, d: Floats) -> Floats:
        """The probability that the reward rises at each d > 0, shape (n,)."""
        found = np.zeros(len(d))
        for form in dict.fromkeys(self.form):
            parts = self.of(form)
            rows = forms.slopes(form, d / self.scale)
            slope = self.coefficient[parts] @ rows.T
            error = np.sqrt(np.einsum("di,kij,dj->kd", rows, self.covariance[parts], rows))
            found += self.weight[parts] @ stdtr(self.freedom, slope / np.maximum(error, 1e-300))
        return found

    def draws(self, size: int, seed: int) -> Draws:
        """Coefficients at random from the mixture."""
        generator = np.random.default_rng(seed)
        part = np.sort(generator.choice(len(self.weight), size, p=self.weight / self.weight.sum()))
        jitter = 1e-14 * np.trace(self.covariance, axis1=1, axis2=2)
        root = np.linalg.cholesky(self.covariance + jitter[:, None, None] * np.eye(3))
        normal = np.einsum("nij,nj->ni", root[part], generator.normal(size=(size, 3)))
        stretch = np.sqrt(self.freedom / generator.chisquare(self.freedom, size))
        coefficient = self.coefficient[part] + normal * stretch[:, None]
        return Draws(self.of(forms.BON)[part], coefficient, self.scale)

    def widened(self, covariance: Mapping[str, Floats]) -> Fit:
        """The same with a further covariance of the coefficients of each form, shape (3, 3), of another source."""
        return replace(self, covariance=self.covariance + np.stack([covariance[form] for form in self.form]))


@dataclass(frozen=True)
class Draws:
    """Curves at random: whether each is of the best-of-n form, and its coefficients over u, shape (n, 3)."""

    bon: Flags
    coefficient: Floats
    scale: float

    def at(self, d: Floats) -> Floats:
        """The value of each curve at each d, or at its own: shape (n, len(d)) or (n, 1)."""
        u = np.atleast_2d(d) / self.scale
        c, a, b = (self.coefficient[:, [place]] for place in range(3))
        return np.asarray(c + a * u - b * np.where(self.bon[:, None], np.square(u), forms.bend(forms.RL, u)))

    def peak(self, most: float) -> Floats:
        """Where each curve is highest between 0 and `most`, shape (n,)."""
        _, a, b = self.coefficient.T
        turns = b > 0
        safe = np.where(turns, b, 1.0)
        top = np.where(self.bon, a / (2 * safe), np.exp(np.minimum(a / safe - 1, 700.0))) * self.scale
        inside = np.clip(np.where(turns, top, 0.0), 0.0, most)
        ends = self.at(np.array([0.0, most]))
        return np.where(turns, inside, np.where(ends[:, 1] > ends[:, 0], most, 0.0))

    def slope(self, d: float) -> Floats:
        """The slope over d of each curve at one d > 0, shape (n,)."""
        rows = [self.coefficient @ forms.slopes(form, np.array([d / self.scale]))[0] for form in (forms.BON, forms.RL)]
        return np.asarray(np.where(self.bon, rows[0], rows[1]) / self.scale)


def fit(step: Floats, d: Floats, value: Floats, fitted: Sequence[str], scale: float = 0.0) -> Fit:
    """The fit of `value` over `d` at these steps, all of shape (n,), in the order of the steps; at least four points.

    `scale`: the unit of d in which it is fitted, 0 for the largest.
    """
    most = float(d.max())
    scale = scale or most
    u = d / scale
    block = noise.blocks(len(d))
    columns = [np.ones_like(u), u, *(-forms.bend(form, u) for form in fitted), value - value.mean(), step]
    means = noise.averaged(block, np.stack(columns, axis=1))
    covariance, determinant, prior = noise.covariances(np.ascontiguousarray(means[:, -1]), np.bincount(block))
    data = means[:, :-1]
    gram = np.einsum("mi,gmj->gij", data, np.linalg.solve(covariance, np.broadcast_to(data, (len(prior), *data.shape))))
    parts = [
        _parts(gram, data.T @ data, [0, 1, 2 + place], float(len(data) - 3), determinant, prior)
        for place in range(len(fitted))
    ]
    logs = np.concatenate([each[0] for each in parts])
    weight = np.exp(TRUST * (logs - logs.max()))
    coefficient = np.concatenate([each[1] for each in parts])
    coefficient[:, 0] += value.mean()
    found = Fit(
        form=tuple(form for form in fitted for _ in prior),
        weight=weight / weight.sum(),
        coefficient=coefficient,
        covariance=np.concatenate([each[2] for each in parts]),
        freedom=float(len(data) - 3),
        scale=scale,
        most=most,
        points=len(d),
    )
    return replace(found, explained=_explained(found, u, value))


def _explained(found: Fit, u: Floats, value: Floats) -> float:
    """1 − the squared distances of the values from the mean curve over those from their mean."""
    form = found.leading
    curve = found.mean(form) @ np.stack([np.ones_like(u), u, -forms.bend(form, u)])
    apart = float(np.square(value - value.mean()).sum())
    return 1 - float(np.square(value - curve).sum()) / apart if apart > 0 else 1.0


def _parts(
    gram: Floats, plain: Floats, columns: list[int], freedom: float, determinant: Floats, prior: Floats
) -> tuple[Floats, Floats, Floats]:
    """By covariance the log weight, the coefficients and their covariance, from the products of all columns."""
    normal = gram[:, columns][:, :, columns]
    inverse = np.linalg.inv(normal)
    coefficient = np.einsum("gij,gj->gi", inverse, gram[:, columns, -1])
    rest = gram[:, -1, -1] - np.einsum("gi,gi->g", coefficient, gram[:, columns, -1])
    rest = np.maximum(rest, 1e-13 * gram[:, -1, -1])
    logs = (
        prior
        - determinant / 2
        - np.linalg.slogdet(normal)[1] / 2
        + np.linalg.slogdet(plain[np.ix_(columns, columns)])[1] / 2
        - freedom / 2 * np.log(rest)
    )
    return logs, coefficient, inverse * (rest / freedom)[:, None, None]


def pooled(fits: Sequence[Fit]) -> Fit:
    """The mean curve of several runs that were fitted over the same scale, runs being the clusters.

    By form the mean of the runs' coefficients, their covariance from the spread between the runs, Student's t with
    runs − 1 degrees of freedom (Ibragimov and Müller 2010): nothing is assumed of the errors within a run.
    """
    known = tuple(dict.fromkeys(fits[0].form))
    each = {form: np.stack([one.mean(form) for one in fits]) for form in known}
    logs = np.array([sum(np.log(max(one.share(form), 1e-300)) for one in fits) for form in known])
    weight = np.exp(logs - logs.max())
    return Fit(
        form=known,
        weight=weight / weight.sum(),
        coefficient=np.stack([each[form].mean(axis=0) for form in known]),
        covariance=np.stack([np.cov(each[form].T) / len(fits) for form in known]),
        freedom=float(len(fits) - 1),
        scale=fits[0].scale,
        most=max(one.most for one in fits),
        points=sum(one.points for one in fits),
    )
