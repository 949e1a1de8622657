"""The answer of a dataset on a page: its sentence, its key numbers, its charts, each moved by events."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson

from engine.figures import charts, headline, history
from engine.queries.cache import Cache
from engine.types import AnswerView, Concluded, DatasetView, Who
from pages.parts import location, numbers, reads
from pages.parts.component import encode, mount
from pages.parts.looking import Looking

NOUNS = {"comparison": "pairs", "score": "scores", "curve": "points", "rollout": "answers"}
"""What the rows of a kind are called."""

Drawn = dict[str, orjson.Fragment]
_drawn: Cache[tuple[Any, ...], Drawn] = Cache(256)
"""Charts as JSON by analysis, dataset, version and parameters: none of it changes once made."""
_lines: Cache[tuple[int, int, datetime, int, int], orjson.Fragment | None] = Cache(64)
"""Lines of answers as JSON by dataset, the newest answer's version and time, how many there are, and the height."""


def show_answer(looking: Looking, concluded: Concluded, title: str = "", key: str = "answer") -> Any:
    """The full answer; its trigger `open` fires when the title, where there is one, is chosen."""
    result = concluded.result
    numbers_now = {
        "version": concluded.version,
        "since": concluded.event_id,
        "verdict": result.verdict,
        "sentence": result.sentence,
        "rows": result.evidence.rows,
        "prompts": result.dataset.get("prompts"),
        "estimates": numbers.compact(result.estimates),
    }
    known = [name for name, estimate in result.estimates.items() if estimate.value is not None]
    named = numbers.named(looking.analysis, looking.dataset.kind, known)
    return mount("answer", key, {**frame(looking), "title": title, "numbers": named, **numbers_now}, "open")


def frame(looking: Looking) -> dict[str, Any]:
    """What every answer on a page is given of what is looked at."""
    dataset = looking.dataset
    return {
        "dataset": dataset.id,
        "beside": [one.id for one in looking.beside],
        "analysis": looking.analysis,
        "noun": NOUNS.get(dataset.kind or "comparison", "rows"),
        "live": dataset.live or dataset.simulated,
        "at": iso(dataset.updated_at),
        "query": looking.query,
        "view": looking.address,
        "plain": looking.plain,
    }


def chart_data(name: str, looking: Looking, concluded: Concluded, **options: Any) -> dict[str, Any] | None:
    """What the chart of this name is given; None where the result has none."""
    dataset = looking.dataset
    key = (looking.address, concluded.version)
    chart = _drawn.get(key, lambda: _charts(concluded)).get(name)
    if chart is None:
        return None
    shown = {"shown": location.overlays()} if name == "reliability" else {}
    return {
        "name": name,
        "chart": chart,
        "version": concluded.version,
        "since": concluded.event_id,
        "dataset": dataset.id,
        "beside": [one.id for one in looking.beside],
        "query": looking.query,
        "names": looking.names,
        "log": dataset.kind == "curve",
        "view": looking.address,
        "stamp": f"{looking.address}@{concluded.version}",
        "heading": concluded.result.sentence,
        "file": f"{dataset.name}-{name}-v{concluded.version}",
        **shown,
        **options,
    }


def _charts(concluded: Concluded) -> Drawn:
    return {name: orjson.Fragment(encode(chart.to_dict("tokens"))) for name, chart in charts(concluded.result).items()}


def history_data(who: Who, dataset: DatasetView, height: int = 130) -> dict[str, Any] | None:
    """The line of the leading number from version to version; None below two versions."""
    answers = reads.history_of(who, dataset.id)
    if not answers:
        return None
    version = answers[-1].version
    chart = _lines.get((dataset.id, version, answers[-1].at, len(answers), height), lambda: _line(answers, height))
    if chart is None:
        return None
    return {
        "name": "history",
        "chart": chart,
        "version": version,
        "since": dataset.event_id,
        "dataset": dataset.id,
        "query": "",
        "view": "",
        "headline": headline(answers[-1].analysis),
        "stamp": f"{dataset.id}@{version}",
        "bare": True,
        "grows": True,
    }


def _line(answers: list[AnswerView], height: int) -> orjson.Fragment | None:
    chart = history(answers, height)
    return None if chart is None else orjson.Fragment(encode(chart.to_dict("tokens")))


def iso(moment: datetime) -> str:
    """A time as the browser reads it, in UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
