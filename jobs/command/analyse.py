"""`python -m jobs analyse FILE…`: the answer at the terminal, without a server; --html alone writes a file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.errors import PlumblineError
    from engine.standalone import Analysing, Progress
    from engine.types import Result

FAILED_IF = 5
EXIT_CODES = """exit codes:
  0  done
  2  usage: an unknown analysis, parameter, column or condition
  3  the input was refused: which file, line and field, and why
  4  not enough data for an honest answer
  5  --fail-if is true
With --json, 3 and 4 still print the object, with what is known."""

EXAMPLES = """examples:
  python -m jobs analyse scores.jsonl
  python -m jobs analyse scores.csv --map score_a=reward_chosen --map score_b=reward_rejected
  python -m jobs analyse judge.jsonl --param scale=100 --json
  python -m jobs analyse scores.jsonl --submit --wait
  python -m jobs analyse scores.jsonl --fail-if 'calibration_error.low > 0.05 or accuracy < 0.7'"""


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "analyse",
        help="conclude from files at the terminal",
        description="Conclude from score files; several files of one format count as one dataset.",
        epilog=f"{EXAMPLES}\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", nargs="+", metavar="FILE", type=Path, help="files, folders, archives")
    parser.add_argument("--analysis", default="", metavar="NAME", help="default: the leading one of such rows")
    parser.add_argument(
        "--param", action="append", default=[], metavar="NAME=VALUE", help="a parameter of the analysis"
    )
    parser.add_argument("--map", action="append", default=[], metavar="FIELD=COLUMN", help="which column a field is in")
    parser.add_argument("--json", action="store_true", help="print exactly one JSON object")
    parser.add_argument("--html", type=Path, metavar="OUT", help="write the report as one HTML file")
    parser.add_argument("--fail-if", metavar="EXPR", help="exit with 5 if this condition over the estimates is true")
    parser.add_argument("--submit", action="store_true", help="have the running product do it, as a job")
    parser.add_argument("--project", metavar="P", help="with --submit: where the files become datasets")
    parser.add_argument("--wait", action="store_true", help="with --submit: follow the jobs to their answers")
    parser.set_defaults(function=analyse)


def analyse(args: argparse.Namespace) -> int:
    """Check what was asked, conclude, print; returns the exit code. Files in folders and archives count together."""
    if args.submit:
        return _submit(args)
    from engine.errors import InputRefused, NotEnoughData
    from engine.standalone import Analysing
    from jobs.command import fail_if
    from jobs.command.limited import limited_files
    from jobs.command.members import files_in
    from jobs.command.read import parse_mapping

    condition = None if args.fail_if is None else fail_if.parse(args.fail_if)
    work = Analysing(args.files, args.analysis, _parameters(args.param), parse_mapping(args.map))
    work.choose()
    try:
        with files_in(args.files) as found, limited_files() as work.open_file, _progress_bar() as progress:
            work.files, work.given = found, args.files
            result = work.run(progress)
    except (InputRefused, NotEnoughData) as error:
        return _print_refusal(work, error, args.json)
    _print(result, args.json)
    if args.html is not None:
        _write_html(result, args.html)
    if condition is not None and fail_if.holds(condition, result.estimates):
        print(f"--fail-if is true: {args.fail_if}", file=sys.stderr)
        return FAILED_IF
    return 0


def _submit(args: argparse.Namespace) -> int:
    from jobs.command.read import parse_mapping
    from jobs.command.submit import follow, submit

    submitted = submit(args.files, args.project, parse_mapping(args.map))
    return follow(submitted, args.analysis, _parameters(args.param), args.json) if args.wait else 0


def _parameters(words: list[str]) -> dict[str, str]:
    """`NAME=VALUE` words as a mapping; the value may hold further equals signs."""
    from engine.errors import UsageError

    parameters: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not name or not equals:
            raise UsageError(f"--param takes NAME=VALUE, not {word!r}")
        if name in parameters:
            raise UsageError(f"--param: {name} is given twice")
        parameters[name] = value
    return parameters


@contextmanager
def _progress_bar() -> Iterator[Progress | None]:
    """A bar on stderr, where someone can see it."""
    if not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm

    form = "{l_bar}{bar}| {elapsed}<{remaining}"
    with tqdm(total=1.0, desc="reading", leave=False, bar_format=form, delay=0.3) as bar:

        def show(share: float) -> None:
            bar.update(share - bar.n)

        yield show


# ------------------------------------------------------------------ printing


def _print(result: Result, as_json: bool) -> None:
    from engine.reports.data import to_json
    from jobs.command.text import describe

    sys.stdout.write(to_json(result).decode() if as_json else describe(result))


def _print_refusal(work: Analysing, error: PlumblineError, as_json: bool) -> int:
    """The error on stderr and, with --json, the object with what is known on stdout."""
    from engine.reports.data import to_json
    from jobs.command.text import printable

    if as_json:
        sys.stdout.write(to_json(work.refused(error), error).decode())
    file = getattr(error, "file", None) or ""
    where = "" if file in error.message else f"{file}: "
    print(f"python -m jobs analyse: {printable(where + error.message)}", file=sys.stderr)
    return error.exit_code


def _write_html(result: Result, path: Path) -> None:
    from engine.errors import UsageError
    from engine.reports.html import render

    try:
        path.write_bytes(render(result))
    except OSError as error:
        raise UsageError(f"--html: {path} cannot be written: {error.strerror}") from error
