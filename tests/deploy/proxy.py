"""nginx with the product's file in front of processes of this machine."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from engine.settings import ROOT

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
HOST = "plumbline.example.org"
"""The name that the file answers to."""


def free_port() -> int:
    """A loopback port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def nginx(folder: Path, ports: Sequence[int]) -> Iterator[tuple[int, int]]:
    """A running nginx; its plain and its TLS port."""
    if not Path(NGINX).exists():
        pytest.skip("needs nginx (Debian: nginx-light)")
    plain, tls = free_port(), free_port()
    certificate(folder)
    process = subprocess.Popen([NGINX, "-p", folder, "-c", configured(folder, ports, plain, tls), "-e", "error.log"])
    try:
        await_port(tls)
        yield plain, tls
    finally:
        process.terminate()
        process.wait(10)


def certificate(folder: Path) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem", "-days", "1", "-subj", "/CN=x"]
    subprocess.run([*command, *files], check=True, capture_output=True)


def configured(folder: Path, ports: Sequence[int], plain: int, tls: int) -> Path:
    """Our file with the addresses of this machine, inside the least that nginx needs around it."""
    text = (ROOT / "deploy" / "nginx" / "plumbline.conf").read_text()
    ours = "\n".join(f"server 127.0.0.1:{port} max_fails=2 fail_timeout=5s;" for port in ports)
    for found, put in (
        ("server web:8501 max_fails=2 fail_timeout=5s;", ours),
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("listen 443 ssl http2;", f"listen 127.0.0.1:{tls} ssl http2;"),
        ("listen [::]:80;", ""),
        ("listen [::]:443 ssl http2;", ""),
        ("/etc/nginx/tls", str(folder)),
        ("/var/log/nginx", str(folder)),
    ):
        assert found in text
        text = text.replace(found, put)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    user = "user www-data;" if os.geteuid() == 0 else ""
    around = f"{user} daemon off; pid {folder}/pid; worker_processes 1; events {{}}"
    whole = folder / "nginx.conf"
    whole.write_text(f"{around} http {{ access_log off; {places}\n{text}\n}}")
    folder.chmod(0o755)
    return whole


def await_port(port: int, seconds: float = 10.0) -> None:
    """Wait until somebody listens."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise TimeoutError(f"nobody listens on {port}")
