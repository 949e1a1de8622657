"""What every analysis offers, and how its parameters are checked."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Generic, Literal, Protocol, Self, TypeVar

from engine import cohort
from engine.errors import UsageError
from engine.types import Kind, Result, Rows

Shape = Literal["table", "units", "stream"]


@dataclass(frozen=True)
class Parameters:
    """Base of the parameters of an analysis: every field has a default, `__post_init__` checks the values.

    `observe_fields` names the fields that change the state; the others only change the conclusion. `slice`:
    "column=value", empty for all rows. `where`: the cohort whose rows alone are observed, as `engine.cohort` writes it;
    it changes the state of whatever analysis.
    """

    observe_fields: ClassVar[tuple[str, ...]] = ()

    slice: str = ""
    where: str = ""

    def __post_init__(self) -> None:
        cohort.parse(self.where)
        if self.slice and "=" not in self.slice:
            raise UsageError(f"slice={self.slice!r} is not of the form column=value.")

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """Parameters from a mapping whose values may be text, as a command line or an address gives them.

        Raises UsageError for a name that does not exist or a value that does not fit.
        """
        known: dict[str, Any] = {field.name: type(field.default) for field in fields(cls)}
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise UsageError(f"Unknown parameter {unknown[0]!r}; known are {', '.join(known)}.")
        try:
            return cls(**{name: _fitted(known[name], value) for name, value in values.items()})
        except (TypeError, ValueError) as error:
            raise UsageError(f"A parameter has a value that does not fit: {error}.") from error


def _fitted(kind: type, value: Any) -> Any:
    """The value in the type of its field, where it is plainly that: Python's own idea of a number is a wide one."""
    fraction = kind is int and isinstance(value, float) and not value.is_integer()
    if isinstance(value, bool) or fraction or (kind is not str and isinstance(value, str) and "_" in value):
        raise ValueError(f"{value!r} is not a number of the kind asked for")
    return kind(value)


class State(Protocol):
    """What every state knows of itself."""

    @property
    def narrowed(self) -> str:
        """The slice that all of its rows are of, as "column=value"; empty for all rows."""


ParametersT = TypeVar("ParametersT", bound=Parameters)
StateT = TypeVar("StateT", bound=State)


class Analysis(ABC, Generic[StateT, ParametersT]):
    """One analysis: one pass over rows gives a state, states combine, a state concludes to a result."""

    name: ClassVar[str]
    version: ClassVar[str]
    shape: ClassVar[Shape]
    together: ClassVar[bool] = False
    """Whether several datasets, each labelled with its name, can be concluded as one."""

    reads: ClassVar[tuple[str, ...]] = ()
    """What it needs of rows besides the usual columns: names, sides, styles, verdicts (`engine.types.Rows`)."""

    leads: ClassVar[tuple[str, ...]] = ()
    """Formats of files whose answer it gives, before analyses that otherwise come first."""

    observation: ClassVar[tuple[str, str]] = ("", "")
    """Name and version of what it observes, where several analyses observe the same: a segment is observed once."""

    @property
    def observed(self) -> tuple[str, str]:
        """Name and version under which its states are kept."""
        return self.observation if self.observation[0] else (self.name, self.version)

    @property
    def title(self) -> str:
        """What people call it."""
        return self.name.replace("_", " ").capitalize()

    needs: ClassVar[Mapping[Kind, tuple[str, ...]]]
    """By kind of rows, the canonical columns without which it has nothing to say."""

    parameters: type[ParametersT]

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of rows that it reads."""
        return tuple(self.needs)

    def missing(self, kind: str | None, fields: Collection[str]) -> tuple[str, ...] | None:
        """The columns that these rows do not have; None where the kind is not one that it reads."""
        for read, needed in self.needs.items():
            if read == kind:
                return tuple(name for name in needed if name not in fields)
        return None

    def applies(self, kind: str | None, fields: Collection[str]) -> bool:
        """Whether it has something to say about rows of this kind in which these columns are not empty."""
        return self.missing(kind, fields) == ()

    @abstractmethod
    def observe(self, rows: Rows, params: ParametersT) -> StateT:
        """The state of one segment of rows."""

    @abstractmethod
    def combine(self, left: StateT, right: StateT) -> StateT:
        """The state of both sets of rows; fold a dataset's segments in manifest order."""

    def conclude(self, state: StateT, params: ParametersT) -> Result:
        """The result of the rows in `params.slice`, and how long it took.

        Raises NotFound for a slice that is not there, and what `answer` raises.
        """
        started = time.perf_counter()
        if params.slice and params.slice != state.narrowed:
            state = self.narrow(state, *params.slice.split("=", 1))
        result = self.answer(state, params)
        milliseconds = (time.perf_counter() - started) * 1000
        return replace(result, evidence=replace(result.evidence, duration_ms=milliseconds))

    @abstractmethod
    def answer(self, state: StateT, params: ParametersT) -> Result:
        """The result of a state as it is; its cost depends on the state, not on the number of rows."""

    @abstractmethod
    def narrow(self, state: StateT, column: str, value: str) -> StateT:
        """The state of the rows whose slice column has this value."""

    def labelled(self, state: StateT, _name: str) -> StateT:
        """The state as that of the dataset of this name, for analyses that compare several datasets."""
        return state

    @abstractmethod
    def to_bytes(self, state: StateT) -> bytes:
        """The state as bytes (npz without pickles)."""

    @abstractmethod
    def from_bytes(self, data: bytes) -> StateT:
        """The state from its bytes."""
