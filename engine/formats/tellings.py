"""What is told of a training log besides its points: restarts, shared steps, sparse, constant and unreadable series.

Everything is counted from batch to batch, and from part to part of a file that grows, in the plan's options.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine.formats.metric_names import Named
from engine.formats.plan import Draft, Plan
from engine.formats.values import Floats
from engine.words import amount

MOST_METRICS = 100
"""Metrics of which is told how they are called here."""
MOST_SERIES = 300
"""Series that are watched; of further ones nothing is told."""
NAMED = 3
CONSTANT_LEAST = 3
SAMPLED = 500
"""How many points of a series Weights & Biases gives where it is not asked for all of them."""

SUMMARIES = frozenset(
    {"train_runtime", "train_samples_per_second", "train_steps_per_second", "total_flos", "train_loss",
     "train_tokens_per_second"}
)  # fmt: skip
"""What the last row of a Hugging Face log says of the whole run."""


def _told(plan: Plan) -> dict[str, Any]:
    empty: dict[str, Any] = {"counts": {}, "series": {}, "last": {}, "rows": 0}
    found: dict[str, Any] = plan.options.setdefault("told", empty)
    return found


def count(plan: Plan, code: str, more: int) -> None:
    """Add to what is counted under a code."""
    if more:
        counts = _told(plan)["counts"]
        counts[code] = counts.get(code, 0) + more


def note_metrics(plan: Plan, sources: Sequence[str], called: Sequence[Named]) -> None:
    """Remember how each metric of the file is called here, with its unit."""
    known: dict[str, str] = plan.options.setdefault("metrics", {})
    for source, (name, unit) in zip(sources, called, strict=True):
        if len(known) < MOST_METRICS:
            known.setdefault(source, f"{name} ({unit})" if unit else name)


def note_rows(plan: Plan, step: Floats, run: pa.Array | None) -> None:
    """Count the rows, and those of them whose step their run's row before had already."""
    told = _told(plan)
    told["rows"] += len(step)
    codes, words = _coded(run, len(step))
    order = np.argsort(codes, kind="stable")
    ordered, steps = codes[order], step[order]
    starts = np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]
    before = np.append(np.nan, steps[:-1])[: len(steps)]
    for place in np.flatnonzero(starts).tolist():
        known = told["last"].get(words[ordered[place]])
        before[place] = np.nan if known is None else known
    count(plan, "steps_shared", int(np.sum(before == steps)))
    ends = np.append(np.flatnonzero(starts)[1:], len(ordered)) - 1
    for place in ends[:MOST_SERIES].tolist() if len(ordered) else ():
        told["last"][words[ordered[place]]] = float(steps[place]) if np.isfinite(steps[place]) else None


def note_points(plan: Plan, draft: Draft, codes: NDArray[np.int64], sources: Sequence[str]) -> None:
    """Watch each series of a batch: its points, extremes, and how often its steps go on and back."""
    if len(draft.lines):
        runs, words = _coded(draft.columns["run"], len(draft.lines))
        keys = runs * max(len(sources), 1) + codes
        order = np.argsort(keys, kind="stable")
        _watch(plan, keys[order], draft.columns["step"][order], draft.columns["value"][order], words, sources)
    tell(plan)


def _watch(
    plan: Plan, keys: NDArray[np.int64], step: Floats, value: Floats, runs: Sequence[str], sources: Sequence[str]
) -> None:
    """Add the points of a batch, sorted by series, to what is known of each."""
    series = _told(plan)["series"]
    starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
    ends = np.append(starts[1:], len(keys))
    low, high = np.minimum.reduceat(value, starts), np.maximum.reduceat(value, starts)
    moved = np.diff(step, prepend=np.nan)
    moved[starts] = np.nan
    ups, downs = np.add.reduceat(moved > 0, starts), np.add.reduceat(moved < 0, starts)
    for place, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        run, source = divmod(int(keys[start]), len(sources))
        name = f"{runs[run]}\n{sources[source]}"
        if name not in series and len(series) >= MOST_SERIES:
            continue
        known = series.setdefault(name, [0, float(low[place]), float(high[place]), None, 0, 0])
        last = known[3]
        first = float(step[start])
        known[0] += end - start
        known[1], known[2] = min(known[1], float(low[place])), max(known[2], float(high[place]))
        known[3] = float(step[end - 1]) if np.isfinite(step[end - 1]) else None
        known[4] += int(ups[place]) + (last is not None and first > last)
        known[5] += int(downs[place]) + (last is not None and first < last)


