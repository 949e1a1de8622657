"""The answers that a report is made of, concluded with the rights that whoever asked has now.

Data that have to be observed first are waited for: other slots observe them meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from engine.access.visible import visible_dataset
from engine.analysis import ANALYSES
from engine.errors import LimitExceeded, NotEnoughData, NotFound, StatePending, UsageError
from engine.queries import datasets, results, several
from engine.reports.document import DECISIONS
from engine.store.datasets import existing_segment
from engine.types import DatasetView, Grounds, Result, Who

MOST_CHAPTERS = 12
PATIENCE_SECONDS = 600.0
LOOK_SECONDS = 0.25

Missing = tuple[str, str, str]
"""An analysis, the name of its dataset, and why it has no answer."""


@dataclass(frozen=True, slots=True)
class Question:
    """One answer that is wanted: an analysis of versions of one or several datasets."""

    analysis: str
    datasets: tuple[DatasetView, ...]
    versions: tuple[int, ...]
    params: Mapping[str, Any]


def answers(who: Who, asked: Mapping[str, Any], waiting: Callable[[], None]) -> list[Result | Missing]:
    """What a report is of, in the order of its chapters. `waiting` is called while data are observed; it may raise.

    Raises what concluding a view raises; of a whole decision, an answer that cannot be given says why instead.
    """
    wanted = questions(who, asked)
    if asked["of"] == "view":
        return [_answer(who, wanted[0], waiting)]
    return [_answer_or_reason(who, one, waiting) for one in wanted]


def questions(who: Who, asked: Mapping[str, Any]) -> list[Question]:
    """What is to be concluded. Raises NotFound, and UsageError where nothing of a decision applies to the data."""
    views = tuple(datasets.get_dataset(who, one["id"]) for one in asked["datasets"])
    versions = tuple(int(one["version"]) for one in asked["datasets"])
    if asked["of"] == "view":
        return [Question(asked["analysis"], views, versions, asked["params"])]
    found = [question for analysis in DECISIONS[asked["of"]][1] for question in _of_analysis(analysis, views, versions)]
    if not found:
        raise UsageError("Nothing that answers this question applies to these data.", code="no_analysis")
    return found[:MOST_CHAPTERS]


def _of_analysis(analysis: str, views: Sequence[DatasetView], versions: Sequence[int]) -> Iterator[Question]:
    """One question of all datasets where the analysis takes them together, else one of each that it applies to."""
    able = [place for place, view in enumerate(views) if analysis in (*view.analyses, *view.beside)]
    if len(able) > 1 and ANALYSES[analysis].together:
        yield Question(analysis, tuple(views[place] for place in able), tuple(versions[place] for place in able), {})
        return
    for place in able:
        if analysis in views[place].analyses:
            yield Question(analysis, (views[place],), (versions[place],), {})


def _answer_or_reason(who: Who, question: Question, waiting: Callable[[], None]) -> Result | Missing:
    try:
        return _answer(who, question, waiting)
    except (NotEnoughData, NotFound, UsageError) as error:
        return question.analysis, ", ".join(view.name for view in question.datasets), error.message


def _answer(who: Who, question: Question, waiting: Callable[[], None]) -> Result:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return _concluded(who, question)
        except StatePending as error:
            if time.monotonic() > deadline:
                message = "The data of this report were not observed in time. Look at Runs, then try again."
                raise LimitExceeded(message, code="time") from error
        waiting()
        time.sleep(LOOK_SECONDS)


def _concluded(who: Who, question: Question) -> Result:
    ids = [view.id for view in question.datasets]
    if len(ids) == 1:
        return results.conclude(who, ids[0], question.analysis, question.params, question.versions[0]).result
    return several.conclude(who, ids, question.analysis, question.params, question.versions).result


def answer_then(who: Who, grounds: Grounds, waiting: Callable[[], None]) -> Result | None:
    """The answer that a recorded decision rests on, with its pictures: concluded anew on the versions of then.

    None where they are not kept any more, or where that would not give the recorded words and numbers.
    """
    try:
        views = tuple(datasets.get_dataset(who, one.id) for one in grounds.datasets)
        versions = tuple(one.version for one in grounds.datasets)
        found = _answer(who, Question(grounds.analysis, views, versions, grounds.params), waiting)
    except (NotEnoughData, NotFound, UsageError):
        return None
    numbers = {name: estimate.value for name, estimate in found.estimates.items()}
    recorded = {name: estimate.get("value") for name, estimate in grounds.estimates.items()}
    return found if (found.sentence, numbers) == (grounds.sentence, recorded) else None


def rows_of(who: Who, asked: Mapping[str, Any]) -> Iterator[pa.Table] | None:
    """The rows of the one dataset that a view is of, a table at a time; None where there are several or none."""
    if asked["of"] != "view" or len(asked["datasets"]) != 1:
        return None
    one = asked["datasets"][0]
    version = datasets.version_of(visible_dataset(who, one["id"]), one["version"])
    return _tables(version.manifest)


def _tables(manifest: Sequence[str]) -> Iterator[pa.Table]:
    for sha256 in manifest:
        with pq.ParquetFile(existing_segment(sha256)) as file:
            for group in range(file.num_row_groups):
                yield file.read_row_group(group)
