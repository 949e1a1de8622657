"""Secrets sent through the whole product, then looked for everywhere (test 63 of the catalogue).

Passwords right, wrong and typed in the wrong field, one-time links, cookies, tokens and what an identity provider knows
go through the running product: forms, API, uploads, jobs, exports and the command line. Afterwards none of them is in a
file of the home folder, in what was printed, or in the command line or the environment of a process.
"""

from __future__ import annotations

import re
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx2
import psutil
import pytest

from tests.product import ROOT, Product
from tests.web.provider import ACCESS, CLIENT, SECRET, Provider
from web.gate import COOKIE

ROWS = '{"prompt": "p%d", "chosen": "a", "rejected": "b", "margin": %d}\n'
TOKEN = re.compile(r"pl_[\w-]{20,}")
LINK_TOKEN = re.compile(r"token=([\w-]{20,})")


def password() -> str:
    return f"canary {secrets.token_hex(10)} passes"


@dataclass
class Flows:
    """People and programs in front of a running product. `secret` must be nowhere, `text` in no log and no process."""

    product: Product
    provider: Provider
    secret: dict[str, str] = field(default_factory=dict)
    text: dict[str, str] = field(default_factory=dict)
    processes: dict[str, bytes] = field(default_factory=dict)

    def browser(self, **headers: str) -> httpx2.Client:
        return httpx2.Client(
            base_url=self.product.url, headers={"origin": self.product.url, **headers}, timeout=30, trust_env=False
        )

    def command(self, *arguments: str, typed: str = "") -> str:
        """What `python -m jobs …` prints."""
        environment = {"PLUMBLINE_HOME": str(self.product.home), "PATH": "/usr/bin:/bin"}
        command = [sys.executable, "-m", "jobs", *arguments]
        ran = subprocess.run(
            command, cwd=ROOT, env=environment, input=typed, capture_output=True, text=True, timeout=60, check=True
        )
        return ran.stdout

    # ------------------------------------------------------------------ what happens

    def first_account(self) -> None:
        self.secret["first link"] = dict(parse_qsl(urlsplit(self.product.link).query))["token"]
        self.secret["password"] = password()
        sent = {"token": self.secret["first link"], "name": "ada", "password": self.secret["password"]}
        with self.browser() as browser:
            assert browser.get(self.product.link).status_code == 200
            assert browser.post("/signin/link", data=sent).status_code == 303
            self.secret["cookie of the link"] = browser.cookies[COOKIE]
            assert browser.post("/signin/link", data=sent).status_code == 404

    def signing_in(self) -> None:
        for what in ("wrong password", "password typed as a name", "weak password"):
            self.secret[what] = password()
        with self.browser() as browser:

            def tries(name: str, typed: str) -> int:
                return browser.post("/auth/session", data={"name": name, "password": typed}).status_code

            assert tries("ada", self.secret["wrong password"]) == 401
            assert tries(self.secret["password typed as a name"], "") == 401
            assert tries("ada", self.secret["password"]) == 303
            self.secret["cookie"] = browser.cookies[COOKIE]
            self.secret["new password"] = password()
            sent = {"current": self.secret["weak password"], "password": self.secret["new password"]}
            assert browser.post("/signin/password", data=sent).status_code == 401
            sent["current"] = self.secret["password"]
            assert browser.post("/signin/password", data=sent).status_code == 303

    def command_line(self) -> None:
        self.secret["password of ben"] = password()
        self.command("user", "add", "ben", "--password-stdin", typed=self.secret["password of ben"] + "\n")
        found = LINK_TOKEN.search(self.command("user", "link", "ben"))
        assert found is not None
        self.secret["reset link"], self.secret["reset password"] = found.group(1), password()
        sent = {"token": self.secret["reset link"], "password": self.secret["reset password"]}
        with self.browser() as browser:
            assert browser.get("/signin/link", params={"token": sent["token"]}).status_code == 200
            assert browser.post("/signin/link", data={**sent, "password": "short"}).status_code == 422
            assert browser.post("/signin/link", data=sent).status_code == 303

    def programs(self) -> None:
        found = TOKEN.search(self.command("token", "create", "ada", "training", "--scope", "admin"))
        assert found is not None
        self.secret["token"], self.secret["unknown token"] = found.group(0), f"pl_{secrets.token_urlsafe(32)}"
        self.text["row"], self.text["file name"] = f"row-{secrets.token_hex(8)}", f"file-{secrets.token_hex(8)}"
        rows = (
            "".join(ROWS % (number, number % 5 - 2) for number in range(50)) + f'{{"prompt": "{self.text["row"]}"}}\n'
        )
        with self.browser(authorization=f"Bearer {self.secret['token']}") as program:
            sent = program.put(f"/api/v1/projects/main/files/{self.text['file name']}.jsonl", content=rows)
            assert sent.status_code < 300, sent.text
            dataset = sent.json()["dataset"]
            assert program.post("/api/v1/projects/main/datasets/live/rows", content=rows).status_code == 201
            assert program.post("/api/v1/actions/person.invite", json={"role": "viewer"}).status_code == 403
            assert program.get("/api/v1/projects", params={"token": self.secret["token"]}).status_code < 500
            program.put("/api/v1/projects/main/files/odd.parquet", content=self.text["row"])
            wait_for_answer(program, dataset)
        with self.browser(authorization=f"Bearer {self.secret['unknown token']}") as stranger:
            assert stranger.get("/api/v1/projects").status_code == 401
        with self.browser(cookie=f"{COOKIE}={self.secret['cookie']}") as browser:
            assert browser.get(f"/export/calibration.csv?dataset={dataset}").status_code == 200
            assert browser.get("/signin/link", params={"token": self.secret["token"]}).status_code == 404

    def identity_provider(self) -> None:
        self.secret |= {
            "client secret": SECRET,
            "access token": ACCESS,
            "e-mail": f"{secrets.token_hex(8)}@canary.example",
        }
        self.provider.person = {"sub": "u-1", "preferred_username": "cleo", "email": self.secret["e-mail"]}
        for forge, status in (("", 303), ("other key", 401)):
            self.provider.forge = forge
            with self.browser() as browser:
                away = browser.get("/auth/oidc/login")
                assert away.status_code == 302, away.text
                back = httpx2.get(away.headers["location"], trust_env=False).headers["location"]
                query = dict(parse_qsl(urlsplit(back).query))
                self.secret |= {f"{name} {status}": query[name] for name in ("code", "state")}
                assert browser.get("/auth/oidc/callback", params=query).status_code == status

    def look_at_processes(self) -> None:
        """The command line and the environment of everything that runs."""
        assert self.product.process is not None
        launcher = psutil.Process(self.product.process.pid)
        for one in [launcher, *launcher.children(recursive=True)]:
            for kind in ("cmdline", "environ"):
                try:
                    self.processes[f"{kind} of {one.pid}"] = Path(f"/proc/{one.pid}/{kind}").read_bytes()
                except OSError:
                    continue


