"""Remembering what was read for as long as it is true."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Generic, ParamSpec, TypeVar

KEPT = 256
P = ParamSpec("P")
T = TypeVar("T")


class Newest(Generic[P, T]):
    """The answers to questions as of one event each, which is the last argument: what was true before it goes.

    While files pour in, every answer is old in a moment; one that may list ten thousand of them must not be kept.
    """

    def __init__(self, read: Callable[P, T]) -> None:
        self._read = read
        self._known: OrderedDict[tuple[Any, ...], tuple[Any, T]] = OrderedDict()

    def __call__(self, *asked: P.args, **named: P.kwargs) -> T:
        """The answer, read now where something happened since."""
        question, as_of = asked[:-1], asked[-1]
        known = self._known.get(question)
        if known is not None and known[0] == as_of:
            return known[1]
        answer = self._read(*asked, **named)
        self._known[question] = (as_of, answer)
        while len(self._known) > KEPT:
            with suppress(KeyError):
                self._known.popitem(last=False)
        return answer

    def __len__(self) -> int:
        return len(self._known)

    def cache_clear(self) -> None:
        """Forget everything."""
        self._known.clear()


def newest(read: Callable[P, T]) -> Newest[P, T]:
    """Remember what a function reads until the next event."""
    return Newest(read)
