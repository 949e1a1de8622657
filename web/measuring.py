"""What the web process measures of itself: open tabs, reruns, the way of events, requests. A rerun pays microseconds.

The reruns are timed inside Streamlit, whose version is pinned, at the two places of `AppSession` where a request comes
in and where its end is told.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import runtime
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner

from engine import logs, usage
from engine.access import audit
from engine.actions import services
from engine.errors import StoreUnavailable
from engine.measures import Durations, Own, Tally
from engine.queries import events, monitoring
from web import presence
from web.hub import Hub
from web.logs import log

STREAM: Final = "/_stcore/stream"

reruns: Final = Durations()
deliveries: Final = Durations()
requests: Final = Durations()
statuses: Final = Tally()

_open = {"sessions": 0}
_own: Final = Own()


class Measured:
    """ASGI middleware, outside all others: counts requests by status and times them, counts the tabs that are open."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and count it."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket" and scope["path"] == STREAM:
            await self._tab(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, status = time.perf_counter(), "aborted"

        async def counting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
                requests.record(time.perf_counter() - began)
            await send(message)

        try:
            await self.app(scope, receive, counting)
        finally:
            statuses.add(status)

    async def _tab(self, scope: Scope, receive: Receive, send: Send) -> None:
        _open["sessions"] += 1
        try:
            await self.app(scope, receive, send)
        finally:
            _open["sessions"] -= 1


def delivered(written: float) -> None:
    """Count how long an event took to a tab; `written` in seconds since 1970."""
    deliveries.record(max(time.time() - written, 0.0))


# ------------------------------------------------------------------ reruns


def time_reruns() -> None:
    """Time every rerun from now on, and give each an id under which it logs and an address it is audited with."""
    asked, run = AppSession.request_rerun, ScriptRunner._run_script
    ended = AppSession._create_script_finished_message

    def request_rerun(self: Any, client_state: Any) -> None:
        if _by_a_person(self, client_state):
            self.__dict__.setdefault("plumb_asked", time.perf_counter())
        asked(self, client_state)

    def finished(self: Any, status: Any, *args: Any, **kwargs: Any) -> ForwardMsg:
        if status != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            began = self.__dict__.pop("plumb_asked", None)
            if began is not None:
                reruns.record(time.perf_counter() - began)
        return ended(self, status, *args, **kwargs)

    def run_script(self: Any, rerun_data: Any) -> None:
        request_id = logs.new_request_id()
        with logs.bound(request_id=request_id), audit.asked_from(_address(self), request_id), usage.by(usage.PAGE):
            run(self, rerun_data)

    setattr(AppSession, "request_rerun", request_rerun)  # noqa: B010 - replaced on purpose
    setattr(AppSession, "_create_script_finished_message", finished)  # noqa: B010
    setattr(ScriptRunner, "_run_script", run_script)  # noqa: B010


def _address(runner: Any) -> str:
    """Where the browser is whose page runs again."""
    client = runtime.get_instance().get_client(runner._session_id)
    known = client.client_context if client is not None else None
    return (known.remote_ip or "") if known is not None else ""


def _by_a_person(session: Any, client_state: Any) -> bool:
    """Whether a rerun counts: not one of a part that renews itself, nor of one that is gone and will not run."""
    if client_state is None:
        return True
    gone = client_state.fragment_id and not session.has_fragment(client_state.fragment_id)
    return not (gone or client_state.is_auto_rerun)


# ------------------------------------------------------------------ saying it


async def tell(hub: Hub) -> None:
    """Say the figures of this process every few seconds, until cancelled; then say that it stopped."""
    took: float | None = None
    try:
        while True:
            took = await anyio.to_thread.run_sync(_say, "running", figures(hub, took))
            for durations in (reruns, deliveries):
                durations.turn()
            await asyncio.sleep(services.SAY_SECONDS)
    finally:
        _say("stopped", {})


def figures(hub: Hub, took: float | None) -> dict[str, Any]:
    """The figures of this process; `took` is how long saying the last ones took."""
    return {
        **_own.figures(),
        "sessions": _open["sessions"],
        "live_sockets": len(hub.subscribers),
        "rerun_seconds": reruns.figures(),
        "rerun_recent_seconds": reruns.recent(),
        "reruns_recent": reruns.recently(),
        "live_delay_seconds": deliveries.figures(),
        "live_recent_seconds": deliveries.recent(),
        "deliveries_recent": deliveries.recently(),
        "http_requests_total": dict(statuses),
        "http_request_seconds": requests.figures(),
        "errors_logged_total": logs.errors(),
        "changes_total": dict(usage.changes),
        "palette_walks_total": usage.walks["palette"],
        **({} if took is None else {"store_commit_seconds": took}),
        "present": presence.figures(),
        "_cursor": hub.cursor,
    }


def _say(state: str, told: dict[str, Any]) -> float | None:
    """Write the figures and keep a reading for the charts; a store that is away is met again in a few seconds."""
    try:
        if (cursor := told.pop("_cursor", None)) is not None:
            told["live_events_behind"] = max(events.cursor() - cursor, 0)
        took = services.say("web", services.my_instance(), state, told)
        monitoring.sample()
    except StoreUnavailable as error:
        log.debug("the store could not be read for monitoring", reason=error.code)
        return None
    return took
