"""A visitor who speaks Streamlit's websocket protocol: which words does a page show?"""

from __future__ import annotations

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.web.serving import Person, Served


def words_of(served: Served, person: Person, page: str) -> list[str]:
    """Every text that the first run of a page sends, in order; alerts begin with "!"."""
    shown: list[str] = []
    with served.socket("/_stcore/stream", person, subprotocols=["streamlit"]) as stream:
        asked = BackMsg()
        asked.rerun_script.page_name = page
        stream.send(asked.SerializeToString())
        while True:
            message = ForwardMsg()
            message.ParseFromString(stream.recv(timeout=20))
            element = message.delta.new_element
            if element.HasField("markdown"):
                shown.append(element.markdown.body)
            if element.HasField("alert"):
                shown.append("!" + element.alert.body)
            if element.HasField("exception"):
                shown.append(element.exception.message)
            if message.WhichOneof("type") == "script_finished":
                return shown
