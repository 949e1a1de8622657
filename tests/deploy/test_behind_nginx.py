"""Two web processes behind nginx, as deploy/compose.yaml runs them: sign in, stay, hear events, outlive one of them."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.sync.client import ClientConnection, connect

from engine.settings import ROOT, get_settings
from engine.store.engine import close_store, fetch
from engine.store.migrate import migrate
from engine.store.transaction import transaction
from tests.deploy.proxy import HOST, await_port, free_port, nginx
from tests.web.serving import PASSWORD, register
from web.gate import COOKIE

pytestmark = pytest.mark.timeout(300)


@dataclass
class Site:
    """What a browser sees, and the web processes behind."""

    tls: int
    processes: list[subprocess.Popen[bytes]]

    def browser(self) -> httpx2.Client:
        headers = {"host": HOST, "origin": f"https://{HOST}", "accept": "text/html"}
        return httpx2.Client(base_url=f"https://127.0.0.1:{self.tls}", headers=headers, verify=False, timeout=30)

    def live(self, cookie: str) -> ClientConnection:
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        return connect(
            f"wss://{HOST}/live",
            ssl=trusting,
            sock=socket.create_connection(("127.0.0.1", self.tls)),
            origin=f"https://{HOST}",  # type: ignore[arg-type]
            additional_headers={"Cookie": f"{COOKIE}={cookie}"},
            open_timeout=30,
        )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home, ports = tmp_path_factory.mktemp("home"), [free_port(), free_port()]
    settings = {
        "PLUMBLINE_HOME": str(home),
        "PLUMBLINE_DATABASE_URL": "",
        "PLUMBLINE_TLS": "true",
        "PLUMBLINE_ALLOWED_HOSTS": f"{HOST},127.0.0.1",
        "FORWARDED_ALLOW_IPS": "*",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        get_settings.cache_clear()
        migrate()
        processes = [started(port, home / f"{port}.log") for port in ports]
        try:
            for port in ports:
                await_port(port, 120)
            with nginx(tmp_path_factory.mktemp("nginx"), ports) as (_plain, tls):
                yield Site(tls, processes)
        finally:
            for process in processes:
                process.terminate()
                process.wait(15)
            close_store()
    get_settings.cache_clear()


def started(port: int, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        env = {**os.environ, "PLUMBLINE_PORT": str(port)}
        return subprocess.Popen([sys.executable, "server.py"], cwd=ROOT, env=env, stdout=output, stderr=output)


def next_event(page: ClientConnection) -> dict[str, Any]:
    while "events" not in (message := json.loads(page.recv(timeout=30))):
        pass
    return dict(message["events"][0])


def heard(site: Site, cookie: str) -> str:
    """What an open page hears of a change."""
    with site.live(cookie) as page:
        page.send('{"since": null}')
        assert "hello" in json.loads(page.recv(timeout=30))
        with transaction() as tx:
            tx.publish("main", "project/main", "tick", {})
        return str(next_event(page)["kind"])


def test_somebody_signs_in_and_hears_events_also_when_a_process_dies(site: Site) -> None:
    register("ann")
    with site.browser() as browser:
        assert browser.get("/").status_code == 303
        assert browser.get("/signin").status_code == 200
        form = {"name": "ann", "password": PASSWORD}
        answer = browser.post("/auth/session", data=form, headers={"x-forwarded-for": "6.6.6.6"})
        assert answer.status_code in (200, 303)
        (given,) = [header for header in answer.headers.get_list("set-cookie") if header.startswith(COOKIE)]
        assert "Secure" in given
        assert "HttpOnly" in given
        cookie = given.partition("=")[2].partition(";")[0]
        browser.headers["cookie"] = f"{COOKIE}={cookie}"
        assert browser.get("/").status_code == 200
    addresses = {address for (address,) in fetch("SELECT address FROM session")}
    assert "6.6.6.6" not in addresses, "nobody says themselves where they come from"
    assert heard(site, cookie) == "tick"
    for process in site.processes[:1]:
        process.kill()
        process.wait()
    assert heard(site, cookie) == "tick"
    others = [register(f"visitor {number}", "viewer").cookie for number in range(4)]
    assert [heard(site, other) for other in others] == ["tick"] * 4, "also those who were on the other one"
