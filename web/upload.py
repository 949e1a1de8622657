"""`/upload`: a file streams to disk, is hashed on the way and waits for the runner. Nothing of it is parsed here."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import secrets
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final

import anyio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from engine.actions.datasets import may_receive, receive_upload
from engine.errors import AccessDenied, InputRefused, LimitExceeded, UsageError
from engine.queries import projects
from engine.settings import Settings, get_settings
from engine.types import Who
from engine.words import whole
from web.errors import answer

_BLOCK: Final = 1024**2
_SILENCE_SECONDS: Final = 60
_ABANDONED_SECONDS: Final = 3600
_LONGEST_NAME: Final = 1_000


class DiskFullError(Exception):
    """Less free disk than the watermark leaves."""


async def upload(request: Request) -> Response:
    """`PUT` or `POST /upload?project=…&name=…&map=field=column`: the raw body in, `{dataset, run}` out."""
    who: Who = request.state.who
    return await receive(request, who, *await _asked(request, who))


async def receive(request: Request, who: Who, project: str, name: str, mapping: Mapping[str, str]) -> Response:
    """Take the body of a request whose sender may add data to the project."""
    settings = get_settings()
    announced = _announced(request, settings)
    await anyio.to_thread.run_sync(may_receive, who, project, announced)
    try:
        _room_for(settings, announced)
        path, digest, size = await _stored(request, settings)
    except DiskFullError:
        return answer(
            507, "disk_full", "The server's disk is nearly full. The file was not kept; free some space first."
        )
    except TimeoutError:
        return answer(
            408, "too_slow", f"Nothing arrived for {_SILENCE_SECONDS} s. The file was not kept; send it again."
        )
    try:
        taken = await anyio.to_thread.run_sync(receive_upload, who, project, name, path, digest, size, mapping)
    finally:
        path.unlink(missing_ok=True)
    return JSONResponse({"dataset": taken.dataset_id, "run": taken.run_id}, 201)


async def _asked(request: Request, who: Who) -> tuple[str, str, dict[str, str]]:
    """Project, file name and mapping of the request, checked before the first byte is taken."""
    project, name = request.query_params.get("project", ""), request.query_params.get("name", "").strip()
    if not who.at_least("analyst", project):
        raise AccessDenied(f"Adding data needs the role of analyst there; yours is {who.role_in(project)}.")
    if not name or len(name) > _LONGEST_NAME:
        raise UsageError("Say what the file is called: ?name=<file name>.")
    if project not in [known.slug for known in await anyio.to_thread.run_sync(projects.list_projects, who)]:
        raise UsageError("Say which project the file is for: ?project=<its short name>.", code="no_project")
    pairs = [pair.partition("=") for pair in request.query_params.getlist("map")]
    return project, name, {field: column for field, _, column in pairs}


def _announced(request: Request, settings: Settings) -> int:
    """The size the client says it will send, 0 where it does not say; a file too large is refused unread."""
    size = whole(request.headers.get("content-length", "0"), sys.maxsize) or 0
    if size > settings.max_upload_bytes:
        raise _too_large(settings)
    return size


async def _stored(request: Request, settings: Settings) -> tuple[Path, str, int]:
    """Stream the body to a file of a random name: its path, sha256 and size. Nothing is left where that fails."""
    settings.uploads.mkdir(parents=True, exist_ok=True)
    path = settings.uploads / secrets.token_hex(16)
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("xb") as file:
            async for block in _blocks(request):
                size += len(block)
                if size > settings.max_upload_bytes:
                    raise _too_large(settings)
                _room_for(settings, len(block))
                await anyio.to_thread.run_sync(_take, file, digest, block)
        if size == 0:
            raise InputRefused("The file is empty. Nothing was kept.", code="empty_file")
    except OSError as error:
        path.unlink(missing_ok=True)
        raise DiskFullError if error.errno in (errno.ENOSPC, errno.EDQUOT) else error from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path, digest.hexdigest(), size


async def _blocks(request: Request) -> AsyncIterator[bytes]:
    """The body in blocks of about a megabyte. TimeoutError where the client falls silent."""
    stream, block = request.stream(), bytearray()
    while True:
        try:
            block += await asyncio.wait_for(anext(stream), _SILENCE_SECONDS)
        except StopAsyncIteration:
            break
        if len(block) >= _BLOCK:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)


def _take(file: BinaryIO, digest: hashlib._Hash, block: bytes) -> None:
    digest.update(block)
    file.write(block)


def _room_for(settings: Settings, size: int) -> None:
    """Raise DiskFullError where `size` more bytes would go below the watermark."""
    settings.uploads.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(settings.uploads).free - size < settings.min_free_disk_bytes:
        raise DiskFullError


def _too_large(settings: Settings) -> LimitExceeded:
    limit = settings.max_upload_bytes / 1024**2
    return LimitExceeded(
        f"The file is larger than {limit:,.0f} MiB, the most that is taken here. Nothing was kept. Put it into the "
        "inbox folder instead, or split it.",
        code="too_large",
    )


def remove_abandoned(uploads: Path, now: float) -> int:
    """Delete uploads that nothing wrote to for an hour: their server died, or nobody took them. Returns how many."""
    if not uploads.is_dir():
        return 0
    old = [file for file in uploads.iterdir() if file.is_file() and file.stat().st_mtime < now - _ABANDONED_SECONDS]
    for file in old:
        file.unlink(missing_ok=True)
    return len(old)
