import threading
import time

import pytest

from tests.web.serving import Served, register


def test_the_server_stops_at_once_with_open_sockets_and_a_half_sent_upload(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with Served(tmp_path_factory.mktemp("stopping")) as served:
        ann = register("ann")
        release = threading.Event()

        def slowly():
            yield b"a" * 1000
            release.wait(20)

        def send() -> None:
            with served.client(ann) as client, pytest.raises(Exception):  # noqa: B017
                client.put("/upload?project=main&name=a.csv", content=slowly()).raise_for_status()

        with (
            served.socket("/live", ann) as live,
            served.socket("/_stcore/stream", ann, subprotocols=["streamlit"]),
            served.socket("/live", ann),
        ):
            live.send('{"since": null}')
            live.recv(timeout=10)
            uploading = threading.Thread(target=send)
            uploading.start()
            deadline = time.monotonic() + 10
            while not list((served.home / "uploads").glob("*")):
                assert time.monotonic() < deadline
                time.sleep(0.01)
            seconds = served.stop()
        release.set()
        uploading.join()
        assert seconds < 2
        assert served.process.returncode in (0, -15)
        assert not list((served.home / "uploads").glob("*"))
