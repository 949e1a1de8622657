"""Becomes `ray start`: `python -m jobs.head_main PARENT ARGUMENT…`.

It ends with its parent and has a low priority. Both are arranged here, in a fresh process, since nothing should run
between fork and exec of a runner that has threads.
"""

from __future__ import annotations

import os
import sys

from jobs.processes import die_with_parent

NICENESS = 10


def main(arguments: list[str]) -> None:
    """Does not return."""
    parent, *command = arguments
    die_with_parent(int(parent))
    os.nice(NICENESS)
    os.execv(sys.executable, [sys.executable, "-m", "ray.scripts.scripts", "start", *command])  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
