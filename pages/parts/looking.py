"""What a page looks at: which dataset, by which analysis, with which parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.types import DatasetView
from pages.parts import location


@dataclass(frozen=True, slots=True)
class Looking:
    """One view. `params` are those that the page chose, `defaults` what they are where nobody chose."""

    analysis: str
    dataset: DatasetView
    params: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    beside: tuple[DatasetView, ...] = ()
    """Further datasets that are concluded together with this one."""

    names: bool = False
    """Whether what is chosen on its figures may be given a name."""

    @property
    def query(self) -> str:
        """The part of a page's address that names the view: the datasets and what is not default."""
        together = {location.BESIDE: location.joined([one.id for one in self.beside])} if self.beside else {}
        return location.query(self.dataset.id, {**together, **self.params}, self.defaults)

    @property
    def ids(self) -> tuple[int, ...]:
        """The datasets that are concluded together."""
        return (self.dataset.id, *(one.id for one in self.beside))

    @property
    def address(self) -> str:
        """Where the browser asks for the same view of newer rows, below `/view/`."""
        return f"{self.analysis}?{self.query}"

    @property
    def plain(self) -> bool:
        """Whether it is the answer that travels with the events: of the leading analysis, with its usual parameters."""
        leads = self.dataset.analyses[:1] == (self.analysis,) and not self.beside
        return leads and all(value == self.defaults.get(name) for name, value in self.params.items())
