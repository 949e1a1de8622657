"""How long the palette's search takes with 2,000 entries, a letter at a time: `python -m benchmarks.palette`.

The way from the key to the shown palette, and from Enter to the page, is measured in a browser by `benchmarks.live`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import playwright

from benchmarks.measure import write_table
from engine.offered import PAGES
from engine.settings import ROOT

NODE = Path(playwright.__file__).parent / "driver" / "node"
ENTRIES = 2_000
PHRASES = (
    "calibration analysis",
    "rename dataset 77",
    "drift",
    "zzqq",
    "reward-model-v3",
    "kl budget",
    "trainig curves",
)
LIMIT = 50.0


def entries() -> list[dict[str, object]]:
    """The pages, and actions on many datasets."""
    pages = [{"id": name, "title": title, "synonyms": others} for name, title, others, _key in PAGES]
    verbs = ("Rename", "Remove", "Columns of", "Read again", "Keep a forecast of")
    made = [
        {
            "id": f"{verb}:{number}",
            "title": f"{verb} reward-model-v{number % 40}-{number}.jsonl",
            "synonyms": ["delete"],
        }
        for number in range(ENTRIES // len(verbs))
        for verb in verbs
    ]
    return [*pages, *made][:ENTRIES]


def main() -> int:
    """Measure, write the table; 0 where a letter is answered in time."""
    said = subprocess.run(
        [str(NODE), str(ROOT / "benchmarks" / "palette.mjs"), str(ROOT / "web" / "assets")],
        input=json.dumps({"entries": entries(), "phrases": PHRASES}),
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(said.stdout)
    middle, high, most = (float(np.quantile(found["took"], share)) for share in (0.5, 0.95, 1.0))
    rows = [
        ["letter → results, processor time in ms", f"{middle:.1f}", f"{high:.1f}", f"{most:.1f}", f"{LIMIT:.0f}"],
        ["index made once, ms", f"{found['made']:.1f}", "", "", ""],
        ["memory of index and searches, MB", f"{found['heap'] / 1e6:.1f}", "", "", ""],
    ]
    note = "The search alone, in node; drawing is capped at 60 rows."
    path = write_table(
        "palette", "The palette's search with 2,000 entries", ["measure", "p50", "p95", "max", "limit"], rows, note
    )
    sys.stdout.write(path.read_text(encoding="utf-8"))
    return 0 if high <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
