"""The real server: pages that fail, figures of a visit, and no secret in log, events or store (tests 18 and 63)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from engine.actions import tokens
from engine.queries import events, monitoring
from engine.settings import ROOT
from engine.store.engine import get_store
from engine.store.transaction import transaction
from engine.types import Who
from tests.processes.waiting import until
from tests.web import serving
from tests.web.serving import PASSWORD, Person, Served, register
from tests.web.visitor import words_of
from web.gate import COOKIE

PAGES = sorted(file.stem for file in (ROOT / "pages").glob("[a-z]*.py"))
HIDDEN = ("SELECT", "password_hash", "/etc/secret", "CANARY", "Traceback", "RuntimeError", "site-packages")


def greeting(served: Served) -> tuple[str, ...]:
    """What Streamlit prints before anything of ours runs."""
    return ("  You can now view your Streamlit app in your browser.", f"  URL: {served.url}")


PRODUCT = ROOT / "server.py"


def lines(served: Served) -> list[dict[str, Any]]:
    return [
        json.loads(text)
        for text in served.log.read_text().splitlines()
        if text.strip() and text not in greeting(served)
    ]


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(serving, "SERVE", Path(__file__).parent / "failing_serve.py")
        with Served(tmp_path_factory.mktemp("failing")) as running:
            yield running


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(serving, "SERVE", PRODUCT)
        with Served(tmp_path_factory.mktemp("served")) as running:
            yield running


@pytest.mark.parametrize("page", PAGES)
def test_a_page_that_fails_says_an_id_and_nothing_else(failing: Served, page: str) -> None:
    person = register(f"ann {page}")
    (alert,) = [text for text in words_of(failing, person, "" if page == "home" else page) if text.startswith("!")]
    found = re.search(r"quote \*\*([0-9a-f]{12})\*\*", alert)
    assert found is not None
    assert not any(word in alert for word in HIDDEN)
    (line,) = [line for line in lines(failing) if line.get("error_id") == found[1]]
    assert (line["event"], line["level"], line["process"]) == ("page failed", "error", "web")
    assert line["user_id"] == person.who.user_id
    assert len(line["request_id"]) == 16
    assert "RuntimeError" in line["exception"]
    assert "pages/" in line["exception"]
    assert "CANARYCANARY" not in line["exception"]


def test_the_log_of_a_failing_server_is_json_line_by_line(failing: Served) -> None:
    text = failing.log.read_text()
    assert "\x1b" not in text
    assert "Uncaught app execution" not in text
    assert {line["process"] for line in lines(failing)} == {"web"}


# ------------------------------------------------------------------ figures


def scraped(served: Served, secret: str) -> dict[str, float]:
    with served.client(authorization=f"Bearer {secret}") as client:
        answer = client.get("/metrics")
    assert answer.status_code == 200
    return {
        sample.name + sample.labels.get("quantile", sample.labels.get("status", "")): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if "le" not in sample.labels
    }


def test_a_visit_shows_in_the_figures(served: Served) -> None:
    ann = register("figures ann", "operator")
    secret = tokens.create(ann.who, "prometheus", "read")
    with served.socket("/live", ann) as live, served.socket("/_stcore/stream", ann, subprotocols=["streamlit"]):
        live.send(json.dumps({"since": None}))
        assert "hello" in json.loads(live.recv(timeout=10))
        for number in range(5):
            with transaction() as tx:
                tx.publish("main", "project/main", "tick", {"n": number})
            live.recv(timeout=10)
        for page in ("home", "datasets", "monitoring"):
            words_of(served, ann, "" if page == "home" else page)
        figures = until(
            lambda: found if (found := scraped(served, secret)).get("plumbline_rerun_seconds_count", 0) >= 3 else None
        )
        assert figures["plumbline_up"] == 1
        assert figures["plumbline_sessions"] >= 1
        assert figures["plumbline_live_sockets"] == 1
        assert figures["plumbline_live_delay_seconds_count"] >= 5
        assert 0 < figures["plumbline_live_recent_seconds0.95"] < 2
        assert 0 < figures["plumbline_rerun_recent_seconds0.5"] <= figures["plumbline_rerun_recent_seconds0.99"] < 20
        assert figures["plumbline_http_requests_total200"] > 0
        assert figures["plumbline_resident_memory_bytes"] > 50e6
    until(lambda: scraped(served, secret)["plumbline_live_sockets"] == 0)


def test_a_stopped_server_says_so(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(serving, "SERVE", PRODUCT)
        with Served(tmp_path) as running:
            until(lambda: monitoring.sample().living("web") if monitoring._latest.clear() is None else None)
            running.stop()
            monitoring._latest.clear()
            assert [one.state for one in monitoring.reading(Who(1, "ann", "operator")).services] == ["stopped"]


# ------------------------------------------------------------------ secrets


def everything_stored() -> str:
    connection = get_store().reader.raw_connection()
    try:
        return "\n".join(connection.driver_connection.iterdump())
    finally:
        connection.close()


def test_no_secret_reaches_log_events_or_store(served: Served) -> None:
    """Sign-ins with a right and a wrong password, a one-time link, a token, a cookie: only their hashes are kept."""
    person: Person = register("canary ann")
    wrong, bad_token = "wrong-CANARY-pass-word", "pl_CANARY" + "x" * 30
    secret = tokens.create(person.who, "canary", "admin")
    with served.client() as client:
        signed = client.post("/auth/session", data={"name": "canary ann", "password": PASSWORD})
        client.post("/auth/session", data={"name": "canary ann", "password": wrong})
        client.get(f"/signin/link?token={bad_token}")
        client.get("/metrics", headers={"authorization": f"Bearer {bad_token}"})
        client.get("/metrics", headers={"authorization": f"Bearer {secret}"})
        client.get(f"/view/calibration?dataset=1&token={bad_token}", headers={"cookie": f"{COOKIE}={bad_token}"})
        client.get("/", headers={"host": f"evil.example?token={bad_token}"})
    cookie = signed.cookies.get(COOKIE) or re.search(f"{COOKIE}=([^;]+)", signed.headers["set-cookie"])[1]  # type: ignore[index]
    words_of(served, person, "settings")
    told = json.dumps(events.after(0, 5000), default=str)
    for place in (served.log.read_text(), told, everything_stored()):
        for canary in (PASSWORD, wrong, bad_token, secret, cookie, person.cookie):
            assert canary not in place
    assert served.log.read_text()
