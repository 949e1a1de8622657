"""Somebody on loopback who hears whatever is asked of them: whoever loads something from outside is caught."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar


class Listener(BaseHTTPRequestHandler):
    heard: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.heard.append(self.path)
        self.send_response(200)
        self.end_headers()

    do_POST = do_HEAD = do_GET

    def log_message(self, *_said: object) -> None: ...


@contextmanager
def listening() -> Iterator[tuple[str, list[str]]]:
    """A server on loopback, and the paths that it was asked for."""
    Listener.heard = []
    server = HTTPServer(("127.0.0.1", 0), Listener)
    at_work = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    at_work.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", Listener.heard
    finally:
        server.shutdown()
        server.server_close()
