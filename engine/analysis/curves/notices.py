"""What the reader of training curves has to know before believing them."""

from __future__ import annotations

from collections.abc import Sequence

from engine.analysis.curves.groups import group_name
from engine.analysis.curves.parameters import CurvesParameters
from engine.analysis.curves.picture import MOST_GROUPS, MOST_LINES
from engine.analysis.lines import Line, Lines
from engine.types import Notice
from engine.words import amount

SPARSE = 20
"""Points of a run below which a line between them says little."""

NAMED = 5


def warnings_of(found: Lines, metrics: Sequence[str], params: CurvesParameters) -> list[Notice]:
    """The notices, those that change what is seen first."""
    shown = [line for name in metrics for line in found.of(name)]
    return [
        *_restarted(found.lines),
        *_repeated(found.lines),
        *_constant(found.lines),
        *_sparse(shown),
        *_left_out(found, metrics[0], params),
        *_sampled(found),
    ]


def _restarted(lines: Sequence[Line]) -> list[Notice]:
    again = [line for line in lines if line.restarts]
    if not again:
        return []
    times, dropped = max(line.restarts for line in again), sum(line.dropped for line in again)
    told = f"A run began again from an earlier step {amount(times, 'time')}: {amount(dropped, 'point')} replaced."
    return [Notice("restarted", told)]


def _repeated(lines: Sequence[Line]) -> list[Notice]:
    repeated = sum(line.repeated for line in lines)
    if not repeated:
        return []
    return [Notice("repeated", f"{amount(repeated, 'step')} written more than once: the last value counts.")]


def _constant(lines: Sequence[Line]) -> list[Notice]:
    names = list(dict.fromkeys(line.metric for line in lines if line.constant and len(line) > 1))
    return [Notice("constant", f"These never move: {_listed(names)}.")] if names else []


def _sparse(lines: Sequence[Line]) -> list[Notice]:
    few = list(dict.fromkeys(f"{line.metric} of {line.run}" for line in lines if len(line) < SPARSE))
    return [Notice("sparse", f"Fewer than {SPARSE} points: {_listed(few)}.")] if few else []


def _left_out(found: Lines, metric: str, params: CurvesParameters) -> list[Notice]:
    lines = found.of(metric)
    if params.group:
        groups = {group_name(line, params.group) for line in lines}
        rest = len(groups) - MOST_GROUPS
        told = f"Only the {MOST_GROUPS} largest groups are drawn: {amount(rest, 'group')} more."
        return [Notice("groups_left_out", told)] if rest > 0 else []
    rest = len(lines) - MOST_LINES
    told = f"{MOST_LINES} of {amount(len(lines), 'run')} are drawn one by one, the others from lowest to highest."
    return [Notice("runs_as_band", told)] if rest > 0 else []


def _sampled(found: Lines) -> list[Notice]:
    told = "There are more points than are kept: these are all points of random steps."
    return [Notice("sampled", told)] if found.sampled else []


def _listed(names: Sequence[str]) -> str:
    rest = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {rest} more" if rest > 0 else "")
