"""Every format there is, the most particular first: recognition takes the first that says yes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from engine.formats import (
    arena,
    comparisons,
    curves,
    judgebench,
    judges,
    leaderboards,
    nested,
    preference,
    rewardbench,
    rollouts,
    scores,
    sweeps,
)
from engine.formats.batches import Batch
from engine.formats.plan import CORE, Draft, Plan, Sample


@dataclass(frozen=True, slots=True)
class Format:
    """A family of files: how it is recognised by content, how a batch of it becomes canonical columns."""

    names: tuple[str, ...]
    recognise: Callable[[Sample, Mapping[str, str]], Plan | None]
    convert: Callable[[Batch, Plan], Draft]
    table: bool = False


FORMATS: tuple[Format, ...] = (
    Format((rollouts.TRL, rollouts.VERL, rollouts.BOARD), rollouts.recognise_known, rollouts.convert),
    Format((judgebench.NAME,), judgebench.recognise, judgebench.convert),
    Format((rewardbench.VERSION_2,), rewardbench.recognise_2, rewardbench.convert_2),
    Format((rewardbench.VERSION_1,), rewardbench.recognise_1, rewardbench.convert_1),
    Format(arena.NAMES, arena.recognise, arena.convert),
    Format(judges.NAMES, judges.recognise, judges.convert),
    Format(nested.NAMES, nested.recognise, nested.convert, table=True),
    Format(curves.NAMES, curves.recognise, curves.convert),
    Format(sweeps.NAMES, sweeps.recognise, sweeps.convert),
    Format(leaderboards.NAMES, leaderboards.recognise, leaderboards.convert),
    Format(
        (preference.SCORED, preference.UNSCORED, preference.TRANSCRIPTS),
        preference.recognise,
        preference.convert,
        table=True,
    ),
    Format((comparisons.SCORED, comparisons.UNSCORED), comparisons.recognise, comparisons.convert, table=True),
    Format((scores.SCORED, scores.UNTRUE, scores.UNPAIRED), scores.recognise, scores.convert, table=True),
    Format((rollouts.NAME,), rollouts.recognise, rollouts.convert),
)


def recognise(sample: Sample, mapping: Mapping[str, str]) -> Plan | None:
    """How the file is to be read, or None. A mapped score or label makes it a plain table, whatever it looks like."""
    forced = any(role in CORE for role in mapping)
    for form in FORMATS:
        if forced and not form.table:
            continue
        plan = form.recognise(sample, mapping)
        if plan is not None:
            return plan
    return None


def converter(name: str) -> Callable[[Batch, Plan], Draft]:
    """The conversion of the format called `name`."""
    return next(form.convert for form in FORMATS if name in form.names)
