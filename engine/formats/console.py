"""Console logs of trainings: values between other lines of text, each with the step that it belongs to.

Three ways are told apart by the first lines: DeepSpeed-Chat (the reward stands in the line after its step), printed
dictionaries (Hugging Face; they name no step, so they are numbered), and `name: value` or `name=value` beside a step.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.formats.batches import ObjectBatch
from engine.formats.csv_tables import decode, is_even
from engine.formats.source import Source

ORIGIN = "console_log"
CHAT, DICTS, PAIRS = "deepspeed_chat", "dicts", "pairs"

LOOKED_AT = 262_144
MOST_NAMES = 512
LONGEST_LINE = 20_000
_LONGEST_NAME = 60
_NUMBER = r"[-+]?(?:\d{1,40}\.?\d{0,40}(?:[eE][-+]?\d{1,4})?|\.\d{1,40}(?:[eE][-+]?\d{1,4})?|nan|NaN|inf|Infinity|Inf)"
_TIME = re.compile(r"\[?(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d{1,6})?)")
_PREFIX = re.compile(
    r"^\[?\d{4}-\d\d-\d\d[ T][\d:.,]+Z?\]?(?:[\s:-]*(?:\[?(?:INFO|DEBUG|WARNING|ERROR)\]?|[\w.]+)\s+-|\s*\|)?\s*"
)
_ENTRY = re.compile(rf"""['"]([^'"{{}}]{{1,{_LONGEST_NAME}}})['"]\s*:\s*['"]?({_NUMBER})(?=['"]?\s*[,}}\]])""")
_PAIR = re.compile(
    rf"(?<![\w.])([A-Za-z][\w./@()-]{{0,59}}(?: [A-Za-z][\w./@()-]{{0,59}}){{0,3}})\s{{0,4}}[:=]\s{{0,4}}({_NUMBER})"
    r"(?![\d.]{0,40}[:/-]\d)"
)
_STEP = re.compile(
    r"(?<![\w/])(?:global[_ ]?step|train[_ ]?step|step|iteration|iter)\b\s*[:=#]?\s*\[?(\d{1,15})\b", re.I
)
_EPOCH = re.compile(r"(?<![\w/])epoch\b\s*[:=#]?\s*\[?(\d{1,9})\b(?!\.\d)", re.I)
_CHAT = re.compile(r"^epoch: (\d{1,9}) ?\| ?step: (\d{1,15}) ?\| ?ppo", re.I)
_MARKED = re.compile(r"loss|reward|(^|[^a-z])kl([^a-z]|$)|entropy|accurac|margin|grad_norm|\blr\b|learning_rate", re.I)
_STEPPED = re.compile(r"^(global[_ ]?step|train[_ ]?step|steps?|iteration|iter|epoch|ppo_ep|ppo epoch)$", re.I)


@dataclass
class State:
    """Where reading a log stands: goes from part to part of one that grows. JSON through `vars`."""

    way: str = ""
    by: str = "step"
    step: int | None = None
    epoch: int = 0
    before: int = 0
    names: list[str] = field(default_factory=list)
    lines: int = 0
    unread: int = 0
    left: int = 0


def looks_like_console(head: bytes) -> bool:
    """Whether a text that is no JSON looks like a log with values, rather than like a table."""
    return bool(way_of(decode(head[:LOOKED_AT])[0]))


def way_of(text: str) -> str:
    """Which way of logging the first lines of a text follow, "" for none."""
    lines = [line.strip() for line in re.split(r"[\r\n]+", text) if line.strip()]
    if any(_CHAT.match(line) for line in lines):
        return CHAT
    if not lines or is_even(lines[:20]):
        return ""
    printed = sum(line.startswith("{'") or "{'" in line for line in lines if _MARKED.search(line) and _entries(line))
    if printed and printed >= min(2, len(lines)):
        return DICTS
    valued = [line for line in lines if any(_MARKED.search(name) for name, _ in _pairs(line))]
    stepped = any(_STEP.search(line) or _EPOCH.search(line) for line in lines)
    return PAIRS if len(valued) >= 2 and stepped else ""


