"""Messages of a rerun in batches: what Streamlit would send, in its order."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.runtime.app_session import AppSessionState
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.scriptrunner import ScriptRunnerEvent as Event
from streamlit.runtime.session_manager import SessionClientDisconnectedError

from web import batches


class Loop:
    """An event loop that runs what is due when told to."""

    def __init__(self) -> None:
        self.soon: list[Any] = []
        self.later: list[Any] = []

    def call_later(self, _seconds: float, call: Any, *arguments: Any) -> object:
        self.later.append((call, arguments))
        return object()

    def call_soon_threadsafe(self, call: Any, *arguments: Any) -> None:
        self.soon.append((call, arguments))

    def turn(self) -> None:
        due, self.soon, self.later = [*self.soon, *self.later], [], []
        for call, arguments in due:
            call(*arguments)


class Session:
    """As much of a session as the batches touch, with the tab and the runtime around it."""

    def __init__(self) -> None:
        self.id = "one"
        self.client = self
        self._event_loop = Loop()
        self._state = AppSessionState.APP_NOT_RUNNING
        self._scriptrunner = "runner"
        self._browser_queue = ForwardMsgQueue()
        self._session_mgr = self
        self.connected: bool | None = True
        self.sent: list[Any] = []
        self.settled = 0

    def get_active_session_info(self, _id: str) -> Session | None:
        return None if self.connected is None else self

    def _send_message(self, _tab: Session, message: Any) -> None:
        if not self.connected:
            raise SessionClientDisconnectedError
        self.sent.append(message)

    def disconnect_session(self, _id: str, *, client: Any) -> None:
        assert client is self
        self.connected = None

    def on_flushed_messages_sent(self) -> None:
        self.settled += 1

    def _call_soon_on_event_loop(self, call: Any) -> None:
        self._event_loop.soon.append((call, ()))

    def _handle_scriptrunner_event_on_event_loop(self, _sender: Any, event: Event, *_: Any, **__: Any) -> None:
        batches.enqueue(self, event)  # type: ignore[arg-type]
        started = event is Event.SCRIPT_STARTED
        self._state = AppSessionState.APP_IS_RUNNING if started else AppSessionState.APP_NOT_RUNNING


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    one = Session()
    monkeypatch.setattr(batches.Runtime, "instance", lambda: one)
    monkeypatch.setattr(ForwardMsgQueue, "enqueue", batches.append)
    return one


def test_messages_wait_for_the_look_and_keep_their_order(session: Session) -> None:
    batches.note(session, "runner", Event.SCRIPT_STARTED)
    session._event_loop.turn()
    for number in range(3):
        batches.note(session, "runner", Event.ENQUEUE_FORWARD_MSG, forward_msg=number)
    assert session._event_loop.soon == []
    session._event_loop.turn()
    assert session.sent == [Event.SCRIPT_STARTED, 0, 1, 2]


def test_the_end_of_a_script_comes_after_its_messages_and_at_once(session: Session) -> None:
    batches.note(session, "runner", Event.SCRIPT_STARTED)
    session._event_loop.turn()
    batches.note(session, "runner", Event.ENQUEUE_FORWARD_MSG, forward_msg="last")
    batches.note(session, "runner", Event.SCRIPT_STOPPED_WITH_SUCCESS)
    session._event_loop.later.clear()
    session._event_loop.turn()
    assert session.sent == [Event.SCRIPT_STARTED, "last", Event.SCRIPT_STOPPED_WITH_SUCCESS]


def test_a_message_outside_a_run_waits_for_nobody(session: Session) -> None:
    batches.note(session, "runner", Event.ENQUEUE_FORWARD_MSG, forward_msg="late")
    session._event_loop.turn()
    assert session.sent == ["late"]
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
    assert session.sent == []


def test_a_message_of_the_session_itself_is_sent_when_the_loop_turns(session: Session) -> None:
    for number in range(3):
        batches.enqueue(session, number)  # type: ignore[arg-type]
    assert len(session._event_loop.soon) == 1
    session._event_loop.turn()
    assert (session.sent, session.settled) == ([0, 1, 2], 1)
    batches.enqueue(session, 3)  # type: ignore[arg-type]
    session._event_loop.turn()
    assert session.sent == [0, 1, 2, 3]


def test_what_waits_is_sent_in_batches_a_turn_each(session: Session) -> None:
    total, counts = 2 * batches.MOST + 1, []
    for number in range(total):
        batches.enqueue(session, number)  # type: ignore[arg-type]
    for _ in range(3):
        session._event_loop.turn()
        counts.append(len(session.sent))
    assert counts == [batches.MOST, 2 * batches.MOST, total]
    assert session.sent == list(range(total))
    assert session.settled == 1


def test_a_tab_that_is_gone_is_disconnected_and_gets_nothing_old_when_it_is_back(session: Session) -> None:
    session.connected = False
    batches.enqueue(session, "lost")  # type: ignore[arg-type]
    session._event_loop.turn()
    assert session.connected is None
    session.connected = True
    batches.enqueue(session, "new")  # type: ignore[arg-type]
    session._event_loop.turn()
    assert session.sent == ["new"]


def test_what_a_session_says_while_its_tab_is_away_waits_for_it(session: Session) -> None:
    session.connected = None
    batches.enqueue(session, "first")  # type: ignore[arg-type]
    session._event_loop.turn()
    session.connected = True
    batches.enqueue(session, "second")  # type: ignore[arg-type]
    session._event_loop.turn()
    assert session.sent == ["first", "second"]
