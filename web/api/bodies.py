"""Bodies of requests: bounded in size, in time and, where they are packed, in what they unpack to."""

from __future__ import annotations

import asyncio
import sys
import zlib
from typing import Any, Final

import anyio
import orjson
from starlette.requests import Request

from engine.errors import LimitExceeded, PlumblineError, UsageError
from engine.words import whole

UNPACKED: Final = 4
"""How many times the size of the largest body a packed one may have when it is unpacked."""

JSON_BYTES: Final = 1024**2
LINES: Final = ("application/x-ndjson", "application/jsonl", "application/octet-stream", "text/plain")
_SILENCE_SECONDS: Final = 60


class UnsupportedError(PlumblineError):
    """A body of a kind that is not read here."""

    code = "unsupported_media_type"
    http_status = 415


class TooSlowError(PlumblineError):
    """Nothing arrived for a minute."""

    code = "too_slow"
    http_status = 408


async def lines_of(request: Request, most: int) -> bytes:
    """The rows of a request, unpacked. Raises UnsupportedError, LimitExceeded, UsageError, TooSlowError."""
    kind = _media_type(request)
    if kind and kind not in LINES:
        raise UnsupportedError(f"Rows come as {LINES[0]}: one JSON object a line.")
    packing = request.headers.get("content-encoding", "identity").strip().lower()
    if packing not in ("identity", "gzip"):
        raise UnsupportedError("Rows come as they are or with Content-Encoding: gzip.", code="unsupported_encoding")
    body = await _read(request, most)
    return await anyio.to_thread.run_sync(unpacked, body, most * UNPACKED) if packing == "gzip" else body


async def object_of(request: Request) -> dict[str, Any]:
    """The JSON object of a request; no body is an empty one. Raises UnsupportedError, UsageError, LimitExceeded."""
    body = await _read(request, JSON_BYTES)
    if body and _media_type(request) != "application/json":
        raise UnsupportedError("Send Content-Type: application/json.")
    try:
        value = orjson.loads(body) if body else {}
    except orjson.JSONDecodeError as error:
        raise UsageError(f"The body is not valid JSON: {error.msg}.", code="invalid_json") from error
    if not isinstance(value, dict):
        raise UsageError("The body has to be a JSON object.", code="not_an_object")
    return value


def unpacked(body: bytes, most: int) -> bytes:
    """What gzip packed, members after each other included; stops at `most` bytes whatever the body promises."""
    parts: list[bytes] = []
    left = most
    while body:
        member = zlib.decompressobj(wbits=31)
        try:
            part = member.decompress(body, left + 1)
        except zlib.error as error:
            raise UsageError("The body is not valid gzip.", code="bad_gzip") from error
        if len(part) > left:
            raise LimitExceeded(
                f"Unpacked, the rows are more than {most:,} bytes. Send them in parts.", code="too_large"
            )
        if not member.eof:
            raise UsageError("The gzip of the body ends too early.", code="bad_gzip")
        parts.append(part)
        left -= len(part)
        body = member.unused_data
    return b"".join(parts)


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _read(request: Request, most: int) -> bytes:
    announced = whole(request.headers.get("content-length", ""), sys.maxsize)
    if announced is not None and announced > most:
        raise _too_large(most)
    body, stream = bytearray(), request.stream()
    while True:
        try:
            body += await asyncio.wait_for(anext(stream), _SILENCE_SECONDS)
        except StopAsyncIteration:
            return bytes(body)
        except TimeoutError:
            raise TooSlowError(f"Nothing arrived for {_SILENCE_SECONDS} s. Nothing was added; send it again.") from None
        if len(body) > most:
            raise _too_large(most)


def _too_large(most: int) -> LimitExceeded:
    return LimitExceeded(f"A request here has at most {most:,} bytes. Send it in parts.", code="too_large")
