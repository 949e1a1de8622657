"""The messages of a rerun cross from its thread to the event loop, and from there to the socket, in batches.

Streamlit wakes the loop for each of them, lets it turn once for each that is sent, and looks at every open tab for
that: with some thirty messages a rerun and hundreds of tabs it costs more than what they say. Here a tab is looked at
when something waits for it. The order of messages and of the events between them stays what it was. All of it is
private to Streamlit, whose version is pinned.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.app_session import AppSession, AppSessionState
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.runtime import Runtime
from streamlit.runtime.scriptrunner import ScriptRunnerEvent
from streamlit.runtime.session_manager import SessionClientDisconnectedError

LOOK_SECONDS: Final = 0.01
"""How long a message of a running script may wait for others: as long as Streamlit's own pause between two flushes."""

MOST: Final = 100
"""Messages that are sent in one turn of the loop; a client holds 500 that it could not send yet."""

_EVENTS: Final = "plumb_events"
_LOOKING: Final = "plumb_looking"
_UNSENT: Final = "plumb_unsent"
_DUE: Final = "plumb_due"


def gather() -> None:
    """Gather from now on; called once, before the first session."""
    setattr(AppSession, "_on_scriptrunner_event", note)  # noqa: B010 - replaced on purpose
    setattr(AppSession, "_enqueue_forward_msg", enqueue)  # noqa: B010
    setattr(ForwardMsgQueue, "enqueue", append)  # noqa: B010


def note(session: Any, sender: Any, event: ScriptRunnerEvent, *more: Any, **named: Any) -> None:
    """Keep an event of a script in order. A message waits while the loop looks by itself; all else is handled at once.

    Called on the script's thread.
    """
    session.__dict__.setdefault(_EVENTS, deque()).append((sender, event, more, named))
    if event is not ScriptRunnerEvent.ENQUEUE_FORWARD_MSG or session._state is not AppSessionState.APP_IS_RUNNING:
        session._call_soon_on_event_loop(lambda: hand_over(session))


def hand_over(session: Any) -> None:
    """Handle all events there are, send what waits, and go on looking while the script runs. Called on the loop."""
    session.__dict__[_DUE] = True
    events = session.__dict__.get(_EVENTS, ())
    while events:
        sender, event, more, named = events.popleft()
        if event is not ScriptRunnerEvent.ENQUEUE_FORWARD_MSG:
            session._handle_scriptrunner_event_on_event_loop(sender, event, *more, **named)
        elif sender is session._scriptrunner:
            session._browser_queue.enqueue(more[0] if more else named["forward_msg"])
    deliver(session)
    if session._state is AppSessionState.APP_IS_RUNNING and not session.__dict__.get(_LOOKING):
        session.__dict__[_LOOKING] = session._event_loop.call_later(LOOK_SECONDS, _look, session)


def enqueue(session: Any, message: ForwardMsg) -> None:
    """What `AppSession._enqueue_forward_msg` does, waking the loop for this tab alone. Called on any thread."""
    session._browser_queue.enqueue(message)
    _wake(session)


def append(queue: Any, message: ForwardMsg) -> None:
    """What `enqueue` does, without the search for an older message of the same place: it is a few milliseconds old."""
    queue._queue.append(message)


def deliver(session: Any) -> None:
    """Send the messages that wait for a tab, at most `MOST` a turn. Called on the loop."""
    session.__dict__[_DUE] = False
    runtime = Runtime.instance()
    tab = runtime._session_mgr.get_active_session_info(session.id)
    if tab is None:
        return
    unsent = session.__dict__.setdefault(_UNSENT, deque())
    unsent.extend(session._browser_queue.flush())
    try:
        for _ in range(min(len(unsent), MOST)):
            runtime._send_message(tab, unsent.popleft())
    except SessionClientDisconnectedError:
        unsent.clear()
        runtime.disconnect_session(session.id, client=tab.client)
        return
    if unsent:
        _wake(session)
    else:
        session.on_flushed_messages_sent()


def _look(session: Any) -> None:
    session.__dict__[_LOOKING] = None
    hand_over(session)


def _wake(session: Any) -> None:
    if not session.__dict__.get(_DUE):
        session.__dict__[_DUE] = True
        session._event_loop.call_soon_threadsafe(deliver, session)
