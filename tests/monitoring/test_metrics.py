"""`/metrics`: who may read it, that Prometheus can, and that it says what everything else says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.testclient import TestClient

import server
from engine.access.internal import internal_secret
from engine.actions import tokens
from engine.actions import uptime as probes
from engine.catalogue import FIGURES
from engine.errors import NotEnoughData
from engine.measures import BOUNDS, Durations
from engine.queries import monitoring
from engine.settings import ROOT, Settings, get_settings
from engine.types import ROLES, Who
from tests.monitoring.conftest import Say
from tests.store.people import person, read, upload
from tests.web.serving import visit
from web import measuring, metrics
from web.gate import COOKIE
from web.routes import ROUTES

UNITS = ("seconds", "bytes", "ratio", "total")
COUNTED = ("up", "threads", "open_files", "sessions", "live_sockets", "live_events_behind", "inbox_files", "slots")
COUNTED += (
    "reruns_recent",
    "deliveries_recent",
    "slots_busy",
    "ray_up",
    "runs",
    "runs_executed",
    "queue_length",
    "events_kept",
    "probes",
)
SECRET = "a-secret-of-its-own-7"


@pytest.fixture
def client(home: Settings) -> Iterator[TestClient]:
    app = Starlette(routes=ROUTES, middleware=server.MIDDLEWARE, exception_handlers=server.HANDLERS)
    with TestClient(app, "http://127.0.0.1", raise_server_exceptions=False, follow_redirects=False) as made:
        yield made


@pytest.fixture
def operator(home: Settings) -> Who:
    return person("olga", "operator")


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


def token(who: Who, scope: str = "read", project: str | None = None) -> str:
    return tokens.create(who, "prometheus", scope, project, 7)


def a_busy_installation(say: Say) -> None:
    durations, calm = Durations(), Durations()
    for value in (0.012, 0.034, 0.4, 200.0):
        durations.record(value)
        calm.record(0.03)
    own = measuring._own.figures()
    spent = {"store_commit_seconds": 0.002, "errors_logged_total": 3}
    say("web", **own, **spent, sessions=12, live_sockets=11, live_events_behind=0, reruns_recent=4,
        deliveries_recent=4, rerun_seconds=durations.figures(),
        rerun_recent_seconds=calm.recent(), live_delay_seconds=durations.figures(),
        live_recent_seconds=calm.recent(), http_requests_total={"200": 70, "500": 1},
        changes_total={"page": 3, "palette": 1}, palette_walks_total=2,
        http_request_seconds=durations.figures())  # fmt: skip
    say("foreman", **own, inbox_files=2, inbox_unread_bytes=0, probe_seconds={"signin": 0.01, "answer": 0.02})
    say("runner", **own, slots=2, slots_busy=1, ray_up=0)
    probes.record(True)
    monitoring._latest.clear()


# ------------------------------------------------------------------ who may


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("scope", ["read", "write", "admin"])
def test_a_token_reads_if_its_owner_may(client: TestClient, role: str, scope: str) -> None:
    who = person("tim", role)
    answer = client.get("/metrics", headers=bearer(token(who, scope)))
    assert answer.status_code == (200 if role in ("operator", "admin") else 403)


@pytest.mark.parametrize("role", ROLES)
def test_a_browser_reads_if_its_person_may(client: TestClient, role: str) -> None:
    client.cookies.set(COOKIE, visit(person("tim", role).user_id).cookie)
    assert client.get("/metrics").status_code == (200 if role in ("operator", "admin") else 403)


def test_a_token_of_one_project_does_not_read_the_installation(client: TestClient, operator: Who) -> None:
    assert client.get("/metrics", headers=bearer(token(operator, project="main"))).status_code == 403


def test_nobody_reads_without_a_token(client: TestClient, home: Settings) -> None:
    for headers in ({}, bearer(""), bearer("pl_x"), bearer(internal_secret()), {"authorization": "Basic eDp5"}):
        answer = client.get("/metrics", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "token_needed")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert client.post("/metrics", headers=bearer("pl_x")).status_code in (401, 403)


def test_the_secret_of_the_file_reads(client: TestClient, home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    file = home.home / "metrics.token"
    monkeypatch.setenv("PLUMBLINE_METRICS_TOKEN_FILE", str(file))
    get_settings.cache_clear()
    assert client.get("/metrics", headers=bearer(SECRET)).status_code == 401
    file.write_text(SECRET + "\n")
    assert client.get("/metrics", headers=bearer(SECRET)).status_code == 200
    assert client.get("/metrics", headers=bearer(SECRET + "x")).status_code == 401
    file.write_text("short")
    assert client.get("/metrics", headers=bearer("short")).status_code == 401
    get_settings.cache_clear()


# ------------------------------------------------------------------ what is read


def test_prometheus_reads_every_figure_with_its_type_and_help(client: TestClient, operator: Who, say: Say) -> None:
    a_busy_installation(say)
    answer = client.get("/metrics", headers=bearer(token(operator)))
    assert answer.headers["content-type"].startswith("text/plain; version=")
    families = list(text_string_to_metric_families(answer.text))
    shown = {}
    for family in families:
        name = family.name.removeprefix(metrics.PREFIX) + ("_total" if family.type == "counter" else "")
        figure = FIGURES[name]
        assert (family.type, family.documentation) == (figure.type, figure.help)
        assert all(set(sample.labels) - {"le"} == set(figure.labels) for sample in family.samples)
        shown[name] = family
    assert set(shown) == set(FIGURES)
    assert "_created" not in answer.text


def test_durations_are_buckets_that_grow(client: TestClient, operator: Who, say: Say) -> None:
    a_busy_installation(say)
    text = client.get("/metrics", headers=bearer(token(operator))).text
    family = next(one for one in text_string_to_metric_families(text) if one.name == "plumbline_rerun_seconds")
    buckets = [sample for sample in family.samples if sample.name.endswith("_bucket")]
    assert [sample.labels["le"] for sample in buckets] == [*(f"{bound:g}" for bound in BOUNDS), "+Inf"]
    counts = [sample.value for sample in buckets]
    assert counts == sorted(counts)
    assert (counts[-2], counts[-1]) == (3, 4)
    told = {sample.name.rpartition("_")[2]: sample.value for sample in family.samples if "bucket" not in sample.name}
    assert told == {"count": 4, "sum": pytest.approx(200.446)}


def test_the_page_and_prometheus_say_the_same(client: TestClient, operator: Who, say: Say) -> None:
    a_busy_installation(say)
    text = client.get("/metrics", headers=bearer(token(operator))).text
    found = monitoring.reading(operator)
    read_back = {
        (sample.name, *(value for name, value in sample.labels.items() if name not in ("service", "instance")))
        : sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }  # fmt: skip
    assert read_back["plumbline_sessions",] == found.total("sessions") == 12
    assert read_back["plumbline_rerun_recent_seconds", "0.95"] == found.worst("rerun_recent_seconds", "0.95")
    assert read_back["plumbline_queue_length",] == found.store["queue_length"]
    assert read_back["plumbline_error_budget_left_ratio",] == found.budget.left
    assert read_back["plumbline_disk_free_bytes",] == found.store["disk_free_bytes"]


def test_names_say_their_units() -> None:
    for figure in FIGURES.values():
        assert re.fullmatch(r"[a-z][a-z_]*", figure.name)
        assert figure.name.rpartition("_")[2] in UNITS or figure.name in COUNTED, figure.name
        assert (figure.type == "counter") == figure.name.endswith("_total")
        assert figure.help.endswith(".")


def test_a_store_that_is_away_is_said_with_an_id(
    client: TestClient, operator: Who, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.errors import StoreUnavailable

    headers = bearer(token(operator))

    def away() -> None:
        raise StoreUnavailable("The store is busy.", code="store_busy")

    monkeypatch.setattr(monitoring._latest, "get", away)
    answer = client.get("/metrics", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (503, "store_busy")
    assert len(answer.json()["error_id"]) == 12


def test_the_documentation_lists_every_figure() -> None:
    text = (ROOT / "docs" / "monitoring.md").read_text()
    rows = re.findall(r"^\| `plumbline_(\w+)` \| (\w+) \| ([^|]+) \| ([^|]*) \| (.+) \|$", text, re.MULTILINE)
    told = [(figure.name, figure.type, figure.source, figure.label, figure.help) for figure in FIGURES.values()]
    assert [(name, type_, source, label.strip(" `"), words) for name, type_, source, label, words in rows] == told


# ------------------------------------------------------------------ the probe


def test_the_probe_gets_the_last_result_the_way_a_page_does(
    client: TestClient, home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = bearer(internal_secret())
    assert client.get("/metrics/probe", headers=headers).status_code == 204
    who = person()
    upload(who, "one")
    from engine.actions import runs

    read(runs.claim("test"))
    asked = []

    async def newest(who: Who, analysis: str, ids: tuple[int, ...], params: dict[str, str], mode: str) -> object:
        asked.append((who.role, analysis, ids, params, mode))
        from web.encoded import Encoded

        return Encoded.of(b"{}", "application/json")

    monkeypatch.setattr(metrics.view, "newest", newest)
    assert client.get("/metrics/probe", headers=headers).json() == {}
    assert asked == [("viewer", "", (1,), {}, "tokens")]


def test_too_few_rows_for_a_result_are_no_trouble_of_the_product(
    client: TestClient, home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def newest(*_: object) -> object:
        raise NotEnoughData("Five pairs are too few.")

    monkeypatch.setattr(metrics.view, "newest", newest)
    monkeypatch.setattr(metrics.monitoring, "newest_answered", lambda: 1)
    assert client.get("/metrics/probe", headers=bearer(internal_secret())).status_code == 204


def test_the_probe_is_for_the_foreman_only(client: TestClient, operator: Who) -> None:
    client.cookies.set(COOKIE, visit(operator.user_id).cookie)
    for headers in ({}, bearer(""), bearer(token(operator)), bearer("x" * 43)):
        assert client.get("/metrics/probe", headers=headers).status_code == 401
    assert Path(get_settings().home / "internal.secret").stat().st_mode & 0o077 == 0
