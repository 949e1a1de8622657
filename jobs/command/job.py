"""`python -m jobs job RUN`: the entry point of Ray jobs. The runner submits it; nobody types it."""

from __future__ import annotations

import argparse
from typing import Any


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("job", help="work for one run inside a Ray job (submitted by the runner)")
    parser.add_argument("run", metavar="RUN", help="the number of the run and its attempt, such as 17-1")
    parser.set_defaults(function=job)


def job(args: argparse.Namespace) -> int:
    """Work for the run."""
    from jobs.job_main import main

    return main(args.run)
