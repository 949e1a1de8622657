"""The messages of a rerun cross from its thread to the event loop, and from there to the socket, in batches.

Streamlit wakes the loop for each of them and lets it turn once for each that is sent: with some thirty messages a rerun
that costs more than what they say. The order of messages and of the events between them stays what it was. All of it is
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

LOOK_SECONDS: Final = 0.01
"""How long a message of a running script may wait for others: as long as Streamlit's own pause between two flushes."""

MOST: Final = 100
"""Messages that are sent in one turn of the loop; a client holds 500 that it could not send yet."""

_QUEUE: Final = "plumb_events"
_LOOKING: Final = "plumb_looking"


class Batch(tuple[ForwardMsg, ...]):
    """Messages that are sent in one turn of the loop."""

    __slots__ = ()


def gather() -> None:
    """Gather from now on; called once, before the first session."""
    send = Runtime._send_message

    def send_batch(self: Any, session_info: Any, batch: Batch) -> None:
        for message in batch:
            send(self, session_info, message)

    setattr(AppSession, "_on_scriptrunner_event", note)  # noqa: B010 - replaced on purpose
    setattr(AppSession, "flush_browser_queue", flushed)  # noqa: B010
    setattr(ForwardMsgQueue, "enqueue", append)  # noqa: B010
    setattr(Runtime, "_send_message", send_batch)  # noqa: B010


def note(session: Any, sender: Any, event: ScriptRunnerEvent, *more: Any, **named: Any) -> None:
    """Keep an event of a script in order. A message waits while the loop looks by itself; all else is handled at once.

    Called on the script's thread.
    """
    session.__dict__.setdefault(_QUEUE, deque()).append((sender, event, more, named))
    if event is not ScriptRunnerEvent.ENQUEUE_FORWARD_MSG or session._state is not AppSessionState.APP_IS_RUNNING:
        session._call_soon_on_event_loop(lambda: hand_over(session))


def hand_over(session: Any) -> None:
    """Handle all events there are, and go on looking while the script runs. Called on the loop."""
    events, some = session.__dict__.get(_QUEUE, ()), False
    while events:
        sender, event, more, named = events.popleft()
        if event is not ScriptRunnerEvent.ENQUEUE_FORWARD_MSG:
            session._handle_scriptrunner_event_on_event_loop(sender, event, *more, **named)
        elif sender is session._scriptrunner:
            session._browser_queue.enqueue(more[0] if more else named["forward_msg"])
            some = True
    if some and session._message_enqueued_callback:
        session._message_enqueued_callback()
    if session._state is AppSessionState.APP_IS_RUNNING and not session.__dict__.get(_LOOKING):
        session.__dict__[_LOOKING] = session._event_loop.call_later(LOOK_SECONDS, _look, session)


def append(queue: Any, message: ForwardMsg) -> None:
    """What `enqueue` does, without the search for an older message of the same place: it is a few milliseconds old."""
    queue._queue.append(message)


def _look(session: Any) -> None:
    session.__dict__[_LOOKING] = None
    hand_over(session)


def flushed(session: Any) -> list[Batch]:
    """What `flush_browser_queue` returns: all messages that wait, in order, in batches."""
    messages = session._browser_queue.flush()
    return [Batch(messages[first : first + MOST]) for first in range(0, len(messages), MOST)]
