"""An answer kept as bytes, plain and gzipped once, with a validator: what many browsers ask for again and again."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

FOR_EVER: Final = "private, max-age=31536000, immutable"
ASK_AGAIN: Final = "private, no-cache"
NEVER_KEPT: Final = "no-store"
_WORTH_GZIP: Final = 1000


@dataclass(frozen=True, slots=True)
class Encoded:
    """A body with its media type, its gzipped twin where that is smaller, and its ETag."""

    body: bytes
    media_type: str
    zipped: bytes | None
    etag: str

    @classmethod
    def of(cls, body: bytes, media_type: str, level: int = 6) -> Encoded:
        """Encode `body`; `level` is gzip's."""
        zipped = gzip.compress(body, level, mtime=0) if len(body) >= _WORTH_GZIP else None
        if zipped is not None and len(zipped) > 0.95 * len(body):
            zipped = None
        return cls(body, media_type, zipped, f'"{hashlib.sha256(body).hexdigest()[:24]}"')

    def respond(self, request: Request, cache_control: str) -> Response:
        """The answer to `request`: 304 where the browser has it already."""
        headers = {"etag": self.etag, "cache-control": cache_control, "vary": "Accept-Encoding"}
        if self.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        body = self.body
        if self.zipped is not None and "gzip" in request.headers.get("accept-encoding", ""):
            body, headers["content-encoding"] = self.zipped, "gzip"
        return Response(body, headers=headers, media_type=self.media_type)
