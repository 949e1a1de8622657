"""Whether a script runs below `server.py`, and how the server is set.

A page must never run under plain `streamlit run`, where no gate stands in front of it. `server.py` therefore leaves its
process id in the environment; the router compares. An id, not a flag, so that a child process does not inherit it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from engine.access.unsafe import refusal
from engine.settings import Settings

__all__ = ["HOSTED", "IDENTITY", "ROOT", "is_hosted", "mark_hosted", "options", "origins", "refusal"]

ROOT: Final = Path(__file__).resolve().parent.parent
HOSTED: Final = "PLUMBLINE_HOSTED"
IDENTITY: Final = "x-plumbline-identity"
"""Header of a page's websocket that the gate sets: a page can be gone on with only by whom it was opened."""


def mark_hosted() -> None:
    """Tell the scripts of this process that the gate stands in front of them."""
    os.environ[HOSTED] = str(os.getpid())


def is_hosted() -> bool:
    """Whether this process was started by `server.py`."""
    return os.environ.get(HOSTED) == str(os.getpid())


def origins(settings: Settings) -> list[str]:
    """The addresses under which browsers may reach this installation."""
    scheme = "https" if settings.tls else "http"
    named = [f"[{host}]" if ":" in host else host for host in settings.hosts]
    return [f"{scheme}://{host}{port}" for host in named for port in ("", f":{settings.port}")]


def options(settings: Settings) -> dict[str, Any]:
    """Every Streamlit option that the product depends on; read back when the server starts."""
    return {
        "server.address": settings.bind,
        "server.port": settings.port,
        "server.headless": True,
        "server.allowedHosts": list(settings.hosts),
        "server.enableXsrfProtection": True,
        "server.trustedUserHeaders": {IDENTITY: "identity"},
        "server.enableCORS": True,
        "server.enableStaticServing": False,
        "server.enableAgentApi": False,
        "server.enableWebsocketCompression": False,
        "server.fileWatcherType": "none",
        "server.runOnSave": False,
        "server.maxUploadSize": 1,
        "runner.postScriptGC": False,
        "runner.magicEnabled": False,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "client.showSidebarNavigation": True,
        "client.allowedOrigins": origins(settings),
        "browser.gatherUsageStats": False,
        "global.developmentMode": False,
        "logger.level": "warning",
        "logger.enableRich": False,
    }
