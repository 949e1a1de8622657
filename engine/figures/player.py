"""What the player of a timeline is given: one payload for all frames, so that nothing is asked for while it plays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from engine.figures import frames as packing
from engine.figures import packed, words
from engine.figures.history import headline
from engine.figures.view import charts
from engine.types import Frame, Result

LARGEST = 2 << 20
"""Bytes of a payload: of frames that need more, every second one is left out until they fit."""


def player(frames: Sequence[Frame], of: str, chart: str = "") -> dict[str, Any]:
    """The payload for the frames of an analysis: their figures, words, leading number and events.

    `chart` is the figure that is played, the first that the last answer has where it has none of this name.
    """
    drawn = [charts(frame.result) if frame.result is not None else {} for frame in frames]
    known = {name: one.title for each in drawn for name, one in each.items()}
    name = chart if chart in known else next(iter(known), "")
    places = [place for place, each in enumerate(drawn) if name in each]
    while True:
        told = _told(frames, drawn, name, places, of, known)
        if len(places) <= 2 or len(orjson.dumps(told, option=orjson.OPT_SERIALIZE_NUMPY)) <= LARGEST:
            return told
        places = [*places[::2], *([places[-1]] if len(places) % 2 == 0 else [])]


def _told(
    frames: Sequence[Frame], drawn: list[Any], name: str, places: list[int], of: str, known: dict[str, str]
) -> dict[str, Any]:
    shown = [frames[place] for place in places]
    pictures = [drawn[place][name] for place in places]
    key, title = headline(of)
    return {
        "chart": name,
        "charts": known,
        "title": known.get(name, ""),
        "figures": packing.together([one.figure for one in pictures]) if pictures else None,
        "frames": [_words(frame, one.alt) for frame, one in zip(shown, pictures, strict=True)],
        "line": _line(key, title, shown),
        "events": events(shown),
        "left_out": len(frames) - len(shown),
    }


def _words(frame: Frame, alt: str) -> dict[str, Any]:
    result = frame.result
    assert result is not None
    rows = result.dataset.get("rows", result.evidence.rows)
    return {"label": frame.label, "sentence": result.sentence, "verdict": result.verdict, "rows": rows, "alt": alt}


def _line(key: str, title: str, frames: Sequence[Frame]) -> dict[str, Any]:
    """The leading number of every frame with its interval, as bytes and in words."""
    found = [_estimate(frame.result, key) for frame in frames]
    said = [f"{words.estimate(key, one[0])} {words.interval(key, one[1], one[2])}".strip() for one in found]
    ends = {name: packed.values([one[place] for one in found]) for place, name in enumerate(("value", "low", "high"))}
    return {"name": key, "title": title[:1].upper() + title[1:], "said": said, **ends}


def _estimate(result: Result | None, key: str) -> tuple[float | None, float | None, float | None]:
    one = result.estimates.get(key) if result is not None else None
    return (one.value, one.low, one.high) if one is not None else (None, None, None)


def events(frames: Sequence[Frame]) -> list[dict[str, Any]]:
    """Where to jump to: changes of the verdict, and what an answer newly warns of."""
    found: list[dict[str, Any]] = []
    for place in range(1, len(frames)):
        before, after = frames[place - 1].result, frames[place].result
        if before is None or after is None:
            continue
        if before.verdict != after.verdict:
            said = f"{before.verdict.replace('_', ' ')} to {after.verdict.replace('_', ' ')}"
            found.append({"frame": place, "kind": "verdict", "said": said})
        known = {notice.code for notice in before.warnings}
        new = [notice.message for notice in after.warnings if notice.code not in known]
        found += [{"frame": place, "kind": "warning", "said": message} for message in new]
    return found
