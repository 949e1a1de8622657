"""States of whole versions: the states of the segments, folded in manifest order, remembered in memory and on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.analysis.base import Analysis, Parameters
from engine.queries.cache import Cache
from engine.store import datasets

FOLDS_REMEMBERED = 12
WORTH_KEEPING = 4
"""A fold of so many states at once is kept on disk; shorter ones are made again as fast as they are read."""

_folds: Cache[str, Any] = Cache(FOLDS_REMEMBERED)


class StatesMissingError(Exception):
    """Some segments have not been observed with these parameters yet."""

    def __init__(self, segments: list[str]) -> None:
        super().__init__("states are missing")
        self.segments = segments


@dataclass(frozen=True, slots=True)
class Observed:
    """An analysis with the parameters that change its states."""

    analysis: Analysis[Any, Any]
    observe: Mapping[str, Any]

    def key(self, content: str) -> str:
        """The name of the state of a segment or a manifest."""
        return datasets.state_key(content, *self.analysis.observed, self.observe)

    def fold_key(self, manifest: Sequence[str]) -> str:
        """The name of the state of a manifest."""
        return self.key(datasets.manifest_hash(manifest))


def observed(analysis: Analysis[Any, Any], params: Parameters) -> Observed:
    """The part of the parameters that decides which states are meant; of all rows nothing is said."""
    chosen = {"where": params.where} if params.where else {}
    return Observed(analysis, {**{name: getattr(params, name) for name in params.observe_fields}, **chosen})


def folded(manifest: Sequence[str], what: Observed) -> Any:
    """The state of all rows of a manifest. Raises StatesMissingError where a segment was not observed yet.

    States are always combined from the left, so the result is the same to the bit whether it grew or was made at once.
    """
    return _folds.get(what.fold_key(manifest), lambda: _fold(manifest, what))


def _fold(manifest: Sequence[str], what: Observed) -> Any:
    state, done = _longest_known(manifest, what)
    missing = [sha256 for sha256 in manifest[done:] if not datasets.state_path(what.key(sha256)).is_file()]
    if missing:
        raise StatesMissingError(missing)
    for sha256 in manifest[done:]:
        one = what.analysis.from_bytes(datasets.read_state(what.key(sha256)) or b"")
        state = one if state is None else what.analysis.combine(state, one)
    if len(manifest) - done >= WORTH_KEEPING:
        datasets.write_fold(what.fold_key(manifest), what.analysis.to_bytes(state))
    return state


def _longest_known(manifest: Sequence[str], what: Observed) -> tuple[Any, int]:
    """The state of the longest beginning of the manifest that is remembered, and how long that is."""
    for length in range(len(manifest), 1, -1):
        key = what.fold_key(manifest[:length])
        state = _folds.peek(key)
        if state is not None:
            return state, length
        kept = datasets.read_fold(key)
        if kept is not None:
            return what.analysis.from_bytes(kept), length
    return None, 0
