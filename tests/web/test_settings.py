import os
import subprocess
import sys
from pathlib import Path

import pytest
import streamlit as st
from streamlit import config
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session

from engine.errors import UsageError
from engine.settings import ROOT, Settings
from engine.store.engine import fetch
from jobs import preflight
from tests.web.conftest import Desk
from tests.web.everything import over_http
from tests.web.serving import PASSWORD
from web import hosting, lifespan, tuning

PINNED = {
    "client.showErrorDetails": "none",
    "client.toolbarMode": "minimal",
    "browser.gatherUsageStats": False,
    "server.enableStaticServing": False,
    "server.enableAgentApi": False,
    "server.enableXsrfProtection": True,
    "server.trustedUserHeaders": {hosting.IDENTITY: "identity"},
    "server.enableWebsocketCompression": False,
    "server.fileWatcherType": "none",
    "server.maxUploadSize": 1,
    "server.headless": True,
    "server.allowedHosts": ["localhost", "127.0.0.1"],
    "runner.postScriptGC": False,
}


def test_every_option_that_safety_hangs_on_is_set() -> None:
    found = hosting.options(Settings())
    assert {name: found[name] for name in PINNED} == PINNED


def test_every_option_exists_and_the_server_reads_them_back(monkeypatch: pytest.MonkeyPatch) -> None:
    options = hosting.options(Settings())
    in_force = dict(options)
    monkeypatch.setattr(st, "get_option", in_force.__getitem__)
    lifespan.check_options(Settings())
    for name in options:
        in_force[name] = object()
        with pytest.raises(RuntimeError, match=name):
            lifespan.check_options(Settings())
        in_force[name] = options[name]


def test_a_remembered_theme_is_the_theme(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = app_session._populate_theme_msg
    monkeypatch.setattr(app_session, "_populate_theme_msg", fresh)  # put back afterwards
    config.set_option("theme.light.primaryColor", "#2A56C6")
    tuning.remember_themes()
    for section in ("theme", "theme.light", "theme.dark", "theme.sidebar", "theme.light.sidebar"):
        expected, first, again = CustomThemeConfig(), CustomThemeConfig(), CustomThemeConfig()
        fresh(expected, section)
        app_session._populate_theme_msg(first, section)
        app_session._populate_theme_msg(again, section)
        assert first == expected
        assert again == expected


def test_the_theme_message_is_taken_from_our_own_addresses_only() -> None:
    found = hosting.origins(Settings(port=8501, allowed_hosts="localhost,::1"))
    assert found == ["http://localhost", "http://localhost:8501", "http://[::1]", "http://[::1]:8501"]
    assert hosting.origins(Settings(tls=True, allowed_hosts="a.example"))[0] == "https://a.example"


def test_a_page_knows_whether_the_server_stands_above_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in ("", "1", "true", str(os.getppid())):
        monkeypatch.setenv(hosting.HOSTED, value)
        assert not hosting.is_hosted()
    hosting.mark_hosted()
    assert hosting.is_hosted()


@pytest.mark.parametrize(
    ("bind", "tls", "refused"),
    [
        ("127.0.0.1", False, False),
        ("::1", False, False),
        ("0.0.0.0", False, True),
        ("10.0.0.1", False, True),
        ("::", True, False),
    ],
)
def test_plain_http_is_not_offered_to_the_network(bind: str, tls: bool, refused: bool) -> None:
    assert (hosting.refusal(Settings(bind=bind, tls=tls)) is not None) == refused


def test_an_unsafe_installation_does_not_start(tmp_path: Path) -> None:
    environment = {**os.environ, "PLUMBLINE_BIND": "0.0.0.0", "PLUMBLINE_HOME": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "server.py"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 2
    assert "PLUMBLINE_TLS" in ended.stderr.splitlines()[-1]


# ------------------------------------------------------------------ secrets that protect nothing

GOOD = "kGm4vLq0Wn8sZt2xRb6y"
WEAK = (
    "",
    " \n",
    "short",
    "changeme-changeme-changeme",
    "aaaaaaaaaaaaaaaaaaaaaaa",
    "your-token-goes-here-1",
    GOOD[:15],
)
PROVIDER = {"oidc_issuer": "https://id.example", "oidc_client_id": "plumbline"}


@pytest.mark.parametrize("secret", WEAK)
def test_a_secret_that_anybody_could_guess_is_refused(tmp_path: Path, secret: str) -> None:
    file = tmp_path / "secret"
    file.write_text(secret)
    for settings in (
        Settings(metrics_token_file=file),
        Settings(**PROVIDER, oidc_client_secret_file=file),
        Settings(**PROVIDER, oidc_client_secret=secret),
    ):
        reason = hosting.refusal(settings)
        assert reason is not None
        assert not secret.strip() or secret.strip() not in reason


def test_a_secret_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00\x80" * 8)
    for file in (tmp_path / "nowhere", tmp_path, binary):
        for settings in (Settings(metrics_token_file=file), Settings(**PROVIDER, oidc_client_secret_file=file)):
            assert "cannot be read" in (hosting.refusal(settings) or "")


@pytest.mark.parametrize(
    "more", [{"oidc_issuer": "http://id.example"}, {"oidc_client_id": ""}, {"oidc_issuer": "id.example"}]
)
def test_a_provider_that_anybody_could_play_is_refused(more: dict[str, str]) -> None:
    assert hosting.refusal(Settings(**{**PROVIDER, "oidc_client_secret": GOOD, **more})) is not None


def test_good_secrets_are_taken(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(GOOD + "\n")
    assert hosting.refusal(Settings()) is None
    assert hosting.refusal(Settings(**PROVIDER, metrics_token_file=file, oidc_client_secret_file=file)) is None


def test_nobody_becomes_an_administrator_over_the_web(desk: Desk) -> None:
    """A fresh installation has no set-up page: the first link is printed on the machine."""
    words = ("setup", "set-up", "install", "register", "signup", "sign-up", "init", "admin", "bootstrap", "first")
    assert not [path for path in over_http() if any(word in path.lower() for word in words)]
    client = desk.visitor()
    for path in ("/signin/link", "/auth/session", "/signin/password"):
        for sent in ({}, {"token": ""}, {"token": "", "name": "eve", "password": PASSWORD, "role": "admin"}):
            assert client.post(path, data=sent).status_code in (303, 401, 404)
    assert fetch('SELECT count(*) FROM "user"') == [(0,)]
    assert fetch("SELECT count(*) FROM session") == [(0,)]


def test_the_launcher_refuses_before_it_starts_anything(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with pytest.raises(UsageError, match="PLUMBLINE_TLS") as refused:
        preflight.check(Settings(home=home, bind="0.0.0.0"))
    assert refused.value.code == "unsafe"
    assert not home.exists()
