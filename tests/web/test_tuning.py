"""What replaces Streamlit's own answers the same."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.components.v2.presentation import make_bidi_component_presenter
from streamlit.testing.v1 import AppTest

from web.tuning import look_at_session, present_values


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
