"""`python -m jobs run`: starts web, foreman, runner and the simulator, restarts what falls, stops all.

It is the only process a person starts, so it is calm: the console shows the address, the first sign-in link and
trouble; everything else goes to one log with the name of its process.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from engine.settings import ROOT
from jobs.processes import die_with_parent, environment, raise_descriptors

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
STEADY_SECONDS = 30.0
LONGEST_WAIT = 10.0
STOP_SECONDS = 2.0
LINE_BYTES = 1024**2
MISUSED = 2
NOT_STARTED = 127

log = logging.getLogger("plumbline")


@dataclass(slots=True)
class Child:
    """One supervised process and how it has fared. One that `waits` leaves the processor to the others at the start."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    waits: bool = False
    process: asyncio.subprocess.Process | None = None
    last_line: str = ""


def pause_after(pause: float, uptime: float) -> float:
    """Seconds to wait before the next start: twice the last pause, from the beginning after a steady run."""
    return FIRST_PAUSE if uptime >= STEADY_SECONDS else min(max(pause * 2, FIRST_PAUSE), LONGEST_PAUSE)


class Launcher:
    """Keeps children running until told to stop. `tell` speaks to the person at the console."""

    def __init__(self, children: Sequence[Child], tell: Callable[[str], None]) -> None:
        self.children = children
        self._tell = tell
        self._stopping = asyncio.Event()
        self._opened = asyncio.Event()
        self._code = 0

    async def run(self, when_started: Coroutine[None, None, None] | None = None) -> int:
        """Start all, restart what ends, until SIGTERM or Ctrl-C; then stop all. Returns the exit code.

        `when_started` runs beside them; children that wait begin when it is through, or after a while.
        """
        raise_descriptors()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._stopping.set)
        tasks = [asyncio.create_task(self._keep(child)) for child in self.children]
        if when_started is not None:
            tasks.append(asyncio.create_task(when_started))
            tasks[-1].add_done_callback(lambda _task: self._opened.set())
        await self._stopping.wait()
        await self._stop_children()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return self._code

    async def _keep(self, child: Child) -> None:
        pause = 0.0
        if child.waits:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._opened.wait(), LONGEST_WAIT)
        while not self._stopping.is_set():
            began = time.monotonic()
            code = await self._run_once(child)
            if self._stopping.is_set():
                return
            if code == MISUSED:
                self._give_up(child)
                return
            pause = pause_after(pause, time.monotonic() - began)
            log.warning("%s ended, %s; next start in %g s", child.name, describe(code), pause)
            self._tell(f"{child.name} stopped unexpectedly ({describe(code)}); starting it again in {pause:g} s.")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)

    async def _run_once(self, child: Child) -> int:
        try:
            process = await asyncio.create_subprocess_exec(
                *child.command,
                cwd=ROOT,
                env=environment(child.env),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                limit=LINE_BYTES,
                start_new_session=True,
                preexec_fn=partial(die_with_parent, os.getpid()),
            )
        except OSError as error:
            log.error("%s cannot be started: %s", child.name, error)
            return NOT_STARTED
        child.process = process
        log.info("%s started, process %d", child.name, process.pid)
        copying = asyncio.create_task(_copy_lines(child, process))
        code = await process.wait()
        kill_group(process.pid)
        await asyncio.wait([copying], timeout=1.0)
        child.process = None
        return code

    def _give_up(self, child: Child) -> None:
        """A child that says it was set up wrongly would say so for ever: stop with its words."""
        self._tell(child.last_line or f"{child.name} cannot be started this way.")
        self._code = MISUSED
        self._stopping.set()

    async def _stop_children(self) -> None:
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        if running:
            await asyncio.wait([asyncio.create_task(process.wait()) for process in running], timeout=STOP_SECONDS)
        for process in running:
            kill_group(process.pid)


async def _copy_lines(child: Child, process: asyncio.subprocess.Process) -> None:
    while process.stdout is not None:
        try:
            line = await process.stdout.readline()
        except ValueError:
            line = b"(a line longer than 1 MiB was left out)"
        if not line:
            return
        if text := line.decode("utf-8", errors="replace").rstrip():
            child.last_line = text
            log.info("%s", text, extra={"from_process": child.name})


def describe(code: int) -> str:
    """An exit status for people."""
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"


def kill_group(pid: int) -> None:
    """Kill what a child left behind: its whole session, whose id is its pid."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
