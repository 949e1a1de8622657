"""A dataset with an answer, and what is shared of it."""

from __future__ import annotations

import json
from typing import Any

from engine.actions import datasets, runs, shares
from engine.settings import get_settings
from engine.types import Who
from jobs.work import perform
from tests.processes.here import Here
from tests.store.people import digest


def lines(word: str = "a", rows: int = 400, tilt: int = 2) -> str:
    """Comparisons with an answer; `word` stands in every text."""
    made = ({"prompt": f"{word} {n}", "chosen": word, "rejected": "b", "margin": n % 7 - tilt} for n in range(rows))
    return "".join(json.dumps(row) + "\n" for row in made)


def answered(who: Who, slug: str = "main", name: str = "scores.jsonl", text: str = "") -> int:
    """A dataset of a project that was read and has its answer."""
    content = text or lines()
    path = get_settings().uploads / digest(content + name)
    path.write_text(content)
    dataset = datasets.receive_upload(who, slug, name, path, digest(content), len(content)).dataset_id
    work()
    return dataset


def work() -> None:
    """What the runner would do."""
    while found := runs.claim("test", ("read", "observe")):
        perform(found, Here())


def share(who: Who, dataset: int, **more: Any) -> str:
    """The token of a link to the usual answer of a dataset of main."""
    asked = {"project": "main", "title": "How it stands", "analysis": "calibration", "dataset_ids": [dataset], **more}
    return shares.create(who, **asked)
