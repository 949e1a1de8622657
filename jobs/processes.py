"""What every long-lived process does at its start and end: die with its parent, stop when asked, say what happens."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from types import FrameType

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
DESCRIPTORS = 65_536
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when `parent` ends, however it ends. Linux only; elsewhere nothing happens.

    The signal comes when the *thread* that created this process ends: start children from the main thread.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def adopt_orphans() -> None:
    """Have what children of children leave behind stay below this process: with it, all of them are found."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def raise_descriptors() -> None:
    """Let this process and its children open as many files as the machine allows, up to `DESCRIPTORS`.

    An open page takes one, or two while it listens for events: a shell's 1,024 would be taken by five hundred pages.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """The environment of a child: one BLAS thread (4–20 times faster on our shapes), output not held back."""
    single = dict.fromkeys(THREAD_VARIABLES, "1")
    return {**os.environ, **single, "PYTHONUNBUFFERED": "1", **extra}


def stop_event(wake: Callable[[], None] = lambda: None) -> threading.Event:
    """An event that SIGTERM and Ctrl-C set; `wake` is called then too, for loops that wait on something else."""
    stop = threading.Event()
    listen(stop, wake)
    return stop


def listen(stop: threading.Event, wake: Callable[[], None]) -> None:
    """Have SIGTERM and Ctrl-C set `stop`; once more after a library has put its own handlers in the place of ours."""

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        wake()

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
