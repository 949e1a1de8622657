"""`analyse --submit`: files handed to the running product, which does each as a job; `--wait` follows them."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from engine.actions.datasets import receive_upload
from engine.errors import InputRefused, NotEnoughData, StatePending, UsageError
from engine.queries import projects, results, runs
from engine.settings import get_settings
from engine.standalone import name_of
from engine.store.engine import fetch
from engine.store.migrate import migrate
from engine.types import RunView, Who
from jobs.command.text import describe, printable

BLOCK = 1024**2
LOOK_SECONDS = 0.2
ENDED = ("done", "failed", "cancelled")
FAILED = 1


@dataclass(frozen=True, slots=True)
class Submitted:
    """A file on its way. No run where its content was read before."""

    name: str
    dataset_id: int
    run_id: int | None


def submit(files: Sequence[Path], project: str | None, mapping: Mapping[str, str]) -> list[Submitted]:
    """Queue a job for each file and say which. Raises UsageError, InputRefused, NotFound (no such project)."""
    migrate()
    who = owner()
    slug = project or projects.default_project(who).slug
    return [_submit(path, slug, who, mapping) for path in files]


def owner() -> Who:
    """On whose behalf: whoever may run this command owns the home folder, so an administrator. Raises UsageError."""
    found = fetch("SELECT id, name FROM \"user\" WHERE role = 'admin' AND disabled_at IS NULL ORDER BY id LIMIT 1")
    if not found:
        raise UsageError("Nobody has an account yet: start the product and open the link it prints.", code="no_account")
    return Who(found[0][0], found[0][1], "admin")


def _submit(path: Path, project: str, who: Who, mapping: Mapping[str, str]) -> Submitted:
    name = name_of(path)
    if not path.is_file():
        raise InputRefused(f"{name}: there is no such file", code="not_a_file", file=name)
    uploads = get_settings().uploads
    uploads.mkdir(parents=True, exist_ok=True)
    copy = uploads / uuid4().hex
    try:
        sha256, size = _copied(path, copy)
        taken = receive_upload(who, project, name, copy, sha256, size, mapping, kind="job")
    finally:
        copy.unlink(missing_ok=True)
    known = "was read before" if taken.run_id is None else f"is run {taken.run_id}"
    print(f"{printable(name)} {known} (dataset {taken.dataset_id} of {project})", file=sys.stderr)
    return Submitted(name, taken.dataset_id, taken.run_id)


def _copied(path: Path, copy: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as source, copy.open("wb") as target:
        while data := source.read(BLOCK):
            digest.update(data)
            size += target.write(data)
    return digest.hexdigest(), size


# ------------------------------------------------------------------ following


def follow(submitted: Sequence[Submitted], analysis: str, params: Mapping[str, str], as_json: bool) -> int:
    """Wait for every job and print its answer; the greatest exit code of them."""
    who = owner()
    return max(_follow(one, who, analysis, params, as_json) for one in submitted)


def _follow(one: Submitted, who: Who, analysis: str, params: Mapping[str, str], as_json: bool) -> int:
    from engine.reports.data import to_json

    if one.run_id is not None and (code := _ended(one.name, one.run_id, who)):
        return code
    while True:
        try:
            result = results.conclude(who, one.dataset_id, analysis, params).result
        except StatePending as pending:
            if code := _ended(one.name, pending.run_id, who):
                return code
        except NotEnoughData as error:
            print(f"{printable(one.name)}: {error.message}", file=sys.stderr)
            return error.exit_code
        else:
            sys.stdout.write(to_json(result).decode() if as_json else describe(result))
            return 0


def _ended(name: str, run_id: int, who: Who) -> int:
    """Wait for the end of a run and say what it does; the exit code, 0 where it ended well."""
    said = ""
    while True:
        run = runs.get_run(who, run_id)
        if (now := _words(run)) != said:
            said = now
            print(f"{printable(name)}: run {run_id} {now}", file=sys.stderr)
        if run.state in ENDED:
            break
        time.sleep(LOOK_SECONDS)
    if run.state == "done":
        return 0
    if run.error:
        print(f"{printable(name)}: {printable(str(run.error.get('message', '')))}", file=sys.stderr)
    refused = run.error is not None and "file" in run.error
    return InputRefused.exit_code if refused else FAILED


def _words(run: RunView) -> str:
    how = f" by {run.backend}" if run.backend else ""
    return f"{run.state}{f', {run.stage}' if run.stage else ''}{how}"
