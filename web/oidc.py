"""Signing in through an identity provider (OpenID Connect): authorization code with PKCE, state and nonce.

It ends in the same session row and the same cookie as a password does. What is remembered between the two steps lies
in a signed cookie of ten minutes, which proves that the browser that comes back is the one that left.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any, Final

import anyio
from authlib.integrations.base_client import OAuthError
from authlib.integrations.starlette_client import OAuth
from authlib.oidc.core import CodeIDToken
from httpx2 import HTTPError
from itsdangerous import BadSignature, URLSafeTimedSerializer
from joserfc.errors import JoseError
from starlette.requests import Request
from starlette.responses import Response

from engine.actions import identities
from engine.errors import PlumblineError
from engine.settings import Settings, get_settings
from web import signin
from web.errors import answer
from web.forms import page, safe_next
from web.logs import log

_FLOW: Final = "plumbline_oidc"
_FLOW_PATH: Final = "/auth/oidc"
_FLOW_SECONDS: Final = 600
_SIGNED_BY: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Only signatures that need the provider's private key."""


async def login(request: Request) -> Response:
    """`GET /auth/oidc/login`: on to the provider."""
    settings = get_settings()
    if not settings.oidc_issuer:
        return _not_offered()
    flow: dict[str, Any] = {}
    try:
        client = await _client(settings)
        leave: Response = await client.authorize_redirect(_with(request, flow), _callback_address(request, settings))
    except (HTTPError, OAuthError, RuntimeError, ValueError) as error:
        return _failed("the provider does not answer as it should", error)
    flow["next"] = safe_next(request.query_params.get("next", "/"))
    leave.set_cookie(
        _FLOW,
        _signer(settings).dumps(flow),
        max_age=_FLOW_SECONDS,
        path=_FLOW_PATH,
        httponly=True,
        samesite="lax",
        secure=settings.tls,
    )
    return leave


async def callback(request: Request) -> Response:
    """`GET /auth/oidc/callback`: back from the provider, with a code or a refusal."""
    settings = get_settings()
    if not settings.oidc_issuer:
        return _not_offered()
    flow = _flow(request, settings)
    try:
        client = await _client(settings)
        options = {"iss": _must_be(client.server_metadata["issuer"]), "aud": _must_be(settings.oidc_client_id)}
        token = await client.authorize_access_token(
            _with(request, flow), claims_options=options, claims_cls=CodeIDToken
        )
        claims = token["userinfo"]
        name = str(claims.get("preferred_username") or claims.get("email") or claims.get("name") or "")
        user_id = await anyio.to_thread.run_sync(
            identities.arrive, str(claims["iss"]), str(claims["sub"]), name, settings.oidc_role
        )
    except PlumblineError as error:
        return _refused(error.message, error.http_status)
    except (HTTPError, JoseError, OAuthError, RuntimeError, ValueError, KeyError, TypeError) as error:
        return _failed("what came back could not be believed", error)
    done = await signin.signed_in(request, user_id, safe_next(str(flow.get("next", "/"))))
    done.delete_cookie(_FLOW, path=_FLOW_PATH, httponly=True, samesite="lax", secure=settings.tls)
    return done


def _with(request: Request, flow: dict[str, Any]) -> Request:
    """The request with a session for Authlib that is ours alone: the one there may be is kept by Streamlit."""
    return Request({**request.scope, "session": flow}, request.receive)


def _must_be(value: str) -> dict[str, Any]:
    return {"essential": True, "value": value}


async def _client(settings: Settings) -> Any:
    """Authlib's client of the provider, its metadata loaded and found to be of the issuer that was set."""
    client = _registered(settings.oidc_issuer, settings.oidc_client_id, settings.oidc_secret)
    metadata = await client.load_server_metadata()
    if str(metadata.get("issuer", "")).rstrip("/") != settings.oidc_issuer.rstrip("/"):
        raise ValueError("the metadata are of another issuer")
    offered = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
    metadata["id_token_signing_alg_values_supported"] = [name for name in offered if name in _SIGNED_BY]
    return client


@lru_cache(maxsize=4)
def _registered(issuer: str, client_id: str, secret: str) -> Any:
    return OAuth().register(
        "provider",
        client_id=client_id,
        client_secret=secret,
        server_metadata_url=issuer.rstrip("/") + "/.well-known/openid-configuration",
        client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256", "timeout": 10},
    )


def _callback_address(request: Request, settings: Settings) -> str:
    """The address the provider sends people back to: the host they came by, which the gate has checked."""
    scheme = "https" if settings.tls else request.url.scheme
    return f"{scheme}://{request.headers['host']}{_FLOW_PATH}/callback"


def _flow(request: Request, settings: Settings) -> dict[str, Any]:
    """What was remembered when this browser left, or nothing."""
    try:
        kept: dict[str, Any] = _signer(settings).loads(request.cookies.get(_FLOW, ""), max_age=_FLOW_SECONDS)
    except BadSignature:
        return {}
    return kept


def _signer(settings: Settings) -> URLSafeTimedSerializer:
    """Signs with a key derived from the client's secret, which all web processes of an installation share."""
    key = hashlib.sha256(b"plumbline oidc flow|" + settings.oidc_secret.encode()).digest()
    return URLSafeTimedSerializer(key, salt=settings.oidc_client_id)


# ------------------------------------------------------------------ answers


def _not_offered() -> Response:
    return answer(404, "http_404", "There is nothing at this address.")


def _failed(what: str, error: Exception) -> Response:
    """The reason is logged by its kind only: messages of providers may hold codes and tokens."""
    log.warning("sign-in through the provider failed", reason=what, kind=type(error).__name__)
    return _refused(f"Signing in through {get_settings().oidc_name} did not work: {what}. Try again.", 401)


def _refused(message: str, status: int) -> Response:
    refusal = page(status, title="Not signed in", error=message, way_out="Back to the sign-in page")
    refusal.delete_cookie(_FLOW, path=_FLOW_PATH, httponly=True, samesite="lax", secure=get_settings().tls)
    return refusal
