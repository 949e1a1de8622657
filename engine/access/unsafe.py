"""Settings with which the product must not be started. The launcher asks before anything else, the server once more."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from engine.access.strength import secret_fault
from engine.settings import Settings

LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


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
