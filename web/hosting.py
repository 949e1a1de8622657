"""Whether a script runs below `server.py`, and how the server is set.

A page must never run under plain `streamlit run`, where no gate stands in front of it. `server.py` therefore leaves its
process id in the environment; the router compares. An id, not a flag, so that a child process does not inherit it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from engine.settings import Settings

ROOT: Final = Path(__file__).resolve().parent.parent
HOSTED: Final = "PLUMBLINE_HOSTED"
LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


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


def refusal(settings: Settings) -> str | None:
    """Why this installation must not be started, or None."""
    if settings.bind in LOOPBACK or settings.tls:
        return None
    return (
        f"PLUMBLINE_BIND={settings.bind} would offer sign-in over plain HTTP to the network. Put a TLS proxy in front "
        "and set PLUMBLINE_TLS=true, or leave PLUMBLINE_BIND at 127.0.0.1."
    )


def options(settings: Settings) -> dict[str, Any]:
    """Every Streamlit option that the product depends on; read back when the server starts."""
    return {
        "server.address": settings.bind,
        "server.port": settings.port,
        "server.headless": True,
        "server.allowedHosts": list(settings.hosts),
        "server.enableXsrfProtection": True,
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
    }
