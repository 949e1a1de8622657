"""The command line: `python -m jobs COMMAND …`. Only the module of the command asked for is imported."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable

if sys.version_info < (3, 11):  # noqa: UP036 - the sentence is for those who start us with an older one
    sys.exit(f"Plumbline needs Python 3.11 or newer; this is {sys.version.split()[0]}.")

from engine.errors import PlumblineError

COMMANDS = ("run", "logs", "read", "analyse", "simulate", "job", "user", "token", "backup", "restore", "migrate")
"""Modules of `jobs.command`: each has `add(subparsers)`, which sets the default `function`: (args) -> exit code."""

PROCESSES = ("foreman", "runner")
"""Modules of `jobs` that the launcher starts, each with `main() -> exit code`."""


def main(arguments: list[str]) -> int:
    """Run one command; returns its exit code."""
    asked = arguments[:1]
    if asked and asked[0] in PROCESSES:
        return named(lambda: importlib.import_module(f"jobs.{asked[0]}").main())
    parser = argparse.ArgumentParser(prog="python -m jobs", description="Plumbline: is the reward model calibrated?")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in asked if asked and asked[0] in COMMANDS else COMMANDS:
        importlib.import_module(f"jobs.command.{name}").add(subparsers)
    args = parser.parse_args(arguments)
    return named(lambda: args.function(args))


def named(work: Callable[[], int]) -> int:
    """The exit code of some work; what it refuses is said in one line."""
    try:
        return int(work())
    except PlumblineError as error:
        print(f"python -m jobs: {error.message}", file=sys.stderr)  # noqa: T201 - the command line speaks here
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