def _coded(words: pa.Array | None, size: int) -> tuple[NDArray[np.int64], list[str]]:
    """A text column as codes, with what each code means ("" for nothing)."""
    if words is None:
        return np.zeros(size, np.int64), [""]
    encoded = words.dictionary_encode()
    known = [*encoded.dictionary.to_pylist(), ""]
    codes = encoded.indices.fill_null(len(known) - 1).to_numpy(zero_copy_only=False)
    return codes.astype(np.int64), known


# ------------------------------------------------------------------ sentences

_PLAIN = {
    "not_finite": ("value", "is NaN or infinite and is no point", "are NaN or infinite and are no points"),
    "steps_cut": ("step", "is no whole number: it was cut down to one", "are no whole numbers: they were cut down"),
    "decimal_commas": ("value", "is written with a decimal comma", "are written with a decimal comma"),
    "steps_missing": ("row", "names no step", "name no step"),
    "zero_means_absent": (
        "rating", "of 0 is read as: not listed on that day", "of 0 are read as: not listed on that day"
    ),
    "lines_without_values": ("line", "of text holds no values", "of text hold no values"),
    "trials_empty": ("trial", "has no values, as one that failed", "have no values, as those that failed"),
    "trials_short": ("trial", "ends before the longest one", "end before the longest one"),
    "names_left": ("name", "beyond the limit was left out", "beyond the limit were left out"),
}  # fmt: skip


def tell(plan: Plan) -> None:
    """Say what was counted so far, in place of what was said before."""
    told = _told(plan)
    for code, found in told["counts"].items():
        if code in _PLAIN:
            noun, one, many = _PLAIN[code]
            plan.note(code, f"{amount(found, noun)} {one if found == 1 else many}")
    shared = told["counts"].get("steps_shared", 0)
    if shared:
        plan.note("steps_shared", f"{amount(shared, 'row')} of a step that the row before has too: they are joined")
    _tell_restarts(plan, told["series"])
    _tell_constants(plan, told["series"])
    sums = _sums(told["series"])
    last = [name for name in sums if name.rpartition("/")[2] in SUMMARIES]
    if last:
        plan.note("summary_rows", f"the log sums up the whole run in {_some(last)}: one point each")
    if told["rows"]:
        _tell_sparse(plan, {name: sums[name] for name in sums if name not in last}, told["rows"] - shared)
    if plan.options.get("sampled"):
        _tell_sampled(plan, told["series"])


def _tell_restarts(plan: Plan, series: dict[str, list[Any]]) -> None:
    backs: dict[str, int] = {}
    for name, (_, _, _, _, ups, downs) in series.items():
        if downs and ups >= downs:
            run = name.partition("\n")[0]
            backs[run] = max(backs.get(run, 0), downs)
    if backs:
        times = amount(sum(backs.values()), "time")
        plan.note("restarted", f"the steps go back {times}, as of a run that was restarted: what came later counts")


def _tell_constants(plan: Plan, series: dict[str, list[Any]]) -> None:
    still = [name for name, known in series.items() if known[0] >= CONSTANT_LEAST and known[1] == known[2]]
    if still:
        plan.note("constant_series", f"{amount(len(still), 'curve')} of one value only: {_some(still)}")


def _sums(series: dict[str, list[Any]]) -> dict[str, int]:
    """The points of each metric, of all runs."""
    sums: dict[str, int] = {}
    for name, known in series.items():
        source = name.partition("\n")[2]
        sums[source] = sums.get(source, 0) + known[0]
    return sums


def _tell_sparse(plan: Plan, sums: dict[str, int], steps: int) -> None:
    few = [f"{name} at {found:,}" for name, found in sums.items() if 2 * found < steps]
    if few:
        are = "metric stands" if len(few) == 1 else "metrics stand"
        plan.note("sparse_metrics", f"{len(few)} {are} at fewer than half of {amount(steps, 'step')}: {_some(few)}")


def _tell_sampled(plan: Plan, series: dict[str, list[Any]]) -> None:
    full = [name for name, known in series.items() if known[0] == SAMPLED]
    if full:
        plan.note(
            "down_sampled",
            f"{amount(len(full), 'curve')} of exactly {SAMPLED} points: Weights & Biases gives a sample of that size "
            "where there are more; export with scan_history() for all of them",
        )


def _some(names: Sequence[str]) -> str:
    called = list(dict.fromkeys(name.partition("\n")[2] or name for name in names))
    shown, rest = called[:NAMED], max(0, len(called) - NAMED)
    return ", ".join(shown) + (f" and {rest:,} more" if rest else "")
