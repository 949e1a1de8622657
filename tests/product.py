"""The whole product, started as a newcomer starts it: the launcher on a home of its own, reached over loopback."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"https?://\S+/signin/link\S*")


def free_port() -> int:
    """A loopback port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Product:
    """A running launcher: `url`, the one-time `link` it printed, everything it printed in `lines`."""

    home: Path
    port: int = field(default_factory=free_port)
    environment: dict[str, str] = field(default_factory=dict)
    patience: float = 90.0
    lines: list[str] = field(default_factory=list)
    link: str = ""
    process: subprocess.Popen[str] | None = None
    listener: threading.Thread | None = None
    started_in: float = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Product:
        started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jobs", "run"],
            cwd=ROOT,
            env={**os.environ, "PLUMBLINE_HOME": str(self.home), "PLUMBLINE_PORT": str(self.port), **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        printed = threading.Event()
        self.listener = threading.Thread(target=self._listen, args=(printed,), daemon=True)
        self.listener.start()
        if not printed.wait(self.patience):
            self.stop()
            raise TimeoutError("the launcher printed no sign-in link:\n" + "\n".join(self.lines))
        self.started_in = time.monotonic() - started
        return self

    def _listen(self, printed: threading.Event) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                self.lines.append(line.rstrip())
                if found := LINK.search(line):
                    self.link = found.group(0)
                    printed.set()

    def stop(self) -> float:
        """End it as Ctrl-C does; the seconds that took."""
        assert self.process is not None
        began = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
        if self.listener is not None:
            self.listener.join(5)
        return time.monotonic() - began

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
