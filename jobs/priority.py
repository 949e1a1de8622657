"""How little of the processor a process asks for while the pages want it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def yield_to_pages(niceness: int, session: int) -> None:
    """Lower this process (0 to 19) and the session that it leads (0 to 19)."""
    os.nice(niceness)
    weigh_session(session)


def weigh_session(niceness: int, process: int | None = None) -> None:
    """The niceness of a process's session, ours where none is named.

    Many kernels share the processor between sessions, and only then inside. Kernels that do not
    share it so refuse this; the niceness of the process is all that counts there.
    """
    with contextlib.suppress(OSError):
        Path(f"/proc/{process or 'self'}/autogroup").write_text(str(niceness))
