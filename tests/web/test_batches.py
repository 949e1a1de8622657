"""Messages of a rerun in batches: what Streamlit would send, in its order."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.app_session import AppSession, AppSessionState
from streamlit.runtime.scriptrunner import ScriptRunnerEvent as Event

from web import batches


class Loop:
    """An event loop that runs what is due when told to."""

    def __init__(self) -> None:
        self.soon: list[Any] = []
        self.later: list[Any] = []

    def call_later(self, _seconds: float, call: Any, *arguments: Any) -> object:
        self.later.append((call, arguments))
        return object()

    def turn(self) -> None:
        due, self.soon, late, self.later = self.soon, [], self.later, []
        for call, arguments in [*((call, ()) for call in due), *late]:
            call(*arguments)


class Session:
    """As much of a session as the batches touch. Its queue keeps messages and the events between them."""

    def __init__(self) -> None:
        self._event_loop = Loop()
        self._state = AppSessionState.APP_NOT_RUNNING
        self._scriptrunner = "runner"
        self._browser_queue = self
        self.seen: list[Any] = []
        self.woken = 0

    def enqueue(self, message: Any) -> None:
        self.seen.append(message)

    def flush(self) -> list[Any]:
        seen, self.seen = self.seen, []
        return seen

    def _message_enqueued_callback(self) -> None:
        self.woken += 1

    def _call_soon_on_event_loop(self, call: Any) -> None:
        self._event_loop.soon.append(call)

    def _handle_scriptrunner_event_on_event_loop(self, _sender: Any, event: Event, *_: Any, **__: Any) -> None:
        self.seen.append(event)
        started = event is Event.SCRIPT_STARTED
        self._state = AppSessionState.APP_IS_RUNNING if started else AppSessionState.APP_NOT_RUNNING


@pytest.fixture
def session() -> Session:
    return Session()


def test_messages_wait_for_the_look_and_keep_their_order(session: Session) -> None:
    batches.note(session, "runner", Event.SCRIPT_STARTED)
    session._event_loop.turn()
    for number in range(3):
        batches.note(session, "runner", Event.ENQUEUE_FORWARD_MSG, forward_msg=number)
    assert session._event_loop.soon == []
    session._event_loop.turn()
    assert session.seen == [Event.SCRIPT_STARTED, 0, 1, 2]
    assert session.woken == 1


def test_the_end_of_a_script_comes_after_its_messages_and_at_once(session: Session) -> None:
    batches.note(session, "runner", Event.SCRIPT_STARTED)
    session._event_loop.turn()
    batches.note(session, "runner", Event.ENQUEUE_FORWARD_MSG, forward_msg="last")
    batches.note(session, "runner", Event.SCRIPT_STOPPED_WITH_SUCCESS)
    session._event_loop.later.clear()
    session._event_loop.turn()
    assert session.seen == [Event.SCRIPT_STARTED, "last", Event.SCRIPT_STOPPED_WITH_SUCCESS]


def test_a_message_outside_a_run_waits_for_nobody(session: Session) -> None:
    batches.note(session, "runner", Event.ENQUEUE_FORWARD_MSG, forward_msg="late")
    session._event_loop.turn()
    assert session.seen == ["late"]
    assert session._event_loop.later == []


def test_the_loop_looks_as_long_as_the_script_runs_and_no_longer(session: Session) -> None:
    batches.note(session, "runner", Event.SCRIPT_STARTED)
    for _ in range(5):
        session._event_loop.turn()
        assert len(session._event_loop.later) == 1
    batches.note(session, "runner", Event.SCRIPT_STOPPED_WITH_SUCCESS)
    session._event_loop.turn()
    session._event_loop.turn()
    assert session._event_loop.later == []


def test_messages_of_a_runner_that_was_replaced_are_dropped(session: Session) -> None:
    batches.note(session, "another", Event.ENQUEUE_FORWARD_MSG, forward_msg="old")
    session._event_loop.turn()
    assert session.seen == []
    assert session.woken == 0


def test_what_waits_is_flushed_in_batches(session: Session) -> None:
    session.seen = list(range(2 * batches.MOST + 1))
    flushed = batches.flushed(session)
    assert [len(batch) for batch in flushed] == [batches.MOST, batches.MOST, 1]
    assert [number for batch in flushed for number in batch] == list(range(2 * batches.MOST + 1))
    assert batches.flushed(session) == []


def test_each_message_of_a_batch_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(AppSession, "_on_scriptrunner_event", AppSession._on_scriptrunner_event)
    monkeypatch.setattr(AppSession, "flush_browser_queue", AppSession.flush_browser_queue)
    monkeypatch.setattr(batches.Runtime, "_send_message", lambda _self, to, message: sent.append((to, message)))
    batches.gather()
    one, other = ForwardMsg(hash="1"), ForwardMsg(hash="2")
    batches.Runtime._send_message(None, "tab", batches.Batch([one, other]))  # type: ignore[arg-type]
    assert sent == [("tab", one), ("tab", other)]
