"""What lies in deploy/ can be used as it is: units verify, compose is whole, nginx does what its file promises."""

from __future__ import annotations

import http.server
import os
import re
import shutil
import sqlite3
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.settings import ROOT, Settings
from jobs.__main__ import COMMANDS, PROCESSES
from tests.deploy.proxy import HOST, await_port, free_port, nginx
from tests.processes.waiting import until

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
HARDENED = ("NoNewPrivileges=true", "ProtectSystem=strict", "PrivateTmp=true", "MemoryMax=", "User=plumbline")


# ------------------------------------------------------------------ systemd


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_units_are_hardened_and_start_what_exists(unit: Path) -> None:
    text = unit.read_text()
    assert [line for line in HARDENED if line not in text] == []
    (command,) = re.findall(r"^ExecStart=/opt/plumbline/\.venv/bin/python (.+)$", text, re.MULTILINE)
    words = command.removeprefix("-m jobs ").split()
    assert words == ["server.py"] or words[0] in (*COMMANDS, *PROCESSES)
    settings = set(re.findall(r"PLUMBLINE_([A-Z_]+)=", text))
    assert settings <= {name.upper() for name in Settings.model_fields}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    for unit in (DEPLOY / "systemd").iterdir():
        (tmp_path / unit.name).write_text(unit.read_text().replace("/opt/plumbline/.venv/bin/python", "/bin/true"))
    units = sorted(tmp_path.iterdir())
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


# ------------------------------------------------------------------ compose


def test_compose_is_whole_and_hides_what_is_inside() -> None:
    composed = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    services: dict[str, dict[str, Any]] = composed["services"]
    assert {"web", "foreman", "runner", "postgres", "nginx"} <= set(services)
    assert [name for name, service in services.items() if "ports" in service] == ["nginx"]
    assert composed["networks"]["inside"]["internal"] is True
    assert services["postgres"]["networks"] == ["inside"]
    for name in ("store", "web", "foreman", "runner"):
        service = services[name]
        assert service["cap_drop"] == ["ALL"]
        assert service["read_only"] is True
        command = service["command"]
        assert command[1:] == ["server.py"] or command[3] in (*COMMANDS, *PROCESSES)
        settings = {key.removeprefix("PLUMBLINE_") for key in service["environment"] if key.startswith("PLUMBLINE_")}
        assert settings <= {name.upper() for name in Settings.model_fields}
    for service in services.values():
        assert ":" in service["image"]
        assert not service["image"].endswith(":latest")


def test_the_image_holds_what_the_product_reads_and_never_runs_as_root() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-\w+", bases[0])
    assert re.search(r"^USER (\S+)", text, re.MULTILINE).group(1) != "root"  # type: ignore[union-attr]
    sources = [word for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE) for word in line.split()[:-1]]
    let_in = (DEPLOY / "Dockerfile.dockerignore").read_text().split()
    for source in sources:
        assert (ROOT / source).exists()
        assert f"!{source}" in let_in
    imported = {path.stem for path in ROOT.glob("*.py")} | {"engine", "jobs", "pages", "web", ".streamlit"}
    assert imported <= {Path(source).stem if source.endswith(".py") else source for source in sources}


