"""How far reading is behind the files it follows."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from engine.settings import Settings
from engine.store.engine import fetch

RECOUNT_SECONDS: Final = 15.0

_FOLLOWED: Final = """
SELECT p.slug, d.source, d.follow ->> 'offset' FROM dataset AS d JOIN project AS p ON p.id = d.project_id
WHERE d.source IS NOT NULL AND d.removed_at IS NULL
"""


class Lag:
    """Figures of the inbox; looked at again after a while only, since there may be very many files."""

    def __init__(self, settings: Settings) -> None:
        self._inbox = settings.inbox
        self._counted = float("-inf")
        self._figures: Mapping[str, Any] = {}

    def figures(self) -> Mapping[str, Any]:
        """How many files are followed, and how many of their bytes were not read yet. Raises StoreUnavailable."""
        if time.monotonic() - self._counted > RECOUNT_SECONDS:
            unread = [self._unread(*row) for row in fetch(_FOLLOWED)]
            there = [count for count in unread if count is not None]
            self._figures = {"inbox_files": len(there), "inbox_unread_bytes": sum(there)}
            self._counted = time.monotonic()
        return self._figures

    def _unread(self, project: str, source: str, offset: Any) -> int | None:
        """Bytes behind the offset; None for a file that is gone."""
        try:
            return max((self._inbox / project / source).stat().st_size - int(offset or 0), 0)
        except OSError:
            return None
