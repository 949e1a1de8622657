"""Whether a script runs below `server.py`, and how the server is set.

A page must never run under plain `streamlit run`, where no gate stands in front of it. `server.py` therefore leaves its
process id in the environment; the router compares. An id, not a flag, so that a child process does not inherit it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from engine.access.strength import secret_fault
from engine.settings import Settings

ROOT: Final = Path(__file__).resolve().parent.parent
HOSTED: Final = "PLUMBLINE_HOSTED"
IDENTITY: Final = "x-plumbline-identity"
"""Header of a page's websocket that the gate sets: a page can be gone on with only by whom it was opened."""

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
    if settings.bind not in LOOPBACK and not settings.tls:
        return (
            f"PLUMBLINE_BIND={settings.bind} would offer sign-in over plain HTTP to the network. Put a TLS proxy in "
            "front and set PLUMBLINE_TLS=true, or leave PLUMBLINE_BIND at 127.0.0.1."
        )
    return _metrics_refusal(settings) or (_provider_refusal(settings) if settings.oidc_issuer else None)


def _metrics_refusal(settings: Settings) -> str | None:
    file = settings.metrics_token_file
    try:
        fault = secret_fault(file.read_text()) if file is not None else None
    except (OSError, UnicodeDecodeError) as error:
        return f"PLUMBLINE_METRICS_TOKEN_FILE cannot be read ({_why(error)})."
    return f"The token in PLUMBLINE_METRICS_TOKEN_FILE {fault}. Make one with: openssl rand -hex 32" if fault else None


def _provider_refusal(settings: Settings) -> str | None:
    issuer = urlsplit(settings.oidc_issuer)
    if issuer.scheme != "https" and issuer.hostname not in LOOPBACK:
        return "PLUMBLINE_OIDC_ISSUER has to be an https address: whoever stands between could sign in as anybody."
    if not settings.oidc_client_id:
        return "PLUMBLINE_OIDC_ISSUER is set, but PLUMBLINE_OIDC_CLIENT_ID is not."
    try:
        fault = secret_fault(settings.oidc_secret)
    except (OSError, UnicodeDecodeError) as error:
        return f"PLUMBLINE_OIDC_CLIENT_SECRET_FILE cannot be read ({_why(error)})."
    return f"The secret of the identity provider's client {fault}. Set the one the provider gave." if fault else None


def _why(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or "" if isinstance(error, OSError) else "it is no text"


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
