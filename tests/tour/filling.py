"""Known data for the pictures: run as a process of its own beside the product, on the product's home.

Prints the datasets' names and numbers.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from engine import registry
from engine.actions import decisions, favourites, reports, views
from engine.queries import decisions as grounds  # noqa: F401 - says on what a decision is grounded
from engine.queries.datasets import list_datasets
from engine.queries.reports import list_reports
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
    numbers = {}
    for name, text in files().items():
        (folder / name).write_text(text, encoding="utf-8")
        numbers[name] = _number(name)
    workbench(numbers)
    for name, number in numbers.items():
        sys.stdout.write(f"{name}\t{number}\n")


def workbench(numbers: dict[str, int]) -> None:
    """What people leave beside the answers: a star, a view, a decision, a report."""
    pairs, battles = numbers["pairs.csv"], numbers["battles.csv"]
    favourites.add(WHO, pairs)
    views.save(WHO, "main", "Fine bins", "calibration", f"dataset={pairs}&bins=30")
    decisions.record(WHO, "main", "alpha goes out", "It leads in every ranking the data allow.", "ranking", [battles])
    asked = reports.request(WHO, "main", "May the reward model be trusted?", "trust", "json", [pairs])
    _until(lambda: sum(one.id == asked and bool(one.sha256) for one in list_reports(WHO, "main")), "the report")


def files() -> dict[str, str]:
    """A file for each kind of answer, and one that is refused."""
    return {
        REFUSED: "these are\nonly notes\n",
        "sweep.csv": samples.sweep(),
        "answers.csv": samples.answers(),
        "verdicts.csv": samples.verdicts(),
        "checkpoints.csv": samples.checkpoints(),
        "log.csv": samples.curve(),
        "kl.csv": samples.over_kl(),
        "rollouts.csv": samples.rollouts(),
        "battles.csv": samples.battles(),
        "pairs.csv": samples.pairs(400),
    }


def _number(name: str) -> int:
    """The number of the dataset of this name, as soon as it has been read."""

    def found() -> int:
        read = (one for one in list_datasets(WHO, "main") if one.version or one.error)
        return next((one.id for one in read if one.name == name), 0)

    return _until(found, name)


def _until(look: Callable[[], int], what: str) -> int:
    """What was looked for, as soon as it is there."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.1)
    raise TimeoutError(f"not there in time: {what}")


if __name__ == "__main__":
    main()
