"""A runner whose readers do what a runaway analysis would, as the name of a file tells them. Runs in place of ours."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from jobs import child_main, child_work, children, runner

GIB = 1024**3


def eat_memory() -> None:
    """Objects of Python, for ever."""
    hoard: list[bytearray] = []
    while True:
        hoard.append(bytearray(4 * 1024**2))


def eat_native_memory() -> None:
    """One array of a terabyte."""
    np.ones(1024**4 // 8)


def eat_processor() -> None:
    """A loop in Python."""
    while True:
        pass


def eat_native_processor() -> None:
    """A call that never comes back from C."""
    sum(range(10**15))


def sleep() -> None:
    """Nothing, for ever."""
    time.sleep(10**6)


def print_a_gigabyte() -> None:
    """To standard output and error, in lines and without."""
    block = b"x" * 999 + b"\n"
    for _ in range(GIB // (1024 * len(block))):
        os.write(1, block * 512)
        os.write(2, b"y" * 512_000)


def die() -> None:
    """As a library that crashes does."""
    os.kill(os.getpid(), 11)


BEHAVIOURS: dict[str, tuple[Callable[[], None], str]] = {
    "memory": (eat_memory, "memory"),
    "native-memory": (eat_native_memory, "memory"),
    "processor": (eat_processor, "time"),
    "native-processor": (eat_native_processor, "time"),
    "sleep": (sleep, "time"),
    "print": (print_a_gigabyte, ""),
    "die": (die, "reader_died"),
}
"""By the word before the dot of a file's name: what is done, and the code of the error that must come of it."""


def _as_told(read: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def told(request: dict[str, Any], *rest: Any) -> dict[str, Any]:
        behaviour = BEHAVIOURS.get(Path(request["name"]).stem)
        if behaviour is not None:
            behaviour[0]()
        return read(request, *rest)

    return told


def main(arguments: list[str]) -> int:
    """The runner with greedy readers, or (with a number) such a reader."""
    if not arguments:
        children.PROGRAM = "benchmarks.faults.greedy"
        return runner.main()
    warm_up = child_work.warm_up

    def warm_up_and_turn() -> None:
        warm_up()
        child_work.WORK["read"] = _as_told(child_work.WORK["read"])

    child_work.warm_up = warm_up_and_turn
    return child_main.main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
