"""Draws figures: kaleido and one chromium, started once, then one request after another, each a line of JSON.

Only figures of our own are drawn, never what a user wrote as HTML. There is no network here where the kernel lets us
leave it, and a proxy that is not there anywhere.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from typing import Any, TextIO

from jobs.child_limits import be_modest, die_with, leave_the_network
from jobs.processes import adopt_orphans

SECONDS = 60.0
NICENESS = 5
"""Pages go first, but somebody waits for a report."""


def main() -> int:
    """Serve until standard input closes."""
    be_modest(NICENESS)
    adopt_orphans()
    leave_the_network()
    os.environ["CHOREO_PROXY_SERVER"] = "http://127.0.0.1:9"
    die_with(os.getppid())
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    import kaleido

    kaleido.start_sync_server(n=1, timeout=SECONDS, silence_warnings=True)
    _drawn(kaleido, {"figure": {"data": [], "layout": {}}, "options": {"format": "svg"}})
    _say(out, {"ready": True})
    for line in sys.stdin:
        _say(out, _drawn(kaleido, json.loads(line)))
    kaleido.stop_sync_server(silence_warnings=True)
    return 0


def _drawn(kaleido: Any, asked: dict[str, Any]) -> dict[str, str]:
    """The image as base64, or what is wrong with the figure."""
    try:
        image = kaleido.calc_fig_sync(asked["figure"], opts=asked["options"])
    except Exception as error:  # noqa: BLE001 - a figure that cannot be drawn must not end the others
        return {"error": f"{type(error).__name__}: {error}"[:500]}
    return {"image": base64.b64encode(image).decode()}


def _say(out: TextIO, message: dict[str, Any]) -> None:
    out.write(json.dumps(message) + "\n")
    out.flush()


if __name__ == "__main__":
    sys.exit(main())
