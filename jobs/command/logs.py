"""`python -m jobs logs`: the one log of all processes, for people."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

LEVELS: Final = ("debug", "info", "warning", "error", "critical")
PROCESSES: Final = ("launcher", "web", "foreman", "runner", "simulator")
LINES: Final = 50
LOOK_SECONDS: Final = 0.2

_SHOWN: Final = frozenset({"time", "level", "process", "event", "logger", "exception"})
_COLOURS: Final = {"warning": "\033[33m", "error": "\033[31m", "critical": "\033[31m"}
_PLAIN: Final = "\033[0m"


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("logs", help="read the log of all processes")
    parser.add_argument("--follow", "-f", action="store_true", help="go on as new lines come, until Ctrl-C")
    parser.add_argument(
        "--lines", "-n", type=int, default=LINES, help=f"how many lines to begin with (default {LINES})"
    )
    parser.add_argument("--process", choices=PROCESSES, help="only of this process")
    parser.add_argument("--level", choices=LEVELS, default="debug", help="only from this level on")
    parser.add_argument("--run", type=int, metavar="ID", help="only of this run")
    parser.add_argument(
        "--find", metavar="ID", help="only lines that hold this, such as an error id that somebody quotes"
    )
    parser.add_argument("--json", action="store_true", help="the lines as they are")
    parser.set_defaults(function=logs)


def logs(args: argparse.Namespace) -> int:
    """Print the newest lines that fit, and with --follow those to come."""
    from engine.errors import NotFound
    from engine.settings import get_settings

    path = get_settings().home / "log" / "plumbline.log"
    if not path.exists():
        raise NotFound(f"There is no log at {path} yet; start with `python -m jobs run`.", code="no_log")
    colours = sys.stdout.isatty()
    newest = deque((line for line in _kept(path) if fits(line, args)), maxlen=max(args.lines, 0))
    try:
        for line in newest:
            print(line if args.json else readable(line, colours), flush=True)
        for line in _coming(path) if args.follow else ():
            if fits(line, args):
                print(line if args.json else readable(line, colours), flush=True)
    except (KeyboardInterrupt, BrokenPipeError):
        sys.stderr.close()
    return 0


def fits(line: str, args: argparse.Namespace) -> bool:
    """Whether a line is one of those asked for."""
    if args.find and args.find not in line:
        return False
    event = _parsed(line)
    level = logging.getLevelName(str(event.get("level", "info")).upper())
    return (
        (args.process is None or event.get("process") == args.process)
        and (args.run is None or event.get("run_id") == args.run)
        and (not isinstance(level, int) or level >= logging.getLevelName(args.level.upper()))
    )


def readable(line: str, colours: bool = False) -> str:
    """A line for people: time, process, level, what happened, what it is about; a traceback below it."""
    event = _parsed(line)
    level = str(event.get("level", "info"))
    about = " ".join(f"{name}={value}" for name, value in event.items() if name not in _SHOWN)
    moment = str(event.get("time", ""))[:23].replace("T", " ")
    text = f"{moment} {event.get('process', ''):<9} {level:<8} {event.get('event', line)}" + (
        f"  {about}" if about else ""
    )
    if colours and level in _COLOURS:
        text = f"{_COLOURS[level]}{text}{_PLAIN}"
    trace = str(event.get("exception") or "")
    return text + "".join(f"\n    {part}" for part in trace.splitlines())


def _parsed(line: str) -> dict[str, Any]:
    """The line's fields; of a line in another form, its text."""
    try:
        event = json.loads(line)
    except ValueError:
        event = None
    return event if isinstance(event, dict) else {"event": line}


def _kept(path: Path) -> Iterator[str]:
    """Every line there is, oldest first, those put aside included."""
    aside = sorted(path.parent.glob(f"{path.name}.*"), key=lambda file: -int(file.suffix[1:] or 0))
    for file in [*aside, path]:
        with file.open(encoding="utf-8", errors="replace") as lines:
            yield from (line.rstrip("\n") for line in lines)


def _coming(path: Path) -> Iterator[str]:
    """Lines as they are written, also after the log was put aside and begun anew."""
    file = path.open(encoding="utf-8", errors="replace")
    file.seek(0, 2)
    part = ""
    while True:
        part += file.readline()
        if part.endswith("\n"):
            yield part.rstrip("\n")
            part = ""
        elif path.exists() and path.stat().st_ino != os.fstat(file.fileno()).st_ino:
            file.close()
            file = path.open(encoding="utf-8", errors="replace")
        else:
            time.sleep(LOOK_SECONDS)
