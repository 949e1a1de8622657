"""Golden places of down-sampled lines: `python tests/figures/golden/downsample.py`.

Needs numpy, lttb 0.3.2 (largest triangles) and tsdownsample 0.1.5.1 (the spikes that a min-max line has to keep).
"""

from __future__ import annotations

import json
from pathlib import Path

import lttb
import numpy as np
import tsdownsample

FILE = Path(__file__).with_suffix(".json")
CASES = ((1_000, 50, 1), (997, 64, 2), (20_000, 2_000, 3), (5_003, 300, 4))


def line(size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A noisy walk over uneven places."""
    rng = np.random.default_rng(seed)
    return np.cumsum(rng.integers(1, 5, size)).astype(float), np.cumsum(rng.normal(size=size)).round(6)


def main() -> None:
    """Write the file."""
    found = []
    for size, most, seed in CASES:
        x, y = line(size, seed)
        kept = lttb.downsample(np.column_stack([x, y]), n_out=most)
        places = np.searchsorted(x, kept[:, 0])
        spikes = tsdownsample.MinMaxDownsampler().downsample(y, n_out=most)
        found.append(
            {
                "size": size,
                "most": most,
                "seed": seed,
                "lttb": places.tolist(),
                "min_max_sum": float(np.abs(y[spikes]).sum()),
                "lowest": float(y[spikes].min()),
                "highest": float(y[spikes].max()),
            }
        )
    FILE.write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
