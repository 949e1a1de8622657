"""Short names for files that are put beside each other: what tells them apart, without what they share.

Of "judge=reward_model,model=Skywork-27B.jsonl" and "judge=reward_model,model=GRM-2B.jsonl" that is Skywork-27B and
GRM-2B.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile
from pathlib import PurePath

READABLE = 28
"""Characters of a name that a sentence, a line of a table or a label of a picture holds."""

_SUFFIXES = re.compile(r"(\.(jsonl|ndjson|json|csv|tsv|parquet|xlsx|xls|txt|gz|zst|bz2|xz))+$", re.IGNORECASE)
_SEPARATORS = (r"[,;=/\s]", r"[,;=/\s_]", r"[,;=/\s_.\-]")
"""Where a name may be cut; the next only where the one before leaves names that are too long."""


def apart(names: Sequence[str]) -> list[str]:
    """The names without the suffixes of data files, if all have one, and, where long, without the words that all share.

    As many as were given, in their order, no two equal and none empty, if those given are so. One alone stays as it is.
    """
    if len(names) < 2 or len(set(names)) < len(names):
        return list(names)
    plain = [_SUFFIXES.sub("", name) for name in names]
    suffixed = all(one != name for one, name in zip(plain, names, strict=True))
    short = _if_apart(plain, names) if suffixed else list(names)
    for separators in _SEPARATORS:
        if max(map(len, short)) <= READABLE:
            break
        words = [re.split(f"({separators})", name) for name in short]
        first = _shared(words)
        last = _shared([one[first:][::-1] for one in words])
        cut = ["".join(one[first : len(one) - last]) for one in words]
        short = _if_apart([re.sub(f"^{separators}+|{separators}+$", "", name) for name in cut], short)
    return short


def of_files(paths: Sequence[PurePath]) -> list[str]:
    """What files are called: by their own names, or by the folders that tell them apart where two have one name."""
    own = [path.name for path in paths]
    if len(set(own)) == len(own):
        return own
    parts = [path.parts for path in paths]
    first = _shared(parts)
    last = _shared([one[first:][::-1] for one in parts])
    return _if_apart(["/".join(one[first : len(one) - last]) for one in parts], [path.as_posix() for path in paths])


def _shared(words: Sequence[Sequence[str]]) -> int:
    """How many words all begin with."""
    return sum(1 for _ in takewhile(lambda place: len(set(place)) == 1, zip(*words, strict=False)))


def _if_apart(shorter: list[str], names: Sequence[str]) -> list[str]:
    return shorter if all(shorter) and len(set(shorter)) == len(names) else list(names)


def meant(name: str, names: Sequence[str]) -> str | None:
    """The one of `names` that is meant: the same, else the only one that holds the words, else the longest in them.

    None where there is no such one.
    """
    if name in names:
        return name
    asked = name.casefold()
    holding = [one for one in names if asked in one.casefold()]
    if holding:
        return holding[0] if len(holding) == 1 else None
    return max((one for one in names if one.casefold() in asked), key=len, default=None)
