"""What replaces Streamlit's own answers the same."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.components.v2.presentation import make_bidi_component_presenter

from web.tuning import present_values


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
