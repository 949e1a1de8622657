"""One page of HTML to PDF by pdfkit and Debian's wkhtmltopdf, fenced in: it renders what it is given and nothing else.

wkhtmltopdf is old and unkept, so it may do nothing: no script, no plugin, no file, no network (an empty network name
space where the kernel lets us, a proxy that is not there anywhere), no environment of ours, a bounded time. What a
user typed is text long before it comes here; a page that wants to load something is refused, not rendered without it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import pdfkit

from engine.errors import Conflict, LimitExceeded, StoreUnavailable, UsageError

FENCE: Mapping[str, Any] = {
    "disable-local-file-access": True,
    "disable-javascript": True,
    "disable-plugins": True,
    "disable-external-links": True,
    "disable-internal-links": True,
    "proxy": "http://127.0.0.1:9",
    "load-error-handling": "abort",
    "load-media-error-handling": "abort",
    "encoding": "UTF-8",
    "page-size": "A4",
    "print-media-type": True,
    "quiet": True,
}
LOOK_SECONDS = 0.02

Margins = tuple[str, str, str, str]
"""Top, right, bottom, left."""


class Fenced(pdfkit.PDFKit):  # type: ignore[misc] # pdfkit has no types
    """pdfkit without its reading of options out of the page."""

    def _find_options_in_meta(self, content: Any) -> dict[str, str]:  # noqa: ARG002
        return {}


def program() -> str:
    """Where wkhtmltopdf is. Raises StoreUnavailable naming the package where it is not."""
    found = shutil.which("wkhtmltopdf")
    if found is None:
        raise StoreUnavailable(
            "PDFs are set by wkhtmltopdf, which is not installed here. Install the Debian packages wkhtmltopdf and "
            "fonts-inter, then try again; the other formats work without it.",
            code="no_wkhtmltopdf",
        )
    return found


def command(html: str, margins: Margins, binary: str | None = None) -> list[str]:
    """The whole command that sets this page, from standard input to standard output."""
    sides = dict(zip(("margin-top", "margin-right", "margin-bottom", "margin-left"), margins, strict=True))
    known = pdfkit.configuration(wkhtmltopdf=binary or program(), meta_tag_prefix=secrets.token_hex(16))
    return [*_alone(), *Fenced(html, "string", options={**FENCE, **sides}, configuration=known).command()]


def set_page(
    html: str, margins: Margins, timeout: float, stopped: Callable[[], bool] = lambda: False, binary: str | None = None
) -> bytes:
    """The page as PDF.

    Raises LimitExceeded after `timeout` seconds and Conflict once `stopped()`, with nothing left running; UsageError
    where the page was refused.
    """
    deadline = time.monotonic() + timeout
    with tempfile.TemporaryDirectory(prefix="plumbline-") as folder, tempfile.TemporaryFile() as page:
        page.write(html.encode("utf-8", "replace"))
        page.seek(0)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as said:
            process = subprocess.Popen(  # noqa: S603 -- our own command; what users wrote is in the page only
                command(html, margins, binary),
                stdin=page,
                stdout=out,
                stderr=said,
                env=_environment(folder),
                cwd=folder,
                start_new_session=True,
            )
            try:
                _await(process, deadline, stopped)
            finally:
                _end(process)
            out.seek(0)
            done = out.read()
            if process.returncode or not done.startswith(b"%PDF"):
                raise UsageError("The pages could not be set: the renderer refused them.", code="page_refused")
            return done


def _await(process: subprocess.Popen[bytes], deadline: float, stopped: Callable[[], bool]) -> None:
    while process.poll() is None:
        if stopped():
            raise Conflict("The report was cancelled.", code="cancelled")
        if time.monotonic() > deadline:
            raise LimitExceeded("Setting the pages took longer than it may; nothing of it was kept.", code="time")
        time.sleep(LOOK_SECONDS)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Nothing of it stays: whatever it started is in its group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _environment(folder: str) -> dict[str, str]:
    """The same wherever the product runs; no secret of ours among it."""
    return {
        "PATH": os.defpath,
        "HOME": folder,
        "XDG_RUNTIME_DIR": folder,
        "XDG_CACHE_HOME": folder,
        "QT_QPA_PLATFORM": "offscreen",
        "QT_HASH_SEED": "0",  # else fonts are numbered by lot
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
    }


@lru_cache(maxsize=1)
def _alone() -> tuple[str, ...]:
    """What puts the program into a network of its own, has it die with us and lets it yield to pages, as far as can be.

    A process that a program of its own started by another way could leave its group; the death signal ends that too.
    """
    ways = (("unshare", "--map-root-user", "--net"), ("setpriv", "--pdeathsig", "KILL"), ("nice", "-n", "5"))
    found: tuple[str, ...] = ()
    for way in ways:
        if shutil.which(way[0]) is not None and _works([*found, *way, "true"]):
            found = (*found, *way)
    return found


def _works(words: list[str]) -> bool:
    try:
        return subprocess.run(words, capture_output=True, timeout=5, check=False).returncode == 0  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False
