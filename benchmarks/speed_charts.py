"""How fast long lines become what a browser is sent, against peers side by side: `python -m benchmarks.speed_charts`.

Times are of the process's own clock (other work on the machine does not count), the median of alternating runs. Peers
that are not installed are left out and said. Writes benchmarks/results/speed_charts.md.
"""

from __future__ import annotations

import importlib.util
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import orjson

from benchmarks.measure import load, write_table
from engine.downsample import lttb, min_max
from engine.figures import packed

SIZES = (10_000, 100_000, 1_000_000)
REPEATS = 15
GOAL = 15.0
MOST_BYTES = 0.53

Make = Callable[[np.ndarray, np.ndarray], bytes]


def _ours(x: np.ndarray, y: np.ndarray) -> bytes:
    kept = min_max(y)
    return orjson.dumps({"type": "scatter", **packed.places(x[kept]), "y": packed.values(y[kept])})


def _triangles(x: np.ndarray, y: np.ndarray) -> bytes:
    kept = lttb(x, y)
    return orjson.dumps({"type": "scatter", **packed.places(x[kept]), "y": packed.values(y[kept])})


def _whole(x: np.ndarray, y: np.ndarray) -> bytes:
    return orjson.dumps({"type": "scatter", **packed.places(x), "y": packed.values(y)})


def _figure(x: np.ndarray, y: np.ndarray) -> bytes:
    import plotly.graph_objects as go

    found = go.Figure(go.Scatter(x=x, y=y.astype(np.float32))).to_json()
    return str(found).encode()


def _resampler(x: np.ndarray, y: np.ndarray) -> bytes:
    import plotly.graph_objects as go
    from plotly_resampler import FigureResampler

    found = FigureResampler(go.Figure(), default_n_shown_samples=2_000)
    found.add_trace(go.Scatter(), hf_x=x, hf_y=y)
    return str(found.to_json()).encode()


def _tsdownsample(x: np.ndarray, y: np.ndarray) -> bytes:
    from tsdownsample import MinMaxDownsampler

    kept = MinMaxDownsampler().downsample(y, n_out=2_000)
    return orjson.dumps({"type": "scatter", **packed.places(x[kept]), "y": packed.values(y[kept])})


WAYS: dict[str, tuple[str, Make]] = {
    "min–max, 2,000 points": ("", _ours),
    "largest triangles, 2,000 points": ("", _triangles),
    "all points, x0 and dx, float32": ("", _whole),
    "plotly-resampler, 2,000 points": ("plotly_resampler", _resampler),
    "tsdownsample min–max, our bytes": ("tsdownsample", _tsdownsample),
    "go.Figure, float32": ("plotly", _figure),
}


def main() -> int:
    """Time every way at every size, write the table, return 0 where the goals hold or the peer is not there."""
    known = {name: make for name, (needed, make) in WAYS.items() if not needed or importlib.util.find_spec(needed)}
    rows: list[list[str]] = []
    good = True
    for size in SIZES:
        x = np.arange(size, dtype=float)
        y = np.random.default_rng(7).normal(size=size).cumsum()
        times, sizes = _timed(known, x, y)
        ours, mine = times["min–max, 2,000 points"], sizes["min–max, 2,000 points"]
        for name in known:
            ratio = times[name] / ours
            told = [f"{times[name]:.2f}", f"{sizes[name] / 1024:,.0f}", f"{ratio:.1f}", f"{mine / sizes[name]:.2f}"]
            rows.append([f"{size:,}", name, *told])
            if name.startswith("plotly-resampler") and size == SIZES[-1]:
                good = ratio >= GOAL and mine <= MOST_BYTES * sizes[name]
    missing = sorted({needed for needed, _ in WAYS.values() if needed and not importlib.util.find_spec(needed)})
    note = _NOTE + (f" Not installed, left out: {', '.join(missing)}." if missing else "")
    head = ["points", "way", "ms CPU", "kB", "times ours", "our bytes ÷ its"]
    path = write_table("speed_charts", "Long lines as a browser is sent them", head, rows, f"{note} {load()}")
    sys.stdout.write(path.read_text(encoding="utf-8"))
    return 0 if good else 1


_NOTE = f"""Median of {REPEATS} runs in random order on one core. The goal: of 1,000,000 points at least
{GOAL:.0f} times as fast as plotly-resampler with at most {MOST_BYTES} of its bytes."""


def _timed(known: dict[str, Make], x: np.ndarray, y: np.ndarray) -> tuple[dict[str, float], dict[str, int]]:
    found: dict[str, list[float]] = {name: [] for name in known}
    sizes: dict[str, int] = {}
    for name, make in known.items():
        sizes[name] = len(make(x, y))
    order = np.random.default_rng(1)
    for _ in range(REPEATS):
        for place in order.permutation(len(known)):  # what ran before decides what lies in the caches
            name, make = list(known.items())[place]
            began = time.process_time()
            make(x, y)
            found[name].append((time.process_time() - began) * 1_000)
    return {name: statistics.median(each) for name, each in found.items()}, sizes


if __name__ == "__main__":
    sys.exit(main())
