"""How fast the player of a timeline draws, measured in Chromium: `python -m benchmarks.timeline`.

The file that it exports is opened offline, so nothing but the browser counts. Writes benchmarks/results/timeline.md.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from playwright.sync_api import Browser

from benchmarks.measure import load, write_table
from engine.analysis import TIMELINE, TimelineParameters
from engine.analysis.timeline import frames_of
from engine.analysis.timeline.analysis import concluded
from engine.analysis.timeline.state import Cells
from engine.figures import frames as packing
from engine.figures import packed
from engine.figures.chart import figure
from engine.figures.player import LARGEST, player
from engine.reports import player as page
from engine.types import Evidence, Result, Rows
from tests.browser import chromium, context

ASSETS = Path(__file__).resolve().parent.parent / "web" / "assets"
FRAMES = 200
SECONDS = 8
LIMITS = {"calibration, reliability": 24.0, "line of 2,000 points": 24.0, "surface, 60 × 60": 8.0}

_PLAYED = """async seconds => {
  player.setSpeed(8); player.looping = true; player.seek(0); player.play();
  await new Promise(done => setTimeout(done, 1000));
  const [drawn, began] = [player.drawnFrames, performance.now()];
  await new Promise(done => setTimeout(done, seconds * 1000));
  const rate = (player.drawnFrames - drawn) / ((performance.now() - began) / 1000);
  player.pause();
  const times = [];
  for (let place = 0; place < 60; place++) {
    const at = performance.now();
    await player.show((place * 7) % player.count);
    await new Promise(requestAnimationFrame);
    times.push(performance.now() - at);
  }
  times.sort((one, other) => one - other);
  return [rate, times[30], times[57]];
}"""


def main() -> int:
    """Play each payload, write the table, return 0 when each is as fast as it should be."""
    made = {"calibration, reliability": _calibration(), **_plain()}
    rows = []
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        for name, (result, payload, seconds) in made.items():
            size = len(orjson.dumps(payload, option=orjson.OPT_SERIALIZE_NUMPY))
            rate, half, most = _played(browser, Path(folder), result, payload)
            fast = rate >= LIMITS[name] and size <= LARGEST
            told = [f"{seconds:.1f}", f"{size / 1024:,.0f}", f"{rate:.1f}", f"{half:.0f}", f"{most:.0f}"]
            rows.append([name, str(len(payload["frames"])), *told, f"{LIMITS[name]:.0f}", "yes" if fast else "no"])
    head = ["what", "frames", "made in s", "kB", "frames/s at 8×", "a frame ms, p50", "p95", "limit frames/s", "holds"]
    path = write_table("timeline", "Frames that the player draws", head, rows, f"{_NOTE} {load()}")
    sys.stdout.write(path.read_text(encoding="utf-8"))
    return 0 if all(row[-1] == "yes" for row in rows) else 1


_NOTE = """Headless Chromium without a graphics card, on a machine with two cores: the processor draws surfaces. At
8× the clock asks for 32 frames a second, which is as many as are drawn at most; what a frame takes is measured apart,
from asking for it to the next frame of the browser. The payload is all that is sent, and may be 2 MB."""


def _played(browser: Browser, folder: Path, result: Result, payload: dict[str, Any]) -> tuple[float, float, float]:
    file = folder / "player.html"
    script, style = ((ASSETS / name).read_text("utf-8") for name in ("player.js", "player.css"))
    file.write_bytes(page.render(result, payload, script, style))
    tab = context(browser, offline=True).new_page()
    tab.goto(file.as_uri())
    tab.wait_for_selector(".pl-player[data-drawn]")
    rate, half, most = tab.evaluate(_PLAYED, SECONDS)
    tab.context.close()
    return rate, half, most


def _cells(rows: int = 100_000) -> Cells:
    """Pairs of a run of 4,000 steps that grow over-confident."""
    rng = np.random.default_rng(7)
    step = np.sort(rng.integers(0, 4_000, rows))
    margin = rng.normal(0.8, 1.5, rows)
    prompt = rng.integers(0, 2**63, rows // 2).astype(np.uint64)[rng.integers(0, rows // 2, rows)]
    columns = {
        "margin": margin * (1 + step / 2_000),
        "label": (rng.random(rows) < 1 / (1 + np.exp(-margin))).astype(float),
        "bucket": (prompt % np.uint64(4096)).astype(np.uint16),
        "row_hash": rng.integers(0, 2**63, rows).astype(np.uint64),
        "prompt_hash": prompt,
        "step": step,
    }
    return TIMELINE.observe(Rows("comparison", columns), TimelineParameters(of="calibration"))


def _calibration() -> tuple[Result, dict[str, Any], float]:
    cells, params = _cells(), TimelineParameters(of="calibration", windows=FRAMES)
    inner = TIMELINE.known["calibration"]
    began = time.perf_counter()
    found = frames_of(cells, inner, TIMELINE.inner_params(params, inner), FRAMES, 0)
    payload = player(found, "calibration", "reliability")
    return concluded(cells, inner.title, found, params), payload, time.perf_counter() - began


def _plain() -> dict[str, tuple[Result, dict[str, Any], float]]:
    """Figures that no analysis has to be asked for: a long line that grows, and a surface that moves."""
    rng = np.random.default_rng(3)
    walk = rng.normal(size=2_000).cumsum()
    lines = [
        figure(
            [
                {
                    "type": "scatter",
                    "mode": "lines",
                    "x": list(range(place * 10 + 10)),
                    "y": walk[: place * 10 + 10].tolist(),
                }
            ],
            height=380,
        )
        for place in range(FRAMES)
    ]
    across = np.linspace(-2, 2, 60)
    surfaces = [
        figure(
            [{"type": "surface", "z": (np.sin(across[:, None] * 2 + place / 9) * np.exp(-(across**2))).tolist()}],
            height=460,
        )
        for place in range(FRAMES)
    ]
    return {"line of 2,000 points": _payload(lines), "surface, 60 × 60": _payload(surfaces)}


def _payload(figures: list[dict[str, Any]]) -> tuple[Result, dict[str, Any], float]:
    began = time.perf_counter()
    told = packing.together(figures)
    size = len(figures)
    words = [
        {"label": f"step {place}", "sentence": "", "verdict": "", "rows": place, "alt": ""} for place in range(size)
    ]
    ends = {name: packed.values(np.arange(size)) for name in ("value", "low", "high")}
    line = {"name": "x", "title": "X", "said": [str(place) for place in range(size)], **ends}
    payload = {"figures": told, "frames": words, "line": line, "events": []}
    result = Result("timeline", "steady", "A picture that moves.", {}, Evidence("timeline", "1"))
    return result, payload, time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
