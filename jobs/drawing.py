"""The parent's side of the child that draws: figures in, images out, each drawn once.

The child is warm from the first figure on and stops with the runner. One that hangs is killed with all that it started,
wherever that went.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.errors import Conflict, LimitExceeded, StoreUnavailable, UsageError
from engine.figures.theme import Mode, paint
from engine.reports.document import Figure
from engine.settings import ROOT
from jobs import process_tree
from jobs.processes import environment

PROGRAM = "jobs.drawing_main"
MARK = "PLUMBLINE_DRAWING"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
START_SECONDS = 120.0
SECONDS = 30.0
SCALE = 2
KEPT_BYTES = 64 * 1024 * 1024
LOOK_SECONDS = 0.05


def browser() -> str:
    """Where chromium is. Raises StoreUnavailable naming the package where it is not."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        raise StoreUnavailable(
            "Figures are drawn by chromium, which is not installed here. Install the Debian package chromium, then try "
            "again; HTML and JSON work without it.",
            code="no_chromium",
        )
    return found


class Images:
    """The last images by what they show; the oldest go where they would take too much memory."""

    def __init__(self, most: int = KEPT_BYTES) -> None:
        self._most, self._size = most, 0
        self._kept: OrderedDict[str, bytes] = OrderedDict()

    def get(self, key: str) -> bytes | None:
        """An image that was drawn before."""
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def put(self, key: str, image: bytes) -> None:
        """Keep an image."""
        self._kept[key] = image
        self._size += len(image)
        while self._size > self._most:
            self._size -= len(self._kept.popitem(last=False)[1])


@dataclass
class Drawing:
    """The child. One thread draws at a time; `cancel` may come from any."""

    program: str = PROGRAM
    seconds: float = SECONDS
    images: Images = field(default_factory=Images)
    _process: subprocess.Popen[bytes] | None = None
    _folder: tempfile.TemporaryDirectory[str] | None = None
    _buffer: bytes = b""
    _cancelled: bool = False
    _ending: threading.Lock = field(default_factory=threading.Lock)

    def draw(self, figure: Figure, form: str, mode: Mode = "light") -> bytes:
        """The figure as it is on screen, `png` or `svg`.

        Raises StoreUnavailable without chromium, LimitExceeded where drawing hangs, UsageError where it fails, Conflict
        once cancelled.
        """
        width, height = figure.size
        options = {"format": form, "width": width, "height": height, "scale": SCALE if form == "png" else 1}
        painted = paint(dict(figure.figure), mode)
        shown = {**painted, "layout": {**painted["layout"], "showlegend": True}}
        request = json.dumps({"figure": shown, "options": options}, sort_keys=True, default=_plain)
        key = hashlib.sha256(request.encode()).hexdigest()
        if (known := self.images.get(key)) is not None:
            return known
        image = self._ask(request)
        self.images.put(key, image)
        return image

    def begin(self) -> None:
        """What follows is another piece of work: an old cancellation is not meant for it."""
        self._cancelled = False

    def cancel(self) -> None:
        """Stop what is being drawn."""
        self._cancelled = True

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked to stop."""
        return self._cancelled

    @property
    def pid(self) -> int | None:
        """The process id of the child that runs now."""
        return self._process.pid if self._process is not None else None

    def stop(self) -> None:
        """End the child, and everything that it started."""
        with self._ending:
            process, self._process = self._process, None
            folder, self._folder = self._folder, None
            if process is None or folder is None:
                return
            process_tree.kill_all(process.pid, Path(folder.name), MARK)
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
            folder.cleanup()

    # ------------------------------------------------------------------ talking to it

    def _start(self) -> None:
        if self._process is not None and self._process.poll() is None:
            return
        self.stop()
        found, self._buffer = browser(), b""
        self._folder = tempfile.TemporaryDirectory(prefix="plumbline-", ignore_cleanup_errors=True)
        extra = {"BROWSER_PATH": found, MARK: self._folder.name, "TMPDIR": self._folder.name, "HOME": self._folder.name}
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", self.program],
            cwd=ROOT,
            env=_public(environment(extra)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,
        )
        self._message(time.monotonic() + START_SECONDS)

    def _ask(self, request: str) -> bytes:
        self._start()
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(request.encode() + b"\n")
        except OSError:
            raise self._died() from None
        answer = self._message(time.monotonic() + self.seconds)
        if "image" not in answer:
            raise UsageError(f"A figure could not be drawn: {answer.get('error', '')}", code="not_drawn")
        return base64.b64decode(answer["image"])

    def _message(self, deadline: float) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        pieces = [self._buffer]
        while b"\n" not in pieces[-1]:
            if self._cancelled:
                self.stop()
                raise Conflict("Drawing was cancelled.", code="cancelled")
            if time.monotonic() > deadline:
                self.stop()
                raise LimitExceeded("Drawing a figure took longer than it may; nothing of it was kept.", code="time")
            if not select.select([self._process.stdout], [], [], LOOK_SECONDS)[0]:
                continue
            data = os.read(self._process.stdout.fileno(), 1 << 20)
            if not data:
                raise self._died()
            pieces.append(data)
        line, _, self._buffer = b"".join(pieces).partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _died(self) -> UsageError:
        self.stop()
        return UsageError("The program that draws figures ended over it. Nothing of it was kept.", code="drawing_died")


def drawn(
    drawing: Drawing, figures: list[tuple[str, Figure]], form: str, told: Callable[[int, int], None]
) -> dict[str, bytes]:
    """The images of figures by name; `told` hears which of how many is drawn."""
    images = {}
    for place, (name, figure) in enumerate(figures):
        told(place + 1, len(figures))
        images[name] = drawing.draw(figure, form)
    return images


_SECRET = ("TOKEN", "SECRET", "PASSWORD", "KEY", "CREDENTIAL", "DATABASE_URL")


def _public(known: Mapping[str, str]) -> dict[str, str]:
    """The environment without anything that looks like a secret."""
    return {name: value for name, value in known.items() if not any(word in name.upper() for word in _SECRET)}


def _plain(value: Any) -> Any:
    """Numbers and arrays of NumPy as JSON."""
    return value.tolist() if hasattr(value, "tolist") else str(value)
