"""A launcher over stand-in children, run as its own process: `python standins.py FOLDER NAME…`.

Each child appends its process id to FOLDER/<name> and then behaves as its name says.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from jobs import launcher, preflight

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


def behave(name: str) -> None:
    if name == "crash":
        sys.exit(3)
    if name == "refuse":
        sys.stdout.write("PLUMBLINE_BIND is not safe\n")
        sys.exit(2)
    if name == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if name == "parent":
        grandchild = subprocess.Popen(SLEEP)
        with Path(sys.argv[2]).with_name("grandchild").open("a") as file:
            file.write(f"{grandchild.pid}\n")
    while True:
        sys.stdout.write("working\n")
        sys.stdout.flush()
        time.sleep(0.2)


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def launch(folder: Path, names: list[str]) -> int:
    preflight.open_log(launcher.log, folder)
    children = [launcher.Child(name, [sys.executable, __file__, name, str(folder / name)]) for name in names]
    return asyncio.run(launcher.Launcher(children, say).run())


if __name__ == "__main__":
    if sys.argv[1] in ("crash", "refuse", "stubborn", "parent", "steady", "second"):
        with Path(sys.argv[2]).open("a") as note:
            note.write(f"{os.getpid()}\n")
        behave(sys.argv[1])
    else:
        sys.exit(launch(Path(sys.argv[1]), sys.argv[2:]))
