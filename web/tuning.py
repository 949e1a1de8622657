"""What is replaced inside Streamlit and uvicorn to make a rerun cheap, each with the reason.

All of it is private to packages whose versions are pinned; a test holds each replacement equal to the original, where
it does not say how it differs.
"""

from __future__ import annotations

import signal
import socket
from typing import Any, Final, NamedTuple

import uvicorn
from streamlit.components.v2.bidi_component import main as components
from streamlit.elements.widgets import selectbox
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.NewSession_pb2 import CustomThemeConfig, NewSession
from streamlit.runtime import app_session, forward_msg_cache
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner_utils.run_descriptor import RunDescriptor
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext
from streamlit.runtime.state import get_session_state, register_widget
from streamlit.runtime.state.common import RegisterWidgetResult
from streamlit.source_util import PageHash, PageInfo
from streamlit.web.server.starlette import starlette_server, starlette_websocket

from engine.queries import events
from web.batches import gather
from web.frames import FramedClient, FramedWebSocket
from web.loops import hold_nothing
from web.turns import take_turns
from web.workers import keep_threads

_BEGINNING: Final = "plumb_beginning"


class _Beginning(NamedTuple):
    """What a message was made from, and the message."""

    said: tuple[Any, ...]
    message: NewSession


def apply(shutdown_seconds: int) -> None:
    """Put every replacement in force; called once, before the first request."""
    tune_server(shutdown_seconds)
    remember_themes()
    remember_beginnings()
    gather()
    hold_nothing()
    take_turns()
    keep_threads()
    read_as_of_one_event()
    setattr(forward_msg_cache, "util", _Hashing)  # noqa: B010 - not exported by name
    setattr(starlette_websocket, "StarletteSessionClient", FramedClient)  # noqa: B010 - replaced on purpose
    setattr(selectbox, "get_session_state", look_at_session)  # noqa: B010 - not exported by name
    setattr(components, "make_bidi_component_presenter", present_values)  # noqa: B010 - not exported by name
    setattr(components, "register_widget", register_heard)  # noqa: B010 - not exported by name
    setattr(components.BidiComponentMixin, "_build_bidi_identity_kwargs", identify_by_key)  # noqa: B010 - on purpose


def tune_server(shutdown_seconds: int) -> None:
    """Let uvicorn wait for open sockets at most this long, and take whole frames for a websocket.

    `app.run` has no options for it, so the running server is found by the handler it set for SIGTERM.
    """
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    if isinstance(server, uvicorn.Server):
        server.config.timeout_graceful_shutdown = shutdown_seconds
        server.config.ws_protocol_class = FramedWebSocket


def share_port() -> None:
    """Let several processes listen on the port: the kernel deals the connections out to them.

    What a tab keeps is in the process that its socket leads to; everything else is in the store, so that it does not
    matter which of them answers a request. To be called before the server starts.
    """

    def bind(address: str, port: int, backlog: int) -> socket.socket:
        listening = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            listening.bind((address, port))
            listening.listen(backlog)
            listening.setblocking(False)
        except OSError:
            listening.close()
            raise
        return listening

    setattr(starlette_server, "_bind_socket", bind)  # noqa: B010 - replaced on purpose


def remember_themes() -> None:
    """Let Streamlit read its theme once: it reads some 300 options anew for each rerun, and they never change here."""
    fresh = app_session._populate_theme_msg
    known: dict[str, CustomThemeConfig] = {}

    def populate(msg: CustomThemeConfig, section: str = "theme") -> None:
        if section not in known:
            known[section] = CustomThemeConfig()
            fresh(known[section], section)
        msg.MergeFrom(known[section])

    app_session._populate_theme_msg = populate


def remember_beginnings() -> None:
    """Let a session keep the message with which its reruns begin.

    It holds the configuration, the theme and the pages, and says the same each time but for the run's own name.
    """
    fresh = AppSession._create_new_session_message

    def begin(session: Any, page: str, run: RunDescriptor, pages: dict[PageHash, PageInfo] | None = None) -> ForwardMsg:
        known: _Beginning | None = session.__dict__.get(_BEGINNING)
        said = (page, pages, session._state)
        if pages is None or known is None or known.said != said:
            message = fresh(session, page, run, pages)
            session.__dict__[_BEGINNING] = _Beginning(said, message.new_session)
            return message
        message = ForwardMsg()
        message.metadata.run.script_run_id = run.script_run_id
        message.metadata.run.fragment_ids.extend(run.fragment_ids)
        message.new_session.CopyFrom(known.message)
        return message

    setattr(AppSession, "_create_new_session_message", begin)  # noqa: B010 - replaced on purpose


def read_as_of_one_event() -> None:
    """Let a rerun ask once for the newest event, which says whether what is remembered is still true.

    Each of its reads would ask by itself, a dozen times. Streamlit resets the context where a run begins, also one that
    takes the place of another on the same thread.
    """
    reset = ScriptRunContext.reset

    def begin(context: ScriptRunContext, *given: Any, **named: Any) -> None:
        events.hold()
        reset(context, *given, **named)

    setattr(ScriptRunContext, "reset", begin)  # noqa: B010 - replaced on purpose


def name_message(message: bytes) -> str:
    """The name by which a tab remembers a message: the same for the same bytes, within this process.

    Streamlit's own is 256 bits of a digest, for which the interpreter's lock is given away and taken back thirty times
    a rerun, behind every other thread that wants it. The interpreter's own keyed hash of 64 bits and the length tell a
    tab's few hundred messages apart as well.
    """
    return f"{hash(message) & 0xFFFF_FFFF_FFFF_FFFF:016x}{len(message):08x}"


class _Hashing:
    """As much of Streamlit's `util` as names messages."""

    calc_hash = staticmethod(name_message)


class _Looked:
    """What a selectbox asks of the session state: whether its key is there, and whether it is None."""

    def __init__(self) -> None:
        self.filtered_state = get_session_state()


def look_at_session() -> _Looked:
    """The session state as a selectbox sees it.

    Streamlit's own copies the values of every widget and part of the page for that, at each selectbox.
    """
    return _Looked()


def present_values(aggregator_id: str, _component_id: str | None = None, _keys: set[str] | None = None) -> Any:
    """A presenter of a part's values in the session state: its triggers, then its state.

    Streamlit's own makes a class, to be written through, at every look at the session state, and each selectbox looks
    at every part of the page. Nothing here writes to the state of a part, so a dictionary is enough.
    """

    def present(value: object, session_state: Any) -> object:
        if not isinstance(value, dict) or session_state._new_widget_state.widget_metadata.get(aggregator_id) is None:
            return value
        try:
            fired = session_state._new_widget_state[aggregator_id]
        except KeyError:
            fired = None
        payloads = fired if isinstance(fired, list) else [fired]
        triggered = {one["event"]: one.get("value") for one in payloads if isinstance(one, dict) and "event" in one}
        return {**triggered, **value}

    return present


def register_heard(element_id: str, **asked: Any) -> RegisterWidgetResult[Any]:
    """Register the values of a part of a page that somebody hears; a part that only shows something has none.

    Streamlit's own registers two widgets for each part, which is a fifth of what it costs to mount one.
    """
    if asked.get("callbacks"):
        return register_widget(element_id, **asked)
    return RegisterWidgetResult(asked["deserializer"](None), value_changed=False)


def identify_by_key(_component: Any, **_properties: Any) -> dict[str, Any]:
    """Nothing: each part of ours has a key, which alone names it. Streamlit's own hashes all that it shows, in vain."""
    return {}
