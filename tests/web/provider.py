"""A small identity provider on loopback, with real keys, that can be told to lie."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import socket
import threading
import time
from dataclasses import dataclass, field
from functools import lru_cache
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT = "plumbline"
SECRET = "kGm4vLq0Wn8sZt2xRb6y"
ACCESS = "canary-access-token"


@dataclass
class Provider:
    """Signs everybody in as `person`. `bend` changes the claims just before they are signed; `forge` the signing."""

    person: dict[str, Any] = field(default_factory=lambda: {"sub": "u-1", "preferred_username": "Ann Lee"})
    bend: dict[str, Any] = field(default_factory=dict)
    forge: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    refuse: str = ""

    def __post_init__(self) -> None:
        self.key, self.other = keys()
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[dict[str, str]] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Provider:
        routes = [
            Route("/.well-known/openid-configuration", self.configuration),
            Route("/authorize", self.authorize),
            Route("/token", self.token, methods=["POST"]),
            Route("/jwks", self.jwks),
        ]
        config = uvicorn.Config(Starlette(routes=routes), "127.0.0.1", self.port, log_config=None, ws="none")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, args=([self.listener],), daemon=True)
        self.thread.start()
        deadline = time.monotonic() + 20
        while not self.server.started:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.should_exit = True
        self.thread.join(10)
        self.listener.close()

    async def configuration(self, _request: Request) -> Response:
        known = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        }
        return JSONResponse({**known, **self.metadata})

    async def authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        self.asked.append(asked)
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        answer = {"error": self.refuse} if self.refuse else {"code": code}
        return RedirectResponse(asked["redirect_uri"] + "?" + urlencode({**answer, "state": asked["state"]}))

    async def token(self, request: Request) -> Response:
        async with request.form() as form:
            sent = {key: str(value) for key, value in form.items()}
        asked = self.codes.pop(sent.get("code", ""), None)
        wanted = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        verifier = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(verifier).decode().rstrip("=")
        good = request.headers.get("authorization") == f"Basic {wanted}"
        if (
            asked is None
            or not good
            or asked["code_challenge"] != challenge
            or asked["code_challenge_method"] != "S256"
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        moment = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": moment, "exp": moment + 300, "nonce": asked["nonce"]}
        claims = {key: value for key, value in {**claims, **self.person, **self.bend}.items() if value is not None}
        answer = {"access_token": ACCESS, "token_type": "Bearer", "id_token": self.signed(claims)}
        if self.forge == "no id token":
            del answer["id_token"]
        return JSONResponse(answer)

    async def jwks(self, _request: Request) -> Response:
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})

    def signed(self, claims: dict[str, Any]) -> str:
        """The claims under the right key, or forged."""
        if self.forge == "none":
            return f"{encoded({'alg': 'none'})}.{encoded(claims)}."
        if self.forge == "symmetric":
            from cryptography.hazmat.primitives import hashes, hmac

            head = f"{encoded({'alg': 'HS256', 'kid': 'one'})}.{encoded(claims)}"
            seal = hmac.HMAC(self.key.as_pem(private=False), hashes.SHA256())
            seal.update(head.encode())
            return f"{head}.{base64.urlsafe_b64encode(seal.finalize()).decode().rstrip('=')}"
        key = self.other if self.forge == "other key" else self.key
        token = jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)
        if self.forge == "changed payload":
            head, _payload, seal = token.split(".")
            return f"{head}.{encoded({**claims, 'sub': 'u-2'})}.{seal}"
        return token


@lru_cache(maxsize=1)
def keys() -> tuple[RSAKey, RSAKey]:
    """The key that is published, and one that is not; made once, which takes a second."""
    options: Any = {"kid": "one"}
    return RSAKey.generate_key(2048, options, private=True), RSAKey.generate_key(2048, options, private=True)


def encoded(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
