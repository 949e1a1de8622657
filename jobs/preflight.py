"""What the launcher makes sure of before it starts anything, and how it knows that the web process answers."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import shutil
import socket
import time
from collections.abc import Iterator
from logging.handlers import RotatingFileHandler
from pathlib import Path

from engine.access.unsafe import refusal
from engine.errors import UsageError
from engine.logs import Collected
from engine.settings import Settings, get_settings

HEALTH_SECONDS = 60.0


def check(settings: Settings) -> None:
    """Refuse to start where it could not work, or would be open to others, and say why."""
    if reason := refusal(settings):
        raise UsageError(reason, code="unsafe")
    check_home(settings)
    _check_disk(settings)
    _check_port(settings)


def check_home(settings: Settings) -> None:
    """Make the home folder, or say why it cannot be used."""
    try:
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = settings.home / ".writable"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        message = f"The home folder {settings.home} cannot be written ({error.strerror}). Set PLUMBLINE_HOME."
        raise UsageError(message, code="home") from error


def _check_disk(settings: Settings) -> None:
    free = shutil.disk_usage(settings.home).free
    if free < settings.min_free_disk_bytes:
        needed = settings.min_free_disk_bytes // 1024**2
        message = f"Only {free // 1024**2} MB are free where the home folder lies; {needed} MB are needed."
        raise UsageError(message, code="disk")


def _check_port(settings: Settings) -> None:
    with socket.socket(socket.AF_INET6 if ":" in settings.bind else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.bind, settings.port))
        except OSError as error:
            message = f"Port {settings.port} on {settings.bind} is not free. Set PLUMBLINE_PORT to another one."
            raise UsageError(message, code="port") from error


@contextlib.contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Hold the home folder: two launchers never share one."""
    with (home / "launcher.lock").open("a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            message = f"Plumbline already runs on this home folder (process {lock.read().strip() or 'unknown'})."
            raise UsageError(message, code="running") from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def open_log(log: logging.Logger, home: Path) -> Path:
    """Write a logger to the one log of all processes, a JSON line an event, rotated by size; returns its path."""
    path = home / "log" / "plumbline.log"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handler = RotatingFileHandler(path, maxBytes=get_settings().log_bytes, backupCount=3, encoding="utf-8")
    handler.setFormatter(Collected())
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    return path


async def healthy(settings: Settings, seconds: float = HEALTH_SECONDS) -> bool:
    """Wait until the web process answers."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection(settings.bind, settings.port)
            writer.write(f"GET /_stcore/health HTTP/1.0\r\nHost: {settings.hosts[0]}:{settings.port}\r\n\r\n".encode())
            status = await reader.readuntil(b"\r\n")
            writer.close()
            if b" 200 " in status:
                return True
        await asyncio.sleep(0.1)
    return False
