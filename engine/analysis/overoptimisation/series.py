"""What a run holds: its KL over its steps, and each reward against that KL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from engine.analysis.arrays import Flags, Floats
from engine.analysis.lines import Lines

LATELY = 5
"""Points, at most a tenth of a run, whose mean is where it is now."""


@dataclass(frozen=True)
class Course:
    """Values at steps in order, both of shape (n,)."""

    step: Floats
    value: Floats

    def __len__(self) -> int:
        return len(self.step)

    def now(self) -> float:
        """The mean of the last points."""
        return float(self.value[-min(LATELY, max(len(self) // 10, 1)) :].mean())


@dataclass(frozen=True)
class Points:
    """A metric over d = √KL, in the order of the steps: all of shape (n,)."""

    step: Floats
    d: Floats
    value: Floats

    def __len__(self) -> int:
        return len(self.step)


Spread = Callable[[str, tuple[str, ...], float], "Mapping[str, Floats] | None"]
"""By metric, forms and scale the covariance of the coefficients between prompts, where the same prompts come again."""


@dataclass(frozen=True)
class Series:
    """One run: `kl` in nats, summed over answers and not below 0; `courses` by metric.

    `negative` counts KLs that were below 0, as an estimate by log ratios can be.
    """

    run: str
    kl: Course
    courses: Mapping[str, Course]
    negative: int = 0
    spread: Spread | None = field(default=None, compare=False)

    @property
    def kl_now(self) -> float:
        """The KL of the last points."""
        return self.kl.now()

    def against(self, metric: str) -> Points | None:
        """A metric at the KL of its steps, between steps in a straight line; None where the run does not have it.

        A step before the first KL is the reference itself where it is step 0; other steps outside are left out.
        """
        course = self.courses.get(metric)
        if course is None:
            return None
        first, last = float(self.kl.step[0]), float(self.kl.step[-1])
        kl = np.interp(course.step, self.kl.step, self.kl.value)
        kl = np.where((course.step == 0) & (first > 0), 0.0, kl)
        kept: Flags = ((course.step >= first) | (course.step == 0)) & (course.step <= last)
        return Points(course.step[kept], np.sqrt(kl[kept]), course.value[kept]) if kept.any() else None

    def with_difference(self, name: str, one: str, other: str) -> Series:
        """With one metric less another as a further one, at the steps of the other."""
        if one not in self.courses or other not in self.courses:
            return self
        left, right = self.courses[one], self.courses[other]
        kept = (right.step >= left.step[0]) & (right.step <= left.step[-1])
        difference = np.interp(right.step, left.step, left.value) - right.value
        added = {name: Course(right.step[kept], difference[kept])} if kept.any() else {}
        return replace(self, courses={**self.courses, **added})

    def rise(self, metric: str) -> Points | None:
        """The same less the first value of the metric."""
        points = self.against(metric)
        return None if points is None else replace(points, value=points.value - self.courses[metric].value[0])


def of_kl(run: str, kl: Course, courses: Mapping[str, Course], spread: Spread | None = None) -> Series:
    """A run with its KL cut off at 0."""
    negative = int(np.count_nonzero(kl.value < 0))
    return Series(run, Course(kl.step, np.maximum(kl.value, 0.0)), courses, negative, spread)


def series_of_lines(lines: Lines, kl: str) -> list[Series]:
    """The runs of curves that have this KL."""
    found = []
    for run in lines.runs:
        line = lines.get(run, kl)
        if line is not None:
            courses = {one.metric: Course(one.at, one.value) for one in lines.lines if one.run == run}
            found.append(of_kl(run, Course(line.at, line.value), courses))
    return found
