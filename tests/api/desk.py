"""A server that takes rows as the product does, and fails as it is told to."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any


@dataclass(frozen=True)
class Came:
    """A request that arrived."""

    path: str
    key: str
    token: str
    rows: list[dict[str, Any]]


Behaviour = Callable[[Came], "tuple[int, dict[str, Any]] | None"]


def not_json(constant: str) -> None:
    """NaN and Infinity are no JSON."""
    raise AssertionError(constant)


@dataclass
class Desk:
    """Listens on loopback while it is entered. `behave` may answer in its place; None lets it take the rows."""

    behave: Behaviour = lambda _came: None
    came: list[Came] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)
    taken: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)
    headers: dict[str, str] = field(default_factory=dict)
    visits: list[str] = field(default_factory=list)
    server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        assert self.server is not None
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def rows(self, dataset: str = "rows") -> list[dict[str, Any]]:
        return [row for path, row in self.taken if path.split("/")[-2] == dataset]

    def wait(self, true: Callable[[], bool], seconds: float = 20) -> None:
        with self.arrived:
            assert self.arrived.wait_for(true, seconds), (len(self.came), len(self.taken))

    def take(self, came: Came) -> tuple[int, dict[str, Any]]:
        with self.arrived:
            self.came.append(came)
            self.arrived.notify_all()
        told = self.behave(came)
        if told is not None:
            return told
        with self.arrived:
            if came.key not in self.answers:
                self.answers[came.key] = len(came.rows)
                self.taken += [(came.path, row) for row in came.rows]
            self.arrived.notify_all()
            return 201, {"dataset": 1, "name": "rows.jsonl", "rows": self.answers[came.key]}

    def __enter__(self) -> Desk:
        desk = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                body = gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body
                rows = [json.loads(line, parse_constant=not_json) for line in body.splitlines()]
                token = self.headers["authorization"].removeprefix("Bearer ")
                status, told = desk.take(Came(self.path, self.headers["idempotency-key"], token, rows))
                if not status:
                    self.close_connection = True
                    return
                content = json.dumps(told).encode()
                self.send_response(status)
                for name, value in {**desk.headers, "content-length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def do_GET(self) -> None:
                desk.visits.append(self.path)
                self.send_error(404)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self.server is not None
        self.server.shutdown()
        self.server.server_close()
