"""The four decisions: which pages answer each, and where a project stands on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, NamedTuple

from engine.errors import PlumblineError
from engine.figures import headline
from engine.types import AnswerView, Concluded, DatasetView, Who
from pages.parts import numbers, reads
from pages.parts.answer import frame
from pages.parts.looking import Looking
from pages.parts.newest import newest
from pages.parts.ways import TITLES

TRIED = 6
"""Answers that are concluded for a decision at most, until one has something to say."""

SPARK_POINTS = 60
DESCRIBE = ("curves", "rollouts", "forecast")
"""Analyses that say what is there, not what to do: another one answers a decision before them."""


class Decision(NamedTuple):
    """One of the four: its name, what it asks, the analyses that answer it, the first that can leads."""

    key: str
    name: str
    question: str
    analyses: tuple[str, ...]
    absent: str


DECISIONS = (
    Decision(
        "trust",
        "Trust",
        "Can you trust the reward model?",
        ("calibration", "judge", "audit", "whatif"),
        "Drop scores of a reward model beside what people preferred, or the verdicts of a judge.",
    ),
    Decision(
        "ship",
        "Ship",
        "Which checkpoint goes out?",
        ("compare", "ranking", "bestofn", "agreement"),
        "Drop battles, votes, or the scores of several models on the same prompts.",
    ),
    Decision(
        "drift",
        "Drift",
        "What moved, since when?",
        ("drift", "monitor"),
        "Drop a training log, or pairs with a time or a step: what moved away from the beginning is named.",
    ),
    Decision(
        "stop",
        "Stop",
        "Is the policy over-optimising?",
        ("overoptimisation", "hackwatch", "curves", "forecast", "rollouts"),
        "Drop a training log with reward, KL and a gold reward, or rollouts.",
    ),
)

_ALARMS: Mapping[str, str] = {"monitor": "alarms", "drift": "drifted", "hackwatch": "signals_fired"}
"""By analysis the estimate that counts what rang."""


def card(who: Who, decision: Decision, datasets: Sequence[DatasetView]) -> dict[str, Any]:
    """What Home shows of a decision: the newest answer to it, else what would give one.

    Remembered until something happens: what has nothing to say would else be tried again by every rerun.
    """
    project = datasets[0].project if datasets else ""
    return _card(who, decision, project, tuple(one.id for one in datasets), reads.cursor())


@newest
def _card(who: Who, decision: Decision, project: str, ids: tuple[int, ...], _as_of: int) -> dict[str, Any]:
    known = {one.id: one for one in reads.datasets_of(who, project)} if project else {}
    datasets = [known[one] for one in ids if one in known]
    able = [one for one in datasets if one.version and set(one.analyses) & set(decision.analyses)]
    told = {"name": decision.name, "question": decision.question, "absent": decision.absent, "answer": None}
    found = next(islice(_answers(who, decision, able), 1), None)
    if found is None:
        return {**told, "links": [_link(decision.analyses[0], "")]}
    looking, answer = found
    name, label = headline(looking.analysis)
    others = [one for one in decision.analyses if one in looking.dataset.analyses and one != looking.analysis]
    return {
        **told,
        "answer": {**frame(looking), "title": looking.dataset.name, "small": True, "numbers": [], **answer},
        "headline": {"name": name, "label": label[0].upper() + label[1:]},
        "alarms": _ALARMS.get(looking.analysis, ""),
        "points": _points(who, looking),
        "links": [_link(one, looking.query) for one in (looking.analysis, *others)],
    }


def _link(analysis: str, query: str) -> dict[str, str]:
    return {"title": TITLES[analysis], "page": analysis, "query": query}


def _answers(who: Who, decision: Decision, able: Sequence[DatasetView]) -> Iterator[tuple[Looking, dict[str, Any]]]:
    """Answers to a decision: those that decide before those that describe, then those that lead, then the newest."""

    def rank(one: Looking) -> tuple[bool, bool, int]:
        leads = one.dataset.analyses[0] == one.analysis
        return one.analysis in DESCRIBE, not leads, decision.analyses.index(one.analysis)

    ways = [Looking(one, dataset) for dataset in able for one in decision.analyses if one in dataset.analyses]
    tried = 0
    for looking in sorted(ways, key=rank):
        dataset = looking.dataset
        leads = dataset.analyses[0] == looking.analysis
        answer = reads.answer_of(who, dataset.id) if leads else None
        if answer is not None and answer.estimates:  # without any, it says only why there is none
            yield looking, _told(answer, dataset)
        elif not leads and tried < TRIED:
            tried += 1
            with suppress(PlumblineError):
                yield looking, _concluded(reads.conclusion(who, dataset.id, dataset.version, (), looking.analysis))


def _concluded(concluded: Concluded) -> dict[str, Any]:
    result = concluded.result
    return {
        "version": concluded.version,
        "since": concluded.event_id,
        "verdict": result.verdict,
        "sentence": result.sentence,
        "rows": result.evidence.rows,
        "prompts": None,
        "estimates": numbers.compact(result.estimates),
    }


def _told(answer: AnswerView, dataset: DatasetView) -> dict[str, Any]:
    return {
        "version": answer.version,
        "since": dataset.event_id,
        "verdict": answer.verdict,
        "sentence": answer.sentence,
        "rows": answer.rows,
        "prompts": None,
        "estimates": answer.estimates,
    }


def _points(who: Who, looking: Looking) -> list[tuple[int, Any, Any, Any]]:
    """The leading number of the last versions with its interval; none where another analysis leads the dataset."""
    if looking.dataset.analyses[0] != looking.analysis:
        return []
    name, _label = headline(looking.analysis)
    answers = [one for one in reads.history_of(who, looking.dataset.id) if one.analysis == looking.analysis]
    ordered = sorted(answers, key=lambda one: one.version)[-SPARK_POINTS:]
    kept = [(one.version, one.estimates.get(name) or {}) for one in ordered]
    return [(version, one.get("value"), one.get("low"), one.get("high")) for version, one in kept]
