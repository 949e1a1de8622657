"""A full disk is no file's fault: what could not be written is tried again when there is space."""

from __future__ import annotations

import errno

from engine.errors import StoreUnavailable

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def full(error: BaseException | None) -> StoreUnavailable | None:
    """The error to raise instead where a full disk is behind this one, else None."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in FULL:
            return StoreUnavailable("The disk is full; nothing was kept. Free some space.", code="store_full")
        error = error.__cause__ or error.__context__
    return None