def test_what_the_image_holds_is_enough_to_start(tmp_path: Path) -> None:
    """The files that the Dockerfile copies, in a folder of their own that nothing is written to."""
    image, home = tmp_path / "image", tmp_path / "home"
    for line in re.findall(r"^COPY (?!--from)(.+)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE):
        *sources, target = line.split()
        for source in sources:
            place = image / (source if target in (".", "./") else target)
            place.parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
            copy(ROOT / source, place)
    port = free_port()
    env = {**os.environ, "PLUMBLINE_HOME": str(home), "PLUMBLINE_PORT": str(port), "PLUMBLINE_RAY": "off"}
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    before = sorted(image.rglob("*"))
    subprocess.run([sys.executable, "-m", "jobs", "migrate"], cwd=image, env=env, check=True, capture_output=True)
    commands = ([sys.executable, "server.py"], *([sys.executable, "-m", "jobs", name] for name in PROCESSES))
    log = (tmp_path / "log").open("ab")
    running = [subprocess.Popen(command, cwd=image, env=env, stdout=log, stderr=log) for command in commands]
    try:
        await_port(port, 60)
        assert ask(f"http://127.0.0.1:{port}/signin")[0] == 200
        inbox = home / "inbox" / "main" / "scores.jsonl"
        inbox.parent.mkdir(parents=True, exist_ok=True)
        inbox.write_text('{"score_a": 1.0, "score_b": 0.5, "label": 1}\n' * 40)
        with closing(sqlite3.connect(home / "plumbline.db")) as store:
            until(lambda: store.execute("SELECT 1 FROM version").fetchone(), 60)
        assert [process.poll() for process in running] == [None] * 3
    finally:
        for process in running:
            process.terminate()
            process.wait(15)
        log.close()
    assert sorted(path for path in image.rglob("*") if "__pycache__" not in path.parts) == [
        path for path in before if "__pycache__" not in path.parts
    ]


# ------------------------------------------------------------------ nginx


class Answer(http.server.BaseHTTPRequestHandler):
    """Says which of the web processes it is and what it was told of the visitor."""

    def do_GET(self) -> None:
        told = [str(self.server.server_port), self.headers["X-Forwarded-For"], self.headers["X-Forwarded-Proto"]]
        content = " ".join([*told, self.headers["Host"], self.headers.get("Connection", "")]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The plain and the TLS address of nginx in front of two stand-ins."""
    servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) for _ in range(2)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with nginx(tmp_path_factory.mktemp("nginx"), [server.server_port for server in servers]) as (plain, tls):
            yield f"http://127.0.0.1:{plain}", f"https://127.0.0.1:{tls}"
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None: ...


def ask(url: str, **headers: str) -> tuple[int, str, Any]:
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=trusting), _Stay)
    with opener.open(urllib.request.Request(url, headers=headers), timeout=5) as answer:
        return answer.status, answer.read().decode(), answer.headers


def status(url: str) -> int:
    try:
        return ask(url)[0]
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_nginx_ends_tls_and_says_who_came(proxied: tuple[str, str]) -> None:
    plain, tls = proxied
    with pytest.raises(urllib.error.HTTPError) as moved:
        ask(f"{plain}/calibration?x=1", Host=HOST)
    assert moved.value.code == 301
    assert moved.value.headers["Location"] == "https://plumbline.example.org/calibration?x=1"
    moved.value.close()
    code, said, headers = ask(f"{tls}/", Host=HOST, **{"X-Forwarded-For": "6.6.6.6"})
    assert code == 200
    assert said.split()[1:4] == ["127.0.0.1", "https", HOST], "nobody says who they are themselves"
    assert headers["Strict-Transport-Security"]


def test_nginx_keeps_a_browser_on_one_process_and_shares_them_out(proxied: tuple[str, str]) -> None:
    _plain, tls = proxied
    chosen = {
        cookie: {ask(f"{tls}/live", Cookie=f"plumbline_session={cookie}")[1].split()[0] for _ in range(4)}
        for cookie in map(str, range(12))
    }
    assert all(len(ports) == 1 for ports in chosen.values())
    assert len({next(iter(ports)) for ports in chosen.values()}) == 2


def test_nginx_passes_websockets_on_and_keeps_figures_inside(proxied: tuple[str, str]) -> None:
    _plain, tls = proxied
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket"}
    assert ask(f"{tls}/_stcore/stream", **upgrade)[1].split()[-1] == "upgrade"
    assert [status(f"{tls}/{path}") for path in ("metrics", "metrics/probe", "metrics?x", "_stcore/metrics")] == [
        404
    ] * 4
