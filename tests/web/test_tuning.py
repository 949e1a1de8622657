"""What replaces Streamlit's own answers the same."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.components.v2.presentation import make_bidi_component_presenter
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import forward_msg_cache
from streamlit.runtime.app_session import AppSession, AppSessionState
from streamlit.runtime.scriptrunner_utils.run_descriptor import RunDescriptor
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext
from streamlit.testing.v1 import AppTest

from web.tuning import (
    identify_by_key,
    look_at_session,
    name_message,
    present_values,
    read_as_of_one_event,
    register_heard,
    remember_beginnings,
)


def beginning(session: Any, page: str, run: str, **more: Any) -> ForwardMsg:
    pages = {"hash": {"page_script_hash": "hash", "page_name": page, "url_pathname": page, "icon": "", **more}}
    message: ForwardMsg = AppSession._create_new_session_message(session, "hash", RunDescriptor(run, (run,)), pages)
    return message


class Session:
    """As much of a session as the message with which a rerun begins is made from."""

    def __init__(self) -> None:
        self._script_data = SimpleNamespace(name="app", is_hello=False, main_script_path="/app.py")
        self._pages_manager = SimpleNamespace(main_script_path="/app.py", main_script_hash="main")
        self._state = AppSessionState.APP_IS_RUNNING
        self._run_on_save = False
        self.id = "session"

    _populate_app_pages = AppSession._populate_app_pages

    def _compute_skills_nudge_state(self) -> tuple[bool, str]:
        return False, ""


def test_the_beginning_of_a_rerun_is_streamlits_own(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session()
    asked = [("home", "one", {}), ("home", "two", {}), ("home", "three", {"icon": "new"}), ("runs", "four", {})]
    own = [beginning(session, page, run, **more) for page, run, more in asked]
    monkeypatch.setattr(AppSession, "_create_new_session_message", AppSession._create_new_session_message)
    remember_beginnings()
    assert [beginning(session, page, run, **more) for page, run, more in asked] == own
    session._state = AppSessionState.APP_NOT_RUNNING
    assert not beginning(session, "runs", "five").new_session.initialize.session_status.script_is_running


class Widgets(dict[str, Any]):
    """The widgets of a session as both presenters read them."""

    def __init__(self, fired: Any, known: bool = True) -> None:
        super().__init__({} if fired is None else {"triggers": fired})
        self.widget_metadata = {"triggers": SimpleNamespace(value_type="json_trigger_value")} if known else {}


@pytest.mark.parametrize("value", [{}, {"chosen": 3}, {"pick": "state wins"}, None, "text"])
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    "fired",
    [
        None,
        [],
        [{"event": "pick", "value": 7}],
        {"event": "pick", "value": 7},
        [{"value": 7}, None],
        [{"event": "pick"}],
    ],
)
def test_the_values_of_a_part_are_streamlits_own(value: Any, fired: Any, known: bool) -> None:
    session = SimpleNamespace(_new_widget_state=Widgets(fired, known))
    assert present_values("triggers")(value, session) == make_bidi_component_presenter("triggers")(value, session)


def choosing() -> None:
    """A page whose choice may be nothing at all."""
    import streamlit as st

    st.session_state.setdefault("empty", None)
    st.selectbox("Empty", ["a", "b"], key="empty")
    st.selectbox("Chosen", ["a", "b"], 1, key="chosen")


@pytest.mark.parametrize("tuned", [False, True])
def test_a_selectbox_sees_the_same_session(tuned: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if tuned:
        monkeypatch.setattr("streamlit.elements.widgets.selectbox.get_session_state", look_at_session)
    app = AppTest.from_function(choosing).run()
    assert [box.value for box in app.selectbox] == [None, "b"]
    assert [box.proto.HasField("default") for box in app.selectbox] == [False, True]
    app.selectbox(key="empty").select("b").run()
    assert [box.value for box in app.selectbox] == ["b", "b"]


def parts() -> None:
    """A page with a part that is heard and one that only shows something."""
    import streamlit as st

    from pages.parts.component import mount

    heard = mount("tools", "heard", {"shown": 1}, "pick")
    shown = mount("foot", "shown", {"name": "ann"})
    st.text(f"{dict(heard)} {dict(shown)}")


@pytest.mark.parametrize("tuned", [False, True])
def test_a_part_that_only_shows_something_is_mounted_the_same(tuned: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if tuned:
        monkeypatch.setattr("streamlit.components.v2.bidi_component.main.register_widget", register_heard)
        monkeypatch.setattr(
            "streamlit.components.v2.bidi_component.main.BidiComponentMixin._build_bidi_identity_kwargs",
            identify_by_key,
        )
    app = AppTest.from_function(parts).run()
    mounted = [one.proto for one in app.get("bidi_component")]
    assert [(one.component_name, one.id.split("-", 2)[-1]) for one in mounted] == [
        ("plumb_tools", "heard"),
        ("plumb_foot", "shown"),
    ]
    assert app.text[0].value == "{'pick': None} {}"
    assert not app.exception


def test_a_message_is_named_by_its_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forward_msg_cache.util, "calc_hash", name_message)
    names = []
    for body in ("one", "two", "one", "one "):
        message = ForwardMsg()
        message.delta.new_element.text.body = body
        message.metadata.delta_path.append(len(names))
        forward_msg_cache.populate_hash_if_needed(message)
        assert list(message.metadata.delta_path) == [len(names)]
        names.append(message.hash)
    assert names[0] == names[2]
    assert len(set(names)) == 3
    assert {len(name) for name in names} == {24}


def test_each_run_reads_as_of_an_event_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    done = []
    monkeypatch.setattr(ScriptRunContext, "reset", lambda *_given, **named: done.append(named))
    monkeypatch.setattr("engine.queries.events.hold", lambda: done.append("held"))
    read_as_of_one_event()
    ScriptRunContext.reset(SimpleNamespace(), query_string="a=1")
    assert done == ["held", {"query_string": "a=1"}]
