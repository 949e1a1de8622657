"""`python -m jobs simulate`: play the made-up project into a folder, with or without a running server."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("simulate", help="play a made-up RLHF project with known truth into the inbox")
    parser.add_argument("--speed", type=_positive, default=60.0, help="simulated seconds a second (default 60)")
    parser.add_argument("--seed", type=int, default=7, help="the same seed writes the same project (default 7)")
    parser.add_argument("--duration", type=_positive, default=1200.0, help="length in simulated minutes (default 1200)")
    parser.add_argument("--out", type=Path, help="folder to write to (default: the inbox of this installation)")
    parser.add_argument("--at-once", action="store_true", help="write the whole project at once and end")
    parser.add_argument("--with-server", action="store_true", help=argparse.SUPPRESS)
    parser.set_defaults(function=simulate)


def simulate(args: argparse.Namespace) -> int:
    """Play until the project is over or the process is asked to stop."""
    from engine import logs
    from jobs.processes import stop_event
    from jobs.simulator import preferences
    from jobs.simulator.play import Stage, only_player, play, write
    from jobs.simulator.truth import Truth

    logs.configure("simulator")
    folder, background = _folders(args.out, args.with_server)
    stage = Stage(folder / preferences.FILE, background, args.speed, args.duration)
    truth, stop = Truth(seed=args.seed), stop_event()
    with only_player(background, stop, patient=args.with_server):
        if args.at_once:
            write(truth, stage)
        elif args.with_server:
            from jobs.simulator.audience import Audience

            play(truth, stage, stop, Audience())
            stop.wait()
        else:
            print(f"Playing into {stage.scores} at {args.speed:g} times real speed. Ctrl-C stops.", flush=True)
            play(truth, stage, stop)
    return 0


def _folders(out: Path | None, with_server: bool) -> tuple[Path, Path]:
    """Where scores go, and where goes what the trainer logs. The inbox folder belongs to a simulated project."""
    if out is not None:
        return out, out / "training"
    from engine.actions.demo import SLUG, set_playing
    from engine.settings import get_settings
    from engine.store.migrate import migrate

    settings = get_settings()
    if not with_server:
        migrate()
        set_playing(True)
    return settings.inbox / SLUG, settings.inbox / SLUG


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("must be above 0")
    return value
