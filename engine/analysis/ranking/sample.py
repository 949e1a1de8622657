"""The rows that style control is fitted to: all of them up to a limit, beyond it those of the smallest prompt hashes.

Hashes are well mixed, so these prompts are a random sample of all, and each is whole. Which ones they are does not
depend on how rows came to be split into segments.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from engine.analysis.arrays import Flags, Floats, Hashes, Ints

ROWS_KEPT = 1 << 16
NO_BOUND = 1 << 64


@dataclass(frozen=True)
class StyleSample:
    """Rows by rising prompt hash: every row with a known style whose prompt hash is below `bound` (2⁶⁴: every row).

    `a` and `b` are places among the state's items; `label` is P(a preferred). `features` holds (a − b) / (|a| + |b|) of
    each feature of style, in [−1, 1], 0 where both are 0, NaN where unknown.
    """

    bound: int
    prompt: Hashes
    bucket: Ints
    a: Ints
    b: Ints
    label: Floats
    features: Mapping[str, Floats]

    @classmethod
    def empty(cls) -> StyleSample:
        """The sample of no rows."""
        none = np.zeros(0, np.int64)
        return cls(NO_BOUND, np.zeros(0, np.uint64), none, none, none, np.zeros(0), {})

    def __len__(self) -> int:
        return len(self.prompt)

    @property
    def whole(self) -> bool:
        """Whether no row with a known style had to be left out."""
        return self.bound == NO_BOUND

    def __add__(self, other: StyleSample) -> StyleSample:
        """The sample of both sets of rows, over the same items."""
        names = sorted({*self.features, *other.features})
        features = {
            name: np.concatenate([side.features.get(name, np.full(len(side), np.nan)) for side in (self, other)])
            for name in names
        }
        prompt, bucket, a, b, label = (
            np.concatenate([getattr(side, name) for side in (self, other)])
            for name in ("prompt", "bucket", "a", "b", "label")
        )
        return StyleSample(min(self.bound, other.bound), prompt, bucket, a, b, label, features).trimmed()

    def trimmed(self) -> StyleSample:
        """In order, and of so few prompts that at most `ROWS_KEPT` rows are left."""
        order = np.argsort(self.prompt, kind="stable")
        prompt = self.prompt[order]
        kept = len(prompt) if self.whole else int(np.searchsorted(prompt, np.uint64(self.bound)))
        bound = self.bound
        if kept > ROWS_KEPT:
            bound = int(prompt[ROWS_KEPT])
            kept = int(np.searchsorted(prompt, np.uint64(bound)))
        return replace(self._rows(order[:kept]), bound=bound)

    def where(self, chosen: Flags) -> StyleSample:
        """Some of the rows."""
        return self._rows(np.flatnonzero(chosen))

    def over(self, place: Ints) -> StyleSample:
        """The same rows, `place` being the new number of each item."""
        if not len(self):
            return self
        return replace(self, a=place[self.a], b=place[self.b])

    def _rows(self, places: Ints) -> StyleSample:
        features = {name: values[places] for name, values in self.features.items()}
        sides = self.a[places], self.b[places]
        return StyleSample(self.bound, self.prompt[places], self.bucket[places], *sides, self.label[places], features)
