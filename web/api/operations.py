"""What an operation of the API is: the one description from which it is served, checked and documented."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import Response

from engine.types import Scope, Who

Schema = Mapping[str, Any]
Place = Literal["path", "query", "header"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value in the address or a header. `schema` is JSON Schema; what it forbids is refused (`parameters.py`)."""

    name: str
    place: Place
    schema: Schema
    description: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Body:
    """What a request carries: media types with their schemas, and an example for people."""

    content: Mapping[str, Schema]
    description: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: what it means and, by media type, what it looks like; without content it has no body."""

    description: str
    content: Mapping[str, Schema] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """A request that was found, admitted and checked: whose it is, and its parameters in their types."""

    request: Request
    who: Who
    path: Mapping[str, Any]
    query: Mapping[str, Any]

    @cached_property
    def project(self) -> str:
        """The project named in the path."""
        return str(self.path["project"])


Handler = Callable[[Asked], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Operation:
    """A method on a path. `scope` is the least a token needs; `refusals` are the statuses of errors it may answer."""

    method: str
    path: str
    name: str
    summary: str
    tag: str
    handler: Handler
    answers: Mapping[int, Answer]
    scope: Scope = "read"
    parameters: tuple[Parameter, ...] = ()
    body: Body | None = None
    refusals: tuple[int, ...] = ()
    description: str = ""
