"""A client that speaks Streamlit's websocket protocol with a session cookie: one visitor without a browser."""

from __future__ import annotations

import time
from types import TracebackType

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect


class Visitor:
    """One open page. `rerun` asks for a script run and waits for its end."""

    def __init__(self, url: str, cookie: str, page: str, query: str = "") -> None:
        self.url, self.cookie, self.page, self.query = url, cookie, page, query
        self.socket: ClientConnection | None = None
        self.hashes: list[str] = []
        self.script_hash = ""
        self.exceptions: list[str] = []

    async def __aenter__(self) -> Visitor:
        self.socket = await connect(
            self.url.replace("http", "ws", 1) + "/_stcore/stream",
            subprotocols=["streamlit"],  # type: ignore[list-item]
            additional_headers={"Cookie": self.cookie},
            origin=self.url,  # type: ignore[arg-type]
            max_size=None,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self.socket is not None
        await self.socket.close()

    async def rerun(self) -> float:
        """Seconds from the request to `script_finished`; exceptions shown on the page are collected."""
        assert self.socket is not None
        message = BackMsg()
        message.rerun_script.query_string = self.query
        if self.script_hash:
            message.rerun_script.page_script_hash = self.script_hash
        else:
            message.rerun_script.page_name = self.page
        message.rerun_script.cached_message_hashes.extend(self.hashes)
        began = time.perf_counter()
        await self.socket.send(message.SerializeToString())
        while True:
            answer = ForwardMsg()
            answer.ParseFromString(await self.socket.recv())  # type: ignore[arg-type]
            if answer.hash and answer.metadata.cacheable and answer.hash not in self.hashes:
                self.hashes.append(answer.hash)
            kind = answer.WhichOneof("type")
            if kind == "navigation":
                self.script_hash = answer.navigation.page_script_hash
            if kind == "delta" and answer.delta.new_element.WhichOneof("type") == "exception":
                self.exceptions.append(answer.delta.new_element.exception.message)
            if kind == "script_finished":
                return time.perf_counter() - began