def read_console(source: Source, blocks: Iterator[bytes], number: int, state: State) -> Iterator[ObjectBatch]:
    """Lines with values as rows `{step, time, …}`; other lines are counted in `state`.

    Raises:
        InputRefused: the text holds no values in any of the known ways (`unrecognised`).
    """
    for block in blocks:
        text, _ = decode(block)
        if not state.way:
            state.way = way_of(text[:LOOKED_AT])
            if not state.way:
                raise source.refuse("no known form: neither JSON, a table, nor a log of values", "unrecognised", line=1)
            state.by = _counted_by(state.way, text[:LOOKED_AT])
        rows: list[dict[str, Any]] = []
        places: list[int] = []
        known = set(state.names)
        for line in text.split("\n")[: None if not text.endswith("\n") else -1]:
            for part in line.split("\r") if "\r" in line else (line,):
                row = _row(part, state, known) if 0 < len(part) <= LONGEST_LINE else None
                if row:
                    rows.append(row)
                    places.append(number)
                elif part.strip():
                    state.unread += 1
            number += 1
        state.names = sorted(known)
        if rows:
            yield ObjectBatch(rows, np.array(places, np.int64), origin=ORIGIN)


def _counted_by(way: str, text: str) -> str:
    """What the steps of a log are: those it names, else its epochs, else its lines in order."""
    lines = [line for line in re.split(r"[\r\n]+", text) if way != DICTS or "{" in line]
    named = sum(bool(_STEP.search(_unquoted(line))) for line in lines)
    if way == CHAT or (way == DICTS and named):
        return "step"
    if way == DICTS:
        return "count"
    return "step" if named >= sum(bool(_EPOCH.search(line)) for line in lines) else "epoch"


def _unquoted(line: str) -> str:
    return line.replace("'", "").replace('"', "")


def _row(line: str, state: State, known: set[str]) -> dict[str, Any] | None:
    """The values of one line, at the step that it names or that was named last."""
    found = _entries(line) if state.way == DICTS else []
    if state.way == CHAT:
        found = _of_chat(line, state)
    elif state.way == PAIRS:
        found = _of_pairs(line, state)
    elif found:
        _number_dict(line, found, state)
    kept: dict[str, Any] = {}
    for name, value in found:
        if _STEPPED.match(name) or name in ("time", "timestamp"):
            continue
        if name not in known and len(known) >= MOST_NAMES:
            state.left += 1
            continue
        known.add(name)
        kept[name] = float(value)
    if not kept or state.step is None:
        return None
    when = _TIME.match(line)
    return {"step": state.step, "time": when.group(1).replace(",", ".") if when else None, **kept}


def _of_chat(line: str, state: State) -> list[tuple[str, str]]:
    """DeepSpeed-Chat: steps begin again with each epoch and are counted on; lines of its logger are left."""
    if line.startswith("["):
        return []
    if begun := _CHAT.match(line):
        epoch, step = int(begun.group(1)), int(begun.group(2))
        if state.step is not None and epoch > state.epoch:
            state.before = state.step + 1
        state.epoch, state.step = epoch, state.before + step
        return _pairs(line)
    mine = line.startswith("|") or line.lower().startswith(("average reward score", "end-to-end"))
    return _pairs(line) if mine else []


def _of_pairs(line: str, state: State) -> list[tuple[str, str]]:
    """Pairs count in a line with a step, or with one that is surely of a training."""
    rest = _PREFIX.sub("", line)
    begun = (_STEP if state.by == "step" else _EPOCH).search(rest)
    if begun:
        state.step = int(begun.group(1))
    found = _pairs(rest)
    return found if begun or any(_MARKED.search(name) for name, _ in found) else []


def _number_dict(line: str, found: list[tuple[str, str]], state: State) -> None:
    """A printed dictionary has the step it names, else the next number; one of an evaluation that of the one before."""
    if state.by == "step":
        named = _STEP.search(_unquoted(line))
        state.step = int(named.group(1)) if named else state.step
    elif state.step is None or not any(name.startswith(("eval_", "train_")) for name, _ in found):
        state.step = (state.step or 0) + 1


def _entries(line: str) -> list[tuple[str, str]]:
    """The numbers of a dictionary that stands in a line, printed by Python or as JSON."""
    start = line.find("{")
    return _ENTRY.findall(line, start) if start >= 0 else []


def _pairs(line: str) -> list[tuple[str, str]]:
    """`name: value`, `name=value` and `name value` of a line, by its separators where it has some."""
    found = []
    for part in re.split(r"\||[,;\t]\s|\s-\s|\s{2,}|=>", line):
        found += [(name.strip(), value) for name, value in _PAIR.findall(part) if len(name) <= _LONGEST_NAME]
    return found
