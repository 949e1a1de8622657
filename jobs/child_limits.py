"""What a reader's child denies itself before it touches a file: network, other programs, memory, processor time."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import threading
import time
from typing import Any

from jobs.priority import yield_to_pages

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_NO_NEW_PRIVS = 38

_DENIED = (
    "socket.",
    "subprocess.",
    "os.system",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "pickle.find_class",
)
_NICENESS = 10


def leave_the_network() -> bool:
    """Move into an empty network name space where the kernel lets us. Call before any thread starts."""
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    return bool(libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0 or libc.unshare(_CLONE_NEWNET) == 0)


def deny() -> None:
    """Refuse sockets, other programs and unpickling for the rest of this process's life: hooks cannot be removed."""
    sys.addaudithook(_refuse)


def _refuse(event: str, _arguments: tuple[Any, ...]) -> None:
    if event.startswith(_DENIED):
        raise PermissionError(f"a reader may not do this: {event}")


def limit_memory(extra: int) -> None:
    """Bound the address space to what is mapped now and `extra` bytes."""
    with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - nothing is imported here that is not needed
        mapped = int(file.read().split()[0]) * resource.getpagesize()
    bound = mapped + extra
    resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def limit_processor(seconds: int) -> None:
    """Allow this much more processor time; the kernel ends the process after it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    bound = int(used.ru_utime + used.ru_stime) + max(1, seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (bound, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def be_modest(niceness: int = _NICENESS) -> None:
    """Lowest priority among ours, and no reaction to the terminal's Ctrl-C: the parent decides."""
    yield_to_pages(niceness, niceness)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def die_with(parent: int) -> None:
    """End this process within a second of its parent's end."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="parent").start()


def resident() -> int:
    """Bytes of memory this process holds."""
    with open("/proc/self/statm", "rb") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * resource.getpagesize()
