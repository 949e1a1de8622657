"""Speed of surfaces beside scipy: `python -m benchmarks.speed_surface`.

Process CPU time (the fastest turn), one thread, contestants in turn within one run, from scattered points of Franke's
function with noise of .05 to a grid of 500 × 500; extra memory in a turn of its own. Beside the time stands how far
each is from the noise-free truth (root mean square, inside of the hull). "with errors" adds those of the whole grid.
The exact surface is held against `griddata` for new values at the same places, as another metric of a sweep has them.
Server time and bytes of a grid of 500 × 500 as the browser gets it are held against Plotly's own figure of 32-bit
floats.

Writes benchmarks/results/speed_surface.md. Exits with 1 if a goal is missed.
"""

from __future__ import annotations

import os

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
os.environ.update(dict.fromkeys(THREADS, "1"))

import argparse  # noqa: E402 -- threads are set before anything numeric is loaded
import sys  # noqa: E402
from dataclasses import dataclass  # noqa: E402

import numpy as np  # noqa: E402
import orjson  # noqa: E402
import plotly.graph_objects as go  # noqa: E402
from scipy.interpolate import SmoothBivariateSpline, griddata  # noqa: E402

from benchmarks.measure import write_table  # noqa: E402
from benchmarks.speed_clock import Timing, compare  # noqa: E402
from engine.analysis.surface.exact import interpolate, merged  # noqa: E402
from engine.analysis.surface.preview import fit_preview  # noqa: E402
from engine.analysis.surface.smooth import fit_smooth  # noqa: E402
from tests.analysis.trialing import franke, places  # noqa: E402
from web.tiles import tile  # noqa: E402

SIDE = 500
NOISE = 0.05
AT = np.linspace(0, 1, SIDE)
GRID = tuple(np.meshgrid(AT, AT))
TRUTH = franke(*GRID)
HEAD = ("what", "points", "beside", "ours, ms", "theirs, ms", "times faster", "goal", "MB ours / theirs", "note")


@dataclass(frozen=True)
class Line:
    """One comparison: `ratio` has to reach `goal`; `error` are both root mean squared errors and how many times."""

    what: str
    points: int
    peer: str
    ours: Timing
    theirs: Timing
    goal: float
    note: str
    failed: bool = False

    @property
    def ratio(self) -> float:
        return self.theirs.milliseconds / self.ours.milliseconds


def rmse(found: np.ndarray) -> float:
    return float(np.sqrt(np.nanmean(np.square(found - TRUTH))))


def scattered(n: int) -> list[Line]:
    """Smooth, with standard errors, coarse, exact, beside griddata and the spline of similar accuracy."""
    u, v = places(n, n)
    z = franke(u, v) + np.random.default_rng(n).normal(0, NOISE, n)
    known, heights = merged(u, v, z)
    contestants = {
        "smooth": lambda: rmse(fit_smooth(u, v, z).values(AT, AT)),
        "smooth with errors": lambda: float((fit := fit_smooth(u, v, z)).errors(AT, AT).mean() + fit.df),
        "preview": lambda: rmse(fit_preview(u, v, z).values(AT, AT)),
        "exact, known places": lambda: float(np.nanmean(interpolate(known, heights, AT, AT))),
        "griddata": lambda: rmse(griddata((u, v), z, GRID, method="cubic")),
        "SmoothBivariateSpline": lambda: rmse(SmoothBivariateSpline(u, v, z, w=np.full(n, 1 / NOISE), s=n)(AT, AT).T),
    }
    slow = {"griddata": 2, "SmoothBivariateSpline": 2}
    timed = compare(contestants, {name: slow.get(name, 5) for name in contestants})
    large = n >= 20_000
    apart = np.nanmax(np.abs(interpolate(known, heights, AT, AT) - griddata((u, v), z, GRID, method="cubic")))
    error = {name: timed[name].found for name in ("smooth", "preview", "griddata", "SmoothBivariateSpline")}
    closer = error["griddata"] / error["smooth"]
    goals = {20_000: (3.0, 2.0, 30.0, 1.5), 100_000: (4.0, 2.0, 30.0, 4.0)}.get(n, (0.0, 0.0, 0.0, 0.0))

    def line(name: str, peer: str, goal: float, note: str, failed: bool = False) -> Line:
        return Line(name, n, peer, timed[name], timed[peer], goal, note, failed)

    told = f"error {error['smooth']:.4f} against {error['griddata']:.4f}: {closer:.0f} times less (goal 10)"
    beside = f"error {error['smooth']:.4f} against {error['SmoothBivariateSpline']:.4f}"
    return [
        line("smooth", "griddata", goals[0], told, large and closer < 10),
        line("smooth with errors", "griddata", goals[1], ""),
        line("smooth", "SmoothBivariateSpline", goals[1], beside),
        line("preview", "griddata", goals[2], f"error {error['preview']:.4f}"),
        line("exact, known places", "griddata", goals[3], f"differ by {apart:.0e}", apart > 1e-12),
    ]


def payloads() -> list[Line]:
    """The grid as it goes over the line."""
    grid = TRUTH.astype(np.float32)

    def ours(form: str) -> int:
        return len(orjson.dumps(tile(grid, form, 0, SIDE)))

    def theirs() -> int:
        return len(go.Figure(go.Surface(z=grid)).to_json().encode())

    forms = {form: (lambda form=form: float(ours(form))) for form in ("float32", "uint16")}
    timed = compare({**forms, "plotly": lambda: float(theirs())}, dict.fromkeys([*forms, "plotly"], 5))
    lines = []
    for form, most in (("float32", 0.95), ("uint16", 0.47)):
        share = timed[form].found / timed["plotly"].found
        kilobytes = f"{timed[form].found / 1e3:,.0f} kB against {timed['plotly'].found / 1e3:,.0f} kB"
        note = f"{kilobytes}: {share:.3f} (goal ≤ {most})"
        ours_ = timed[form]
        lines.append(Line(f"payload, {form}", SIDE**2, "go.Surface", ours_, timed["plotly"], 3.0, note, share > most))
    return lines


def _row(line: Line) -> list[str]:
    missed = line.ratio < line.goal
    ratio = f"{line.ratio:,.1f}" + (" (missed)" if missed else "")
    megabytes = " / ".join(
        "–" if one is None else f"{one:,.0f}" for one in (line.ours.megabytes, line.theirs.megabytes)
    )
    note = line.note + (" (missed)" if line.failed else "")
    times = [f"{one.milliseconds:,.1f}" for one in (line.ours, line.theirs)]
    return [line.what, f"{line.points:,}", line.peer, *times, ratio, f"≥ {line.goal:g}", megabytes, note]


def main() -> int:
    """Compare, print, write; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed_surface")
    parser.add_argument("--no-write", action="store_true", help="print only")
    args = parser.parse_args()
    lines = [*scattered(2_000), *scattered(20_000), *scattered(100_000), *payloads()]
    rows = [_row(line) for line in lines]
    for row in rows:
        print("{:29}{:>9}  {:24}{:>9}{:>10}{:>14}{:>8}{:>12}  {}".format(*row))
    if not args.no_write:
        write_table("speed_surface", "Speed of surfaces", HEAD, rows, __doc__.split("\n\n")[1].replace("\n", " "))
    missed = [line for line in lines if line.ratio < line.goal or line.failed]
    print(f"\n{len(lines)} comparisons, {len(missed)} below their goal")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
