"""A small memory of what is dear to make: the least recently used goes first, and nothing is made twice at once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar, cast

KeyT = TypeVar("KeyT", bound=Hashable)
ValueT = TypeVar("ValueT")


class _Slot:
    """A value being made, or made: whoever comes second waits for the first."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.made = False
        self.value: object = None


class Cache(Generic[KeyT, ValueT]):
    """Up to `most` values by key, shared by all threads. What raises is not kept."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._slots: OrderedDict[KeyT, _Slot] = OrderedDict()

    def get(self, key: KeyT, make: Callable[[], ValueT]) -> ValueT:
        """The value of this key, made now if need be."""
        with self._lock:
            slot = self._slots.setdefault(key, _Slot())
            self._slots.move_to_end(key)
            while len(self._slots) > self.most:
                self._slots.popitem(last=False)
        with slot.lock:
            if not slot.made:
                slot.value = make()
                slot.made = True
        return cast("ValueT", slot.value)

    def peek(self, key: KeyT) -> ValueT | None:
        """The value of this key if it has been made, without waiting."""
        with self._lock:
            slot = self._slots.get(key)
        return cast("ValueT", slot.value) if slot is not None and slot.made else None

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._slots.clear()