def wait_for_answer(program: httpx2.Client, dataset: int) -> None:
    deadline = time.monotonic() + 60
    while program.get(f"/api/v1/datasets/{dataset}").json().get("version", 0) < 1:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(folder)), path.read_bytes()


def test_no_secret_is_left_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "secrets"
    kept.mkdir()
    (kept / "metrics").write_text(f"canary-{secrets.token_hex(16)}")
    (kept / "client").write_text(SECRET)
    with Provider() as provider:
        settings = {
            "PLUMBLINE_DEMO": "false",
            "PLUMBLINE_RAY": "off",
            "PLUMBLINE_LOG_LEVEL": "debug",
            "PLUMBLINE_METRICS_TOKEN_FILE": str(kept / "metrics"),
            "PLUMBLINE_OIDC_ISSUER": provider.issuer,
            "PLUMBLINE_OIDC_CLIENT_ID": CLIENT,
            "PLUMBLINE_OIDC_CLIENT_SECRET_FILE": str(kept / "client"),
        }
        home = tmp_path / "home"
        with Product(home, environment=settings) as product:
            flows = Flows(product, provider)
            flows.secret["metrics token"] = (kept / "metrics").read_text()
            flows.first_account()
            flows.signing_in()
            flows.command_line()
            flows.programs()
            flows.identity_provider()
            with flows.browser(authorization=f"Bearer {flows.secret['metrics token']}") as scraper:
                assert scraper.get("/metrics").status_code == 200
            flows.look_at_processes()
    printed = "\n".join(line for line in product.lines if product.link not in line).encode()
    places = {**dict(files(home)), **flows.processes, "printed": printed}
    assert len(flows.processes) >= 8
    assert b"sign-in failed" in places["log/plumbline.log"]
    flows.secret["internal secret"] = places.pop("internal.secret").decode()
    hits = [
        (what, place) for what, secret in flows.secret.items() for place in places if secret.encode() in places[place]
    ]
    logs = [place for place in places if place.startswith("log/") or place in flows.processes or place == "printed"]
    hits += [(what, place) for what, text in flows.text.items() for place in logs if text.encode() in places[place]]
    assert hits == []
    assert len(flows.secret) >= 20


def test_the_proxy_logs_no_query() -> None:
    """One-time links and codes of identity providers are queries."""
    [text] = [path.read_text() for path in (ROOT / "deploy" / "nginx").glob("*.conf")]
    servers = text.split("\nserver {")[1:]
    assert servers
    assert all("    access_log /var/log/nginx/access.log plumbline;" in server for server in servers)
    [form] = re.findall(r"log_format plumbline '([^']*)'", text)
    assert set(re.findall(r"\$(\w+)", form)).isdisjoint(
        {"request", "request_uri", "args", "query_string", "http_referer"}
    )
