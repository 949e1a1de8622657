"""Known data for the pictures: run as a process of its own beside the product, on the product's home.

Prints the datasets' names and numbers.
"""

from __future__ import annotations

import sys
import time

from engine import registry
from engine.queries.datasets import list_datasets
from engine.settings import get_settings
from engine.types import Who
from tests.pages import samples

EMPTY = "quiet"
"""A project without data."""

REFUSED = "notes.txt"
PATIENCE = 240.0
WHO = Who(1, "ada", "admin")


def main() -> None:
    """Give the files one after the other, so that lists of them stand in the same order each time."""
    registry.run(WHO, "project.create", {"project": EMPTY, "name": "Quiet"})
    folder = get_settings().inbox / "main"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files().items():
        (folder / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"{name}\t{_number(name)}\n")


def files() -> dict[str, str]:
    """A file for each kind of answer, and one that is refused."""
    return {
        REFUSED: "these are\nonly notes\n",
        "sweep.csv": samples.sweep(),
        "answers.csv": samples.answers(),
        "verdicts.csv": samples.verdicts(),
        "log.csv": samples.curve(),
        "rollouts.csv": samples.rollouts(),
        "battles.csv": samples.battles(),
        "pairs.csv": samples.pairs(400),
    }


def _number(name: str) -> int:
    """The number of the dataset of this name, as soon as it has been read."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        known = {one.name: one for one in list_datasets(WHO, "main")}
        if name in known and (known[name].version or known[name].error):
            return known[name].id
        time.sleep(0.1)
    raise TimeoutError(f"not read: {name}")


if __name__ == "__main__":
    main()
