"""What the measurements of coverage share: the limits of a nominal 95 %, the cell of a table, how the end is told."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

LEAST, MOST = 0.90, 0.99
DoneT = TypeVar("DoneT", bound=tuple[Any, ...])


def holds(share: float) -> bool:
    """Whether intervals of nominal 95 % cover as often as they should."""
    return LEAST <= share <= MOST


def cell(share: float | None, *, right: bool | None = None) -> str:
    """The share as a table shows it: bold where it is not right (by default: does not hold), a dash where none is."""
    if share is None:
        return "–"
    right = holds(share) if right is None else right
    return f"{share:.1%}" if right else f"**{share:.1%}**"


def outside(results: Mapping[Any, Mapping[str, float]]) -> list[str]:
    """What does not hold, in words; `results` by world, which says itself what it is."""
    return [
        f"{name} ({world}): {share:.1%}"
        for world, shares in results.items()
        for name, share in shares.items()
        if not holds(share)
    ]


def on_all_cores(cover: Callable[[Any], DoneT], tasks: Sequence[Any], processes: int | None) -> Iterator[DoneT]:
    """What `cover` gives for each task, in their order, as it is done; the first of it, the world, is said."""
    started = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for done in pool.imap(cover, tasks):
            print(f"{time.perf_counter() - started:5.0f} s  {done[0]}", flush=True)
            yield done


def tell(path: Path, title: str, documentation: str, told: str, lines: Sequence[str], wrong: Sequence[str]) -> int:
    """Write the table with what the module says of itself, print the end and what is wrong: 1 where something is."""
    head = [f"# {title}", "", documentation.split("\n\n", 1)[1].strip(), ""]
    path.write_text("\n".join([*head, told, *lines]) + "\n", encoding="utf-8")
    print(told, *wrong, sep="\n")
    return 1 if wrong else 0
